"""Answers whether orders may be sent now, from the statuses as they are at that moment.

On the monitor's loop: looks at no disk and waits for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from traymon.core.calendar import Calendar
from traymon.core.gate import GateOptions, Why, judge
from traymon.core.model import Status
from traymon.core.target import Target
from traymon.core.utf8 import encodable
from traymon.ui.gate_json import as_json, without_target


@dataclass(frozen=True, slots=True)
class GateQuestion:
    """What a program asks, and of which target: empty values name any."""

    options: GateOptions
    env_files: tuple[str, ...] = ()  # the paths under which its `.env` is known
    host: str = ""
    port: int | None = None


class Gatekeeper:
    """Judges the target that a question is about."""

    def __init__(
        self,
        statuses: Callable[[], Sequence[Status]],
        calendar_of: Callable[[Target], Calendar],
        now: Callable[[], float],
    ) -> None:
        self._statuses, self._calendar_of, self._now = statuses, calendar_of, now

    def answer(self, question: GateQuestion) -> dict[str, Any]:
        """Return the answer as plain values; see docs/gate.md."""
        now, watched = self._now(), self._statuses()
        meant = [status for status in watched if _is_meant(status.target, question)]
        if not watched:
            return without_target(Why.STARTING, watched, now)
        if len(meant) != 1:
            why = Why.SEVERAL_TARGETS if meant else Why.NOT_WATCHED
            return without_target(why, meant or watched, now)
        (status,) = meant
        calendar = self._calendar_of(status.target)
        gate = judge(status, calendar, now, question.options)
        return as_json(status, gate, question.options, now)


def _is_meant(target: Target, question: GateQuestion) -> bool:
    if question.env_files and encodable(target.env_file) not in question.env_files:
        return False
    if question.host and _host(question.host) != _host(target.host):
        return False
    return question.port in (None, target.port)


def _host(name: str) -> str:
    return "127.0.0.1" if name.lower() == "localhost" else name.lower()
