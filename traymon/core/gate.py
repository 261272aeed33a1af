"""May a trading program send orders now? Open on proof alone; every doubt closes the gate.

Pure: the time is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from enum import StrEnum

from traymon.core.calendar import Calendar, Cut
from traymon.core.facts import Fact
from traymon.core.model import Evidence, Status
from traymon.core.vocabulary import SERVED, CutKind, Light, SensorName, SettingsNews, Symptom, Use

DEFAULT_MARGIN = 600.0  # seconds before a planned cut
MAX_MARGIN = 7 * 86_400.0  # seconds; the calendar does not look further ahead
# Seconds. While a session is served, TWS has answered it at most 9 s ago: a heartbeat is sent every
# 5 s, and reported as missing after 4.
SESSION_FRESH = 11.0
MAX_STEPS = 100  # planned closings in a row that are followed; beyond them the end is not known


class Why(StrEnum):
    """Why a gate is closed. Programs read these codes, so they are never renamed."""

    STARTING = "starting"  # not checked yet: just started, woken from sleep, or no session yet
    PAUSED = "paused"
    STALE = "stale"  # traymon itself has stopped checking
    DEMO = "demo"  # a simulated Gateway
    SETTINGS_CHANGED = "settings-changed"  # the files say something else than what is in force
    FAULT = "fault"
    FAULT_SUSPECTED = "fault-suspected"  # seen once
    NO_HANDSHAKE = "no-handshake"  # no new client was served lately
    SESSION_OFF = "session-off"
    NO_SESSION = "no-session"  # traymon's own session got no answer lately
    LINK_DOWN = "link-down"
    DATA_FARM_DOWN = "data-farm-down"
    WRONG_ACCOUNT = "wrong-account"
    ACCOUNT_UNKNOWN = "account-unknown"  # one is configured, and TWS has not named its own
    CLIENT_ID_NOT_WATCHED = "client-id-not-watched"
    CLIENT_ID_TAKEN = "client-id-taken"
    MARKET_CLOSED = "market-closed"
    MARKET_UNKNOWN = "market-unknown"
    PLANNED_CUT = "planned-cut"
    # about the question
    NOT_WATCHED = "not-watched"  # the running traymon watches something else
    SEVERAL_TARGETS = "several-targets"


PLANNED = frozenset({Why.MARKET_CLOSED, Why.MARKET_UNKNOWN, Why.PLANNED_CUT})  # by the calendar


class AccountState(StrEnum):
    """How the account that is logged in compares with IB_ACCOUNT."""

    MATCHES = "matches"
    NOT_COMPARED = "not-compared"  # IB_ACCOUNT is not set
    WRONG = "wrong"
    UNKNOWN = "unknown"


# What is wrong with the settings of others keeps no program from this target.
OWN_IN_FORCE = frozenset({SettingsNews.IN_FORCE, SettingsNews.FLAWED, SettingsNews.INCOMPLETE})
GOOD_USES = frozenset({Use.FREE, Use.YOURS, Use.UNKNOWN})  # see docs/gate.md on those not tried
ACCOUNT_CLOSES = {
    AccountState.WRONG: Why.WRONG_ACCOUNT,
    AccountState.UNKNOWN: Why.ACCOUNT_UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What is asked beyond whether TWS serves programs."""

    client_id: int | None = None  # that the program uses
    market: bool = False  # whether the market must be open
    margin: float | None = DEFAULT_MARGIN  # seconds; None: planned cuts do not matter


@dataclass(frozen=True, slots=True)
class Closing:
    """One reason why a gate is closed."""

    why: Why
    until: float | None = None  # when this reason ends, if that is known
    cut: CutKind | None = None  # of a planned cut


@dataclass(frozen=True, slots=True)
class Gate:
    """The answer, with all reasons; the gravest first."""

    reasons: tuple[Closing, ...]
    account: AccountState
    use: Use | None = None  # of the client ID, if one was asked about
    next_change_at: float | None = None  # when it opens or closes as planned, if that is known
    cut: Cut | None = None  # the planned interruption that is on or comes next

    @property
    def open(self) -> bool:
        """Whether orders may be sent."""
        return not self.reasons


def judge(status: Status, calendar: Calendar, now: float, options: GateOptions) -> Gate:
    """Return whether a program may send orders to the status's target now."""
    account = _account_state(status.evidence)
    use = None if options.client_id is None else _use(status.evidence, options.client_id)
    seen = [*map(Closing, _what_is_seen(status, now))]
    if not _not_watching(status):
        if account in ACCOUNT_CLOSES:
            seen.append(Closing(ACCOUNT_CLOSES[account]))
        if use is not None and use not in GOOD_USES:
            seen.append(Closing(Why.CLIENT_ID_TAKEN))
    if options.client_id not in (None, *status.target.client_ids):
        seen.append(Closing(Why.CLIENT_ID_NOT_WATCHED))
    planned = [*_planned(calendar, now, options)]
    # a fault ends when it ends
    change = None if seen else _next_change(calendar, now, options)
    cut = None if options.margin is None else next(iter(calendar.cuts(now)), None)
    return Gate((*seen, *planned), account, use, change, cut)


def _not_watching(status: Status) -> Why | None:
    """Return why nothing is known of the target; None if it is being watched."""
    if status.diagnosis.light is not Light.GREY:
        return None
    if status.paused:
        return Why.PAUSED
    return Why.STALE if status.diagnosis.code == "stale" else Why.STARTING


def _what_is_seen(status: Status, now: float) -> Iterator[Why]:
    """Yield the reasons that lie in TWS, or in how it is watched."""
    if (not_watching := _not_watching(status)) is not None:
        yield not_watching
        return
    shown, suspicion = status.diagnosis, status.suspicion
    if shown.light is not Light.GREEN and not shown.forewarns:
        yield Why.FAULT
    elif suspicion is not None and not (
        suspicion.diagnosis.light is Light.GREEN or suspicion.diagnosis.forewarns
    ):
        yield Why.FAULT_SUSPECTED
    evidence, limits = status.evidence, status.target.limits
    if status.target.demo:
        yield Why.DEMO
    settings = status.settings
    if settings.news not in OWN_IN_FORCE and status.target.name not in settings.untouched:
        yield Why.SETTINGS_CHANGED
    # polled once in an interval; then it takes up to a timeout, and the machine may be busy
    handshake_fresh = limits.interval + 2 * limits.timeout
    if not _was_good(evidence, SensorName.HANDSHAKE, SERVED, now - handshake_fresh):
        yield Why.NO_HANDSHAKE
    if status.target.own_client_id is None:
        yield Why.SESSION_OFF
    elif not _was_good(evidence, SensorName.SESSION, {Symptom.OK}, now - SESSION_FRESH):
        yield Why.NO_SESSION
    if evidence.symptom(SensorName.LINK) is Symptom.LINK_DOWN:
        yield Why.LINK_DOWN
    if evidence.symptom(SensorName.FARMS) is Symptom.FARM_DOWN:
        yield Why.DATA_FARM_DOWN


def _was_good(evidence: Evidence, sensor: SensorName, good: Set[Symptom], since: float) -> bool:
    """Tell whether the sensor's newest reading is good and not older than `since`."""
    reading = evidence.readings.get(sensor)
    return reading is not None and reading.symptom in good and reading.at >= since


def _account_state(evidence: Evidence) -> AccountState:
    wanted = evidence.target.account
    if not wanted or evidence.target.own_client_id is None:
        return AccountState.NOT_COMPARED
    accounts = evidence.fact(SensorName.SESSION, Fact.ACCOUNTS)
    if not accounts:
        return AccountState.UNKNOWN
    return AccountState.MATCHES if wanted in accounts else AccountState.WRONG


def _use(evidence: Evidence, client_id: int) -> Use:
    uses = evidence.fact(SensorName.CLIENT_IDS, Fact.ID_USES) or ()
    return next((one.use for one in uses if one.client_id == client_id), Use.UNKNOWN)


def _planned(calendar: Calendar, now: float, options: GateOptions) -> Iterator[Closing]:
    """Yield the reasons that the calendar gives at a moment."""
    if options.market and not _market_is_open(calendar, now):
        opens = calendar.opens(now)
        why = Why.MARKET_UNKNOWN if opens is None else Why.MARKET_CLOSED
        yield Closing(why, until=opens)
    if options.margin is not None:
        for cut in calendar.cuts(now):
            if cut.begins - options.margin <= now:
                yield Closing(Why.PLANNED_CUT, until=cut.ends, cut=cut.kind)


def _market_is_open(calendar: Calendar, now: float) -> bool:
    return calendar.hours is not None and calendar.hours.at(now) is not None


def _next_change(calendar: Calendar, now: float, options: GateOptions) -> float | None:
    """Return when the calendar next opens or closes a gate that nothing else closes."""
    if next(_planned(calendar, now, options), None) is None:
        return min(_next_closings(calendar, now, options), default=None)
    at = now
    for _ in range(MAX_STEPS):
        ends = [closing.until for closing in _planned(calendar, at, options)]
        if not ends:
            return at
        if (known := [end for end in ends if end is not None]) != ends:
            return None
        at = max(known)
    return None


def _next_closings(calendar: Calendar, now: float, options: GateOptions) -> Iterator[float]:
    """Yield when an open gate closes as planned."""
    if options.margin is not None:
        yield from (cut.begins - options.margin for cut in calendar.cuts(now)[:1])
    if options.market and calendar.hours is not None:
        span = calendar.hours.at(now)
        if span is not None:
            yield span.ends
