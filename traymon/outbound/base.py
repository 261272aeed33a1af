"""What an outlet is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from traymon.core.alerts import MetricsAccess
from traymon.core.calendar import Calendar
from traymon.core.history import HistoryReader
from traymon.core.model import Status, Update
from traymon.core.notification_record import Record
from traymon.core.target import Target


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


# Called from any thread with a channel's name, and why the test alarm was not delivered, or "".
OnDrilled = Callable[[str, str], None]


@runtime_checkable
class Alarm(Protocol):
    """An outlet that alerts a person, so that drills try it."""

    @property
    def channel(self) -> str:
        """Its name in alerts.toml: `phone`."""

    def drill(self, on_done: OnDrilled) -> None:
        """Send the test alarm; returns at once."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every outlet may use of the traymon that it belongs to."""

    now: Callable[[], float]  # epoch seconds
    report_trouble: Callable[[str, str], None]  # with an outlet's trouble, "" ends it; its name
    record: Record | None = None  # None: nothing is kept
    page_url: str = ""  # where a link in a message leads; "": nowhere
    statuses: Callable[[], Sequence[Status]] = tuple  # of every target, as they are now
    history: HistoryReader | None = None  # waits for the disk; None: nothing is kept
    calendar_of: Callable[[Target], Calendar] = lambda target: Calendar()
    attempts: Callable[[], Mapping[tuple[str, str], int]] = dict  # by channel and outcome
    metrics: MetricsAccess | None = None  # None: they are not wanted
