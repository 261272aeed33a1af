"""What the reports of a library process mean. Pure; the reports are untrusted.

A report whose fields have other types than expected reads as if they were missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from traymon.core.client_library import LibraryOutcome, LibraryResult
from traymon.core.facts import Fact
from traymon.sensors.base import FactDict
from traymon.sensors.library_process import Interpreter, Output
from traymon.sensors.system_messages import MAX_DETAIL_LENGTH
from traymon.sensors.tws_words import TwsWords, plain

SHARE_EVENTKIT = frozenset({"ib_insync", "ib_async"})
# TWS: "the API client is too old"; the libraries of IBKR: "the TWS is out of date".
CLIENT_OUTDATED, TWS_OUTDATED = 357, 503
MAX_SESSION_VERSION = 176  # up to which traymon's own session offers
MAX_NAME = 40  # characters of a library's name or version
MAX_LIBRARIES = 5


def read_results(output: Output, server_version: int | None) -> tuple[LibraryResult, ...]:
    """Return what became of each library; never empty.

    `server_version`: the API version of TWS, as the handshake sensor was answered.
    """
    found = next((report for report in output.reports if "libraries" in report), {})
    names = [name for name in _list(found, "libraries") if isinstance(name, str)][:MAX_LIBRARIES]
    names = [plain(name)[:MAX_NAME] for name in names]
    by_name = {_text(report, "name"): report for report in output.reports if "name" in report}
    done = any("done" in report for report in output.reports)
    if not names:
        return (LibraryResult("", LibraryOutcome.NOT_INSTALLED) if done else _failure(output),)
    results: list[LibraryResult] = []
    for name in names:
        if name not in by_name:  # the process has ended in the middle of this one
            results.append(_failure(output, name))
            break
        results.append(_result(name, by_name[name], server_version))
    return tuple(results)


def facts_of(
    interpreter: Interpreter, output: Output, server_version: int | None = None
) -> FactDict:
    """Return what else a reading says: what became of the libraries, in which Python."""
    facts: FactDict = {Fact.LIBRARIES: read_results(output, server_version)}
    if not interpreter.own:
        facts[Fact.INTERPRETER] = interpreter.path
    found = next((report for report in output.reports if "python" in report), {})
    if version := _text(found, "python"):
        facts[Fact.PYTHON_VERSION] = version
    return facts


def _failure(output: Output, name: str = "") -> LibraryResult:
    """Return why the process said nothing of a library, or nothing at all."""
    outcome, detail = LibraryOutcome.UNREADABLE, ""
    if output.flooded:
        detail = "it printed too much"
    elif output.hung:
        outcome = LibraryOutcome.HUNG
    elif output.exit_code or output.last_error:
        outcome = LibraryOutcome.CRASHED
        code = output.exit_code
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        said = plain(output.last_error)[:MAX_DETAIL_LENGTH]
        detail = f"{how}: {said}" if said else how
    return LibraryResult(name, outcome, detail=detail)


def _result(name: str, report: Mapping[str, Any], server_version: int | None) -> LibraryResult:
    outcome, detail = _outcome(name, report, server_version)
    return LibraryResult(
        name,
        outcome,
        version=_text(report, "version")[:MAX_NAME],
        detail=detail,
        max_version=_number(report, "max_version"),
        session_version=_number(report, "server_version"),
        took=_seconds(report, "took"),
    )


def _outcome(
    name: str, report: Mapping[str, Any], server_version: int | None
) -> tuple[LibraryOutcome, str]:
    if "import_error" in report:
        missing = _text(report, "missing").partition(".")[0]
        broken = name in SHARE_EVENTKIT and missing == "eventkit"
        outcome = LibraryOutcome.EVENTKIT_BROKEN if broken else LibraryOutcome.IMPORT_FAILED
        return outcome, _text(report, "import_error")
    if report.get("connected") is True:
        needs_loop = report.get("needs_event_loop") is True
        return LibraryOutcome.NEEDS_EVENT_LOOP if needs_loop else LibraryOutcome.CONNECTED, ""
    said = [
        (message[0], plain(message[1]))
        for message in _list(report, "said")
        if isinstance(message, list)
        and len(message) == 2
        and isinstance(message[0], int)
        and isinstance(message[1], str)
    ]
    return _why_not(report, said, server_version)


def _why_not(
    report: Mapping[str, Any], said: Sequence[tuple[int, str]], server_version: int | None
) -> tuple[LibraryOutcome, str]:
    """Return why a library got no session, with the words of TWS or else of the library."""
    words = TwsWords()
    for code, text in said:
        words.add(code, text)
    error = _text(report, "error")
    detail = words.notable or error
    codes = {code for code, _ in said}
    if report.get("id_taken") is True:
        return LibraryOutcome.NO_FREE_ID, detail
    if CLIENT_OUTDATED in codes:
        return LibraryOutcome.LIBRARY_TOO_OLD, detail
    min_version, max_version = _number(report, "min_version"), _number(report, "max_version")
    if min_version is not None and server_version is not None and server_version < min_version:
        detail = f"it has API version {server_version}, and the library needs {min_version}"
        return LibraryOutcome.SERVER_TOO_OLD, detail
    if TWS_OUTDATED in codes:
        return LibraryOutcome.SERVER_TOO_OLD, detail
    if not words.notable and max_version is not None and max_version < MAX_SESSION_VERSION:
        return LibraryOutcome.LIBRARY_TOO_OLD, detail
    return LibraryOutcome.NOT_LET_IN, detail


def _text(report: Mapping[str, Any], key: str) -> str:
    value = report.get(key)
    return plain(value)[:MAX_DETAIL_LENGTH] if isinstance(value, str) else ""


def _number(report: Mapping[str, Any], key: str) -> int | None:
    value = report.get(key)
    return value if isinstance(value, int) and 0 < value < 1_000_000 else None


def _seconds(report: Mapping[str, Any], key: str) -> float:
    value = report.get(key)
    return float(value) if isinstance(value, int | float) and 0 <= value < 1_000 else 0.0


def _list(report: Mapping[str, Any], key: str) -> list[Any]:
    value = report.get(key)
    return value if isinstance(value, list) else []
