"""The step "TWS settings" of `traymon check`: does a setting of TWS stand in a program's way?

Pure. Never red: whether the API is in service is for the other steps to say. What TWS does not tell
is "not known", and keeps no trading program waiting.
"""

from __future__ import annotations

from traymon.core.facts import Fact
from traymon.core.model import Evidence
from traymon.core.tws_settings import TwsSettings
from traymon.core.vocabulary import Light, SensorName
from traymon.diagnosis.check_step import CheckDetail, CheckStep
from traymon.diagnosis.conditions import an_app_owns_the_port
from traymon.diagnosis.settings_words import finding, not_given

NAME, TITLE = "settings", "TWS Settings"
GREEN, AMBER, GREY = Light.GREEN, Light.AMBER, Light.GREY


def settings_step(evidence: Evidence) -> CheckStep | None:
    """Return the step; None where TWS was not asked."""
    reading = evidence.readings.get(SensorName.TWS_SETTINGS)
    if reading is None:
        return None
    settings = evidence.fact(SensorName.TWS_SETTINGS, Fact.TWS_SETTINGS)
    if settings is None:
        return CheckStep(NAME, TITLE, GREY, reading.detail, skipped=True)
    details = (
        _read_only(settings),
        _socket_port(settings, evidence),
        _localhost_only(settings),
        _trusted_ips(settings),
        _master_id(settings, evidence),
        *_daily_exit(settings),
    )
    light = max(detail.light for detail in details)
    summary = finding("summary", "attention" if light is AMBER else "good")
    return CheckStep(NAME, TITLE, light, summary, reading.took or None, details)


def _read_only(settings: TwsSettings) -> CheckDetail:
    if settings.read_only is None:
        return CheckDetail(GREY, not_given("read-only"))
    if settings.read_only:
        return CheckDetail(AMBER, finding("read-only", "on"))
    return CheckDetail(GREEN, finding("read-only", "off"))


def _socket_port(settings: TwsSettings, evidence: Evidence) -> CheckDetail:
    """Compare the ports; where TWS itself does not own the port, something forwards it."""
    if settings.socket_port is None:
        return CheckDetail(GREY, not_given("socket-port"))
    light, found = GREEN, "same"
    if settings.socket_port != evidence.target.port:
        owned = an_app_owns_the_port.witnesses(evidence) is not None
        light, found = (AMBER, "differs") if owned else (GREEN, "forwarded")
    ports = {"tws_port": settings.socket_port, "port": evidence.target.port}
    return CheckDetail(light, finding("socket-port", found, **ports))


def _localhost_only(settings: TwsSettings) -> CheckDetail:
    if settings.localhost_only is None:
        return CheckDetail(GREY, not_given("localhost-only"))
    return CheckDetail(GREEN, finding("localhost-only", "on" if settings.localhost_only else "off"))


def _trusted_ips(settings: TwsSettings) -> CheckDetail:
    if settings.trusted_ips is None:
        return CheckDetail(GREY, not_given("trusted-ips"))
    if settings.trusts_this_computer is None:
        light, found = GREY, "unknown"
    elif not settings.trusts_this_computer:
        light, found = AMBER, "not-listed" if settings.trusted_ips else "none"
    else:
        light, found = GREEN, "localhost" if settings.localhost_only else "listed"
    return CheckDetail(light, finding("trusted-ips", found, count=settings.trusted_ips))


def _master_id(settings: TwsSettings, evidence: Evidence) -> CheckDetail:
    target, master = evidence.target, settings.master_client_id
    held = evidence.fact(SensorName.SESSION, Fact.OWN_CLIENT_ID)
    if not master or master < 0:  # 0 is a client ID too, and what an empty field may be sent as
        return CheckDetail(GREEN, finding("master-id", "unset"))
    if master in target.client_ids:
        return CheckDetail(AMBER, finding("master-id", "yours", id=master))
    if master in (target.own_client_id, held):
        return CheckDetail(AMBER, finding("master-id", "own", id=master))
    return CheckDetail(GREEN, finding("master-id", "other", id=master))


def _daily_exit(settings: TwsSettings) -> tuple[CheckDetail, ...]:
    """Return when TWS ends each day; for a restart, with the line of the settings for it."""
    at, zone = settings.exit_at, settings.zone
    if not at or settings.restarts is None:
        return (CheckDetail(GREY, not_given("daily-exit")),)
    if not settings.restarts:
        return (CheckDetail(GREY, finding("daily-exit", "log-off", at=at)),)
    found = ("restart", "restart-line") if zone else ("restart-somewhere",)
    return tuple(CheckDetail(GREEN, finding("daily-exit", one, at=at, zone=zone)) for one in found)
