"""A traymon whose monitor has died: what is shown, told and opened by what is left of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from traymon import app as wiring
from traymon.app import App
from traymon.core.calendar import Calendar
from traymon.core.model import Diagnosis, Evidence, Status
from traymon.core.target import Target
from traymon.core.time_windows import Schedule, Span
from traymon.diagnosis.catalogue import ENTRIES
from traymon.storage.paths import Folders
from traymon.ui.notify.dispatcher import NotificationDispatcher
from traymon.ui.presenter import NotificationText

TARGET = Target("bot")
NIGHT_IS_LONG = 3600.0


class Announced(list[str]):
    """Takes the place of the desktop's notices, which come out or do not."""

    comes_out = True

    def notify(
        self, key: str, text: NotificationText, icon: str, done: Callable[[bool], None]
    ) -> None:
        self.append(text.title)
        done(self.comes_out)


@pytest.fixture
def told() -> Announced:
    return Announced()


@pytest.fixture
def time_goes() -> list[float]:
    return [1_800_000_000.0]


def dead_one(folder: Path, told: Announced, time_goes: list[float], quiet: bool) -> App:
    now = time_goes[0]
    night = Schedule(dated=(Span(now - 60, now + NIGHT_IS_LONG),))
    app = App(
        [TARGET],
        console=Console(file=io.StringIO()),
        want_tray=False,
        folders=Folders(folder, folder),
        calendar=Calendar(quiet=night) if quiet else None,
    )
    app._now = lambda: time_goes[0]  # type: ignore[assignment]
    app._dispatcher = NotificationDispatcher(told, folder, app._now)  # type: ignore[arg-type]
    green = Diagnosis("healthy", ENTRIES["healthy"].light, announce=False)
    app._remember(Status(TARGET, green, now, now, Evidence(TARGET, now), now), None)
    return app


def test_what_dies_in_the_quiet_hours_is_told_once_they_end(
    tmp_path: Path, told: Announced, time_goes: list[float]
) -> None:
    app = dead_one(tmp_path, told, time_goes, quiet=True)
    app._say_stale()
    app._say_stale()
    assert told == []
    time_goes[0] += NIGHT_IS_LONG + 1
    app._say_stale()
    app._say_stale()
    assert len(told) == 1
    assert told[0] == "traymon has stopped looking at port 7497"


def test_a_notice_of_it_that_did_not_come_out_is_tried_again(
    tmp_path: Path, told: Announced, time_goes: list[float]
) -> None:
    app = dead_one(tmp_path, told, time_goes, quiet=False)
    told.comes_out = False
    app._say_stale()
    assert len(told) == 1
    told.comes_out = True
    for _ in range(3):
        time_goes[0] += 60
        app._say_stale()
    assert len(told) == 2


def test_a_click_opens_the_page_that_needs_no_server(
    tmp_path: Path, told: Announced, time_goes: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(
        wiring, "open_secret_address", lambda address, folder: opened.append("live")
    )
    monkeypatch.setattr(wiring, "open_in_browser", lambda path: opened.append(path.name))
    app = dead_one(tmp_path, told, time_goes, quiet=False)
    app._page.port = 1
    app._open_page(None)
    app._say_stale()
    app._open_page(None)
    assert opened == ["live", "fix-bot.html"]
    since = {status.since for status in app._statuses.values()}
    time_goes[0] += 60
    app._say_stale()
    assert {status.since for status in app._statuses.values()} == since
    app._remember(
        replace(app._statuses["bot"], diagnosis=Diagnosis("healthy", ENTRIES["healthy"].light)),
        None,
    )
    app._open_page(None)
    assert opened[-1] == "live"
