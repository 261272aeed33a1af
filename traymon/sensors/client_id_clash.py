"""Detect a later run of the user's own program that an earlier one keeps from connecting.

Reads nothing itself: works on the programs and connections that were last seen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from traymon.core.target import IdUse, Program, Target
from traymon.core.vocabulary import Use
from traymon.sensors.client_id_ledger import Links

SAME_SCRIPT_DELAY = 10.0  # seconds after which an unconnected second copy is not just starting
MAX_REJECTION_AGE = 60.0  # seconds from a program's start within which a rejection was its own
CLASH_TTL = 600.0  # seconds for which a clash is shown after it happened

FindLaterRuns = Callable[[Program, Links], Sequence[Program]]
"""Returns the user's unconnected programs that were started after a connected one."""


@dataclass(frozen=True, slots=True)
class Clash:
    """A program of the user's own that cannot connect while another one holds its ID."""

    client_id: int
    holder: Program
    newer: Program


@dataclass(frozen=True, slots=True)
class Moment:
    """The same moment on both clocks."""

    monotonic: float
    epoch: float


class ClashDetector:
    """Remembers the last clash for a while."""

    def __init__(self, find_later_runs: FindLaterRuns) -> None:
        self._find_later_runs = find_later_runs
        self._clash: Clash | None = None
        self._shown_until: float | None = None  # monotonic

    @property
    def clash(self) -> Clash | None:
        """The clash to show, if there is one."""
        return self._clash

    def update(
        self, now: Moment, usage: tuple[IdUse, ...], links: Links, rejected_at: float | None
    ) -> None:
        """Drop a clash that is over and look for a new one.

        `rejected_at`: when the Gateway last ended a connection first, in epoch seconds.
        """
        held = {use.programs[0]: use.client_id for use in usage if _is_one_of_yours(use)}
        if self._is_over(now, held, links):
            self._clash = self._shown_until = None
        for holder, client_id in held.items():
            for newer in self._find_later_runs(holder, links):
                if _is_kept_out(newer, holder, rejected_at, now.epoch):
                    self._clash = Clash(client_id, holder, newer)
                    self._shown_until = now.monotonic + CLASH_TTL

    def _is_over(self, now: Moment, held: dict[Program, int], links: Links) -> bool:
        clash = self._clash
        if clash is None or self._shown_until is None:
            return False
        connected = {link.program.pid for link in links}
        return (
            now.monotonic > self._shown_until
            or clash.holder not in held
            or clash.newer.pid in connected
        )


def _is_kept_out(newer: Program, holder: Program, rejected_at: float | None, now: float) -> bool:
    """Return whether an unconnected later run seems to have failed to get the holder's ID."""
    began = newer.since or 0.0
    if rejected_at is not None and began < rejected_at < began + MAX_REJECTION_AGE:
        return True
    return newer.script == holder.script != "" and now > began + SAME_SCRIPT_DELAY


def _is_one_of_yours(use: IdUse) -> bool:
    return use.use is Use.YOURS and len(use.programs) == 1


def clash_before_start(target: Target, usage: tuple[IdUse, ...]) -> Clash | None:
    """Return the clash that starting the program of `traymon wait` now would cause."""
    if not target.starting:
        return None
    held = [use for use in usage if use.use is Use.YOURS]
    same = [
        use
        for use in held
        if any(target.starting == (program.script or program.exe) for program in use.programs)
    ]
    if not same and any(use.use is not Use.YOURS for use in usage):
        return None  # the program may be meant to use one of the remaining IDs
    newer = Program(name=os.path.basename(target.starting), script=target.starting, own=True)
    return next((Clash(use.client_id, use.programs[0], newer) for use in same or held), None)
