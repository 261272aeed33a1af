"""Everything that can be wrong, causes before their symptoms. The first entry that matches wins.

Pure: a diagnosis depends on the evidence alone. The words for users are in assets/fixes/, not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from traymon.core.facts import Fact, FactKey, Facts
from traymon.core.model import Diagnosis, Evidence
from traymon.core.vocabulary import Light, SensorName, Symptom, Use
from traymon.diagnosis.accounts import what_is_meant
from traymon.diagnosis.conditions import (
    Condition,
    Witnesses,
    a_configured_id_is_the_master,
    a_farm_is_broken_for,
    a_later_run_is_kept_out,
    a_new_session_is_served,
    a_program_of_yours_waits_outside,
    a_sensor_crashed,
    a_session_is_wanted,
    a_session_was_dropped,
    all_slots_are_taken,
    an_app_owns_the_port,
    an_app_runs_here,
    another_id_was_free,
    another_port_answers_as_ib,
    clocks_differ,
    configured_account_is_missing,
    during,
    half_closed_connections_pile_up,
    handshake,
    listener,
    live_where_paper_is_meant,
    login,
    monitor,
    mute_while_new_clients_are_served,
    no_app_runs_here,
    no_program_holds_it,
    not_checked_yet,
    old_connections_are_dead,
    optionally,
    paper_and_live_are_mixed_up,
    paper_where_live_is_meant,
    port_just_opened,
    port_opened_at,
    reports,
    said_at_start,
    session,
    sessions_end_at_once,
    stable_for,
    support_ends_within,
    the_api_is_read_only,
    tws_reports,
    tws_shows,
    unattributed,
)

GREY, GREEN, AMBER, RED = Light.GREY, Light.GREEN, Light.AMBER, Light.RED
S = Symptom

SERVED = handshake(S.OK, S.SLOW)
NEW_CLIENTS_HANG = handshake(S.SILENT, S.UNFINISHED, S.TIMED_OUT)
IN_SESSION = session(S.OK)
# Two independent witnesses: TWS reported error 326, and a new client is served.
ID_TAKEN = reports(SensorName.CLIENT_IDS, S.CLIENT_ID_TAKEN) & SERVED
ID_REFUSED = reports(SensorName.CLIENT_IDS, S.CLIENT_ID_REFUSED) & SERVED
TURNED_AWAY = reports(SensorName.CLIENT_IDS, S.TURNED_AWAY) & SERVED
LINK_DOWN = tws_reports(SensorName.LINK, S.LINK_DOWN) | said_at_start(SensorName.LINK, S.LINK_DOWN)
REFUSED = (
    handshake(S.REFUSED) & optionally(listener(S.NOBODY_LISTENS)) & optionally(session(S.LOST))
)
ACCEPTED_UNSERVED = (S.CLOSED, S.RESET, S.SILENT, S.UNFINISHED)
UNSERVED = handshake(S.TIMED_OUT, *ACCEPTED_UNSERVED)
# A session that dropped is a second witness that nobody is served.
DROPPED = optionally(session(S.LOST))
SPEAKS_TLS = handshake(S.SILENT, S.CLOSED, S.RESET) & reports(SensorName.TLS, S.TLS)
# No fresh connection has shown that the program that serves traymon's session is gone.
API_STILL_PRESENT = ~handshake(
    *(S.REFUSED, S.FORBIDDEN, S.UNRESOLVED, S.UNREACHABLE, S.NOT_IB, S.TLS, S.TOO_OLD)
)
FARMS_DOWN = tws_reports(SensorName.FARMS, S.FARM_DOWN) & a_farm_is_broken_for(300.0)
NOT_STARTED = session(S.START_SILENT, S.START_REJECTED)
# The API is not in service, so what TWS's login waits for is the cause. Where it is served, a
# login has nothing to say.
NOT_IN_SERVICE = REFUSED | UNSERVED & ~IN_SESSION & DROPPED | NOT_STARTED
# The same, or TWS is not logged in any more while its API still answers.
LOGGED_OUT = NOT_IN_SERVICE | LINK_DOWN & API_STILL_PRESENT
VERSION_ENDS = tws_reports(SensorName.SUPPORT, S.VERSION_ENDS)
# Four IDs of traymon's own in a row; one witness, so that only a second round settles it.
OWN_IDS_TAKEN = session(S.CLIENT_ID_TAKEN) & API_STILL_PRESENT
# Out of service, and nothing that is known explains it better than a window which may just be open
# for a moment. So the look at the screen is the only witness, and it takes a second one.
UNEXPLAINED = unattributed(
    REFUSED | handshake(*ACCEPTED_UNSERVED) & ~IN_SESSION | session(S.START_SILENT)
) & ~(
    another_port_answers_as_ib
    | port_just_opened
    | half_closed_connections_pile_up
    | SPEAKS_TLS
    | LINK_DOWN
    | said_at_start(SensorName.CALLS, S.PAPER_NOT_ACKNOWLEDGED)
)
# What is normal while TWS or IB's servers restart.
TRANSIENT_IN_RESTART = (
    (LINK_DOWN & ~reports(SensorName.INTERNET, S.OFFLINE) & API_STILL_PRESENT)
    | (REFUSED & ~another_port_answers_as_ib)
    | (handshake(*ACCEPTED_UNSERVED) & ~another_port_answers_as_ib & ~SPEAKS_TLS)
    | (session(S.MUTE, S.HUNG, S.START_SILENT, S.START_REJECTED, S.NO_ACCOUNTS) & API_STILL_PRESENT)
    | (ID_TAKEN & no_program_holds_it)
    | OWN_IDS_TAKEN
    | ID_REFUSED
    | TURNED_AWAY
    | FARMS_DOWN
)
WELL = (S.OK, S.SLOW)
# Of several witnesses, the last one in this order provides the detail; of a fault, one that saw it.
DETAIL_PRIORITY = (
    SensorName.LISTENER,
    SensorName.SESSION,
    SensorName.HANDSHAKE,
    SensorName.TLS,
    SensorName.CLIENT_IDS,
    SensorName.TWS_SETTINGS,
    SensorName.SUPPORT,
    SensorName.HOURS,
    SensorName.FARMS,
    SensorName.LINK,
    SensorName.CALLS,
    SensorName.INTERNET,
    SensorName.TWS_WINDOWS,
    SensorName.LOGIN_LOG,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One possible diagnosis: how it is recognised, and how it is shown."""

    code: str  # stable: never renamed, never reused
    light: Light
    when: Condition
    patience: float = 0.0  # seconds that it must hold before it is shown
    announce: bool = True  # worth a notification; False if all the user can do is wait
    once: str = ""  # announced once under this name, however often it comes back
    never_held_back: bool = False  # no snooze holds it back: real money is at stake
    forewarns: bool = False  # of something to come: nothing is wrong yet
    claimable: bool = False  # the user may claim the program that it names as theirs
    recurs: bool = False  # comes again every few minutes, each time with something to do
    expected: bool = False  # planned at this time: history counts it neither as up nor as down


CATALOGUE: tuple[Entry, ...] = (
    Entry("paused", GREY, when=monitor(S.PAUSED), announce=False),
    Entry("resumed", GREY, when=monitor(S.RESUMED) & ~SERVED, announce=False),
    Entry("starting", GREY, when=not_checked_yet, announce=False),
    # the gravest: real money instead of paper, or the reverse
    Entry(
        "wrong-environment",
        RED,
        when=session(S.OK, S.MUTE, S.HUNG) & optionally(SERVED) & paper_and_live_are_mixed_up,
        never_held_back=True,
    ),
    # TWS itself reported that its API moved to another port
    Entry(
        "port-moved",
        RED,
        when=reports(SensorName.CALLS, S.PORT_MOVED) & handshake(S.REFUSED, S.TIMED_OUT),
    ),
    # what the login waits for does not pass by itself, whatever the time of day
    Entry("session-elsewhere", RED, when=LOGGED_OUT & tws_shows(S.SESSION_ELSEWHERE)),
    Entry("relogin-required", RED, when=LOGGED_OUT & tws_shows(S.RELOGIN_REQUIRED)),
    Entry("version-refused", RED, when=NOT_IN_SERVICE & login(S.VERSION_REFUSED)),
    Entry(
        "two-factor-pending",
        RED,
        when=NOT_IN_SERVICE & login(S.TWO_FACTOR_PENDING)
        | LOGGED_OUT & tws_shows(S.TWO_FACTOR_PENDING),
        recurs=True,
    ),
    Entry(
        "two-factor-lapsed",
        RED,
        when=NOT_IN_SERVICE & login(S.TWO_FACTOR_LAPSED),
        recurs=True,
    ),
    Entry("login-throttled", RED, when=NOT_IN_SERVICE & login(S.LOGIN_THROTTLED)),
    Entry("login-refused", RED, when=NOT_IN_SERVICE & login(S.LOGIN_REFUSED)),
    Entry("login-idle", RED, when=NOT_IN_SERVICE & login(S.LOGIN_IDLE)),
    # expected at this time; whatever outlasts the window is shown under its own name
    Entry(
        "maintenance",
        AMBER,
        when=TRANSIENT_IN_RESTART & during(S.MAINTENANCE),
        announce=False,
        expected=True,
    ),
    Entry(
        "restarting-itself",
        AMBER,
        when=NOT_IN_SERVICE & login(S.RESTARTING_ITSELF),
        announce=False,
        expected=True,
    ),
    Entry(
        "reset-window",
        AMBER,
        when=TRANSIENT_IN_RESTART & during(S.RESET_WINDOW),
        announce=False,
        expected=True,
    ),
    Entry("write-access-asked", RED, when=UNEXPLAINED & tws_shows(S.WRITE_ACCESS_ASKED)),
    Entry("dialog-open", RED, when=UNEXPLAINED & tws_shows(S.DIALOG_OPEN)),
    # known to traymon's session only, not to a fresh connection
    # one mute session is no verdict while new clients are served: a new one is tried first
    Entry("session-mute", AMBER, when=mute_while_new_clients_are_served, announce=False),
    Entry(
        "session-hung",
        RED,
        when=session(S.MUTE, S.HUNG) & optionally(UNSERVED) & API_STILL_PRESENT,
    ),
    Entry("no-accounts", RED, when=session(S.NO_ACCOUNTS) & optionally(SERVED) & API_STILL_PRESENT),
    Entry(
        "internet-down",
        RED,
        when=LINK_DOWN & reports(SensorName.INTERNET, S.OFFLINE) & API_STILL_PRESENT,
    ),
    Entry(
        "ib-link-down", RED, when=LINK_DOWN & stable_for(SensorName.LINK, 60.0) & API_STILL_PRESENT
    ),
    Entry("ib-link-down", AMBER, when=LINK_DOWN & API_STILL_PRESENT, announce=False),
    # patience, because just after a hang ends the newest fresh connection is one that still hung
    Entry(
        "new-clients-hang", AMBER, when=NEW_CLIENTS_HANG & unattributed(IN_SESSION), patience=10.0
    ),
    # the port
    Entry("host-unresolved", RED, when=handshake(S.UNRESOLVED) & ~IN_SESSION),
    # connected programs are served, only a new one finds no address
    Entry("host-unresolved", AMBER, when=handshake(S.UNRESOLVED), patience=10.0),
    Entry("host-unreachable", RED, when=handshake(S.UNREACHABLE)),
    Entry("port-filtered", RED, when=handshake(S.TIMED_OUT, S.FORBIDDEN) & DROPPED),
    Entry("wrong-port", RED, when=REFUSED & another_port_answers_as_ib),
    Entry("api-port-closed", RED, when=REFUSED & ~listener(S.OK) & an_app_runs_here),
    Entry("app-not-running", RED, when=REFUSED & ~listener(S.OK) & no_app_runs_here),
    Entry("port-refused", RED, when=REFUSED),
    # TWS itself owns the port, so no other program took it
    Entry(
        "not-the-api-port",
        RED,
        when=an_app_owns_the_port
        & (handshake(S.NOT_IB) | (handshake(*ACCEPTED_UNSERVED) & another_port_answers_as_ib)),
    ),
    Entry("foreign-listener", RED, when=handshake(S.NOT_IB)),
    # the handshake
    Entry("tls-expected", RED, when=handshake(S.TLS) | SPEAKS_TLS),
    Entry("server-too-old", RED, when=handshake(S.TOO_OLD)),
    Entry(
        "just-started",
        AMBER,
        when=(handshake(*ACCEPTED_UNSERVED) | NOT_STARTED | session(S.CLIENT_ID_TAKEN))
        & port_just_opened,
        announce=False,
    ),
    Entry("connection-rejected", RED, when=handshake(S.CLOSED, S.RESET) & DROPPED),
    Entry("answer-unfinished", RED, when=handshake(S.UNFINISHED) & DROPPED),
    Entry(
        "listener-wedged",
        RED,
        when=handshake(S.SILENT) & half_closed_connections_pile_up & DROPPED,
    ),
    Entry("handshake-silent", RED, when=handshake(S.SILENT) & DROPPED),
    # the session
    Entry(
        "paper-notice-unanswered",
        RED,
        when=said_at_start(SensorName.CALLS, S.PAPER_NOT_ACKNOWLEDGED),
    ),
    Entry("start-silent", RED, when=session(S.START_SILENT)),
    Entry(
        "no-free-slot",
        AMBER,
        when=(session(S.START_REJECTED) | ID_REFUSED) & all_slots_are_taken,
    ),
    Entry("start-rejected", RED, when=session(S.START_REJECTED)),
    Entry("all-client-ids-refused", RED, when=OWN_IDS_TAKEN & ~another_id_was_free),
    Entry("all-client-ids-refused", AMBER, when=OWN_IDS_TAKEN),
    Entry(
        "wrong-account", AMBER, when=IN_SESSION & optionally(SERVED) & configured_account_is_missing
    ),
    Entry("session-garbled", RED, when=session(S.GARBLED) & optionally(SERVED)),
    Entry("session-unstable", RED, when=sessions_end_at_once & optionally(SERVED)),
    Entry("session-lost", AMBER, when=a_session_was_dropped & API_STILL_PRESENT, announce=False),
    Entry("old-connections-dead", AMBER, when=IN_SESSION & SERVED & old_connections_are_dead),
    Entry(
        "unexpected-live-account",
        AMBER,
        when=IN_SESSION & optionally(SERVED) & live_where_paper_is_meant,
        never_held_back=True,
    ),
    Entry(
        "unexpected-paper-account",
        AMBER,
        when=IN_SESSION & optionally(SERVED) & paper_where_live_is_meant,
    ),
    Entry("client-id-held-by-earlier-run", AMBER, when=ID_TAKEN & a_later_run_is_kept_out),
    Entry("client-id-stuck", AMBER, when=ID_TAKEN & no_program_holds_it, patience=60.0),
    Entry("client-id-clash", AMBER, when=ID_TAKEN, claimable=True),
    Entry("client-id-refused", AMBER, when=ID_REFUSED),
    Entry("program-turned-away", AMBER, when=TURNED_AWAY & a_program_of_yours_waits_outside),
    Entry("client-id-held-by-itself", AMBER, when=TURNED_AWAY),
    Entry("competing-session", AMBER, when=tws_reports(SensorName.CALLS, S.COMPETING_SESSION)),
    Entry(
        "paper-not-acknowledged",
        AMBER,
        when=tws_reports(SensorName.CALLS, S.PAPER_NOT_ACKNOWLEDGED),
    ),
    Entry("client-outdated", AMBER, when=tws_reports(SensorName.CALLS, S.CLIENT_OUTDATED)),
    Entry("data-lost", AMBER, when=tws_reports(SensorName.LINK, S.DATA_LOST)),
    Entry("questions-unanswered", AMBER, when=tws_reports(SensorName.HOURS, S.UNANSWERED)),
    Entry("data-farm-down", AMBER, when=FARMS_DOWN),
    Entry("clock-skew", AMBER, when=IN_SESSION & clocks_differ, patience=10.0),
    # traymon's own faults come before any good news
    Entry("sensor-crashed", AMBER, when=a_sensor_crashed),
    # one slow answer is a hiccup, several are load: the patience covers several quick polls
    Entry("handshake-slow", AMBER, when=handshake(S.SLOW), patience=10.0),
    # told three times: a month, a week and a day before
    *(
        Entry(
            "version-ends",
            AMBER,
            when=VERSION_ENDS & support_ends_within(days),
            once=once,
            forewarns=days > 1,
        )
        for days, once in ((1, "version-day"), (7, "version-week"), (30, "version-month"))
    ),
    # settings of TWS that may be meant, so they are announced once
    Entry("read-only-api", AMBER, when=the_api_is_read_only & SERVED, once="read-only-api"),
    Entry("master-client-id", AMBER, when=a_configured_id_is_the_master & SERVED, once="master-id"),
    Entry(
        "healthy",
        GREEN,
        when=handshake(S.OK)
        & (~a_session_is_wanted | unattributed(IN_SESSION))
        & optionally(a_new_session_is_served),
        announce=False,
    ),
    Entry("checking-session", GREY, when=SERVED & a_session_is_wanted, announce=False),
)
STALE = Entry("stale", GREY, when=handshake(S.UNKNOWN))  # no fresh reading: polling has stopped

ENTRIES: dict[str, Entry] = {}  # by code; of a code with two lights the first, graver one
for _entry in (*CATALOGUE, STALE):
    ENTRIES.setdefault(_entry.code, _entry)


def diagnose(evidence: Evidence) -> Diagnosis:
    """Return the diagnosis of the evidence. Every evidence has one."""
    for entry in CATALOGUE:
        witnesses = entry.when.witnesses(evidence)
        if witnesses is not None:
            return _diagnosis(entry, evidence, witnesses)
    return _diagnosis(STALE, evidence, frozenset())


def _diagnosis(entry: Entry, evidence: Evidence, witnesses: Witnesses) -> Diagnosis:
    readings = [evidence.readings[sensor] for sensor in witnesses]
    return Diagnosis(
        code=entry.code,
        light=entry.light,
        facts=_facts(evidence, witnesses),
        witnesses=witnesses,
        seen_at=max((reading.at for reading in readings), default=evidence.now),
        patience=entry.patience,
        announce=entry.announce,
        once=entry.once,
        never_held_back=entry.never_held_back,
        forewarns=entry.forewarns,
        claimable=entry.claimable,
        recurs=entry.recurs,
        expected=entry.expected,
    )


def _facts(evidence: Evidence, witnesses: Witnesses) -> Facts:
    """Return what a page may name: facts of target and fresh readings, and a witness's detail."""
    target = evidence.target
    facts: dict[FactKey[Any], Any] = {
        Fact.HOST: target.host,
        Fact.PORT: target.port,
        Fact.TIMEOUT: target.limits.timeout,
        Fact.SLOW_BOUND: target.limits.slow,
        Fact.MIN_VERSION: target.limits.min_version,
    }
    if target.client_ids:
        facts[Fact.CLIENT_IDS] = target.client_ids
        if unchecked := _unchecked_ids(evidence):
            facts[Fact.UNCHECKED_IDS] = unchecked
    if target.account:
        facts[Fact.ACCOUNT] = target.account
    if target.env_file:
        facts[Fact.ENV_FILE] = target.env_file
    if (meant := what_is_meant(target)) is not None:
        facts[Fact.PAPER_MEANT if meant.paper else Fact.LIVE_MEANT] = meant.source
    for sensor in evidence.readings:
        if (reading := evidence.fresh(sensor)) is not None:
            facts.update(reading.facts)
    if (opened := port_opened_at(evidence)) is not None:
        facts[Fact.PORT_OPENED_AT] = round(opened)
    by_priority = (
        *sorted(witnesses.difference(DETAIL_PRIORITY)),
        *filter(witnesses.__contains__, DETAIL_PRIORITY),
    )
    for sensor in sorted(by_priority, key=lambda sensor: evidence.symptom(sensor) not in WELL):
        facts[Fact.DETAIL] = evidence.readings[sensor].detail
        if evidence.symptom(sensor) is S.CRASHED:
            facts[Fact.SENSOR] = sensor
    return facts


def _unchecked_ids(evidence: Evidence) -> tuple[int, ...]:
    """Return the configured client IDs of which it is not known how they are used."""
    uses = evidence.fact(SensorName.CLIENT_IDS, Fact.ID_USES) or ()
    checked = {one.client_id for one in uses if one.use is not Use.UNKNOWN}
    return tuple(each for each in evidence.target.client_ids if each not in checked)
