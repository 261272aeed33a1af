"""The windows of a real Java program on a real X server: named, told apart, raised on a click."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from Xlib import X, Xatom
from Xlib.display import Display

from support.colours import RED
from support.desktop_traymon import Traymon, wait_until_it_shows
from support.java_windows import MARK_OF_IB, JavaProgram, compile_to, reason_to_skip
from support.polling import wait_for
from support.virtual_desktop import Desktop
from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading, Status
from traymon.core.target import Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.monitoring.monitor import Monitor
from traymon.monitoring.one_shot import run_once
from traymon.sensors import screen, sensors_for_target
from traymon.sensors.screen import NoScreen, ScreenWindow, list_windows, raise_window
from traymon.sensors.tws_windows import TwsWindows, show_window
from traymon.sim.scenarios import SCENARIOS
from traymon.sim.stage import perform
from traymon.sim.stage_props import nobody_listens, process_name
from traymon.sim.window import open_dialog

pytestmark = pytest.mark.usefixtures("no_other_lookalikes")

S = Symptom
REFUSED = Evidence(Target("bot"), 0.0).with_reading(Reading(SensorName.HANDSHAKE, S.REFUSED))


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the compiled program."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    return compile_to(tmp_path_factory.mktemp("java"))


@pytest.fixture
def on_screen(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    """A desktop whose screen is this process's own."""
    monkeypatch.setenv("DISPLAY", desktop.env["DISPLAY"])
    monkeypatch.delenv("XAUTHORITY", raising=False)
    return desktop


@contextmanager
def watching(port: int) -> Iterator[list[Status]]:
    """Run a real monitor in a thread; give the list to which it adds what it publishes."""
    published: list[Status] = []
    monitor = Monitor([Target("bot", port=port)], sensors_for_target)
    monitor.subscribe(lambda update: published.append(update.status))
    thread = threading.Thread(target=lambda: asyncio.run(monitor.run()))
    thread.start()
    try:
        yield published
    finally:
        monitor.stop()
        thread.join(30)


def names(published: list[Status], code: str, window: str) -> bool:
    """Tell whether the newest status has the code and the window's title."""
    diagnosis = published[-1].diagnosis if published else None
    return diagnosis is not None and (diagnosis.code, diagnosis.facts.get(Fact.WINDOW)) == (
        code,
        window,
    )


def window_titled(start: str, program: JavaProgram) -> ScreenWindow:
    """Return the window of a program whose title begins so."""
    windows = list_windows(lambda pid: pid == program.pid)
    return next(window for window in windows if window.title.startswith(start))


def is_above(one: ScreenWindow, other: ScreenWindow) -> bool:
    """Tell which of two windows is nearer to the user."""
    display = Display()
    try:
        order = [child.id for child in display.screen().root.query_tree().children]
    finally:
        display.close()
    return order.index(one.handle) > order.index(other.handle)


def look(evidence: Evidence = REFUSED) -> Reading:
    return asyncio.run(TwsWindows().poll(evidence))


def test_a_window_of_tws_is_named_and_the_same_one_of_another_program_is_not(
    on_screen: Desktop, java: Path
) -> None:
    with (
        nobody_listens(0) as port,
        JavaProgram(on_screen, java, MARK_OF_IB) as tws,
        JavaProgram(on_screen, java) as other,
        ExitStack() as later,
    ):
        other.do("frame Existing session detected")
        tws.do("frame IBKR Gateway")
        published = later.enter_context(watching(port))
        wait_for(
            lambda: (
                published
                and published[-1].diagnosis.code == "api-port-closed"
                and published[-1].evidence.symptom(SensorName.TWS_WINDOWS) is S.NO_DIALOG
            ),
            "a closed port, and no window that waits",
        )
        for command, code in (
            ("frame Second Factor Authentication", "two-factor-pending"),
            ("dialog Trading Login Handoff", "session-elsewhere"),
            ("dialog Zwei-Faktor-Anmeldung für DU1234567", "dialog-open"),
        ):
            shown = command.partition(" ")[2].removesuffix(" für DU1234567")
            shown += " für" if code == "dialog-open" else ""
            tws.do("close")
            tws.do("frame IBKR Gateway")
            tws.do(command)
            wait_for(partial(names, published, code, shown), code)
        tws.do("close")
        tws.do("frame IBKR Gateway")
        wait_for(lambda: published[-1].diagnosis.code == "api-port-closed", "no window any more")
        assert {status.diagnosis.light.word for status in published} <= {"grey", "red"}


def test_a_window_is_seen_minimised_and_not_once_it_is_hidden_or_gone(
    on_screen: Desktop, java: Path
) -> None:
    with JavaProgram(on_screen, java, MARK_OF_IB) as tws:
        tws.do("frame IBKR Gateway")
        tws.do("dialog Password Notice")
        assert look().symptom is S.DIALOG_OPEN
        tws.do("close")
        assert look().symptom is S.UNKNOWN, "it has no window at all"
    assert list_windows(lambda pid: pid == tws.pid) == []


def test_a_window_that_lies_behind_another_one_is_brought_to_the_front(
    on_screen: Desktop, java: Path
) -> None:
    with JavaProgram(on_screen, java, MARK_OF_IB) as tws:
        for command in ("dialog Password Notice", "frame IBKR Gateway", "frame Chart"):
            tws.do(command)
        reading = look()
        dialog, chart = window_titled("Password", tws), window_titled("Chart", tws)
        wait_for(lambda: is_above(chart, dialog), "a window above it")
        show_window(REFUSED.with_reading(reading))
        wait_for(lambda: is_above(dialog, chart), "the window on top")
        tws.do("close")
        with pytest.raises(NoScreen, match="gone"):
            show_window(REFUSED.with_reading(reading))


def test_a_notification_names_the_window_and_the_page_raises_it(
    on_screen: Desktop, java: Path
) -> None:
    on_screen.start_tray()
    on_screen.start_dunst()
    with nobody_listens(0) as port, JavaProgram(on_screen, java, MARK_OF_IB) as tws:
        for command in ("frame IBKR Gateway", "dialog Existing session detected", "frame Chart"):
            tws.do(command)
        dialog, chart = (window_titled(title, tws) for title in ("Existing session", "Chart"))
        wait_for(lambda: is_above(chart, dialog), "the dialog behind another window")
        traymon = Traymon(on_screen, port, TRAYMON_NAME="bot")
        wait_until_it_shows(on_screen, RED, "red")
        told = wait_for(lambda: on_screen.notifications()[-1:], "the notification")[0]
        assert told.title.startswith("Logged in elsewhere: ")  # of whichever TWS runs here
        assert told.body.startswith('Decide in its window "Existing session detected".')
        assert is_above(chart, dialog), "traymon raises no window by itself"
        traymon.post("/show-window/bot")
        wait_for(lambda: is_above(dialog, chart), "the dialog above the other window")
        assert traymon.end() == 0


class WindowManager:
    """What a window manager tells the screen, and the requests that reach it."""

    def __init__(self) -> None:
        self._display = Display()
        self.root = self._display.screen().root
        self._check = self.root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        for window in (self.root, self._check):
            self._set(window, "_NET_SUPPORTING_WM_CHECK", Xatom.WINDOW, [self._check.id])
        request = self._display.intern_atom("_NET_ACTIVE_WINDOW")
        self._set(self.root, "_NET_SUPPORTED", Xatom.ATOM, [request])
        self.root.change_attributes(event_mask=X.SubstructureNotifyMask)
        self.manage()

    def _set(self, window: object, name: str, kind: int, values: list[int]) -> None:
        window.change_property(self._display.intern_atom(name), kind, 32, values)  # type: ignore[attr-defined]
        self._display.sync()

    def manage(self, *handles: int) -> None:
        self._set(self.root, "_NET_CLIENT_LIST", Xatom.WINDOW, list(handles))

    def requests(self) -> list[int]:
        """Return the windows that it was asked to activate, since the last call."""
        events = [self._display.next_event() for _ in range(self._display.pending_events())]
        return [event.window.id for event in events if event.type == X.ClientMessage]

    def end(self) -> None:
        self._display.close()


def test_a_window_manager_says_which_windows_there_are_and_is_asked_to_raise_one(
    on_screen: Desktop,
) -> None:
    with open_dialog("Password Notice"):
        (window,) = own_windows()
        manager = WindowManager()
        assert own_windows() == [], "it manages none"
        manager.manage(window.handle, 0x123)  # one that is gone
        assert own_windows() == [window]
        raise_window(window)
        wait_for(lambda: window.handle in manager.requests(), "a request")
        manager.manage()
        manager.end()
        assert own_windows() == [window], "what it left behind counts no more"


def own_windows() -> list[ScreenWindow]:
    return list(list_windows(lambda pid: pid == os.getpid()))


def test_a_window_of_another_computer_is_not_taken_for_one_of_here(
    on_screen: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = socket.gethostname()
    monkeypatch.setattr(socket, "gethostname", lambda: "far-away")
    with open_dialog("Password Notice"):
        monkeypatch.setattr(socket, "gethostname", lambda: here)
        assert own_windows() == []


def test_an_x_server_that_hangs_or_ends_delays_nothing(
    on_screen: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform == "win32":
        pytest.skip("POSIX alone")
    monkeypatch.setattr(screen, "PATIENCE", 0.3)
    sensor = TwsWindows()
    with process_name("ibgateway"):
        on_screen.signal("Xvfb", signal.SIGSTOP)
        try:
            for _ in range(2):
                reading = asyncio.run(sensor.poll(REFUSED))
                assert reading.symptom is S.UNKNOWN
                assert "the screen does not answer" in reading.detail
                assert reading.took < 5
        finally:
            on_screen.signal("Xvfb", signal.SIGCONT)
        monkeypatch.setattr(screen, "PATIENCE", 30)
        wait_for(lambda: not any(t.name == "screen" for t in threading.enumerate()), "its end")
        assert "no window of TWS" in asyncio.run(sensor.poll(REFUSED)).detail


@pytest.mark.parametrize("name", [s.name for s in SCENARIOS.values() if s.needs_screen])
def test_each_scenario_with_a_window_shows_its_code(name: str, on_screen: Desktop) -> None:
    async def play() -> Status:
        async with perform(SCENARIOS[name]) as stage:
            return await asyncio.to_thread(run_once, Target("bot", port=stage.port))

    assert asyncio.run(play()).diagnosis.code == SCENARIOS[name].code


def test_without_a_screen_a_scenario_with_a_window_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    assert "no X11 screen" in SCENARIOS["dialog-open"].not_here
