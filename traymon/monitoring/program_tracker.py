"""Turns the listener's readings of one target into the comings and goings of the user's programs.

Polls nothing and reads no clock: the time is the evidence's.
"""

from __future__ import annotations

from collections.abc import Mapping

from traymon.core import program_rules
from traymon.core.facts import Fact
from traymon.core.model import Diagnosis, Evidence
from traymon.core.periods import Condition, condition_of, is_transient
from traymon.core.program_habits import Habits
from traymon.core.programs import (
    NO_EXPECTATIONS,
    Expectation,
    Programs,
    ProgramState,
    Sight,
    program_key,
)
from traymon.core.vocabulary import SERVED, Light, SensorName, Symptom, Use


class ProgramTracker:
    """What is remembered about the programs of one target."""

    def __init__(self) -> None:
        self._programs = Programs()
        self._last: tuple[ProgramState, ...] | None = None
        self._expectations: Mapping[str, Expectation] = NO_EXPECTATIONS

    def remember(self, habits: Habits) -> None:
        """Take what earlier days show."""
        self._programs = program_rules.remember(self._programs, habits)

    def expect(self, expectations: Mapping[str, Expectation]) -> None:
        """Take when the user expects which program, by its key."""
        self._expectations = expectations

    def follow(
        self, evidence: Evidence, diagnosis: Diagnosis, closed: bool
    ) -> tuple[ProgramState, ...] | None:
        """Return how it is with each program; None where that cannot be seen, or is not wanted."""
        grace = evidence.target.program_grace
        if grace is None:
            return None
        listener = evidence.fresh(SensorName.LISTENER)
        if listener is None:  # it has not looked lately, such as after a pause or a sleep
            return self._last
        sight = Sight(
            at=evidence.now,
            looked_at=listener.at,
            programs=Fact.OWN_PROGRAMS.of(listener.facts),
            client_ids=_client_ids(evidence),
            good=_is_good(evidence, diagnosis),
            closed=closed,
        )
        self._programs = program_rules.follow(self._programs, sight, self._expectations, grace)
        self._last = None
        if self._programs.visible:
            self._last = program_rules.states(self._programs, sight, self._expectations)
        return self._last


def _is_good(evidence: Evidence, diagnosis: Diagnosis) -> bool:
    """Tell whether a program can connect, and nothing that shows explains why it does not."""
    in_use = condition_of(diagnosis) in (Condition.UP, Condition.DEGRADED)
    explained = SensorName.CLIENT_IDS in diagnosis.witnesses and diagnosis.light is Light.AMBER
    return (
        in_use
        and not explained
        and not is_transient(diagnosis)
        and evidence.symptom(SensorName.HANDSHAKE) in SERVED
    )


def _client_ids(evidence: Evidence) -> Mapping[str, int]:
    """Return the client ID of each program that alone can hold one."""
    uses = evidence.fact(SensorName.CLIENT_IDS, Fact.ID_USES) or ()
    if evidence.symptom(SensorName.CLIENT_IDS) is Symptom.UNKNOWN:
        return {}
    sure = [use for use in uses if use.use is Use.YOURS and len(use.programs) == 1]
    found: dict[str, int] = {}
    for use in sure:  # several: the lowest, as they come in order
        found.setdefault(program_key(use.programs[0]), use.client_id)
    return found
