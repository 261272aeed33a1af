"""What one push channel has told of one target, by one of the two notification policies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from traymon.core import notification_memory, notification_policy, program_notifications
from traymon.core.model import Status, Update
from traymon.core.notification import Kind, Notification, Outcome
from traymon.core.notification_memory import Memory
from traymon.core.program_notifications import ProgramMemory, ProgramNotification

# These name the state of the moment, and are wrong once it has changed.
OF_THE_MOMENT = {Kind.FAULT, Kind.REMINDER, Kind.PRE_OPEN, Kind.RECOVERY, Kind.SUMMARY}

M = TypeVar("M", Memory, ProgramMemory)
N = TypeVar("N", Notification, ProgramNotification)


@dataclass(frozen=True, slots=True)
class Policy(Generic[M, N]):
    """A notification policy: the functions that a track asks."""

    initial: M  # nothing has been told yet
    decide: Callable[[M, Update, float], tuple[M, N | None]]
    record_delivery: Callable[[M, N, Outcome, float, float | None], M]
    take_back: Callable[[M, N], M]
    is_overtaken: Callable[[N, Status], bool]


class Track(Generic[M, N]):
    """Thread-safe: updates come in one thread, and deliveries end in another."""

    def __init__(self, policy: Policy[M, N]) -> None:
        self._policy: Policy[M, N] = policy
        self._memory: M = policy.initial
        self._latest: Status | None = None  # None: the target is watched no longer
        self._lock = threading.Lock()

    def decide(self, update: Update, now: float) -> N | None:
        """Take an update and return what is to be sent, if anything is."""
        with self._lock:
            self._latest = None if update.ended else update.status
            if update.ended:
                return None
            self._memory, notification = self._policy.decide(self._memory, update, now)
            return notification

    def take_back_overtaken(self, notification: N) -> bool:
        """Take a notification back if it is not to be sent any more, and tell whether that was so.

        What is due instead is then decided with the next update.
        """
        with self._lock:
            latest = self._latest
            if latest and not (latest.paused or self._policy.is_overtaken(notification, latest)):
                return False
            self._memory = self._policy.take_back(self._memory, notification)
        return True

    def settle(
        self, notification: N, outcome: Outcome, now: float, retry_in: float | None = None
    ) -> None:
        """Remember what became of a notification; one that failed is due again in `retry_in` s."""
        with self._lock:
            self._memory = self._policy.record_delivery(
                self._memory, notification, outcome, now, retry_in
            )

    @property
    def failures(self) -> int:
        """How many attempts in a row have failed."""
        with self._lock:
            return self._memory.failures


def _decide_api(memory: Memory, update: Update, now: float) -> tuple[Memory, Notification | None]:
    return notification_policy.decide(memory, update.status, update.flip, now)


def _decide_programs(
    memory: ProgramMemory, update: Update, now: float
) -> tuple[ProgramMemory, ProgramNotification | None]:
    return program_notifications.decide(memory, update.status, now)


def _is_overtaken(notification: Notification, latest: Status) -> bool:
    then = notification.status.diagnosis
    return notification.kind in OF_THE_MOMENT and not latest.diagnosis.same_as(then)


API = Policy(
    Memory(),
    _decide_api,
    notification_memory.record_delivery,
    notification_memory.take_back,
    _is_overtaken,
)
PROGRAMS = Policy(
    ProgramMemory(),
    _decide_programs,
    program_notifications.record_delivery,
    program_notifications.take_back,
    lambda notification, latest: False,
)
