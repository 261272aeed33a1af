"""The checks as the page shows them: a row of chips, each with a mark, a name and a word.

Pure. A chip needs no colour to be understood. A check that is not set up has its chip as well, so
that nobody takes it for passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from traymon.core.vocabulary import Light
from traymon.diagnosis.checks import CheckStep
from traymon.diagnosis.fix_pages import clean
from traymon.diagnosis.formatting import duration
from traymon.ui.presenter import MARKS

LABELS = {
    "port": "Port",
    "handshake": "Handshake",
    "session": "Session",
    "library": "Client library",
    "ids": "Client IDs",
    "settings": "TWS settings",
}  # in the order in which the checks are made
STATES = {Light.GREEN: "passed", Light.AMBER: "needs attention", Light.RED: "failed"}
CHIP_MARKS = {**MARKS, Light.GREY: "\N{EN DASH}"}
NOT_SET_UP = {
    "session": "traymon holds no session: it is switched off (TRAYMON_SESSION=off)",
    "ids": "no client ID is set (IB_CLIENT_ID)",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """One check: its state, and what folds out."""

    label: str
    light: str
    mark: str
    state: str
    finding: str
    details: tuple[tuple[str, str, str], ...]  # light, mark and finding of each part


def chips(steps: Sequence[CheckStep]) -> list[Chip]:
    """Return a chip per check, in the order of the checks."""
    known = {step.name: step for step in steps}
    ordered = [
        known.get(name) or CheckStep(name, label, Light.GREY, NOT_SET_UP[name], skipped=True)
        for name, label in LABELS.items()
        if name in known or name in NOT_SET_UP
    ]
    failed = [step.light is Light.RED for step in ordered]
    return [_chip(step, any(failed[:number])) for number, step in enumerate(ordered)]


def _chip(step: CheckStep, behind_a_failure: bool) -> Chip:
    unreached = "not reached" if behind_a_failure and not step.skipped else "not checked"
    finding = clean(step.finding)
    return Chip(
        LABELS[step.name],
        step.light.word,
        CHIP_MARKS[step.light],
        STATES.get(step.light, unreached),
        finding if step.took is None else f"{finding} ({duration(step.took)})",
        tuple((one.light.word, CHIP_MARKS[one.light], clean(one.finding)) for one in step.details),
    )
