"""Named statements about evidence, from which the catalogue's entries are built.

Pure functions of the evidence. A condition that holds returns its witnesses, the sensors whose
readings support it; one that does not hold returns None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from traymon.core.facts import Fact
from traymon.core.model import Evidence
from traymon.core.vocabulary import SERVED, SensorName, Symptom, Use
from traymon.diagnosis.accounts import all_paper_or_all_live, is_paper, what_is_meant

Witnesses = frozenset[SensorName]
NO_WITNESS: Witnesses = frozenset()

MAX_CLIENTS = 32  # at once, including traymon's own (TWS API documentation, "Connectivity")
UNSTABLE_SESSIONS = 3  # in a row that ended soon after they began
JUST_BEGAN = 10.0  # seconds; a session that young shows that new clients get in
MAX_CLOCK_SKEW = 2.0  # seconds; IB's clock is read in whole seconds


@dataclass(frozen=True, slots=True)
class Condition:
    """A statement about evidence. Combine statements with `&`, `|` and `~`."""

    witnesses: Callable[[Evidence], Witnesses | None]

    def __and__(self, other: Condition) -> Condition:
        def both(evidence: Evidence) -> Witnesses | None:
            one = self.witnesses(evidence)
            two = None if one is None else other.witnesses(evidence)
            return None if one is None or two is None else one | two

        return Condition(both)

    def __or__(self, other: Condition) -> Condition:
        def either(evidence: Evidence) -> Witnesses | None:
            one = self.witnesses(evidence)
            return other.witnesses(evidence) if one is None else one

        return Condition(either)

    def __invert__(self) -> Condition:
        def neither(evidence: Evidence) -> Witnesses | None:
            return NO_WITNESS if self.witnesses(evidence) is None else None

        return Condition(neither)


def optionally(condition: Condition) -> Condition:
    """Always hold, and add the condition's witnesses if it holds too."""
    return Condition(lambda e: condition.witnesses(e) or NO_WITNESS)


def unattributed(condition: Condition) -> Condition:
    """Hold if the condition does, without its witnesses."""
    return Condition(lambda e: None if condition.witnesses(e) is None else NO_WITNESS)


def reports(sensor: SensorName, *symptoms: Symptom) -> Condition:
    """The sensor's fresh reading has one of the symptoms."""
    return Condition(lambda e: frozenset({sensor}) if e.symptom(sensor) in symptoms else None)


def handshake(*symptoms: Symptom) -> Condition:
    """A new client that sends the version hello meets one of the symptoms."""
    return reports(SensorName.HANDSHAKE, *symptoms)


def listener(*symptoms: Symptom) -> Condition:
    """The socket table shows one of the symptoms."""
    return reports(SensorName.LISTENER, *symptoms)


def session(*symptoms: Symptom) -> Condition:
    """traymon's own session has one of the symptoms."""
    return reports(SensorName.SESSION, *symptoms)


def login(*symptoms: Symptom) -> Condition:
    """TWS's own log says this of its login, or a window of TWS shows it."""
    shown = tws_shows(*symptoms)
    return (reports(SensorName.LOGIN_LOG, *symptoms) | shown) & optionally(shown)


def tws_shows(*symptoms: Symptom) -> Condition:
    """A window of TWS has a title that means this."""
    return reports(SensorName.TWS_WINDOWS, *symptoms)


def tws_reports(sensor: SensorName, symptom: Symptom) -> Condition:
    """TWS itself reported the symptom.

    Two independent witnesses: the report, and the session that carried it is alive.
    """
    return reports(sensor, symptom) & session(Symptom.OK)


def said_at_start(sensor: SensorName, symptom: Symptom) -> Condition:
    """TWS reported the symptom to a session that it then did not start."""
    return reports(sensor, symptom) & session(Symptom.START_SILENT, Symptom.START_REJECTED)


def stable_for(sensor: SensorName, seconds: float) -> Condition:
    """The sensor's reading is fresh and at least so many seconds old."""

    def holds(evidence: Evidence) -> bool:
        reading = evidence.fresh(sensor)
        return reading is not None and evidence.now - reading.at >= seconds

    return _without_witness(holds)


def monitor(*symptoms: Symptom) -> Condition:
    """traymon itself is in one of these states."""
    return reports(SensorName.MONITOR, *symptoms)


def during(window: Symptom) -> Condition:
    """The calendar says that this window is open, which explains what other sensors report."""
    return unattributed(reports(SensorName.CALENDAR, window))


def _without_witness(holds: Callable[[Evidence], bool]) -> Condition:
    """Turn a predicate into a condition that narrows another one down."""
    return Condition(lambda e: NO_WITNESS if holds(e) else None)


@_without_witness
def not_checked_yet(evidence: Evidence) -> bool:
    """No handshake has been tried yet."""
    return SensorName.HANDSHAKE not in evidence.readings


@_without_witness
def a_session_is_wanted(evidence: Evidence) -> bool:
    """The settings ask for a session of traymon's own."""
    return evidence.target.own_client_id is not None


@Condition
def a_session_was_dropped(evidence: Evidence) -> Witnesses | None:
    """traymon's session was dropped, or the last one ended at once and the new one is young.

    A drop that is newer than the last handshake contradicts it: both are witnesses of a change.
    """
    reading = evidence.fresh(SensorName.SESSION)
    if reading is None:
        return None
    if reading.symptom is Symptom.LOST:
        handshake = evidence.readings.get(SensorName.HANDSHAKE)
        is_news = handshake is not None and reading.at >= handshake.at
        witnesses = {SensorName.SESSION, SensorName.HANDSHAKE} if is_news else {SensorName.SESSION}
        return frozenset(witnesses)
    short = Fact.SHORT_SESSIONS.of(reading.facts)
    return frozenset({SensorName.SESSION}) if short else None


@Condition
def sessions_end_at_once(evidence: Evidence) -> Witnesses | None:
    """Several sessions in a row ended soon after they began."""
    count = evidence.fact(SensorName.SESSION, Fact.SHORT_SESSIONS) or 0
    return frozenset({SensorName.SESSION}) if count >= UNSTABLE_SESSIONS else None


@Condition
def a_new_session_is_served(evidence: Evidence) -> Witnesses | None:
    """traymon's session is served and has just begun, so that new clients get in."""
    began = evidence.fact(SensorName.SESSION, Fact.SESSION_BEGAN)
    if evidence.symptom(SensorName.SESSION) is not Symptom.OK or began is None:
        return None
    return frozenset({SensorName.SESSION}) if evidence.now - began <= JUST_BEGAN else None


@Condition
def mute_while_new_clients_are_served(evidence: Evidence) -> Witnesses | None:
    """traymon's session went mute, and a new client has got its first answer since."""
    session = evidence.fresh(SensorName.SESSION)
    handshake = evidence.fresh(SensorName.HANDSHAKE)
    if session is None or session.symptom is not Symptom.MUTE or handshake is None:
        return None
    is_newer = handshake.at >= session.at - session.took  # it took so long without an answer
    return frozenset({SensorName.SESSION}) if is_newer and handshake.symptom in SERVED else None


@_without_witness
def old_connections_are_dead(evidence: Evidence) -> bool:
    """A connection that stood was mute while a new one was served."""
    return evidence.fact(SensorName.SESSION, Fact.DEAD_BEFORE) is not None


def a_farm_is_broken_for(seconds: float) -> Condition:
    """One of the broken farms has been broken for so long, whatever became of others."""

    def holds(evidence: Evidence) -> bool:
        reading = evidence.fresh(SensorName.FARMS)
        if reading is None:
            return False
        since = Fact.FARMS_SINCE.of(reading.facts)
        return evidence.now - (reading.at if since is None else since) >= seconds

    return _without_witness(holds)


def support_ends_within(days: int) -> Condition:
    """IBKR stops supporting this version of TWS in so many days, or has stopped."""

    def holds(evidence: Evidence) -> bool:
        ends = evidence.fact(SensorName.SUPPORT, Fact.SUPPORT_ENDS)
        today = datetime.fromtimestamp(evidence.now, UTC).date()
        return ends is not None and (date.fromisoformat(ends) - today).days <= days

    return _without_witness(holds)


@Condition
def a_sensor_crashed(evidence: Evidence) -> Witnesses | None:
    """The code of some sensor failed."""
    crashed = (name for name in evidence.readings if evidence.symptom(name) is Symptom.CRASHED)
    return frozenset(crashed) or None


@_without_witness
def an_app_runs_here(evidence: Evidence) -> bool:
    """A TWS or Gateway process runs on this machine."""
    return (evidence.fact(SensorName.LISTENER, Fact.APPS) or 0) > 0


@_without_witness
def no_app_runs_here(evidence: Evidence) -> bool:
    """The process list was read and contains no TWS or Gateway."""
    return evidence.fact(SensorName.LISTENER, Fact.APPS) == 0


@_without_witness
def another_port_answers_as_ib(evidence: Evidence) -> bool:
    """Another port of this machine sent a version reply."""
    return evidence.fact(SensorName.HANDSHAKE, Fact.OPEN_PORT) is not None


@Condition
def an_app_owns_the_port(evidence: Evidence) -> Witnesses | None:
    """The program that listens on the port is TWS or IB Gateway."""
    owned = evidence.symptom(SensorName.LISTENER) is Symptom.OK
    app = evidence.fact(SensorName.LISTENER, Fact.APP)
    return frozenset({SensorName.LISTENER}) if owned and app is not None else None


def port_opened_at(evidence: Evidence) -> float | None:
    """Return when the port opened; None if that was not seen."""
    moments = [
        reading.at - age
        for sensor in (SensorName.HANDSHAKE, SensorName.LISTENER)
        if (reading := evidence.fresh(sensor)) is not None
        and (age := Fact.PORT_OPENED.of(reading.facts)) is not None
    ]
    return max(moments, default=None)


@_without_witness
def port_just_opened(evidence: Evidence) -> bool:
    """The port opened so recently that the API may still be starting."""
    opened = port_opened_at(evidence)
    return opened is not None and evidence.now - opened <= evidence.target.limits.just_started


@Condition
def half_closed_connections_pile_up(evidence: Evidence) -> Witnesses | None:
    """The listener has not closed many connections that their clients closed."""
    count = evidence.fact(SensorName.LISTENER, Fact.HALF_CLOSED) or 0
    return frozenset({SensorName.LISTENER}) if count >= evidence.target.limits.half_closed else None


@Condition
def all_slots_are_taken(evidence: Evidence) -> Witnesses | None:
    """As many clients are connected as TWS serves at once, a session of traymon's own included."""
    count = evidence.fact(SensorName.LISTENER, Fact.CLIENTS) or 0
    count += evidence.symptom(SensorName.SESSION) is Symptom.OK
    return frozenset({SensorName.LISTENER}) if count >= MAX_CLIENTS else None


@_without_witness
def a_later_run_is_kept_out(evidence: Evidence) -> bool:
    """One of the user's own programs holds the ID and keeps out another one of theirs."""
    return evidence.fact(SensorName.CLIENT_IDS, Fact.NEWER) is not None


@_without_witness
def another_id_was_free(evidence: Evidence) -> bool:
    """A client ID that is not traymon's own was free when it was tried."""
    uses = evidence.fact(SensorName.CLIENT_IDS, Fact.ID_USES) or ()
    suggested = evidence.fact(SensorName.CLIENT_IDS, Fact.FREE_CLIENT_ID) is not None
    return suggested or any(use.use is Use.FREE for use in uses)


@_without_witness
def a_program_of_yours_waits_outside(evidence: Evidence) -> bool:
    """A program of the user's runs without a connection while new connections are ended."""
    return evidence.fact(SensorName.CLIENT_IDS, Fact.TURNED_AWAY) is not None


@_without_witness
def no_program_holds_it(evidence: Evidence) -> bool:
    """No connected program can be the holder of the refused ID."""
    return evidence.fact(SensorName.CLIENT_IDS, Fact.HOLDER) is None


def _accounts(evidence: Evidence) -> tuple[str, ...]:
    return evidence.fact(SensorName.SESSION, Fact.ACCOUNTS) or ()


@_without_witness
def configured_account_is_missing(evidence: Evidence) -> bool:
    """IB_ACCOUNT is set and is not among the session's accounts."""
    wanted, accounts = evidence.target.account, _accounts(evidence)
    return bool(wanted and accounts) and wanted not in accounts


@_without_witness
def paper_and_live_are_mixed_up(evidence: Evidence) -> bool:
    """IB_ACCOUNT is a paper account and all of the session's are live, or the reverse."""
    wanted = is_paper(evidence.target.account)
    paper = all_paper_or_all_live(_accounts(evidence))
    return None not in (wanted, paper) and wanted is not paper


def _logged_in_is(evidence: Evidence, *, paper: bool) -> bool:
    """Tell whether this is logged in without IB_ACCOUNT, while other settings mean the reverse."""
    meant = what_is_meant(evidence.target)
    logged_in = all_paper_or_all_live(_accounts(evidence))
    return (
        not evidence.target.account
        and logged_in is paper
        and meant is not None
        and (meant.paper is not paper)
    )


@_without_witness
def live_where_paper_is_meant(evidence: Evidence) -> bool:
    """Every account is live, and the settings mean paper without naming an account."""
    return _logged_in_is(evidence, paper=False)


@_without_witness
def paper_where_live_is_meant(evidence: Evidence) -> bool:
    """Every account is paper, and the settings mean live without naming an account."""
    return _logged_in_is(evidence, paper=True)


@Condition
def the_api_is_read_only(evidence: Evidence) -> Witnesses | None:
    """TWS refuses orders by its setting Read-Only API, and the user wants its settings judged."""
    settings = evidence.fact(SensorName.TWS_SETTINGS, Fact.TWS_SETTINGS)
    is_on = evidence.target.tws_settings and settings is not None and settings.read_only is True
    return frozenset({SensorName.TWS_SETTINGS}) if is_on else None


@Condition
def a_configured_id_is_the_master(evidence: Evidence) -> Witnesses | None:
    """A configured client ID is TWS's Master ID, and the user wants its settings judged."""
    master = evidence.fact(SensorName.TWS_SETTINGS, Fact.MASTER_CLIENT_ID)
    is_yours = evidence.target.tws_settings and master in evidence.target.client_ids
    return frozenset({SensorName.TWS_SETTINGS}) if is_yours else None


@_without_witness
def clocks_differ(evidence: Evidence) -> bool:
    """This machine's clock and IB's are certainly more than MAX_CLOCK_SKEW apart."""
    skew = evidence.fact(SensorName.SESSION, Fact.CLOCK_SKEW)
    return skew is not None and abs(skew) > MAX_CLOCK_SKEW
