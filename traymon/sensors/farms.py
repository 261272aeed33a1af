"""The data farms of IB, as TWS reports them: what is broken, and since when.

Pure: the time is an argument. Codes and meanings: IBKR, TWS API documentation, "Message Codes".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MARKET, HISTORY, DEFINITIONS = "market data", "historical data", "security definitions"
BROKEN = {2103: MARKET, 2105: HISTORY, 2157: DEFINITIONS}
OK = {2104: MARKET, 2106: HISTORY, 2158: DEFINITIONS}
# Inactive, but available on demand: "nothing abnormal".
DORMANT = {2107: HISTORY, 2108: MARKET}
MAX_FARMS = 200  # remembered of one session; IB has some dozens
MAX_NAME_LENGTH = 24
MAX_ENDING = 100  # characters at the end of a message in which its name is looked for
NAMELESS = "?"

_NAME = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*"
# The name ends the text: `...is broken:usfarm.nj`, `...available upon demand.ushmds`.
_AFTER_A_SIGN = re.compile(rf"[^\sA-Za-z0-9_]\s*({_NAME})\W*$", re.ASCII)
_LAST_WORD = re.compile(r"\s(\w*(?:farm|hmds|secdef)[\w.-]*?)\W*$", re.ASCII | re.IGNORECASE)
_NO_NAMES = frozenset(
    {"broken", "connected", "demand", "disconnected", "inactive", "lost", "none", "ok"}
)
# `All data farms are connected: a; b.` or `The following farms are not connected: c; d.`
_LIST = re.compile(r"\b(not connected|disconnected|connected)\s*:", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\.(?=\s|$)")
_ALL_CONNECTED = re.compile(r"\ball data farms are connected\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Farm:
    """One data farm: what it serves and its name."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} ({self.name})"


class Farms:
    """The states of the farms in one session."""

    def __init__(self) -> None:
        self._broken: dict[Farm, float] = {}  # since when
        self._well: set[Farm] = set()
        self._dormant: set[Farm] = set()

    @property
    def broken(self) -> tuple[Farm, ...]:
        """The broken farms, in alphabetical order."""
        return tuple(sorted(self._broken))

    @property
    def broken_since(self) -> float | None:
        """When the one broke that has been broken for longest."""
        return min(self._broken.values(), default=None)

    def take_message(self, code: int, text: str, now: float) -> bool:
        """Take a message about one farm; return whether the broken farms are others now."""
        kind = (BROKEN | OK | DORMANT)[code]
        return self._set(Farm(kind, farm_name(text)), code, now)

    def take_lists(self, text: str, now: float) -> bool:
        """Take the lists in the message of a restored link, which replace what was known.

        Return whether the broken farms are others now.
        """
        connected, missing = _listed(text)
        if not (connected or missing or _ALL_CONNECTED.search(text)):
            return False
        before = set(self._broken)
        known: dict[str, list[Farm]] = {}
        for farm in {*self._broken, *self._well, *self._dormant}:
            known.setdefault(farm.name, []).append(farm)
        down = [farm for name in missing for farm in _farms_called(name, known)]
        self._well |= {farm for name in connected for farm in _farms_called(name, known)}
        since = {farm: self._broken.get(farm, now) for farm in down if self._is_missed(farm)}
        self._well |= self._broken.keys() - since.keys() - set(down)
        self._broken = since
        self._well -= since.keys()
        self._forget_some()
        return self._broken.keys() != before

    def _is_missed(self, farm: Farm) -> bool:
        """Tell whether a farm that is not connected should be.

        One that TWS has called inactive is not, nor one for history that was never connected: TWS
        connects to those on demand.
        """
        if farm in self._dormant:
            return False
        return farm.kind != HISTORY or farm in self._well or farm in self._broken

    def _set(self, farm: Farm, code: int, now: float) -> bool:
        was_broken, is_broken = farm in self._broken, code in BROKEN
        for states in (self._well, self._dormant):
            states.discard(farm)
        if is_broken:
            self._broken.setdefault(farm, now)
        else:
            self._broken.pop(farm, None)
            (self._well if code in OK else self._dormant).add(farm)
        self._forget_some()
        return was_broken is not is_broken

    def _forget_some(self) -> None:
        """Bound what is remembered, whatever a server says."""
        while len(self._broken) > MAX_FARMS:
            del self._broken[next(iter(self._broken))]
        for states in (self._well, self._dormant):
            while len(states) > MAX_FARMS:
                states.pop()


def farm_name(text: str) -> str:
    """Return the name that ends a message about a farm, whatever comes before it."""
    text = text[-MAX_ENDING:]
    match = _AFTER_A_SIGN.search(text) or _LAST_WORD.search(text)
    if match is None or match[1].lower() in _NO_NAMES:
        return NAMELESS
    return match[1][:MAX_NAME_LENGTH]


def _listed(text: str) -> tuple[list[str], list[str]]:
    """Return the names in the lists of connected and of missing farms."""
    connected: list[str] = []
    missing: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        _, *parts = _LIST.split(sentence)
        for which, listed in zip(parts[::2], parts[1::2], strict=True):
            names = connected if which.lower() == "connected" else missing
            names.extend(name for part in re.split("[;,]", listed) if (name := _as_name(part)))
    return connected, missing


def _as_name(part: str) -> str:
    """Return one item of a list if it is a name, else ""."""
    name = part.strip(" .")[:MAX_NAME_LENGTH]
    return name if re.fullmatch(_NAME, name) and name.lower() not in _NO_NAMES else ""


def _farms_called(name: str, known: dict[str, list[Farm]]) -> list[Farm]:
    """Return the known farms of that name; if there are none, the one that it must be."""
    if same := known.get(name):
        return same
    lower = name.lower()
    kind = HISTORY if "hmds" in lower else DEFINITIONS if "secdef" in lower else MARKET
    return [Farm(kind, name)]
