"""Turns statuses into notifications: asks the policy what to announce and reports back to it.

Decides neither what is worth announcing nor how it is worded.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from traymon.core import notification_groups, notification_memory, notification_policy
from traymon.core.model import Update
from traymon.core.notification import Notification, Outcome, Unannounced
from traymon.core.notification_groups import Group, Groups
from traymon.core.notification_memory import Memory, retry_pause
from traymon.core.notification_record import RecordWithMissed
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui.group_text import group_text
from traymon.ui.notification_text import (
    NotificationText,
    bare_notification_text,
    load_texts,
    notification_text,
    own_notification_text,
)
from traymon.ui.notify.notifier import Attempt, Notifier
from traymon.ui.notify.sending import hand_over, keep_attempt
from traymon.ui.program_notification_text import BETWEEN, load_program_texts

log = logging.getLogger(__name__)

OWN_KEY = BETWEEN  # of notifications about traymon itself; no target's name has one
OWN_LIFETIME = 900.0  # seconds for which one that failed is tried again; after that it is old


@dataclass(frozen=True, slots=True)
class _Own:
    """A notification about traymon itself that has not been delivered."""

    title: str
    body: str
    since: float
    failures: int = 0
    retry_at: float | None = None  # None: it is being sent


class NotificationDispatcher:
    """Notifies the user. Callable from any thread; returns at once."""

    def __init__(
        self, notifier: Notifier, now: Callable[[], float], record: RecordWithMissed | None = None
    ) -> None:
        """`record` keeps what outlives this process; None: nothing does."""
        self._notifier, self._now, self._record = notifier, now, record
        self._memories: dict[str, Memory] = {}  # by target name
        self._groups: Groups = ()
        self._keys: dict[str, str] = {}  # of the notification that shows a target, by its name
        self._own: _Own | None = None  # the newest one takes the place of those before it
        self._lock = threading.Lock()  # deliveries are reported in the notifier's thread

    def prepare(self) -> None:
        """Load all that notifications need, in the notifier's thread; returns at once."""
        self._notifier.prepare(_load_texts)

    def on_update(self, update: Update) -> None:
        """Send the notification that is due after this update, if any.

        Has to be called for every update: what is due depends on the time, too.
        """
        name, now = update.status.target.name, self._now()
        if update.ended:
            self._forget(name)
            return
        with self._lock:
            memory = self._memories.get(name, Memory())
            after, notification = notification_policy.decide(
                memory, update.status, update.flip, now
            )
            self._remember(name, after)
            if notification is not None:
                self._groups = notification_groups.gather(self._groups, notification, now)
            self._groups, due = notification_groups.take_due(self._groups, now)
        for group in due:
            self._send(group, now)
        if notification_policy.is_silenced(update):
            self._withdraw(name)
        self._retry_own(now)

    def remember_unannounced(self, name: str, faults: Sequence[Unannounced]) -> None:
        """Take the faults of a target that were unannounced when traymon last ended."""
        known = [fault for fault in faults if fault.diagnosis.code in ENTRIES]
        with self._lock:
            memory = self._memories.get(name, Memory())
            self._remember(
                name, notification_memory.remember_unannounced(memory, known, self._now())
            )

    def notify_user(self, title: str, body: str) -> None:
        """Notify of something about traymon itself."""
        own = _Own(title, body, self._now())
        with self._lock:
            self._own = own
        self._send_own(own)

    def _send(self, group: Group, now: float) -> None:
        """Send a group as one notification; each target is shown by its newest one alone."""
        names = [one.status.target.name for one in group.notifications]
        key = names[0] if len(names) == 1 else f"{BETWEEN}{group.about[1]}"
        for name in names:
            self._show_by(name, key)
        hand_over(
            self._notifier,
            key,
            partial(_compose, group, len(self._memories), now),
            partial(self._on_done, group.unsent),
            partial(self._on_attempt, group.unsent, now),
        )

    def _show_by(self, name: str, key: str | None) -> None:
        """Note by which notification a target is shown; one that shows none is withdrawn."""
        with self._lock:
            before = self._keys.pop(name, None)
            if key is not None:
                self._keys[name] = key
            is_over = before is not None and before not in self._keys.values()
        if is_over:
            self._notifier.withdraw(before)

    def _withdraw(self, name: str) -> None:
        """Take a target's notification away, and what is about to be sent of it."""
        with self._lock:
            self._groups, unsent = notification_groups.leave(self._groups, name)
        self._on_done(unsent, Outcome.FAILED)
        self._show_by(name, None)

    def _forget(self, name: str) -> None:
        """Forget a target that is watched no longer."""
        with self._lock:
            self._remember(name, Memory())
            del self._memories[name]
        self._withdraw(name)

    def _on_done(self, notifications: Sequence[Notification], outcome: Outcome) -> None:
        with self._lock:
            for one in notifications:
                name = one.status.target.name
                if name in self._memories:  # else it is watched no longer
                    after = notification_memory.record_delivery(
                        self._memories[name], one, outcome, self._now()
                    )
                    self._remember(name, after)

    def _on_attempt(
        self, notifications: Sequence[Notification], at: float, attempt: Attempt
    ) -> None:
        for one in notifications:
            keep_attempt(self._record, one, at, attempt)

    def _remember(self, name: str, memory: Memory) -> None:
        """Take a target's memory, with the lock held; what the user missed outlives a restart."""
        before = self._memories.get(name, Memory())
        self._memories[name] = memory
        if self._record is not None and memory.unannounced != before.unannounced:
            self._record.record_missed(name, memory.unannounced)

    def _send_own(self, own: _Own) -> None:
        self._notifier.notify(
            OWN_KEY,
            partial(own_notification_text, own.title, own.body),
            partial(self._on_own_done, own),
        )

    def _on_own_done(self, own: _Own, outcome: Outcome) -> None:
        now = self._now()
        with self._lock:
            if self._own is not own or outcome is Outcome.UNKNOWN:
                return
            self._own = None
            if outcome is Outcome.FAILED and now - own.since < OWN_LIFETIME:
                retry_at = now + retry_pause(own.failures)
                self._own = replace(own, failures=own.failures + 1, retry_at=retry_at)

    def _retry_own(self, now: float) -> None:
        with self._lock:
            own = self._own
            if own is None or own.retry_at is None or now < own.retry_at:
                return
            self._own = own = replace(own, retry_at=None)
        self._send_own(own)


def _load_texts() -> None:
    load_texts()
    load_program_texts()


def _compose(group: Group, total: int, now: float) -> NotificationText:
    first, *others = group.notifications
    try:
        if others:
            return group_text(group.notifications, total, now)
        return notification_text(first, now)
    except Exception:  # the user must hear of it, in whatever words are left
        log.exception("a notification cannot be worded; it says the headline alone")
        return bare_notification_text(first)
