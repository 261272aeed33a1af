"""The look at traymon's own files, which an upgrade may move away and back."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from support.polling import wait_for
from traymon.ui.own_files import IN_MENU, own_files, watch_own_files
from traymon.ui.troubles import Troubles


class Watch:
    """A watch over two files; it looks when the test says so."""

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / "one", folder / "two"]
        for path in self.paths:
            path.touch()
        self.notified: list[tuple[str, str]] = []
        self.trouble = ""

    def look(self, times: int = 1) -> None:
        """Look so many times, and end."""

        class Ended(threading.Event):
            left = times

            def wait(self, timeout: float | None = None) -> bool:
                self.left -= 1
                return self.left < 0

        def notify(title: str, body: str) -> None:
            self.notified.append((title, body))

        def show(trouble: str) -> None:
            self.trouble = trouble

        watch_own_files(self.paths, notify, show, Ended())


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_files_that_come_back_in_time_are_not_worth_a_word(watch: Watch) -> None:
    watch.paths[0].unlink()
    watch.look()
    assert (watch.notified, watch.trouble) == ([], "")


def test_files_that_stay_away_are_said_once(watch: Watch) -> None:
    watch.paths[1].unlink()
    watch.look(5)
    ((title, body),) = watch.notified
    assert title == "traymon has to be restarted"
    assert "start it again" in body
    assert watch.trouble == IN_MENU


def test_it_ends_when_traymon_does_and_notices_that_files_are_back(tmp_path: Path) -> None:
    ended = threading.Event()
    troubles: list[str] = []
    path = tmp_path / "file"
    arguments = ([path], lambda title, body: None, troubles.append, ended, 0.001)
    thread = threading.Thread(target=watch_own_files, args=arguments)
    thread.start()
    wait_for(lambda: IN_MENU in troubles, "the trouble")
    path.touch()
    wait_for(lambda: troubles[-1] == "", "its end")
    ended.set()
    thread.join(20)
    assert not thread.is_alive()


def test_what_is_looked_at_is_there() -> None:
    assert all(path.exists() for path in own_files())


def test_one_trouble_does_not_hide_another() -> None:
    shown: list[str] = []
    troubles = Troubles(lambda line, warning: shown.append(line))
    troubles.report("no notifications", "notifications")
    troubles.report("files are gone", "files")
    troubles.report("files are gone", "files")
    troubles.report("", "notifications")
    troubles.report("", "files")
    assert shown == [
        "no notifications",
        "no notifications; files are gone",
        "files are gone",
        "",
    ]
