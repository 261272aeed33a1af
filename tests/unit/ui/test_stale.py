"""A traymon whose monitor has died: what is shown, announced and opened by what is left of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from traymon.core.calendar import Calendar
from traymon.core.model import Change, Diagnosis, Evidence, Status, Update
from traymon.core.notification import Outcome
from traymon.core.target import Target
from traymon.core.time_windows import Schedule, Span
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui.hub import StatusHub
from traymon.ui.notification_text import NotificationText
from traymon.ui.notify.dispatcher import NotificationDispatcher
from traymon.ui.notify.notifier import Notifier
from traymon.ui.web.opener import PageOpener
from traymon.ui.web.static_page import StaticPages

TARGET = Target("bot")
BEGAN = 1_800_000_000.0
NIGHT_IS_LONG = 3600.0
NIGHT = Calendar(quiet=Schedule(dated=(Span(BEGAN - 60, BEGAN + NIGHT_IS_LONG),)))


class Desktop:
    """Takes the place of the desktop's notifications, which are delivered or not."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.delivers = True

    def notify(
        self,
        key: str,
        compose: Callable[[], NotificationText],
        on_done: Callable[[Outcome], None] = lambda outcome: None,
        on_attempt: object = None,
    ) -> None:
        self.titles.append(compose().title)
        on_done(Outcome.DELIVERED if self.delivers else Outcome.FAILED)


class Traymon:
    """A traymon that was green when its monitor died, and the time."""

    def __init__(self, calendar: Calendar) -> None:
        self.now = BEGAN
        self.desktop = Desktop()
        self.hub = StatusHub(lambda: self.now, lambda target: calendar)
        dispatcher = NotificationDispatcher(cast(Notifier, self.desktop), lambda: self.now)
        self.hub.listen(dispatcher.on_update)
        self.publish_green()

    def publish_green(self) -> None:
        green = Diagnosis("healthy", ENTRIES["healthy"].light, announce=False)
        evidence = Evidence(TARGET, self.now)
        status = Status(TARGET, green, self.now, self.now, evidence, self.now)
        self.hub.publish(Update(status, None, Change.NOTHING))

    @property
    def since(self) -> list[float]:
        return [status.since for status in self.hub.statuses]


def test_what_dies_in_the_quiet_hours_is_told_once_they_end() -> None:
    traymon = Traymon(NIGHT)
    traymon.hub.publish_stale()
    traymon.hub.publish_stale()
    assert traymon.desktop.titles == []
    traymon.now += NIGHT_IS_LONG + 1
    traymon.hub.publish_stale()
    traymon.hub.publish_stale()
    assert traymon.desktop.titles == ["traymon has stopped checking port 7497"]


def test_a_notification_of_it_that_did_not_come_out_is_tried_again() -> None:
    traymon = Traymon(Calendar())
    traymon.desktop.delivers = False
    traymon.hub.publish_stale()
    assert len(traymon.desktop.titles) == 1
    traymon.desktop.delivers = True
    for _ in range(3):
        traymon.now += 60
        traymon.hub.publish_stale()
    assert len(traymon.desktop.titles) == 2


def test_a_click_opens_the_page_that_needs_no_server(tmp_path: Path) -> None:
    traymon = Traymon(Calendar())
    opened: list[str] = []
    opener = PageOpener(
        lambda: "http://127.0.0.1:1/open/secret",
        StaticPages(tmp_path, lambda: traymon.now),
        tmp_path,
        open_address=lambda address, folder: opened.append("live"),
        open_file=lambda path: opened.append(path.name),
    )
    opener.open(traymon.hub.statuses, None)
    traymon.hub.publish_stale()
    opener.open(traymon.hub.statuses, None)
    assert opened == ["live", "fix-bot.html"]
    began = traymon.since
    traymon.now += 60
    traymon.hub.publish_stale()
    assert traymon.since == began
    traymon.publish_green()
    opener.open(traymon.hub.statuses, None)
    assert opened[-1] == "live"


@pytest.mark.parametrize("calendar", [NIGHT, Calendar()])
def test_the_time_of_day_goes_on_without_a_monitor(calendar: Calendar) -> None:
    traymon = Traymon(calendar)
    traymon.hub.publish_stale()
    (status,) = traymon.hub.statuses
    assert status.quiet_until == calendar.quiet_until(traymon.now)
