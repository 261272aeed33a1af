"""The user's programs as the page shows them: plain values, cleaned.

Pure: the time is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass

from traymon.core.model import Status
from traymon.core.programs import Expectation, ProgramState
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis.fix_pages import clean
from traymon.ui import program_text

SAID = {
    Expectation.EXPECTED: "{name} is expected whenever the API works.",
    Expectation.HOURS: "{name} is expected at its usual hours.",
    Expectation.OFF: "{name} is not expected. traymon stays quiet about it.",
}
CANNOT_BE_SEEN = "Which programs are connected cannot be seen here."


@dataclass(frozen=True, slots=True)
class ProgramRow:
    """One program, and what can be chosen for it."""

    key: str
    name: str
    light: str
    mark: str
    state: str
    expectation: str
    hours: str
    learning: bool  # too little is known of it
    choices: tuple[tuple[str, str, str], ...]  # word, label, what is said


@dataclass(frozen=True, slots=True)
class ProgramList:
    """All programs of a target."""

    shown: bool
    hidden: str = ""  # why none can be seen
    rows: tuple[ProgramRow, ...] = ()  # what is missing comes first
    aside: tuple[ProgramRow, ...] = ()  # what nobody waits for


def program_list(status: Status, now: float) -> ProgramList:
    """Return the programs of a target for the page."""
    if status.target.program_grace is None or status.paused or status.target.demo:
        return ProgramList(shown=False)
    if status.programs is None:
        looked = status.evidence.symptom(SensorName.LISTENER) is not Symptom.UNKNOWN
        looked = looked or status.evidence.fresh(SensorName.LISTENER) is not None
        return ProgramList(shown=looked, hidden=CANNOT_BE_SEEN)
    ordered = sorted(status.programs, key=lambda one: not one.missing)
    rows = tuple(_row(one, now) for one in ordered if one.standing not in program_text.ASIDE)
    aside = tuple(_row(one, now) for one in ordered if one.standing in program_text.ASIDE)
    return ProgramList(shown=bool(rows or aside), rows=rows, aside=aside)


def _row(one: ProgramState, now: float) -> ProgramRow:
    light = Light.AMBER if one.missing or one.doubled else Light.GREY
    if one.runs and not one.doubled:
        light = Light.GREEN
    name = clean(one.name)
    return ProgramRow(
        key=one.key,
        name=name,
        light=light.word,
        mark=program_text.mark(one),
        state=program_text.state_text(one, now),
        expectation=program_text.EXPECTATIONS[one.expectation],
        hours=program_text.hours_text(one.usual),
        learning=not one.usual and one.expectation is Expectation.HOURS,
        choices=tuple(
            (str(word), program_text.EXPECTATIONS[word], SAID[word].format(name=name))
            for word in Expectation
            if word is not one.expectation
        ),
    )
