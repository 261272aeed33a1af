"""Everything that can be wrong, causes before their symptoms. The first entry that matches wins.

Pure: a diagnosis is made from evidence alone. No words for users: those are assets/fixes/.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from traymon.core.facts import Fact, FactKey, Facts
from traymon.core.model import Diagnosis, Evidence
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis.conditions import (
    Condition,
    Witnesses,
    a_later_run_is_about,
    a_sensor_crashed,
    all_slots_are_taken,
    an_app_runs_here,
    another_port_answers_as_ib,
    at_time_of,
    clocks_differ,
    configured_account_is_missing,
    given,
    half_closed_pile_up,
    handshake,
    if_seen,
    lasts,
    listener,
    monitor,
    never_looked,
    no_app_runs_here,
    nobody_holds_it,
    paper_and_live_are_mixed_up,
    port_just_opened,
    sees,
    session,
    tws_says,
)

GREY, GREEN, AMBER, RED = Light.GREY, Light.GREEN, Light.AMBER, Light.RED
S = Symptom

SERVED = handshake(S.OK, S.SLOW)
NEW_ONES_HANG = handshake(S.SILENT, S.UNFINISHED, S.TIMED_OUT)
IN_SESSION = session(S.OK)
ID_TAKEN = sees(SensorName.CLIENT_IDS, S.CLIENT_ID_TAKEN) & SERVED  # its own word 326, and its life
LINK_DOWN = tws_says(SensorName.LINK, S.LINK_DOWN)
REFUSED = handshake(S.REFUSED) & if_seen(listener(S.NOBODY_LISTENS)) & if_seen(session(S.LOST))
ACCEPTED_UNSERVED = (S.CLOSED, S.RESET, S.SILENT, S.UNFINISHED)
UNSERVED = handshake(S.TIMED_OUT, *ACCEPTED_UNSERVED)
# A fresh connection met nothing that puts the held session's program out of the question.
API_STILL_PRESENT = ~handshake(
    *(S.REFUSED, S.FORBIDDEN, S.UNRESOLVED, S.UNREACHABLE, S.NOT_IB, S.TLS, S.TOO_OLD)
)
FARMS_DOWN = tws_says(SensorName.FARMS, S.FARM_DOWN) & lasts(SensorName.FARMS, 300.0)
# What a restart of TWS, or of IB's servers, does while it lasts.
TRANSIENT_IN_RESTART = (
    (LINK_DOWN & ~sees(SensorName.INTERNET, S.OFFLINE) & API_STILL_PRESENT)
    | (REFUSED & ~another_port_answers_as_ib)
    | handshake(*ACCEPTED_UNSERVED)
    | (session(S.HUNG, S.START_SILENT, S.START_REJECTED, S.NO_ACCOUNTS) & API_STILL_PRESENT)
    | (ID_TAKEN & nobody_holds_it)
    | FARMS_DOWN
)
# Of several witnesses, whose words are shown: the last one's.
DETAIL_PRIORITY = (
    SensorName.LISTENER,
    SensorName.SESSION,
    SensorName.HANDSHAKE,
    SensorName.CLIENT_IDS,
    SensorName.FARMS,
    SensorName.LINK,
    SensorName.CALLS,
    SensorName.INTERNET,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be so: how it is recognised, and how it shows."""

    code: str  # stable: never renamed, never reused
    light: Light
    when: Condition
    patience: float = 0.0  # seconds that it must hold before it shows
    announce: bool = True  # worth a notification; a state that only asks to wait is not
    never_muted: bool = False  # announced whatever the user has muted: real money is at stake
    claimable: bool = False  # the user may say that the program it names is theirs


CATALOGUE: tuple[Entry, ...] = (
    Entry("paused", GREY, when=monitor(S.PAUSED), announce=False),
    Entry("resumed", GREY, when=monitor(S.RESUMED) & ~SERVED, announce=False),
    Entry("starting", GREY, when=never_looked, announce=False),
    # the gravest: real money where paper was meant, or the reverse
    Entry(
        "wrong-environment",
        RED,
        when=session(S.OK, S.HUNG) & if_seen(SERVED) & paper_and_live_are_mixed_up,
        never_muted=True,
    ),
    # where its API went, in TWS's own words
    Entry(
        "port-moved",
        RED,
        when=sees(SensorName.CALLS, S.PORT_MOVED) & handshake(S.REFUSED, S.TIMED_OUT),
    ),
    # expected at this time; whatever outlives it shows under its own name
    Entry(
        "maintenance", AMBER, when=TRANSIENT_IN_RESTART & at_time_of(S.MAINTENANCE), announce=False
    ),
    Entry(
        "reset-window",
        AMBER,
        when=TRANSIENT_IN_RESTART & at_time_of(S.RESET_WINDOW),
        announce=False,
    ),
    # a held session knows what a fresh connection cannot
    Entry("session-hung", RED, when=session(S.HUNG) & if_seen(UNSERVED) & API_STILL_PRESENT),
    Entry("no-accounts", RED, when=session(S.NO_ACCOUNTS) & if_seen(SERVED) & API_STILL_PRESENT),
    Entry(
        "internet-down",
        RED,
        when=LINK_DOWN & sees(SensorName.INTERNET, S.OFFLINE) & API_STILL_PRESENT,
    ),
    Entry("ib-link-down", RED, when=LINK_DOWN & lasts(SensorName.LINK, 60.0) & API_STILL_PRESENT),
    Entry("ib-link-down", AMBER, when=LINK_DOWN & API_STILL_PRESENT, announce=False),
    # right after a hang has ended, the newest fresh connection is still one that hung
    Entry("new-clients-hang", AMBER, when=NEW_ONES_HANG & given(IN_SESSION), patience=10.0),
    # the port
    Entry("host-unresolved", RED, when=handshake(S.UNRESOLVED)),
    Entry("host-unreachable", RED, when=handshake(S.UNREACHABLE)),
    Entry("port-filtered", RED, when=handshake(S.TIMED_OUT, S.FORBIDDEN)),
    Entry("wrong-port", RED, when=REFUSED & another_port_answers_as_ib),
    Entry("api-port-closed", RED, when=REFUSED & ~listener(S.OK) & an_app_runs_here),
    Entry("app-not-running", RED, when=REFUSED & ~listener(S.OK) & no_app_runs_here),
    Entry("port-refused", RED, when=REFUSED),
    Entry("foreign-listener", RED, when=handshake(S.NOT_IB)),
    # the handshake
    Entry("tls-expected", RED, when=handshake(S.TLS)),
    Entry("server-too-old", RED, when=handshake(S.TOO_OLD)),
    Entry(
        "just-started",
        AMBER,
        when=(handshake(*ACCEPTED_UNSERVED) | session(S.START_SILENT, S.START_REJECTED))
        & port_just_opened,
        announce=False,
    ),
    Entry("connection-rejected", RED, when=handshake(S.CLOSED, S.RESET)),
    Entry("answer-unfinished", RED, when=handshake(S.UNFINISHED)),
    Entry("listener-wedged", RED, when=handshake(S.SILENT) & half_closed_pile_up),
    Entry("handshake-silent", RED, when=handshake(S.SILENT)),
    # the session
    Entry("start-silent", RED, when=session(S.START_SILENT)),
    Entry("no-free-slot", AMBER, when=session(S.START_REJECTED) & all_slots_are_taken),
    Entry("start-rejected", RED, when=session(S.START_REJECTED)),
    Entry(
        "wrong-account", AMBER, when=IN_SESSION & if_seen(SERVED) & configured_account_is_missing
    ),
    Entry("client-id-held-by-earlier-run", AMBER, when=ID_TAKEN & a_later_run_is_about),
    Entry("client-id-stuck", AMBER, when=ID_TAKEN & nobody_holds_it, patience=60.0),
    Entry("client-id-clash", AMBER, when=ID_TAKEN, claimable=True),
    Entry("competing-session", AMBER, when=tws_says(SensorName.CALLS, S.COMPETING_SESSION)),
    Entry(
        "paper-not-acknowledged", AMBER, when=tws_says(SensorName.CALLS, S.PAPER_NOT_ACKNOWLEDGED)
    ),
    Entry("client-outdated", AMBER, when=tws_says(SensorName.CALLS, S.CLIENT_OUTDATED)),
    Entry("data-farm-down", AMBER, when=FARMS_DOWN),
    Entry("clock-skew", AMBER, when=IN_SESSION & clocks_differ, patience=10.0),
    # traymon itself, before any good news
    Entry("sensor-crashed", AMBER, when=a_sensor_crashed),
    # slow more than once is a load, once is a hiccup: the patience covers several quick looks
    Entry("handshake-slow", AMBER, when=handshake(S.SLOW), patience=10.0),
    Entry("healthy", GREEN, when=handshake(S.OK), announce=False),
)
STALE = Entry("stale", GREY, when=handshake(S.UNKNOWN))  # nothing fresh: traymon stopped looking

ENTRIES: dict[str, Entry] = {}  # by code; of a code in two lights the first, graver one
for _entry in (*CATALOGUE, STALE):
    ENTRIES.setdefault(_entry.code, _entry)


def diagnose(evidence: Evidence) -> Diagnosis:
    """Return why things are as the evidence shows them. Total: every evidence has an answer."""
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
        never_muted=entry.never_muted,
        claimable=entry.claimable,
    )


def _facts(evidence: Evidence, witnesses: Witnesses) -> Facts:
    """Return what a page may name: the target's facts, the fresh readings', a witness's words."""
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
    if target.account:
        facts[Fact.ACCOUNT] = target.account
    if target.env_file:
        facts[Fact.ENV_FILE] = target.env_file
    for sensor in evidence.readings:
        if (reading := evidence.fresh(sensor)) is not None:
            facts.update(reading.facts)
    in_turn = (
        *sorted(witnesses.difference(DETAIL_PRIORITY)),
        *filter(witnesses.__contains__, DETAIL_PRIORITY),
    )
    for sensor in in_turn:
        facts[Fact.DETAIL] = evidence.readings[sensor].detail
        if evidence.symptom(sensor) is S.CRASHED:
            facts[Fact.SENSOR] = sensor
    return facts
