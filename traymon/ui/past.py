"""How a status is described to the history, and what is shown of it later.

Pure: the time is an argument. What is kept is cleaned as it was for the page, account numbers
masked.
"""

from __future__ import annotations

from typing import Any

from traymon.core.facts import Fact, FactKey, Facts, ShownAs
from traymon.core.history import Description, Period
from traymon.core.model import Reading, Status
from traymon.core.target import USUAL_COMMANDS, Commands
from traymon.core.vocabulary import Light, Symptom
from traymon.diagnosis import fix_pages
from traymon.diagnosis.formatting import moment, programs
from traymon.ui.presenter import headline

# Kept of every diagnosis: which TWS it was, and what the reading said.
ALWAYS_KEPT = frozenset(
    {
        *(Fact.HOST, Fact.PORT, Fact.DETAIL, Fact.SERVER_VERSION, Fact.TWS_LINE),
        *(Fact.TWS_VERSION, Fact.TWS_WORDS),
    }
)
NOTHING_WRONG = frozenset({Symptom.OK, Symptom.UNKNOWN})
PRECISION = 3  # decimals of a number


def describe(status: Status) -> Description:
    """Return how a status is shown, for the history."""
    diagnosis, now = status.diagnosis, status.evidence.now
    named = ALWAYS_KEPT
    if diagnosis.light is not Light.GREEN:  # its page says how well it is, which is kept as figures
        named |= fix_pages.page(diagnosis.code).facts
    kept = {
        fact: _kept(fact, value, now) for fact, value in diagnosis.facts.items() if fact in named
    }
    readings = (status.evidence.fresh(sensor) for sensor in status.evidence.readings)
    return Description(
        headline(diagnosis),
        {fact: value for fact, value in kept.items() if value is not None},
        {
            reading.sensor: _seen(reading)
            for reading in readings
            if reading is not None
            and (reading.symptom not in NOTHING_WRONG or reading.sensor in diagnosis.witnesses)
        },
    )


def facts_of_period(period: Period, now: float, commands: Commands = USUAL_COMMANDS) -> Facts:
    """Return the facts that the fix page of a period's code may name."""
    return {
        **{fact: _in_words(fact, value, now) for fact, value in period.facts.items()},
        Fact.SINCE: moment(period.start, now),
        **fix_pages.command_facts(commands),
    }


def _seen(reading: Reading) -> str:
    return fix_pages.clean(": ".join(filter(None, (reading.symptom, reading.detail))))


def _in_words(fact: FactKey[Any], value: Any, now: float) -> Any:
    return moment(value, now) if fact.shown_as is ShownAs.MOMENT else value


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
