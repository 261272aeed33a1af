"""The steps of `traymon check`, read from the evidence. Each step requires the one before it.

Pure. Says which steps pass, never why one fails: that is the catalogue's job.
"""

from __future__ import annotations

from dataclasses import dataclass

from traymon.core.facts import Fact
from traymon.core.model import Evidence
from traymon.core.vocabulary import NOT_ACCEPTED, Light, SensorName, Symptom, Use
from traymon.diagnosis import formatting
from traymon.diagnosis.conditions import is_paper

NOT_CHECKED = frozenset({Symptom.UNKNOWN, Symptom.CRASHED})
LIGHT_BY_USE = {
    Use.FREE: Light.GREEN,
    Use.YOURS: Light.GREEN,
    Use.CLASH: Light.AMBER,
    Use.STUCK: Light.AMBER,
    Use.REFUSED: Light.AMBER,
    Use.UNKNOWN: Light.GREY,
}
LIGHT_BY_SYMPTOM = {Symptom.OK: Light.GREEN, Symptom.SLOW: Light.AMBER}


@dataclass(frozen=True, slots=True)
class CheckDetail:
    """One finding of a step."""

    light: Light
    finding: str


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step: green passed, amber passed with a reservation, red failed, grey not reached."""

    name: str  # as in `traymon check port`
    title: str
    light: Light
    finding: str
    took: float | None = None  # seconds
    details: tuple[CheckDetail, ...] = ()
    blocks: bool = False  # a trading program cannot get past it, although it is only amber

    @property
    def passed(self) -> bool:
        """Whether a trading program gets past this step."""
        return self.light in (Light.GREEN, Light.AMBER) and not self.blocks


def check_steps(evidence: Evidence) -> tuple[CheckStep, ...]:
    """Return the steps in order.

    The port is open, IB's API answers, a client gets a session, and the trading program's client
    IDs are free or its own.
    """
    steps = [_port_step(evidence), _handshake_step(evidence)]
    if evidence.target.own_client_id is not None:
        steps.append(_session_step(evidence))
    if evidence.target.client_ids:
        steps.append(_client_ids_step(evidence))
    return tuple(steps)


def _port_step(evidence: Evidence) -> CheckStep:
    name, title = "port", "Port Connectivity"
    reading = evidence.fresh(SensorName.HANDSHAKE)
    if reading is None or reading.symptom in NOT_CHECKED:
        return CheckStep(name, title, Light.GREY, "not looked at")
    if reading.symptom in NOT_ACCEPTED:
        return CheckStep(name, title, Light.RED, reading.detail, reading.took)
    owner = evidence.fresh(SensorName.LISTENER)
    finding = f"port {evidence.target.port} is open and accepts connections"
    if owner is not None and owner.symptom is Symptom.OK:
        finding = f"{finding}; {owner.detail}"
    return CheckStep(name, title, Light.GREEN, finding)


def _handshake_step(evidence: Evidence) -> CheckStep:
    name, title = "handshake", "IB API Handshake"
    reading = evidence.fresh(SensorName.HANDSHAKE)
    if reading is None or reading.symptom in NOT_CHECKED | NOT_ACCEPTED:
        return CheckStep(name, title, Light.GREY, "not reached")
    light = LIGHT_BY_SYMPTOM.get(reading.symptom, Light.RED)
    return CheckStep(name, title, light, reading.detail, reading.took)


def _session_step(evidence: Evidence) -> CheckStep:
    name, title = "session", "Full Connection"
    reading = evidence.fresh(SensorName.SESSION)
    if reading is None or reading.symptom in NOT_CHECKED | {Symptom.LOST}:
        return CheckStep(name, title, Light.GREY, "not reached")
    if reading.symptom is not Symptom.OK:
        return CheckStep(name, title, Light.RED, reading.detail, reading.took or None)
    details = (
        CheckDetail(
            Light.GREEN, f"server version {reading.facts.get(Fact.SERVER_VERSION, 'unknown')}"
        ),
        CheckDetail(Light.GREEN, _accounts_text(Fact.ACCOUNTS.of(reading.facts) or ())),
        _system_message(
            evidence, SensorName.LINK, "TWS is linked to IB's servers, as far as it says"
        ),
        _system_message(evidence, SensorName.FARMS, "data farms are connected, as far as TWS says"),
    )
    light = max(detail.light for detail in details)
    return CheckStep(name, title, light, "a client is let in and answered", reading.took, details)


def _client_ids_step(evidence: Evidence) -> CheckStep:
    name, title = "ids", "Client IDs"
    reading = evidence.fresh(SensorName.CLIENT_IDS)
    uses = None if reading is None else Fact.ID_USES.of(reading.facts)
    if reading is None or uses is None:
        return CheckStep(name, title, Light.GREY, "not reached")
    details = tuple(
        CheckDetail(LIGHT_BY_USE[use.use], formatting.id_use(use, evidence.now)) for use in uses
    )
    if bystanders := Fact.BYSTANDERS.of(reading.facts):
        who = formatting.programs(bystanders, evidence.now)
        details += (CheckDetail(Light.GREY, f"taken for no trading program: {who}"),)
    if Fact.NEWER in reading.facts:
        light, finding = Light.AMBER, "an earlier run of your program holds an ID"
    elif reading.symptom in (Symptom.CLIENT_ID_TAKEN, Symptom.CLIENT_ID_REFUSED):
        light, finding = Light.AMBER, "not every ID can be had"
    elif reading.symptom is Symptom.TURNED_AWAY:
        light, finding = Light.AMBER, "TWS ends one new connection after the other"
    elif reading.symptom is Symptom.OK:
        light, finding = Light.GREEN, "every ID is free, or held by a program of yours"
    else:
        light, finding = Light.GREY, "not every ID was checked"
    blocks = light is Light.AMBER
    return CheckStep(name, title, light, finding, None, details, blocks)


def _accounts_text(accounts: tuple[str, ...]) -> str:
    kinds = {is_paper(account) for account in accounts}
    kind = "paper " if kinds == {True} else "live " if kinds == {False} else ""
    return f"{kind}account {', '.join(accounts)}"


def _system_message(evidence: Evidence, sensor: SensorName, all_well: str) -> CheckDetail:
    """Return TWS's last message about its link or its farms; without one, all is assumed well."""
    reading = evidence.fresh(sensor)
    if reading is None or reading.symptom in (Symptom.OK, Symptom.UNKNOWN):
        return CheckDetail(Light.GREEN, all_well)
    return CheckDetail(Light.AMBER, reading.detail)
