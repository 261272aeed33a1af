"""Everything that can be wrong, causes before their symptoms. The first entry that matches wins.

Pure: a diagnosis is made from evidence alone. No words for users: those are assets/fixes/.
"""

from __future__ import annotations

from dataclasses import dataclass

from traymon.diagnosis.conditions import (
    HANDSHAKE,
    Condition,
    Witnesses,
    a_sensor_crashed,
    an_app_runs_here,
    another_port_answers_as_ib,
    half_closed_pile_up,
    handshake,
    if_seen,
    listener,
    monitor,
    never_looked,
    no_app_runs_here,
    port_just_opened,
)
from traymon.model import Diagnosis, Evidence, Fact, Facts, FactValue, Light, Symptom

GREY, GREEN, AMBER, RED = Light.GREY, Light.GREEN, Light.AMBER, Light.RED
S = Symptom

REFUSED = handshake(S.REFUSED) & if_seen(listener(S.NOBODY_LISTENS))
ACCEPTED_UNSERVED = (S.CLOSED, S.RESET, S.SILENT, S.UNFINISHED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be so: how it is recognised, and how it shows."""

    code: str  # stable: never renamed, never reused
    light: Light
    when: Condition
    patience: float = 0.0  # seconds that it must hold before it shows
    announce: bool = True  # worth a notice; a state that only asks to wait is not


CATALOGUE: tuple[Entry, ...] = (
    Entry("paused", GREY, when=monitor(S.PAUSED), announce=False),
    Entry("resumed", GREY, when=monitor(S.RESUMED) & ~handshake(S.OK, S.SLOW), announce=False),
    Entry("starting", GREY, when=never_looked, announce=False),
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
    Entry(
        "just-started",
        AMBER,
        when=handshake(*ACCEPTED_UNSERVED) & port_just_opened,
        announce=False,
    ),
    Entry("connection-rejected", RED, when=handshake(S.CLOSED, S.RESET)),
    Entry("answer-unfinished", RED, when=handshake(S.UNFINISHED)),
    Entry("listener-wedged", RED, when=handshake(S.SILENT) & half_closed_pile_up),
    Entry("handshake-silent", RED, when=handshake(S.SILENT)),
    Entry("tls-expected", RED, when=handshake(S.TLS)),
    Entry("server-too-old", RED, when=handshake(S.TOO_OLD)),
    # traymon itself, before any good news
    Entry("sensor-crashed", AMBER, when=a_sensor_crashed),
    # slow more than once is a load, once is a hiccup: the patience covers several quick looks
    Entry("handshake-slow", AMBER, when=handshake(S.SLOW), patience=10.0),
    Entry("healthy", GREEN, when=handshake(S.OK), announce=False),
)
STALE = Entry("stale", GREY, when=handshake(S.UNKNOWN))  # nothing fresh: traymon stopped looking

ENTRIES = {entry.code: entry for entry in (*CATALOGUE, STALE)}


def diagnose(evidence: Evidence) -> Diagnosis:
    """Return why things are as the evidence shows them. Total: every evidence has an answer."""
    for entry in CATALOGUE:
        witnesses = entry.when.witnesses(evidence)
        if witnesses is not None:
            return _diagnosis(entry, evidence, witnesses)
    return _diagnosis(STALE, evidence, frozenset())


def _diagnosis(entry: Entry, evidence: Evidence, witnesses: frozenset[str]) -> Diagnosis:
    readings = [evidence.readings[sensor] for sensor in witnesses]
    return Diagnosis(
        code=entry.code,
        light=entry.light,
        facts=_facts(evidence, witnesses),
        witnesses=witnesses,
        seen_at=max((reading.at for reading in readings), default=evidence.now),
        patience=entry.patience,
    )


def _facts(evidence: Evidence, witnesses: Witnesses) -> Facts:
    """Return what a page may name: the target's facts, the fresh readings', a witness's words."""
    target = evidence.target
    facts: dict[Fact, FactValue] = {
        Fact.HOST: target.host,
        Fact.PORT: target.port,
        Fact.TIMEOUT: target.limits.timeout,
        Fact.SLOW_BOUND: target.limits.slow,
        Fact.MIN_VERSION: target.limits.min_version,
    }
    if target.client_ids:
        facts[Fact.CLIENT_IDS] = target.client_ids
    if target.env_file:
        facts[Fact.ENV_FILE] = target.env_file
    for sensor in evidence.readings:
        if (reading := evidence.fresh(sensor)) is not None:
            facts.update(reading.facts)
    for sensor in sorted(witnesses, key=HANDSHAKE.__eq__):  # the handshake's words are the last
        facts[Fact.DETAIL] = evidence.readings[sensor].detail
        if evidence.symptom(sensor) is S.CRASHED:
            facts[Fact.SENSOR] = sensor
    return facts
