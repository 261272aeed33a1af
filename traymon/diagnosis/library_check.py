"""The step "client library" of `traymon check`: does a library that others wrote get in too?

Pure. Never red: traymon's own session decides whether the API is in service. What concerns
traymon's own environment alone is "not checked", and keeps no trading program waiting.
"""

from __future__ import annotations

from traymon.core.client_library import KEPT_OUT, LET_IN, LibraryOutcome, LibraryResult
from traymon.core.facts import Fact
from traymon.core.model import Evidence
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis import library_words
from traymon.diagnosis.check_step import CheckDetail, CheckStep

NAME, TITLE = "library", "Client Library"
OWN_INTERPRETER = "python"  # traymon's own has no path that the user would need
NO_VERDICT = frozenset({Symptom.UNKNOWN, Symptom.CRASHED})


def library_step(evidence: Evidence) -> CheckStep | None:
    """Return the step; None where no library was to be let in."""
    reading = evidence.readings.get(SensorName.CLIENT_LIBRARY)
    if reading is None:
        return None
    results = Fact.LIBRARIES.of(reading.facts)
    if not results:
        return CheckStep(NAME, TITLE, Light.GREY, "not reached")
    interpreter = Fact.INTERPRETER.of(reading.facts)
    version = Fact.PYTHON_VERSION.of(reading.facts) or ""
    let_in = [result for result in results if result.outcome in LET_IN]
    lights = [_light(result, own=interpreter is None) for result in results]
    light = max(lights)
    if let_in:
        finding = library_words.connected(", ".join(map(library_words.label, let_in)))
    elif len(results) == 1:
        finding = library_words.finding(results[0], interpreter or OWN_INTERPRETER, version)
    else:
        finding = library_words.compared("none")
    details: list[CheckDetail] = []
    if interpreter is not None:
        python = f"Python {version}: {interpreter}" if version else interpreter
        details.append(CheckDetail(Light.GREEN if version else light, python))
    for result, its_light in zip(results, lights, strict=True):
        texts = _texts(result, its_light, interpreter, version, evidence.target.commands.check)
        details += [CheckDetail(its_light, text) for text in texts if text and text != finding]
    if light is Light.GREY:
        finding = finding if finding.startswith("not checked") else f"not checked: {finding}"
        details.append(CheckDetail(Light.GREY, library_words.compared("own")))
    details += _comparison(evidence, results)
    light = max(light, *(detail.light for detail in details)) if details else light
    blocks = light is Light.AMBER and not let_in
    took = reading.took if let_in else None
    skipped = light is Light.GREY
    return CheckStep(NAME, TITLE, light, finding, took, tuple(details), blocks, skipped)


def _light(result: LibraryResult, *, own: bool) -> Light:
    """Return the light of one result; of traymon's own environment only a verdict counts."""
    if result.outcome is LibraryOutcome.CONNECTED:
        return Light.GREEN
    if result.outcome in KEPT_OUT:
        return Light.AMBER
    if result.outcome is LibraryOutcome.NO_FREE_ID:
        return Light.GREY
    if own:
        return Light.GREEN if result.outcome in LET_IN else Light.GREY
    return Light.AMBER


def _texts(
    result: LibraryResult, light: Light, interpreter: str | None, version: str, check: str
) -> list[str]:
    """Return what became of one library, and what to do."""
    if light is Light.GREEN:
        if result.session_version is None:
            return []
        return [f"{result.name}: API version {result.session_version}"]
    texts = [library_words.finding(result, interpreter or OWN_INTERPRETER, version)]
    if interpreter is not None or result.outcome in KEPT_OUT | {LibraryOutcome.NO_FREE_ID}:
        texts.append(library_words.advice(result, interpreter or OWN_INTERPRETER, version, check))
    return texts


def _comparison(evidence: Evidence, results: tuple[LibraryResult, ...]) -> list[CheckDetail]:
    """Return what it means where traymon's own session and the libraries disagree."""
    outcomes = {result.outcome for result in results}
    session, check = evidence.symptom(SensorName.SESSION), evidence.target.commands.check
    if session is Symptom.OK and outcomes & KEPT_OUT and not outcomes & LET_IN:
        return [CheckDetail(Light.AMBER, library_words.compared("library-fails"))]
    if session not in NO_VERDICT | {Symptom.OK} and outcomes & LET_IN:
        return [CheckDetail(Light.AMBER, library_words.compared("session-fails", check))]
    return []
