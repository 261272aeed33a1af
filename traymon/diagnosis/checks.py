"""The steps of `traymon check`, read from the evidence. Each step requires the one before it.

Pure. Says which steps pass, never why one fails: that is the catalogue's job. No step passes that
concerns what the catalogue finds wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from traymon.core.facts import Fact
from traymon.core.model import Diagnosis, Evidence, Reading, Status
from traymon.core.target import Target
from traymon.core.vocabulary import NOT_ACCEPTED, Light, SensorName, Symptom, Use
from traymon.diagnosis import formatting
from traymon.diagnosis.accounts import all_paper_or_all_live, describe, what_is_meant
from traymon.diagnosis.catalogue import diagnose
from traymon.diagnosis.check_step import CheckDetail as CheckDetail
from traymon.diagnosis.check_step import CheckStep as CheckStep
from traymon.diagnosis.conditions import support_ends_within
from traymon.diagnosis.library_check import TITLE as LIBRARY_TITLE
from traymon.diagnosis.library_check import library_step
from traymon.diagnosis.settings_check import TITLE as SETTINGS_TITLE
from traymon.diagnosis.settings_check import settings_step

PORT_TITLE, HANDSHAKE_TITLE = "Port Connectivity", "IB API Handshake"
SESSION_TITLE, IDS_TITLE = "Full Connection", "Client IDs"
NOT_REACHED = "not reached"
SESSION_OFF = "not checked: TRAYMON_SESSION=off"
LIBRARY_LEFT_OUT = "not checked: only with traymon check, or check session"
MONTH = 30  # days
NOT_CHECKED = frozenset({Symptom.UNKNOWN, Symptom.CRASHED})
LIGHT_BY_USE = {
    Use.FREE: Light.GREEN,
    Use.YOURS: Light.GREEN,
    Use.CLASH: Light.AMBER,
    Use.STUCK: Light.AMBER,
    Use.REFUSED: Light.AMBER,
    Use.UNKNOWN: Light.GREY,
}
STEP_BY_SENSOR = {
    SensorName.LISTENER: "port",
    SensorName.HANDSHAKE: "handshake",
    SensorName.LOGIN_LOG: "port",
    SensorName.TLS: "handshake",
    SensorName.SESSION: "session",
    SensorName.LINK: "session",
    SensorName.FARMS: "session",
    SensorName.CALLS: "session",
    SensorName.SUPPORT: "session",
    SensorName.HOURS: "session",
    SensorName.INTERNET: "session",
    SensorName.CLIENT_LIBRARY: "library",
    SensorName.CLIENT_IDS: "ids",
    SensorName.TWS_SETTINGS: "settings",
}
# Each check requires those before it.
ORDER = ("port", "handshake", "session", "settings", "library", "ids")
# What a test brings along: a session is one of traymon's own and one of a client library.
ALONGSIDE = {"session": "library"}
LIGHT_BY_SYMPTOM = {Symptom.OK: Light.GREEN, Symptom.SLOW: Light.AMBER}


def check_steps(evidence: Evidence) -> tuple[CheckStep, ...]:
    """Return the steps in order.

    The port is open, IB's API answers, a client gets a session, TWS's settings suit a program
    (where TWS was asked for them), a client library gets a session too (where one was let in), and
    the trading program's client IDs are free or its own.
    """
    steps = [_port_step(evidence), _handshake_step(evidence)]
    if evidence.target.own_client_id is not None:
        steps.append(_session_step(evidence))
    for step in (settings_step(evidence), library_step(evidence)):
        if step is not None:
            steps.append(step)
    if evidence.target.client_ids:
        steps.append(_client_ids_step(evidence))
    return _with_diagnosis(steps, diagnose(evidence))


def every_step(evidence: Evidence) -> tuple[CheckStep, ...]:
    """Return the step of every check; one that was not made says why.

    TWS's settings come last, and only where TWS was asked for them, or should be.
    """
    found = {step.name: step for step in check_steps(evidence)}
    library = LIBRARY_LEFT_OUT
    if "session" not in found:
        library = SESSION_OFF
    elif not all(step.passed for step in found.values() if step.name != "ids"):
        library = NOT_REACHED
    rows = [
        ("port", PORT_TITLE, NOT_REACHED),
        ("handshake", HANDSHAKE_TITLE, NOT_REACHED),
        ("session", SESSION_TITLE, SESSION_OFF),
        ("library", LIBRARY_TITLE, library),
        ("ids", IDS_TITLE, "not checked: no IB_CLIENT_ID set"),
    ]
    if "settings" in found or evidence.target.tws_settings:
        rows.append(("settings", SETTINGS_TITLE, NOT_REACHED))
    return tuple(
        found.get(name) or CheckStep(name, title, Light.GREY, why, skipped=True)
        for name, title, why in rows
    )


def steps_up_to(steps: Sequence[CheckStep], name: str) -> Sequence[CheckStep]:
    """Return one check by its name, with those that it requires; what was skipped is left out.

    It is missing if it was not reached.
    """
    last = ORDER.index(ALONGSIDE.get(name, name))
    up_to_it = [step for step in steps if ORDER.index(step.name) <= last]
    return [step for step in up_to_it if step.name == name or not step.skipped]


def light_of_check(status: Status, name: str | None) -> Light:
    """Return the light of one check, or of all of them: never better than what it requires.

    What was skipped, and IDs that could not be looked at, do not make the light of all checks
    worse.
    """
    steps = check_steps(status.evidence)
    if name is not None:
        steps_there = steps_up_to(steps, name)
        failed = [s.light for s in steps_there if not s.passed and not belongs(s, name)]
        found = failed or [s.light for s in steps_there if belongs(s, name)]
        return max(found, default=Light.GREY)
    failed = [
        s.light
        for s in steps
        if not (s.passed or s.skipped) and (s.name, s.light) != ("ids", Light.GREY)
    ]
    if status.diagnosis.light is not Light.GREEN or not failed:
        return status.diagnosis.light
    return max(failed)


def belongs(step: CheckStep, name: str) -> bool:
    """Tell whether a step is the named check, or one that it brings along."""
    return step.name in (name, ALONGSIDE.get(name))


def _with_diagnosis(steps: Sequence[CheckStep], diagnosis: Diagnosis) -> tuple[CheckStep, ...]:
    """Give the last step that the diagnosis concerns its light, unless one has it already."""
    names = {STEP_BY_SENSOR.get(sensor) for sensor in diagnosis.witnesses}
    concerned = [step for step in steps if step.name in names and step.light is not Light.GREY]
    if not concerned or any(step.light >= diagnosis.light for step in concerned):
        return tuple(steps)
    last = concerned[-1]
    why = CheckDetail(diagnosis.light, f"diagnosis: {diagnosis.code}")
    worse = replace(last, light=diagnosis.light, details=(*last.details, why))
    return tuple(worse if step is last else step for step in steps)


def _port_step(evidence: Evidence) -> CheckStep:
    name, title = "port", PORT_TITLE
    reading = evidence.fresh(SensorName.HANDSHAKE)
    if reading is None or reading.symptom in NOT_CHECKED:
        return CheckStep(name, title, Light.GREY, "not checked")
    if reading.symptom in NOT_ACCEPTED:
        return CheckStep(name, title, Light.RED, reading.detail, reading.took)
    owner = evidence.fresh(SensorName.LISTENER)
    finding = f"port {evidence.target.port} is open and accepts connections"
    if owner is not None and owner.symptom is Symptom.OK:
        finding = f"{finding}; {owner.detail}"
    return CheckStep(name, title, Light.GREEN, finding)


def _handshake_step(evidence: Evidence) -> CheckStep:
    name, title = "handshake", HANDSHAKE_TITLE
    reading = evidence.fresh(SensorName.HANDSHAKE)
    if reading is None or reading.symptom in NOT_CHECKED | NOT_ACCEPTED:
        return CheckStep(name, title, Light.GREY, NOT_REACHED)
    light = LIGHT_BY_SYMPTOM.get(reading.symptom, Light.RED)
    return CheckStep(name, title, light, reading.detail, reading.took)


def _session_step(evidence: Evidence) -> CheckStep:
    name, title = "session", SESSION_TITLE
    reading = evidence.fresh(SensorName.SESSION)
    if reading is None or reading.symptom in NOT_CHECKED:
        return CheckStep(name, title, Light.GREY, NOT_REACHED)
    account = _account(evidence.target, reading)
    if reading.symptom is not Symptom.OK:
        lost = "the connection was lost: " if reading.symptom is Symptom.LOST else ""
        details = () if account is None else (account,)
        finding, took = f"{lost}{reading.detail}", reading.took or None
        return CheckStep(name, title, Light.RED, finding, took, details)
    if short := Fact.SHORT_SESSIONS.of(reading.facts):
        times = "the last session" if short == 1 else f"the last {short} sessions"
        return CheckStep(name, title, Light.RED, f"{times} ended soon after it started")
    details = (
        CheckDetail(
            Light.GREEN, f"API version {reading.facts.get(Fact.SESSION_VERSION, 'unknown')}"
        ),
        *(() if account is None else (account,)),
        _system_message(evidence, SensorName.LINK, "TWS reports that it is connected to IB"),
        _system_message(evidence, SensorName.FARMS, "TWS reports its data servers connected"),
        *_reservations(evidence),
    )
    light = max(detail.light for detail in details)
    finding, blocks = (
        "a test client connected and got answers",
        any(detail.blocks for detail in details),
    )
    if reading.took > evidence.target.limits.slow:
        finding += ", slowly"
    if blocks:
        finding += ", but in a different account than your settings name"
    return CheckStep(name, title, light, finding, reading.took, details, blocks)


def _account(target: Target, reading: Reading) -> CheckDetail | None:
    """Return the accounts that are logged in, compared with what the settings mean."""
    accounts = Fact.ACCOUNTS.of(reading.facts) or ()
    if not accounts:
        return None
    logged_in, meant = all_paper_or_all_live(accounts), what_is_meant(target)
    text = describe(accounts)
    if target.account in accounts:
        return CheckDetail(Light.GREEN, f"{text}, matches IB_ACCOUNT")
    mixed_up = meant is not None and logged_in is not None and logged_in is not meant.paper
    if target.account:
        text = f"{text}, but IB_ACCOUNT is {describe([target.account])}"
        return CheckDetail(Light.RED if mixed_up else Light.AMBER, text, blocks=True)
    if meant is not None and mixed_up:
        text = f"{text}, but {meant.source} means {meant.kind}"
        return CheckDetail(Light.AMBER, text, blocks=not logged_in)
    return CheckDetail(Light.GREEN, f"{text}; not compared: IB_ACCOUNT is not set")


def _client_ids_step(evidence: Evidence) -> CheckStep:
    name, title = "ids", IDS_TITLE
    reading = evidence.fresh(SensorName.CLIENT_IDS)
    uses = None if reading is None else Fact.ID_USES.of(reading.facts)
    if reading is None or uses is None:
        return CheckStep(name, title, Light.GREY, NOT_REACHED)
    details = tuple(
        CheckDetail(LIGHT_BY_USE[use.use], formatting.id_use(use, evidence.now)) for use in uses
    )
    if bystanders := Fact.BYSTANDERS.of(reading.facts):
        who = formatting.programs(bystanders, evidence.now)
        details += (CheckDetail(Light.GREY, f"assumed not to trade: {who}"),)
    if Fact.NEWER in reading.facts:
        light, finding = Light.AMBER, "an earlier run of your program holds an ID"
    elif reading.symptom in (Symptom.CLIENT_ID_TAKEN, Symptom.CLIENT_ID_REFUSED):
        light, finding = Light.AMBER, "at least one client ID is not available"
    elif reading.symptom is Symptom.TURNED_AWAY:
        light, finding = Light.AMBER, "TWS keeps ending new connections"
    elif reading.symptom is Symptom.OK:
        light, finding = Light.GREEN, "every client ID is free or used by a program of yours"
    else:
        light, finding = Light.GREY, "not every client ID was checked"
    blocks = light is Light.AMBER
    return CheckStep(name, title, light, finding, None, details, blocks)


def _reservations(evidence: Evidence) -> tuple[CheckDetail, ...]:
    """Return what else was heard over the session and is not well."""
    names = [SensorName.HOURS] if evidence.symptom(SensorName.HOURS) is Symptom.UNANSWERED else []
    if support_ends_within(MONTH).witnesses(evidence) is not None:
        names.append(SensorName.SUPPORT)
    return tuple(CheckDetail(Light.AMBER, evidence.readings[name].detail) for name in names)


def _system_message(evidence: Evidence, sensor: SensorName, all_well: str) -> CheckDetail:
    """Return TWS's last message about its link or its farms; without one, all is assumed well."""
    reading = evidence.fresh(sensor)
    if reading is None or reading.symptom in (Symptom.OK, Symptom.UNKNOWN):
        return CheckDetail(Light.GREEN, all_well)
    return CheckDetail(Light.AMBER, reading.detail)
