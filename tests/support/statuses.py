"""Statuses of targets that a test makes up."""

from __future__ import annotations

from traymon.core.model import Diagnosis, Evidence, Reading, Status
from traymon.core.target import Target
from traymon.diagnosis.catalogue import ENTRIES

NOON = 1_800_000_000.0


def status(
    name: str = "bot", code: str = "healthy", *readings: Reading, now: float = NOON
) -> Status:
    """Return the status of a target with this diagnosis, since a minute ago."""
    target = Target(name, port=7497)
    evidence = Evidence(target, now)
    for reading in readings:
        evidence = evidence.with_reading(reading)
    diagnosis = Diagnosis(code, ENTRIES[code].light)
    return Status(target, diagnosis, now - 60, now - 60, evidence, now)
