"""An incident for others to read, such as IB's support: what was seen when, and nothing private.

Every word that is not traymon's own passes through the redactor. Looks at nothing: what was read,
the calendar and the names to leave out are arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timezone, tzinfo
from typing import Any

from traymon.core.calendar import Calendar
from traymon.core.facts import Fact, FactKey, ShownAs
from traymon.core.history import Observation
from traymon.core.periods import NOT_GOOD, Period
from traymon.core.redaction import Redactor, Removed, is_this_computer
from traymon.core.week_ahead import Event, upcoming
from traymon.diagnosis.fix_pages import clean, show
from traymon.diagnosis.formatting import duration
from traymon.ui.coming_up import Planned
from traymon.ui.incident_material import (
    AFTER,
    BEFORE,
    DAY,
    Material,
    first_evidence,
    first_sign,
    last_answers,
    last_good_time,
    market_was_open,
    names_in,
    tws_words,
    watchers,
)
from traymon.ui.incidents import LIGHTS
from traymon.ui.presenter import MARKS
from traymon.ui.reliability_text import CONDITION_NAMES

LEAST_SHOWN = 1.0  # seconds, of a time in which nothing was wrong
MAX_ENTRIES = 300  # of the timeline; the middle of a longer one is left out
# They say who and where the user is, or are said elsewhere in the report.
NOT_LISTED: frozenset[FactKey[Any]] = frozenset(
    {
        *(Fact.HOST, Fact.PORT, Fact.LED_TO, Fact.ACCOUNT, Fact.ACCOUNTS, Fact.ENV_FILE),
        *(Fact.INTERPRETER, Fact.LOG_FILE, Fact.HOURS, Fact.HOURS_ZONE, Fact.SINCE, Fact.LOOKS),
        *(Fact.TWS_WORDS, Fact.TWS_VERSION, Fact.TWS_LINE, Fact.SERVER_VERSION),
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the timeline."""

    at: str
    what: str  # `down`, `handshake`, `notification`
    words: str


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """The report in words, without anything private."""

    number: int
    mark: str
    light: str
    code: str
    condition: str
    headline: str
    start: str
    end: str
    start_utc: str
    end_utc: str
    zone: str  # of all other times: `UTC+01:00`
    lasted: str
    ongoing: bool
    began_unseen: bool
    ended_unseen: bool
    first_sign: Entry
    last_good: tuple[str, ...]  # empty if it is not known
    planned: tuple[str, ...] | None  # None if it is not known
    market: str  # `open`, `closed`, or "" if its hours are not known
    where: str
    tws: str  # "" if its version is not known
    watched_by: tuple[str, ...]
    tws_words: tuple[Entry, ...]
    facts: tuple[tuple[str, str], ...]
    timeline: tuple[Entry, ...]
    left_out: int  # entries of the timeline
    removed: tuple[tuple[str, int], ...]  # what was taken out, and how often


def incident_report(
    material: Material, calendar: Calendar | None, names: Mapping[Removed, frozenset[str]]
) -> IncidentReport:
    """Return the report of an incident. `names` are left out, wherever they are.

    `calendar`: what is planned by the present settings; None if they cannot be used.
    """
    return _Writer(material, calendar, names).report()


class _Writer:
    """Writes one report; counts what it leaves out."""

    def __init__(
        self, material: Material, calendar: Calendar | None, names: Mapping[Removed, frozenset[str]]
    ) -> None:
        self._material, self._calendar = material, calendar
        self._incident = material.incident
        self._redact = Redactor(names_in(material, names))
        self._zone = _fixed_zone(material.incident.start)

    def report(self) -> IncidentReport:
        """Return the report."""
        incident, cause = self._incident, self._incident.cause
        light = LIGHTS[incident.condition]
        timeline = self._timeline()
        shown, left_out = _without_middle(timeline)
        return IncidentReport(
            number=incident.number,
            mark=MARKS[light],
            light=light.word,
            code=incident.code,
            condition=CONDITION_NAMES[incident.condition],
            headline=self._words(cause.headline) or incident.code,
            start=self._moment(incident.start),
            end=self._moment(incident.end),
            start_utc=_in_zone(incident.start, UTC),
            end_utc=_in_zone(incident.end, UTC),
            zone=str(self._zone),  # `UTC+01:00`
            lasted=duration(incident.lasted),
            ongoing=incident.ongoing,
            began_unseen=incident.began_unseen,
            ended_unseen=incident.ended_unseen,
            first_sign=self._first_sign(),
            last_good=tuple(self._last_good()),
            planned=None if self._calendar is None else tuple(self._planned(self._calendar)),
            market=self._market(),
            where=self._where(),
            tws=self._tws(),
            watched_by=tuple(
                dict.fromkeys(self._words(one.program) for one in watchers(self._material))
            ),
            tws_words=tuple(self._tws_words()),
            facts=tuple(self._facts()),
            timeline=shown,
            left_out=left_out,
            removed=tuple((kind.value, count) for kind, count in self._redact.counts.items()),
        )

    def _words(self, text: str) -> str:
        """Return untrusted text as one line without what is private."""
        return clean(self._redact(" ".join(text.split())))

    def _moment(self, at: float) -> str:
        return _in_zone(at, self._zone)

    def _observed(self, one: Observation) -> Entry:
        words = self._words(": ".join(filter(None, (one.symptom, one.detail))))
        if one.last > one.first:
            words += f" (until {self._moment(one.last).partition(' ')[2]})"
        return Entry(self._moment(one.first), str(one.sensor), words)

    def _first_sign(self) -> Entry:
        """Return what was first seen of it."""
        if first := first_sign(self._material):
            return self._observed(first)
        if evidence := first_evidence(self._material):
            at, sensor, words = evidence
            return Entry(self._moment(at), str(sensor), self._words(words))
        shown = self._incident.periods[0]
        return Entry(
            self._moment(shown.start), CONDITION_NAMES[shown.condition], self._words(shown.headline)
        )

    def _last_good(self) -> Iterator[str]:
        """Yield when TWS last answered before it, by what it was asked."""
        answers = last_answers(self._material)
        for name, at in answers.items():
            throughout = at >= self._incident.end
            yield f"{name}: {'answered throughout' if throughout else self._moment(at)}"
        good_until = None if answers else last_good_time(self._material)
        if good_until is not None:
            yield f"all checks were good until {self._moment(good_until)}"

    def _tws_words(self) -> Iterator[Entry]:
        """Yield TWS's own words, in order, each once."""
        known: set[str] = set()
        for at, what, said in tws_words(self._material):
            words = self._words(said)
            if words not in known:
                known.add(words)
                yield Entry(self._moment(at), what, words)

    def _planned(self, calendar: Calendar) -> Iterator[str]:
        """Yield what was planned from ten minutes before it to ten after."""
        since, until = self._incident.start - BEFORE, self._incident.end + AFTER
        for event in upcoming(calendar, since, (until - since) / DAY):
            title = Planned(event).title
            yield f"{title}, {self._when(event)}"

    def _when(self, event: Event) -> str:
        begins = self._moment(event.begins)
        return begins if event.is_moment else f"{begins} to {self._moment(event.ends)}"

    def _market(self) -> str:
        hours = None if self._calendar is None else self._calendar.hours
        is_open = market_was_open(self._material, hours)
        return "" if is_open is None else "open" if is_open else "closed"

    def _where(self) -> str:
        host, port = self._material.fact(Fact.HOST), self._material.fact(Fact.PORT)
        if port is None:
            return ""
        elsewhere = host is not None and not is_this_computer(str(host))
        place = "another computer" if elsewhere else "this computer"
        return f"port {port} of {place}"

    def _tws(self) -> str:
        version = self._material.fact(Fact.TWS_VERSION) or self._material.fact(Fact.TWS_LINE)
        server = self._material.fact(Fact.SERVER_VERSION)
        parts = [
            "" if version is None else self._words(f"TWS {version}"),
            "" if server is None else f"server version {server}",
        ]
        return ", ".join(filter(None, parts))

    def _facts(self) -> Iterator[tuple[str, str]]:
        """Yield what was known of its cause, by name."""
        for fact, value in self._incident.cause.facts.items():
            if fact in NOT_LISTED or fact.shown_as is ShownAs.COMMAND:
                continue
            is_moment = fact.shown_as is ShownAs.MOMENT and isinstance(value, int | float)
            shown = self._moment(value) if is_moment else self._words(show(fact, value))
            if shown:
                yield fact.name.replace("_", " "), shown

    def _timeline(self) -> list[Entry]:
        """Return what showed, what each sensor saw, and what the user was told, in order."""
        incident = self._incident
        entries = [
            (one.start, 1, self._shown(one))
            for one in self._material.periods
            if one.condition in NOT_GOOD or one.length >= LEAST_SHOWN
        ]
        entries += [
            (one.first, 0, self._observed(one))
            for one in self._material.observations
            if one.first >= incident.start - BEFORE
        ]
        for note in incident.notifications:
            through = f" ({self._words(note.channel)})" if note.channel else ""
            why = f": {self._words(note.why)}" if note.why else ""
            words = f"{self._words(note.title)}: {note.outcome}{through}{why}"
            entries.append((note.at, 2, Entry(self._moment(note.at), "notification", words)))
        return [entry for _, _, entry in sorted(entries, key=lambda one: one[:2])]

    def _shown(self, period: Period) -> Entry:
        light = MARKS[LIGHTS[period.condition]] if period.condition in LIGHTS else ""
        words = self._words(period.headline) if period.condition in NOT_GOOD else ""
        name = CONDITION_NAMES[period.condition]
        text = " ".join(filter(None, (light, words or name, f"({duration(period.length)})")))
        seen = "; ".join(
            f"{sensor}: {self._words(words)}" for sensor, words in period.evidence.items()
        )
        return Entry(self._moment(period.start), name, f"{text}. {seen}" if seen else text)


def _fixed_zone(at: float) -> tzinfo:
    """Return the time zone of this computer as it was at a moment: all times have one offset."""
    offset = datetime.fromtimestamp(at).astimezone().utcoffset()
    return UTC if offset is None else timezone(offset)


def _in_zone(at: float, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M:%S}"


def _without_middle(entries: Sequence[Entry]) -> tuple[tuple[Entry, ...], int]:
    """Return a timeline that can be read, and how many entries of its middle it lacks."""
    if len(entries) <= MAX_ENTRIES:
        return tuple(entries), 0
    half = MAX_ENTRIES // 2
    return (*entries[:half], *entries[-half:]), len(entries) - MAX_ENTRIES
