"""What the history holds around an incident, and what of it answers the questions of a report.

Finds only; nothing is put into words, and nothing is left out yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from traymon.core.facts import Fact, FactKey
from traymon.core.history import HistoryReader, Observation, RunRecord
from traymon.core.incidents import Incident
from traymon.core.latency import ANSWERED, LATENCY_NAMES
from traymon.core.periods import Condition, Period
from traymon.core.redaction import Removed
from traymon.core.time_windows import Schedule, Span
from traymon.core.vocabulary import SensorName, Symptom

BEFORE = AFTER = 600.0  # seconds around the incident
DAY = 86_400.0
LONGEST_CLOSED = 4 * DAY  # between two trading days, holidays included
NO_SIGN = frozenset({Symptom.OK, Symptom.UNKNOWN})
ABOUT_TRAYMON = frozenset({SensorName.CALENDAR, SensorName.MONITOR, SensorName.HOURS})
OF_TWS = frozenset({SensorName.LINK, SensorName.FARMS, SensorName.CALLS, SensorName.SUPPORT})


@dataclass(frozen=True, slots=True)
class Material:
    """What the history holds around an incident."""

    target: str
    incident: Incident
    periods: tuple[Period, ...]  # from ten minutes before it to ten after
    observations: tuple[Observation, ...]  # likewise
    runs: tuple[RunRecord, ...]  # likewise
    trading: tuple[Span, ...]  # the trading hours that IB gave, some days more

    def fact(self, fact: FactKey[Any]) -> Any:
        """Return a fact of the incident, else of the time around it; None if it is not known."""
        for period in (self.incident.cause, *self.incident.periods, *self.periods):
            if (value := period.facts.get(fact)) is not None:
                return value
        return None


def find_incident(
    reader: HistoryReader, targets: Iterable[str], number: int, now: float
) -> tuple[str, Incident] | None:
    """Return an incident of these targets and its target by its number; None if it is not kept.

    Raises HistoryError.
    """
    for target in targets:
        for incident in reader.read_incidents(target, 0.0, now):
            if incident.number == number:
                return target, incident
    return None


def read_material(reader: HistoryReader, target: str, incident: Incident, now: float) -> Material:
    """Return what the history holds around an incident. Raises HistoryError."""
    since, until = incident.start - BEFORE, min(incident.end + AFTER, now)
    return Material(
        target,
        incident,
        reader.read_periods(target, since, until),
        reader.read_observations(target, since, until),
        reader.read_runs(target, since, until),
        reader.read_trading_hours(target, since - LONGEST_CLOSED, until + LONGEST_CLOSED),
    )


def first_sign(material: Material) -> Observation | None:
    """Return what a sensor first saw of an incident; None if that was not kept."""
    start = material.incident.start
    signs = [
        one
        for one in material.observations
        if one.symptom not in NO_SIGN and one.sensor not in ABOUT_TRAYMON and one.last >= start
    ]
    began = [one for one in signs if one.first >= start - BEFORE]  # others may be of another cause
    return min(began or signs, key=lambda one: one.first, default=None)


def first_evidence(material: Material) -> tuple[float, SensorName, str] | None:
    """Return what the first diagnosis of an incident rested on, and when.

    None if it was not kept, or if nothing was wrong but what TWS said, such as its account.
    Of several sensors the last one in their order: it sees most, such as who holds a client ID.
    """
    order = list(SensorName)
    for period in material.incident.periods:
        seen = [
            sensor
            for sensor, words in period.evidence.items()
            if sensor not in ABOUT_TRAYMON and not words.startswith(Symptom.OK)
        ]
        if seen:
            sensor = max(seen, key=order.index)
            return period.start, sensor, period.evidence[sensor]
    return None


def last_answers(material: Material) -> Mapping[str, float]:
    """Return when TWS last answered what it was asked before an incident, by its name.

    An answer that lasted through the incident has the time of its last look.
    """
    found: dict[str, float] = {}
    for one in material.observations:
        name = LATENCY_NAMES.get(one.sensor)
        began_before = one.first < material.incident.start
        if name is not None and one.symptom in ANSWERED and began_before:
            found[name] = max(found.get(name, 0.0), one.last)
    return found


def last_good_time(material: Material) -> float | None:
    """Return when the last good time before an incident ended; None if none is recorded."""
    start = material.incident.start
    good = (one.end for one in material.periods if one.condition is Condition.UP)
    return max((end for end in good if end <= start), default=None)


def market_was_open(material: Material, hours: Schedule | None) -> bool | None:
    """Tell whether the market was open as it began, by IB or by the settings; None if unknown."""
    at, spans = material.incident.start, material.trading
    if spans and spans[0].begins <= at < spans[-1].ends:
        return any(span.begins <= at < span.ends for span in spans)
    if hours is not None and hours.rules:
        return hours.at(at) is not None
    return None


def watchers(material: Material) -> Iterator[RunRecord]:
    """Yield the runs of traymon that watched an incident."""
    for run in material.runs:
        if run.last_alive >= material.incident.start and run.started <= material.incident.end:
            yield run


def tws_words(material: Material) -> Iterator[tuple[float, str, str]]:
    """Yield TWS's own words, each with when and by whom they were read."""
    for period in material.incident.periods:
        said = period.facts.get(Fact.TWS_WORDS)
        if said is not None:
            yield period.start, "TWS", str(said)
    for one in material.observations:
        if one.sensor in OF_TWS and one.detail and one.symptom not in NO_SIGN:
            yield one.first, str(one.sensor), one.detail


def names_in(
    material: Material, names: Mapping[Removed, frozenset[str]]
) -> dict[Removed, set[str]]:
    """Return the names that a report leaves out: those given, and those that the history tells."""
    found = {removed: set(known) for removed, known in names.items()}
    found.setdefault(Removed.PROJECT, set()).add(material.target)
    hosts = found.setdefault(Removed.HOST, set())
    accounts = found.setdefault(Removed.ACCOUNT, set())
    for period in (*material.periods, *material.incident.periods):
        for fact, known in (
            (Fact.HOST, hosts),
            (Fact.LED_TO, hosts),
            (Fact.ACCOUNT, accounts),
            (Fact.ACCOUNTS, accounts),
        ):
            value = period.facts.get(fact, ())
            known.update(map(str, value if isinstance(value, tuple) else (value,)))
    return found
