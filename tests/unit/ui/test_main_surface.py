"""Which surface has the main thread, and when a traymon that nobody sees makes room."""

from __future__ import annotations

import io

import pytest

from traymon.ui.main_surface import MainSurface
from traymon.ui.terminal_lines import TerminalLines
from traymon.ui.tray.backend import NoTray
from traymon.ui.tray.tray import Tray


class Terminal(io.StringIO):
    """What is printed, where somebody looks at it or not."""

    def __init__(self, *, is_seen: bool) -> None:
        super().__init__()
        self._is_seen = is_seen

    def isatty(self) -> bool:
        return self._is_seen


def no_tray() -> Tray:
    raise NoTray("no panel")


def surface_of(terminal: Terminal, patience: float | None = 0.0) -> MainSurface:
    return MainSurface(TerminalLines(terminal), patience)


@pytest.fixture(autouse=True)
def a_session_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_SESSION_ID", raising=False)


def test_without_a_tray_the_terminal_shows_the_status_and_says_why() -> None:
    terminal = Terminal(is_seen=True)
    surface = surface_of(terminal)
    assert surface.open_tray(no_tray) is None
    assert not surface.has_icon
    assert "No system tray here (no panel)" in terminal.getvalue()


def test_who_wants_no_icon_is_not_told_that_there_is_none() -> None:
    terminal = Terminal(is_seen=True)
    assert surface_of(terminal, patience=None).open_tray(no_tray) is None
    assert terminal.getvalue() == ""


def test_a_traymon_that_is_to_end_waits_for_no_tray() -> None:
    surface = surface_of(Terminal(is_seen=False), patience=3600.0)
    surface.stop()
    assert surface.open_tray(no_tray) is None


@pytest.mark.parametrize(
    ("wants_icon", "is_seen", "ends"),
    [(True, False, True), (True, True, False), (False, False, False), (False, True, False)],
)
def test_one_that_should_have_an_icon_and_that_nobody_sees_makes_room(
    wants_icon: bool, is_seen: bool, ends: bool
) -> None:
    terminal = Terminal(is_seen=is_seen)
    surface = surface_of(terminal, 0.0 if wants_icon else None)
    surface.open_tray(no_tray)
    assert surface.make_room() is ends
    assert surface.stopping.is_set() is ends
    assert ("so this one ends" in terminal.getvalue()) is ends


def test_one_whose_place_was_taken_ends_and_says_so() -> None:
    terminal = Terminal(is_seen=True)
    surface = surface_of(terminal)
    surface.give_way()
    assert surface.stopping.is_set()
    assert "Another traymon has started for this user" in terminal.getvalue()
