"""Read the notice that IBKR will stop supporting this version of TWS (message 2172).

Pure. The text may be in any language, so only its numbers are read: `1045.1`, `20261215`, `1050.1`.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from traymon.core.facts import Fact, FactKey, Facts
from traymon.core.model import Reading
from traymon.core.vocabulary import SensorName, Symptom

VERSION_ENDS = 2172
_VERSION = re.compile(r"(?<![\d.])(\d{3,4}\.\d{1,2})(?![\d])")
_DATE = re.compile(r"(?<!\d)((?:19|20)\d{2})[-/.]?(\d{2})[-/.]?(\d{2})(?!\d)")


def interpret(text: str, detail: str) -> Reading:
    """Return the reading of the notice, with the facts that its text gives."""
    facts = _facts(text)
    symptom = Symptom.VERSION_ENDS if Fact.SUPPORT_ENDS in facts else Symptom.UNKNOWN
    return Reading(SensorName.SUPPORT, symptom, detail, facts)


def _facts(text: str) -> Facts:
    facts: dict[FactKey[Any], Any] = {}
    for match in _DATE.finditer(text):
        try:
            facts[Fact.SUPPORT_ENDS] = date(*map(int, match.groups())).isoformat()
        except ValueError:
            continue
        break
    versions = _VERSION.findall(_DATE.sub(" ", text))
    for fact, version in zip((Fact.TWS_VERSION, Fact.MIN_TWS_VERSION), versions, strict=False):
        facts[fact] = readable(version)
    return facts


def readable(version: str) -> str:
    """Return `10.45.1` for TWS's own `1045.1`."""
    number, _, minor = version.partition(".")
    return f"{number[:-2]}.{number[-2:]}.{minor}"
