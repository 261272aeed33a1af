"""How a status is described to the history.

Pure: the time is an argument. What is kept is cleaned as it was for the page, account numbers
masked.
"""

from __future__ import annotations

from typing import Any

from traymon.core.facts import Fact, FactKey, Facts, ShownAs
from traymon.core.model import Reading, Status
from traymon.core.periods import Description
from traymon.core.vocabulary import Light, Symptom
from traymon.diagnosis import fix_pages
from traymon.diagnosis.formatting import programs
from traymon.ui.presenter import headline

# Which TWS it was. Of a good time that is all: how good it was is kept as figures.
ABOUT_TWS: frozenset[FactKey[Any]] = frozenset(
    {Fact.HOST, Fact.PORT, Fact.SERVER_VERSION, Fact.TWS_LINE, Fact.TWS_VERSION}
)
OF_A_FAULT = ABOUT_TWS | {Fact.DETAIL, Fact.TWS_WORDS}  # and what its page names
NOTHING_WRONG = frozenset({Symptom.OK, Symptom.UNKNOWN})
PRECISION = 3  # decimals of a number


def describe(status: Status) -> Description:
    """Return how a status is shown, for the history."""
    diagnosis, title = status.diagnosis, headline(status.diagnosis)
    if diagnosis.light is Light.GREEN:
        return Description(title, _kept_facts(status, ABOUT_TWS))
    named = OF_A_FAULT | fix_pages.page(diagnosis.code).facts
    readings = (status.evidence.fresh(sensor) for sensor in status.evidence.readings)
    evidence = {
        reading.sensor: _seen(reading)
        for reading in readings
        if reading is not None
        and (reading.symptom not in NOTHING_WRONG or reading.sensor in diagnosis.witnesses)
    }
    return Description(title, _kept_facts(status, named), evidence)


def _kept_facts(status: Status, named: frozenset[FactKey[Any]]) -> Facts:
    """Return the named facts of a status as they are kept."""
    facts, now = status.diagnosis.facts, status.evidence.now
    kept = {fact: _kept(fact, value, now) for fact, value in facts.items() if fact in named}
    return {fact: value for fact, value in kept.items() if value is not None}


def _seen(reading: Reading) -> str:
    return fix_pages.clean(": ".join(filter(None, (reading.symptom, reading.detail))))


def _kept(fact: FactKey[Any], value: Any, now: float) -> Any:
    """Return a fact's value as it is kept: cleaned, and plain; None if it is not kept."""
    if fact.shown_as is ShownAs.COMMAND:
        return None  # those that name the settings at the time of reading
    if fact.shown_as is ShownAs.PROGRAMS:
        return fix_pages.clean(programs(value, now))
    if isinstance(value, tuple):
        plain = all(isinstance(item, str | int | float) for item in value)
        return tuple(_plain(item) for item in value) if plain else None
    return _plain(value)


def _plain(value: str | float) -> str | float:
    if isinstance(value, str):
        return fix_pages.clean(value)
    return value if isinstance(value, int) else round(value, PRECISION)
