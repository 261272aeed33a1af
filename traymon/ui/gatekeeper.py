"""Answers whether orders may be sent now, from the statuses as they are at that moment.

On the monitor's loop: looks at no disk and waits for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from traymon.core.addresses import host_key
from traymon.core.calendar import Calendar
from traymon.core.gate import GateOptions, Why, judge
from traymon.core.model import Status
from traymon.core.target import Target
from traymon.core.utf8 import encodable
from traymon.ui.gate_json import as_json, without_target


@dataclass(frozen=True, slots=True)
class GateQuestion:
    """What a program asks, and of which target: what is left out leaves that open."""

    options: GateOptions
    env_files: tuple[str, ...] = ()  # the paths under which its `.env` is known
    host: str = ""
    port: int | None = None
    target: str | None = None  # its name, in whatever case

    @property
    def names_none(self) -> bool:
        """Whether it leaves open which target is meant."""
        return not (self.env_files or self.host) and self.port is None and self.target is None


class Gatekeeper:
    """Judges the target that a question is about."""

    def __init__(
        self,
        targets: Callable[[], Sequence[Target]],
        statuses: Callable[[], Sequence[Status]],
        calendar_of: Callable[[Target], Calendar],
        now: Callable[[], float],
    ) -> None:
        """`targets` are all that are watched: one that has no status yet may be meant, too."""
        self._targets, self._statuses = targets, statuses
        self._calendar_of, self._now = calendar_of, now

    def answer(self, question: GateQuestion) -> dict[str, Any]:
        """Return the answer as plain values; see docs/gate.md."""
        now = self._now()
        latest = {status.target.name: status for status in self._statuses()}
        # a status knows the port that was found
        watched = [latest[t.name].target if t.name in latest else t for t in self._targets()]
        meant = [target for target in watched if _is_meant(target, question)]
        if not latest:
            return without_target(Why.STARTING, watched, now)
        if not meant:
            return without_target(Why.NOT_WATCHED, watched, now)
        # one that is left of several, since the others cannot be used, is not taken to be meant
        if len(meant) > 1 or (meant[0].one_of_many and question.names_none):
            return without_target(Why.SEVERAL_TARGETS, meant, now)
        status = latest.get(meant[0].name)
        if status is None:
            return without_target(Why.STARTING, meant, now)
        calendar = self._calendar_of(status.target)
        gate = judge(status, calendar, now, question.options)
        return as_json(status, gate, question.options, now)


def _is_meant(target: Target, question: GateQuestion) -> bool:
    if question.target is not None and not _is_called(target.name, question.target):
        return False
    if question.env_files and encodable(target.env_file) not in question.env_files:
        return False
    if question.host and host_key(question.host) != host_key(target.host):
        return False
    return question.port in (None, target.port)


def _is_called(name: str, wanted: str) -> bool:
    # the names of targets differ in more than case
    return str(encodable(name)).casefold() == wanted.casefold()
