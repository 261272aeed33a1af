"""What an outlet is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from traymon.core.history import NotificationRecord
from traymon.core.model import Update


class Outlet(Protocol):
    """Something outside the desktop that is told of every update."""

    @property
    def name(self) -> str:
        """Its name in logs and in the icon's menu: `push phone`."""

    def start(self) -> None:
        """Begin; returns at once."""

    def on_update(self, update: Update) -> None:
        """Take an update, in the monitor's thread: never block, never wait for a peer."""

    def stop(self, timeout: float) -> None:
        """End within `timeout` seconds, whatever still hangs."""


class Record(Protocol):
    """Keeps what was sent. Returns at once."""

    def record_notification(self, target: str, record: NotificationRecord) -> None:
        """Keep a notification, or what has become of it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every outlet may use of the traymon that it belongs to."""

    now: Callable[[], float]  # epoch seconds
    report_trouble: Callable[[str, str], None]  # with an outlet's trouble, "" ends it; its name
    record: Record | None = None  # None: nothing is kept
    page_url: str = ""  # where a link in a message leads; "": nowhere
