"""Interpret TWS's system messages by their codes; of their texts only names and numbers are read.

Codes and meanings: IBKR, TWS API documentation, "Message Codes". No sockets, no clock, no causes.
"""

from __future__ import annotations

import re
from typing import Any

from traymon.core.facts import Fact, FactKey, Facts
from traymon.core.model import Reading
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors import farms, version_notice
from traymon.sensors.tws_words import plain

LINK_LOST = frozenset({1100, 2110})
DATA_LOST, DATA_KEPT = 1101, 1102  # the link is back, without and with the data subscriptions
DATA_LOST_TTL = 300.0  # seconds in which programs should have asked for their data again
# Messages that call for the user, with the seconds for which each counts as evidence: TWS never
# sends one to revoke them.
CALLS = {
    1300: (Symptom.PORT_MOVED, 600.0),
    2139: (Symptom.PAPER_NOT_ACKNOWLEDGED, 600.0),
    10141: (Symptom.PAPER_NOT_ACKNOWLEDGED, 600.0),
    10197: (Symptom.COMPETING_SESSION, 300.0),
    357: (Symptom.CLIENT_OUTDATED, 600.0),
}
CLIENT_ID_IN_USE = 326
MAX_DETAIL_LENGTH = 300


class SystemMessages:
    """The state of link and farms in one session, built from its messages so far.

    However many messages come, there is at most one new reading of each kind: the latest.
    """

    def __init__(self) -> None:
        self._link_lost = False
        self._farms = farms.Farms()
        self._farms_detail = ""  # the message that last changed the farms; "": none since then
        self._farms_reported = False
        self._new: dict[SensorName, Reading] = {}

    @property
    def link_lost(self) -> bool:
        """Whether TWS has lost IB's servers, as far as it has said."""
        return self._link_lost

    @property
    def has_news(self) -> bool:
        """Whether there are readings to take."""
        return bool(self._new or self._farms_detail)

    def take_readings(self) -> list[Reading]:
        """Return the readings of link, farms, calls and support that are new, once."""
        readings, self._new = self._new, {}
        if self._farms_detail:
            symptom = Symptom.FARM_DOWN if self._farms.broken else Symptom.OK
            reading = Reading(SensorName.FARMS, symptom, self._farms_detail, self.facts())
            readings[reading.sensor] = reading
            self._farms_detail = ""
        return list(readings.values())

    def add(self, code: int, text: str, now: float) -> None:
        """Take a message that came now, in epoch seconds."""
        text = plain(text)
        detail = f"{code}: {text[:MAX_DETAIL_LENGTH]}"
        if code in LINK_LOST:
            self._lose_link(detail)
        elif code in (DATA_LOST, DATA_KEPT):
            self._restore_link(code, detail)
            if self._farms.take_lists(text, now):
                self._farms_detail = detail
        elif code in farms.BROKEN or code in farms.OK or code in farms.DORMANT:
            # the first message is news even if it is good: `traymon check` waits for it
            if self._farms.take_message(code, text, now) or not self._farms_reported:
                self._farms_detail = detail
            self._farms_reported = True
        elif code == version_notice.VERSION_ENDS:
            self._report(version_notice.interpret(text, detail))
        elif code in CALLS:
            symptom, ttl = CALLS[code]
            facts = _call_facts(code, text)
            self._report(Reading(SensorName.CALLS, symptom, detail, facts, ttl=ttl))

    def facts(self) -> Facts:
        """Return the farms that are broken now, and since when: `market data (usfarm)`."""
        facts: dict[FactKey[Any], Any] = {}
        if self._farms.broken:
            facts[Fact.FARMS] = ", ".join(map(str, self._farms.broken))
            facts[Fact.FARMS_SINCE] = self._farms.broken_since
        return facts

    def _lose_link(self, detail: str) -> None:
        if not self._link_lost:  # TWS repeats the message every few seconds
            self._link_lost = True
            self._report(Reading(SensorName.LINK, Symptom.LINK_DOWN, detail))

    def _restore_link(self, code: int, detail: str) -> None:
        was_lost, self._link_lost = self._link_lost, False
        if code == DATA_LOST:
            self._report(Reading(SensorName.LINK, Symptom.DATA_LOST, detail, ttl=DATA_LOST_TTL))
        elif was_lost:
            self._report(Reading(SensorName.LINK, Symptom.OK, detail))

    def _report(self, reading: Reading) -> None:
        self._new[reading.sensor] = reading


def _call_facts(code: int, text: str) -> Facts:
    """Return the new port, which ends the text of message 1300."""
    number = re.search(r"(?<!\d)(\d{1,5})\D*$", text) if code == 1300 else None
    port = int(number[1]) if number else 0
    return {Fact.OPEN_PORT: port} if 0 < port < 65_536 else {}
