"""Interpret TWS's system messages by their codes; their texts serve as detail only.

Codes and meanings: IBKR, TWS API documentation, "Message Codes". No sockets, no clock, no causes.
"""

from __future__ import annotations

import re

from traymon.core.facts import Fact, Facts
from traymon.core.model import Reading
from traymon.core.vocabulary import SensorName, Symptom

LINK_LOST = frozenset({1100, 2110})
LINK_RESTORED = frozenset({1101, 1102})
FARM_BROKEN = {2103: "market data", 2105: "historical data", 2157: "security definitions"}
# 2107 and 2108 mean inactive, but available on demand: "nothing abnormal".
FARM_OK = {
    2104: "market data",
    2106: "historical data",
    2107: "historical data",
    2108: "market data",
    2158: "security definitions",
}
# Messages that call for the user, with the seconds for which each counts as evidence: TWS never
# sends one to revoke them.
CALLS = {
    1300: (Symptom.PORT_MOVED, 600.0),
    2139: (Symptom.PAPER_NOT_ACKNOWLEDGED, 600.0),
    10197: (Symptom.COMPETING_SESSION, 300.0),
    357: (Symptom.CLIENT_OUTDATED, 600.0),
}
CLIENT_ID_IN_USE = 326
MAX_TEXT_LENGTH = 300


class SystemMessages:
    """The state of link and farms in one session, built from its messages so far."""

    def __init__(self) -> None:
        self._link_lost = False
        self._broken_farms: set[tuple[str, str]] = set()  # (kind, farm name)

    def interpret(self, code: int, text: str) -> list[Reading]:
        """Return the new readings of `link`, `farms` or `calls` that a message causes."""
        text = unescape(text)[:MAX_TEXT_LENGTH]
        detail = f"{code}: {text}"
        if code in LINK_LOST | LINK_RESTORED:
            return self._interpret_link(code in LINK_LOST, detail)
        if code in FARM_BROKEN or code in FARM_OK:
            return self._interpret_farm(code, text, detail)
        if code in CALLS:
            symptom, ttl = CALLS[code]
            return [Reading(SensorName.CALLS, symptom, detail, _call_facts(code, text), ttl=ttl)]
        return []

    def facts(self) -> Facts:
        """Return the farms that are broken now: `market data (usfarm)`."""
        if not self._broken_farms:
            return {}
        farms = (f"{kind} ({farm})" for kind, farm in sorted(self._broken_farms))
        return {Fact.FARMS: ", ".join(farms)}

    def _interpret_link(self, lost: bool, detail: str) -> list[Reading]:
        if lost == self._link_lost:  # TWS repeats the message every few seconds
            return []
        self._link_lost = lost
        return [Reading(SensorName.LINK, Symptom.LINK_DOWN if lost else Symptom.OK, detail)]

    def _interpret_farm(self, code: int, text: str, detail: str) -> list[Reading]:
        were_broken = bool(self._broken_farms)
        farm = text.rpartition(":")[2].strip() or "?"
        if code in FARM_BROKEN:
            self._broken_farms.add((FARM_BROKEN[code], farm))
        else:
            self._broken_farms.discard((FARM_OK[code], farm))
        if were_broken == bool(self._broken_farms):
            return []
        symptom = Symptom.FARM_DOWN if self._broken_farms else Symptom.OK
        return [Reading(SensorName.FARMS, symptom, detail, self.facts())]


def _call_facts(code: int, text: str) -> Facts:
    """Return the new port, which ends the text of message 1300."""
    number = re.search(r"(?<!\d)(\d{1,5})\D*$", text) if code == 1300 else None
    port = int(number[1]) if number else 0
    return {Fact.OPEN_PORT: port} if 0 < port < 65_536 else {}


def unescape(text: str) -> str:
    r"""Return text with each `\uXXXX` decoded: a localised TWS sends them from version 153 on.

    @stoqey/ib, `decoder.js`.
    """
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
