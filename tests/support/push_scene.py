"""Push channels that are told of statuses, on a clock that the test sets."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from support.polling import PATIENCE, wait_for
from support.push_server import PushServer
from traymon.core import push_policy
from traymon.core.alerts import PushChannel, Secret
from traymon.core.model import Change, Diagnosis, Evidence, Flip, Status, Update
from traymon.core.notification_record import NotificationRecord
from traymon.core.target import Target
from traymon.diagnosis.catalogue import ENTRIES
from traymon.outbound.base import Surroundings
from traymon.outbound.courier import Courier
from traymon.outbound.push import Push

NOON = 1_800_000_000.0
RED, AMBER, GREEN = "port-refused", "handshake-slow", "healthy"


def status(code: str, now: float, target: str = "bot", since: float | None = None) -> Status:
    """Return the status of a target with a diagnosis of this code."""
    watched, began = Target(target), now if since is None else since
    diagnosis = Diagnosis(code, ENTRIES[code].light)
    return Status(watched, diagnosis, began, began, Evidence(watched, now), now)


class PushScene:
    """A channel, and what has become of its messages."""

    def __init__(
        self,
        server: PushServer,
        kind: str = "webhook",
        *,
        name: str = "phone",
        token: str = "",
        time_limit: float = 10.0,
        pauses: Sequence[float] = push_policy.PAUSES,
        page_url: str = "",
        one_of_many: bool = False,
        **wishes: Any,
    ) -> None:
        self.now, self._one_of_many = NOON, one_of_many
        self.records: list[NotificationRecord] = []
        self.troubles: list[str] = []
        channel = PushChannel(name, kind, Secret(server.url), Secret(token), **wishes)
        around = Surroundings(
            lambda: self.now,
            lambda trouble, source: self.troubles.append(trouble),
            record=self,
            page_url=page_url,
        )
        self.push = Push(channel, around, Courier(time_limit), pauses)
        self._last: dict[str, Diagnosis] = {}

    def record_notification(self, target: str, record: NotificationRecord) -> None:
        """Keep an attempt."""
        self.records.append(record)

    def see(self, code: str, target: str = "bot", *, ended: bool = False, **more: Any) -> None:
        """Let the channel see a status, with its flip if it is new."""
        seen = status(code, self.now, target)
        seen = replace(seen, target=replace(seen.target, one_of_many=self._one_of_many))
        before = self._last.get(target)
        flip = None
        if before is not None and before.code != code:
            flip = Flip(self.now, before, seen.diagnosis)
        self._last[target] = seen.diagnosis
        self.push.on_update(Update(replace(seen, **more), flip, Change.NOTHING, ended))

    def wait_until_idle(self) -> None:
        """Wait until all that was to be sent by now has been sent, or not."""
        done = threading.Event()
        assert self.push._tasks is not None
        self.push._tasks.post(done.set)
        assert done.wait(PATIENCE)

    def wait_for_attempts(self, count: int) -> None:
        """Wait until so many attempts have ended."""
        wait_for(lambda: len(self.records) >= count, f"{count} attempts")

    def see_until(self, code: str, target: str = "bot", *, attempts: int) -> None:
        """Let the channel see a status again and again, until so many attempts have ended."""

        def enough() -> bool:
            self.see(code, target)
            return len(self.records) >= attempts

        wait_for(enough, f"{attempts} attempts")

    @property
    def outcomes(self) -> list[str]:
        """What became of each attempt."""
        return [record.outcome for record in self.records]


@contextmanager
def push_scene(server: PushServer, kind: str = "webhook", **how: Any) -> Iterator[PushScene]:
    """Run a channel until the end of the block."""
    scene = PushScene(server, kind, **how)
    scene.push.start()
    try:
        yield scene
    finally:
        scene.push.stop(20.0)
