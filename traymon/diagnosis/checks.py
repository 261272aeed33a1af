"""The tests of `traymon check` in their order, read from the evidence: each one needs the last.

Pure. Says which rung holds, never why one does not: that is the catalogue's.
"""

from __future__ import annotations

from dataclasses import dataclass

from traymon.core.facts import Fact
from traymon.core.model import Evidence
from traymon.core.vocabulary import NOT_ACCEPTED, Light, SensorName, Symptom, Use
from traymon.diagnosis import formatting
from traymon.diagnosis.conditions import is_paper

NOT_LOOKED = frozenset({Symptom.UNKNOWN, Symptom.CRASHED})
LIGHT_OF_USE = {
    Use.FREE: Light.GREEN,
    Use.YOURS: Light.GREEN,
    Use.CLASH: Light.AMBER,
    Use.STUCK: Light.AMBER,
    Use.UNKNOWN: Light.GREY,
}
LIGHT_OF = {Symptom.OK: Light.GREEN, Symptom.SLOW: Light.AMBER}


@dataclass(frozen=True, slots=True)
class CheckDetail:
    """One thing that a test found."""

    light: Light
    saw: str


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One test: green passed, amber passed with a reservation, red failed, grey not reached."""

    name: str  # as in `traymon check port`
    title: str
    light: Light
    saw: str
    took: float | None = None  # seconds
    parts: tuple[CheckDetail, ...] = ()
    stops: bool = False  # amber, and yet a trading program does not get past it

    @property
    def passed(self) -> bool:
        """Whether a trading program gets past this."""
        return self.light in (Light.GREEN, Light.AMBER) and not self.stops


def check_steps(evidence: Evidence) -> tuple[CheckStep, ...]:
    """Return the tests in order: the port is open, IB's API answers, a client is let in, the
    trading program's client IDs are free or its own."""
    steps = [_port(evidence), _handshake(evidence)]
    if evidence.target.own_client_id is not None:
        steps.append(_session(evidence))
    if evidence.target.client_ids:
        steps.append(_ids(evidence))
    return tuple(steps)


def _port(evidence: Evidence) -> CheckStep:
    name, title = "port", "Port Connectivity"
    reading = evidence.fresh(SensorName.HANDSHAKE)
    if reading is None or reading.symptom in NOT_LOOKED:
        return CheckStep(name, title, Light.GREY, "not looked at")
    if reading.symptom in NOT_ACCEPTED:
        return CheckStep(name, title, Light.RED, reading.detail, reading.took)
    owner = evidence.fresh(SensorName.LISTENER)
    saw = f"port {evidence.target.port} is open and accepts connections"
    if owner is not None and owner.symptom is Symptom.OK:
        saw = f"{saw}; {owner.detail}"
    return CheckStep(name, title, Light.GREEN, saw)


def _handshake(evidence: Evidence) -> CheckStep:
    name, title = "handshake", "IB API Handshake"
    reading = evidence.fresh(SensorName.HANDSHAKE)
    if reading is None or reading.symptom in NOT_LOOKED | NOT_ACCEPTED:
        return CheckStep(name, title, Light.GREY, "not reached")
    light = LIGHT_OF.get(reading.symptom, Light.RED)
    return CheckStep(name, title, light, reading.detail, reading.took)


def _session(evidence: Evidence) -> CheckStep:
    name, title = "session", "Full Connection"
    reading = evidence.fresh(SensorName.SESSION)
    if reading is None or reading.symptom in NOT_LOOKED | {Symptom.LOST}:
        return CheckStep(name, title, Light.GREY, "not reached")
    if reading.symptom is not Symptom.OK:
        return CheckStep(name, title, Light.RED, reading.detail, reading.took or None)
    parts = (
        CheckDetail(
            Light.GREEN, f"server version {reading.facts.get(Fact.SERVER_VERSION, 'unknown')}"
        ),
        CheckDetail(Light.GREEN, _accounts(Fact.ACCOUNTS.of(reading.facts) or ())),
        _said(evidence, SensorName.LINK, "TWS is linked to IB's servers, as far as it says"),
        _said(evidence, SensorName.FARMS, "data farms are connected, as far as TWS says"),
    )
    light = max(part.light for part in parts)
    return CheckStep(name, title, light, "a client is let in and answered", reading.took, parts)


def _ids(evidence: Evidence) -> CheckStep:
    name, title = "ids", "Client IDs"
    reading = evidence.fresh(SensorName.CLIENT_IDS)
    uses = None if reading is None else Fact.ID_USES.of(reading.facts)
    if reading is None or uses is None:
        return CheckStep(name, title, Light.GREY, "not reached")
    parts = tuple(
        CheckDetail(LIGHT_OF_USE[use.use], formatting.use(use, evidence.now)) for use in uses
    )
    if Fact.NEWER in reading.facts:
        light, saw = Light.AMBER, "an earlier run of your program holds an ID"
    elif reading.symptom is Symptom.CLIENT_ID_TAKEN:
        light, saw = Light.AMBER, "not every ID can be had"
    elif reading.symptom is Symptom.OK:
        light, saw = Light.GREEN, "every ID is free, or held by a program of yours"
    else:
        light, saw = Light.GREY, "not every ID could be looked at"
    return CheckStep(name, title, light, saw, None, parts, stops=light is Light.AMBER)


def _accounts(accounts: tuple[str, ...]) -> str:
    kinds = {is_paper(account) for account in accounts}
    kind = "paper " if kinds == {True} else "live " if kinds == {False} else ""
    return f"{kind}account {', '.join(accounts)}"


def _said(evidence: Evidence, sensor: SensorName, well: str) -> CheckDetail:
    """Return what TWS said last of its link or its farms; silence is good news, and no more."""
    reading = evidence.fresh(sensor)
    if reading is None or reading.symptom in (Symptom.OK, Symptom.UNKNOWN):
        return CheckDetail(Light.GREEN, well)
    return CheckDetail(Light.AMBER, reading.detail)
