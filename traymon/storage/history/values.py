"""Values as the history's file holds them: facts and evidence as JSON, times as whole numbers.

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

from traymon.core.events import Event
from traymon.core.facts import FACTS, FactKey, Facts, ShownAs
from traymon.core.model import Diagnosis
from traymon.core.notification import Unannounced
from traymon.core.vocabulary import Light, SensorName

PLAIN = (str, int, float)
MINUTE, HOUR = 60, 3600  # seconds
# A sensor in a row of latencies; never changed.
SENSOR_NUMBERS = {SensorName.HANDSHAKE: 1, SensorName.SESSION: 2}


def millis(seconds: float) -> int:
    """Return a moment as whole milliseconds."""
    return round(seconds * 1000)


def encode_facts(facts: Facts) -> str:
    """Return facts as JSON, by name; only those whose values are plain."""
    values = {str(fact): value for fact, value in facts.items() if _is_plain(value)}
    return json.dumps(values, separators=(",", ":"))


@lru_cache(maxsize=256)  # the same fault mostly says the same
def decode_facts(text: str) -> Facts:
    """Return the facts of a JSON text, without those that this version knows otherwise or not.

    Raises ValueError if it is no JSON object.
    """
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("no JSON object")
    facts: dict[FactKey[Any], Any] = {}
    for name, value in values.items():
        plain = tuple(value) if isinstance(value, list) else value
        if name in FACTS and _is_plain(plain) and _fits(FACTS[name], plain):
            facts[FACTS[name]] = plain
    return MappingProxyType(facts)


def encode_evidence(evidence: Mapping[SensorName, str]) -> str:
    """Return evidence as JSON, by the sensor's name."""
    return json.dumps(dict(evidence), separators=(",", ":"))


@lru_cache(maxsize=256)
def decode_evidence(text: str) -> Mapping[SensorName, str]:
    """Return the evidence of a JSON text. Raises ValueError if it is no JSON object."""
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("no JSON object")
    known = set(SensorName)
    return MappingProxyType(
        {SensorName(name): str(value) for name, value in values.items() if name in known}
    )


def encode_data(data: Mapping[str, Any]) -> str:
    """Return an event's data as JSON."""
    return json.dumps(dict(data), separators=(",", ":"))


def event_of(number: int, at: int, kind: str, target: str | None, data: str) -> Event:
    """Return the event of a row. Raises ValueError."""
    values = json.loads(data)
    if not isinstance(values, dict):
        raise ValueError("no JSON object")
    return Event(kind, at / 1000, target, MappingProxyType(values), number)


def unannounced(began: int, ended: int, code: str, light: int, facts: str) -> Unannounced:
    """Return a fault that the user was not notified of, of a row. Raises ValueError."""
    diagnosis = Diagnosis(code, Light(light), decode_facts(facts))
    return Unannounced(diagnosis, began / 1000, ended / 1000)


def description_number(headline: str, facts: str, evidence: str) -> int:
    """Return the number under which a description is kept, once for all flips that share it."""
    text = "\0".join((headline, facts, evidence)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=7).digest(), "big")


def _fits(fact: FactKey[Any], value: object) -> bool:
    """Tell whether a value is of a fact's type; programs are kept as they were shown."""
    return isinstance(value, str) if fact.shown_as is ShownAs.PROGRAMS else fact.accepts(value)


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(item, PLAIN) for item in value)
    return isinstance(value, PLAIN)
