"""One push channel: asks the policies what to send, and hands it to the courier.

There is no queue of messages: what was not delivered is decided again from the status of that
moment, so that nothing stale arrives, and what was missed is told once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from traymon.core import push_policy
from traymon.core.alerts import PushChannel
from traymon.core.history import NotificationRecord
from traymon.core.model import Update
from traymon.core.notification_policy import Kind, Notification, Outcome
from traymon.core.program_notifications import ProgramKind, ProgramNotification
from traymon.outbound.answer import Answer, Verdict
from traymon.outbound.base import OnDrilled, Surroundings
from traymon.outbound.courier import Courier
from traymon.outbound.message import Message, compose, compose_bare, compose_drill, compose_test
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
        self._tasks: TaskQueue | None = None
        self._stopped = False

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
        self._stopped = True
        self._courier.stop()
        if self._tasks is not None:
            self._tasks.stop(timeout)

    def on_update(self, update: Update) -> None:
        """Send what is due after this update, if anything is."""
        if not push_policy.wants(self._channel, update.status.target.name):
            return
        now = self._around.now()
        seen = push_policy.as_seen_by(self._channel, update, now)
        self._follow(self._api, API, seen, now)
        if push_policy.wants_programs(self._channel):
            self._follow(self._programs, PROGRAMS, seen, now)

    def drill(self, on_done: OnDrilled) -> None:
        """Send the test alarm; returns at once."""
        if self._tasks is not None:
            self._tasks.post(partial(self._drill, on_done))

    def _follow(
        self, tracks: dict[str, Track[Any, N]], policy: Policy[Any, N], seen: Update, now: float
    ) -> None:
        name = seen.status.target.name
        track = tracks.setdefault(name, Track(policy))
        notification = track.decide(seen, now)
        if seen.ended:
            del tracks[name]
        if notification is None or self._tasks is None:
            return
        if notification.kind in RECOVERIES and not self._channel.recovery:
            track.settle(notification, Outcome.DELIVERED, now)  # which is what the user wants
        else:
            self._tasks.post(partial(self._send, track, notification))

    # In the channel's thread

    def _send(self, track: Track[Any, N], notification: N) -> None:
        if track.take_back_overtaken(notification):
            return
        outcome, retry_in = Outcome.FAILED, self._pauses[-1]
        try:
            message = self._compose(notification)
            answer = self._courier.send(request(self._channel, message))
            # what was refused is not sent again: the next notification shows whether that is over
            if answer.verdict is not Verdict.FAILED:
                outcome = Outcome.DELIVERED
            retry_in = push_policy.pause(track.failures, answer.retry_after, self._pauses)
        finally:  # what was decided must be answered, or nothing else is ever sent
            track.settle(notification, outcome, self._around.now(), retry_in)
        if not self._stopped:
            self._report(message, answer)

    def _compose(self, notification: Notification | ProgramNotification) -> Message:
        now = self._around.now()
        try:
            return compose(notification, now, self._around.page_url)
        except Exception:  # the user must hear of it, in whatever words are left
            log.exception("a message cannot be worded; it says the headline alone")
            return compose_bare(notification, now)

    def _report(self, message: Message, answer: Answer) -> None:
        delivered = answer.verdict is Verdict.DELIVERED
        if delivered:
            log.info("%s: %s", self.name, message.title)
        else:
            log.warning("%s failed: %s", self.name, answer.why)
        self._around.report_trouble("" if delivered else f"{self.name}: {answer.why}", self.name)
        if self._around.record is not None:
            kept = NotificationRecord(
                self._around.now(),
                kind=message.kind,
                code=message.code,
                title=message.title,
                channel=self.name,
                outcome=(Outcome.DELIVERED if delivered else Outcome.FAILED).name.lower(),
                why=answer.why,
            )
            self._around.record.record_notification(message.target, kept)

    def _drill(self, on_done: OnDrilled) -> None:
        message = compose_drill(self.channel, self._around.now(), self._around.page_url)
        answer = self._courier.send(request(self._channel, message))
        if self._stopped:
            return
        self._report(message, answer)
        on_done(self.channel, "" if answer.verdict is Verdict.DELIVERED else answer.why)


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
