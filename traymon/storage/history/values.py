"""Values as the history's file holds them: facts and evidence as JSON, times as whole numbers.

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from traymon.core.facts import FACTS, FactKey, Facts
from traymon.core.histogram import Histogram, decode_counts
from traymon.core.model import Diagnosis
from traymon.core.notification_policy import Unannounced
from traymon.core.vocabulary import Light, SensorName

PLAIN = (str, int, float)


def millis(seconds: float) -> int:
    """Return a moment as whole milliseconds."""
    return round(seconds * 1000)


def micros(seconds: float | None) -> int | None:
    """Return a latency as whole microseconds."""
    return None if seconds is None else round(seconds * 1_000_000)


def histogram(lost: int, lowest: int | None, highest: int | None, counts: bytes) -> Histogram:
    """Return the latencies of a row. Raises ValueError."""
    low, high = (None if value is None else value / 1_000_000 for value in (lowest, highest))
    return Histogram(decode_counts(counts), lost, low, high)


def encode_facts(facts: Facts) -> str:
    """Return facts as JSON, by name; only those whose values are plain."""
    values = {str(fact): value for fact, value in facts.items() if _is_plain(value)}
    return json.dumps(values, separators=(",", ":"))


def decode_facts(text: str) -> Facts:
    """Return the facts of a JSON text, without those that this version does not know.

    Raises ValueError if it is no JSON object.
    """
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("no JSON object")
    facts: dict[FactKey[Any], Any] = {}
    for name, value in values.items():
        plain = tuple(value) if isinstance(value, list) else value
        if name in FACTS and _is_plain(plain):
            facts[FACTS[name]] = plain
    return facts


def encode_evidence(evidence: Mapping[SensorName, str]) -> str:
    """Return evidence as JSON, by the sensor's name."""
    return json.dumps(dict(evidence), separators=(",", ":"))


def decode_evidence(text: str) -> Mapping[SensorName, str]:
    """Return the evidence of a JSON text. Raises ValueError if it is no JSON object."""
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("no JSON object")
    known = set(SensorName)
    return {SensorName(name): str(value) for name, value in values.items() if name in known}


def unannounced(began: int, ended: int, code: str, light: int, facts: str) -> Unannounced:
    """Return a fault that the user was not notified of, of a row. Raises ValueError."""
    diagnosis = Diagnosis(code, Light(light), decode_facts(facts))
    return Unannounced(diagnosis, began / 1000, ended / 1000)


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(item, PLAIN) for item in value)
    return isinstance(value, PLAIN)
