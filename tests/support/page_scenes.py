"""Statuses as traymon makes them, for looking at their pages: ten codes and what they rest on."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from support.page_server import NOW
from traymon.core.facts import NO_FACTS, Fact, Facts
from traymon.core.model import Diagnosis, Evidence, Reading, Status
from traymon.core.target import IdUse, Program, Target
from traymon.core.vocabulary import SensorName, Symptom, Use
from traymon.diagnosis.catalogue import ENTRIES, diagnose

OTHERS = Program("python.exe", 4711, "C:\\bots\\other_app.py", "python.exe", NOW - 3600)
OWN = Program("python.exe", 811, "C:\\bots\\run_live.py", "python.exe", NOW - 3600, own=True)
TARGET = Target(
    "bot",
    client_ids=(10, 11),
    account="DU1234567",
    own_client_id=97,
    env_file="C:\\bots\\.env",
)
FACTS: Facts = {
    Fact.HOST: "127.0.0.1",
    Fact.PORT: 7497,
    Fact.CLIENT_ID: 10,
    Fact.FREE_CLIENT_ID: 12,
    Fact.HOLDER: (OTHERS,),
    Fact.ACCOUNTS: ("U1234567",),
    Fact.ACCOUNT: "DU1234567",
    Fact.OPEN_PORT: 4002,
    Fact.TIMEOUT: 5.0,
}


def _reading(
    sensor: SensorName, symptom: Symptom, detail: str, facts: Facts = NO_FACTS, took: float = 0.004
) -> Reading:
    return Reading(sensor, symptom, detail, facts, took, at=NOW - 3)


def _session(account: str, symptom: Symptom = Symptom.OK) -> Reading:
    facts: Facts = {Fact.ACCOUNTS: (account,), Fact.SESSION_VERSION: 203}
    return _reading(SensorName.SESSION, symptom, "a session", facts)


def _ids(symptom: Symptom, use: Use, holder: Program) -> Reading:
    uses = (IdUse(10, use, (holder,)), IdUse(11, Use.FREE))
    return _reading(SensorName.CLIENT_IDS, symptom, "client IDs", {Fact.ID_USES: uses})


def _handshake(symptom: Symptom, detail: str) -> Reading:
    return _reading(SensorName.HANDSHAKE, symptom, detail)


LISTENS = _reading(SensorName.LISTENER, Symptom.OK, "tws.exe (pid 5120) listens")
ANSWERS = _handshake(Symptom.OK, "API version 203")
SERVED = (LISTENS, ANSWERS, _session("DU1234567"))
IDS = _ids(Symptom.OK, Use.YOURS, OWN)
TEN_CODES: dict[str, tuple[Reading, ...]] = {
    "healthy": (*SERVED, IDS),
    "handshake-silent": (LISTENS, _handshake(Symptom.SILENT, "connection accepted, no reply")),
    "wrong-environment": (LISTENS, ANSWERS, _session("U1234567"), IDS),
    "connection-rejected": (LISTENS, _handshake(Symptom.CLOSED, "closed without a reply")),
    "client-id-clash": (*SERVED, _ids(Symptom.CLIENT_ID_TAKEN, Use.CLASH, OTHERS)),
    "ib-link-down": SERVED,
    "session-hung": (LISTENS, ANSWERS, _session("DU1234567", Symptom.HUNG)),
    "foreign-listener": (LISTENS, _handshake(Symptom.NOT_IB, "HTTP/1.1 400 Bad Request")),
    "wrong-port": (_handshake(Symptom.REFUSED, "connection refused"),),
    "paused": (),
}


def one_of_many(name: str, code: str, **more: Any) -> Status:
    """Return a status of one of several targets."""
    status = scene(code)
    target = replace(status.target, name=name, one_of_many=True)
    evidence = replace(status.evidence, target=target)
    return replace(status, target=target, evidence=evidence, **more)


def scene(code: str) -> Status:
    """Return a status of one of the ten codes; the next check is due in 18 s."""
    readings = MappingProxyType({reading.sensor: reading for reading in TEN_CODES[code]})
    evidence = Evidence(TARGET, NOW, readings)
    claimable = code == "client-id-clash"
    diagnosis = Diagnosis(code, ENTRIES[code].light, FACTS, claimable=claimable)
    status = Status(TARGET, diagnosis, NOW - 250, NOW - 250, evidence, NOW - 3, NOW + 18, streak=3)
    return replace(status, paused=code == "paused")


def shows_window(title: str, symptom: Symptom = Symptom.SESSION_ELSEWHERE) -> Status:
    """Return the status of a closed port while a window of TWS is seen."""
    seen = (
        _handshake(Symptom.REFUSED, "connection refused"),
        _reading(
            SensorName.LISTENER,
            Symptom.NOBODY_LISTENS,
            "nothing listens on port 7497",
            {Fact.APPS: 1, Fact.APP: "TWS"},
        ),
        _reading(SensorName.TWS_WINDOWS, symptom, f"TWS shows: {title}", {Fact.WINDOW: title}),
    )
    readings = MappingProxyType({reading.sensor: reading for reading in seen})
    evidence = Evidence(TARGET, NOW, readings)
    diagnosis = diagnose(evidence)
    return Status(TARGET, diagnosis, NOW - 250, NOW - 250, evidence, NOW - 3, NOW + 18, streak=3)
