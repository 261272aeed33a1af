"""One push channel: asks the policies what to send, and hands it to the courier.

There is no queue of messages: what was not delivered is decided again from the status of that
moment, so that nothing stale arrives, and what was missed is told once. Targets that fail together
for one cause are one message.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from traymon.core import notification_groups, push_policy
from traymon.core.alerts import PushChannel
from traymon.core.model import Update
from traymon.core.notification import Kind, Notification, Outcome
from traymon.core.notification_groups import Groups
from traymon.core.notification_record import NotificationRecord
from traymon.core.program_notifications import ProgramKind, ProgramNotification
from traymon.outbound.answer import Answer, Verdict
from traymon.outbound.base import OnDrilled, Surroundings
from traymon.outbound.courier import Courier
from traymon.outbound.message import (
    Message,
    Notifications,
    compose,
    compose_bare,
    compose_drill,
    compose_program,
    compose_test,
)
from traymon.outbound.push_track import API, PROGRAMS, N, Policy, Track
from traymon.ui.notification_text import load_texts
from traymon.ui.program_notification_text import load_program_texts
from traymon.ui.worker import TaskQueue

log = logging.getLogger(__name__)

RECOVERIES = {Kind.RECOVERY, ProgramKind.BACK}


class Push:
    """Tells one channel of faults, their end and missing programs."""

    def __init__(
        self,
        channel: PushChannel,
        around: Surroundings,
        courier: Courier | None = None,
        pauses: Sequence[float] = push_policy.PAUSES,
    ) -> None:
        """`pauses` are the seconds before each further attempt; the last one repeats."""
        self._channel, self._around, self._pauses = channel, around, pauses
        self._courier = courier or Courier()
        self._api: dict[str, Track[Any, Notification]] = {}  # by target name
        self._programs: dict[str, Track[Any, ProgramNotification]] = {}
        self._groups: Groups = ()  # of what is to be sent, by the monotonic clock
        self._lock = threading.Lock()  # for the groups
        self._tasks: TaskQueue | None = None
        self._stopped = threading.Event()

    @property
    def name(self) -> str:
        """`push phone`."""
        return f"push {self._channel.name}"

    @property
    def channel(self) -> str:
        """`phone`."""
        return self._channel.name

    def start(self) -> None:
        """Begin, and load the words while their files are there."""
        self._tasks = TaskQueue(self.name)
        self._tasks.post(load_texts)
        self._tasks.post(load_program_texts)

    def stop(self, timeout: float) -> None:
        """Break off what is being sent."""
        self._stopped.set()
        self._courier.stop()
        if self._tasks is not None:
            self._tasks.stop(timeout)

    def on_update(self, update: Update) -> None:
        """Send what is due after this update, if anything is."""
        if not push_policy.wants(self._channel, update.status.target.name):
            return
        now = self._around.now()
        seen = push_policy.as_seen_by(self._channel, update, now)
        if (fault := self._follow(self._api, API, seen, now)) is not None:
            self._gather(fault)
        if push_policy.wants_programs(self._channel):
            program = self._follow(self._programs, PROGRAMS, seen, now)
            if program is not None:
                self._post(partial(self._send, self._programs, [program], compose_program))

    def drill(self, on_done: OnDrilled) -> None:
        """Send the test alarm; returns at once."""
        if self._tasks is not None:
            self._tasks.post(partial(self._drill, on_done))

    def _follow(
        self, tracks: dict[str, Track[Any, N]], policy: Policy[Any, N], seen: Update, now: float
    ) -> N | None:
        """Return what is to be sent after an update, if anything is."""
        name = seen.status.target.name
        track = tracks.setdefault(name, Track(policy))
        notification = track.decide(seen, now)
        if seen.ended:
            del tracks[name]
        if notification is not None and self._is_unwanted(notification):
            track.settle(notification, Outcome.DELIVERED, now)  # which is what the user wants
            return None
        return notification

    def _is_unwanted(self, notification: Notification | ProgramNotification) -> bool:
        return notification.kind in RECOVERIES and not self._channel.recovery

    def _gather(self, notification: Notification) -> None:
        """Send a notification soon, together with those of other targets that are about the same.

        Each posts a task that sends what is due first, so none is left over.
        """
        with self._lock:
            self._groups = notification_groups.gather(self._groups, notification, time.monotonic())
        self._post(self._send_due)

    def _post(self, task: Callable[[], None]) -> None:
        if self._tasks is not None:
            self._tasks.post(task)

    # In the channel's thread

    def _send_due(self) -> None:
        with self._lock:
            due = min((group.due for group in self._groups if group.unsent), default=0.0)
        self._stopped.wait(due - time.monotonic())
        moment = max(due, time.monotonic())  # a wait may end a little early
        with self._lock:
            self._groups, groups = notification_groups.take_due(self._groups, moment)
        compose_group = partial(compose, total=len(self._api))
        for group in groups:
            self._post(partial(self._send, self._api, group.unsent, compose_group))

    def _send(
        self,
        tracks: Mapping[str, Track[Any, N]],
        notifications: Sequence[N],
        composed: Callable[[Sequence[N], float, str], Message],
    ) -> None:
        """Send notifications as one message, but for those that were overtaken."""
        sent: list[tuple[Track[Any, N], N]] = []
        for one in notifications:
            track = tracks.get(one.status.target.name)
            if track is not None and not track.take_back_overtaken(one):
                sent.append((track, one))
        if not sent:
            return
        outcome, asked = Outcome.FAILED, None
        try:
            message = self._compose([one for _, one in sent], composed)
            answer = self._courier.send(request(self._channel, message))
            # what was refused is not sent again: the next notification shows whether that is over
            if answer.verdict is not Verdict.FAILED:
                outcome = Outcome.DELIVERED
            asked = answer.retry_after
        finally:  # what was decided must be answered, or nothing else is ever sent
            now = self._around.now()
            for track, one in sent:
                retry_in = push_policy.pause(track.failures, asked, self._pauses)
                track.settle(one, outcome, now, retry_in)
        if not self._stopped.is_set():
            self._report(message, answer)
            self._keep([one for _, one in sent], message, answer)

    def _compose(
        self, notifications: Sequence[N], composed: Callable[[Sequence[N], float, str], Message]
    ) -> Message:
        now = self._around.now()
        try:
            return composed(notifications, now, self._around.page_url)
        except Exception:  # the user must hear of it, in whatever words are left
            log.exception("a message cannot be worded; it says the headline alone")
            return compose_bare(notifications, now)

    def _report(self, message: Message, answer: Answer) -> None:
        delivered = answer.verdict is Verdict.DELIVERED
        if delivered:
            log.info("%s: %s", self.name, message.title)
        else:
            log.warning("%s failed: %s", self.name, answer.why)
        self._around.report_trouble("" if delivered else f"{self.name}: {answer.why}", self.name)

    def _keep(self, notifications: Notifications, message: Message, answer: Answer) -> None:
        """Keep what has become of the message, with each target that it tells of."""
        if self._around.record is None:
            return
        for one in notifications:
            kept = NotificationRecord.of(
                one,
                self._around.now(),
                title=message.title,
                channel=self.name,
                outcome=_outcome(answer),
                why=answer.why,
            )
            self._around.record.record_notification(one.status.target.name, kept)

    def _drill(self, on_done: OnDrilled) -> None:
        message = compose_drill(self.channel, self._around.now(), self._around.page_url)
        answer = self._courier.send(request(self._channel, message))
        if self._stopped.is_set():
            return
        self._report(message, answer)
        if self._around.record is not None:
            kept = NotificationRecord(
                self._around.now(),
                kind=message.kind,
                code=message.code,
                title=message.title,
                channel=self.name,
                outcome=_outcome(answer).name.lower(),
                why=answer.why,
            )
            self._around.record.record_notification(message.target, kept)
        on_done(self.channel, "" if answer.verdict is Verdict.DELIVERED else answer.why)


def _outcome(answer: Answer) -> Outcome:
    return Outcome.DELIVERED if answer.verdict is Verdict.DELIVERED else Outcome.FAILED


def send_test(channel: PushChannel, now: float) -> Answer:
    """Send a message that only shows that messages arrive; blocks for some seconds at most."""
    return Courier().send(request(channel, compose_test(channel.name, now)))


def request(channel: PushChannel, message: Message) -> Mapping[str, Any]:
    """Return what the courier takes to send a message through a channel."""
    return {
        "kind": channel.kind,
        "url": channel.url.reveal(),
        "token": channel.token.reveal(),
        "message": message.as_json(),
        "text": message.as_text(),
    }
