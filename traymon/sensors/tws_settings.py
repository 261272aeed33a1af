"""TWS's own settings: asked for on the user's word alone, and never changed.

Once after each start of TWS where the settings want it (TRAYMON_TWS_SETTINGS), and whenever the
user asks. What is not known is never a fault of TWS.
"""

from __future__ import annotations

import asyncio
import logging
import time

from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading
from traymon.core.target import SETTINGS_VERSION
from traymon.core.tws_settings import TwsSettings as Settings
from traymon.core.vocabulary import NOT_ACCEPTED, SERVED, SensorName, Symptom
from traymon.sensors.base import FactDict, SensorContext
from traymon.sensors.connection_registry import ConnectionRegistry

log = logging.getLogger(__name__)

PAUSE = 2.0  # seconds between two sessions, however often the user asks
TOO_OLD = "TWS gives its settings from 10.43 on, and this one has API version {}"
YES_OR_NO = {True: "yes", False: "no", None: "not given"}


class TwsSettings:
    """Asks TWS for its settings in a short session of its own."""

    name = SensorName.TWS_SETTINGS

    def __init__(self, connections: ConnectionRegistry) -> None:
        self._connections = connections
        self._asked = False  # since TWS started
        self._handled_requests = 0
        self._handled_checks = 0

    async def run(self, context: SensorContext) -> None:
        """Ask when it is wanted, until cancelled."""
        if self.name not in context.evidence.readings:
            self._asked = False  # all evidence was dropped
        while True:
            evidence = context.evidence
            if self._take_request(context) or self._is_due(evidence):
                self._asked = True
                context.post(await self._look(evidence))
                await asyncio.sleep(PAUSE)
            elif self._asked and evidence.symptom(SensorName.HANDSHAKE) in NOT_ACCEPTED:
                self._asked = False
                if evidence.symptom(self.name) is Symptom.OK:
                    context.post(Reading(self.name, Symptom.UNKNOWN, "that TWS has ended"))
            else:
                await context.wait_for_update()

    def _take_request(self, context: SensorContext) -> bool:
        """Tell whether the user has asked since the last time.

        Where the settings want it, a check that the user asks for includes it.
        """
        checked = context.check_requests > self._handled_checks and self._asked
        self._handled_checks = context.check_requests
        requested = context.settings_requests > self._handled_requests
        self._handled_requests = context.settings_requests
        return requested or (checked and context.evidence.target.tws_settings)

    def _is_due(self, evidence: Evidence) -> bool:
        """Tell whether TWS has started since it was asked last, and serves sessions."""
        served = evidence.symptom(SensorName.HANDSHAKE) in SERVED
        in_session = evidence.symptom(SensorName.SESSION) is Symptom.OK
        return evidence.target.tws_settings and not self._asked and served and in_session

    async def _look(self, evidence: Evidence) -> Reading:
        """Ask once; return the settings, or why they are not known."""
        target, began = evidence.target, time.monotonic()
        if target.own_client_id is None:
            return Reading(self.name, Symptom.UNKNOWN, "not asked (TRAYMON_SESSION=off)")
        if evidence.symptom(SensorName.HANDSHAKE) not in SERVED:
            return Reading(self.name, Symptom.UNKNOWN, "not asked: the API does not answer")
        version = evidence.fact(SensorName.HANDSHAKE, Fact.SERVER_VERSION)
        if version is not None and version < SETTINGS_VERSION:
            return Reading(self.name, Symptom.UNKNOWN, f"not known: {TOO_OLD.format(version)}")
        # imported only once it is wanted
        from traymon.sensors.tws_settings_session import ask_for_settings

        answer = await ask_for_settings(target, self._connections)
        took = time.monotonic() - began
        if isinstance(answer, str):
            log.info("TWS's settings are not known: %s", answer)
            return Reading(self.name, Symptom.UNKNOWN, f"not known: {answer}", took=took)
        facts: FactDict = {Fact.TWS_SETTINGS: answer}
        if answer.master_client_id:
            facts[Fact.MASTER_CLIENT_ID] = answer.master_client_id
        return Reading(self.name, Symptom.OK, _describe(answer), facts, took=took)


def _describe(settings: Settings) -> str:
    """Return the settings as one line of evidence."""
    return ", ".join(
        (
            f"Read-Only API {YES_OR_NO[settings.read_only]}",
            f"Socket port {settings.socket_port or 'not given'}",
            f"localhost only {YES_OR_NO[settings.localhost_only]}",
            f"Trusted IPs {settings.trusted_ips}",
            f"Master API client ID {settings.master_client_id or 'not set'}",
            f"daily exit {settings.exit_at or 'not given'}",
        )
    )
