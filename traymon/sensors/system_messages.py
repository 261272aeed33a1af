"""What TWS says of itself, by the codes of its system messages. Texts are for detail only.

Codes and meanings: IBKR, TWS API documentation, "Message Codes". No sockets, no clock, no cause.
"""

from __future__ import annotations

import re

from traymon.core.facts import Fact, Facts
from traymon.core.model import Reading
from traymon.core.vocabulary import SensorName, Symptom

LINK_LOST = frozenset({1100, 2110})
LINK_BACK = frozenset({1101, 1102})
FARM_BROKEN = {2103: "market data", 2105: "historical data", 2157: "security definitions"}
# 2107 and 2108: inactive, but available upon demand; "nothing abnormal"
FARM_GOOD = {
    2104: "market data",
    2106: "historical data",
    2107: "historical data",
    2108: "market data",
    2158: "security definitions",
}
# Codes that ask for something, each with the seconds for which one message counts: no message
# takes them back.
CALLS = {
    1300: (Symptom.PORT_MOVED, 600.0),
    2139: (Symptom.PAPER_NOT_ACKNOWLEDGED, 600.0),
    10197: (Symptom.COMPETING_SESSION, 300.0),
    357: (Symptom.CLIENT_OUTDATED, 600.0),
}
CLIENT_ID_IN_USE = 326
LONGEST_TEXT = 300


class Messages:
    """The standing of link and farms in one session, from the messages so far."""

    def __init__(self) -> None:
        self._link_lost = False
        self._broken: set[tuple[str, str]] = set()  # (kind, farm name)

    def take(self, code: int, text: str) -> list[Reading]:
        """Return what a message changes: the newest readings of `link`, `farms` or `calls`."""
        text = unescape(text)[:LONGEST_TEXT]
        detail = f"{code}: {text}"
        if code in LINK_LOST | LINK_BACK:
            lost = code in LINK_LOST
            if lost == self._link_lost:  # repeated every few seconds while it lasts
                return []
            self._link_lost = lost
            return [Reading(SensorName.LINK, Symptom.LINK_DOWN if lost else Symptom.OK, detail)]
        if code in FARM_BROKEN or code in FARM_GOOD:
            return self._take_farm(code, text, detail)
        if code in CALLS:
            symptom, ttl = CALLS[code]
            return [Reading(SensorName.CALLS, symptom, detail, _call_facts(code, text), ttl=ttl)]
        return []

    def _take_farm(self, code: int, text: str, detail: str) -> list[Reading]:
        before = bool(self._broken)
        farm = text.rpartition(":")[2].strip() or "?"
        if code in FARM_BROKEN:
            self._broken.add((FARM_BROKEN[code], farm))
        else:
            self._broken.discard((FARM_GOOD[code], farm))
        if before == bool(self._broken):
            return []
        symptom = Symptom.FARM_DOWN if self._broken else Symptom.OK
        return [Reading(SensorName.FARMS, symptom, detail, self.facts())]

    def facts(self) -> Facts:
        """Return the farms that are broken now: `market data (usfarm)`."""
        if not self._broken:
            return {}
        return {Fact.FARMS: ", ".join(f"{kind} ({farm})" for kind, farm in sorted(self._broken))}


def _call_facts(code: int, text: str) -> Facts:
    """Return the new port that message 1300 ends with."""
    number = re.search(r"(?<!\d)(\d{1,5})\D*$", text) if code == 1300 else None
    port = int(number[1]) if number else 0
    return {Fact.OPEN_PORT: port} if 0 < port < 65_536 else {}


def unescape(text: str) -> str:
    r"""Return text whose `\uXXXX` are letters again: a localised TWS sends them from version 153.

    @stoqey/ib, `decoder.js`.
    """
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
