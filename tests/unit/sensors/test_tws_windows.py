"""When the windows of TWS are looked at, whose they are, and what a screen that hangs does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psutil
import pytest

from traymon.core.facts import NO_FACTS, Fact, Facts
from traymon.core.model import Evidence, Reading
from traymon.core.polling import MIN_INTERVAL, ON_SCREEN, poll_interval
from traymon.core.target import Limits, Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors import screen, tws_windows
from traymon.sensors.screen import Belongs, NoScreen, ScreenLook, ScreenWindow
from traymon.sensors.tws_windows import TwsWindows, show_window

S = Symptom
NOW = 1_000.0
GATEWAY, ANOTHER, STRANGER = 4711, 4712, 99
PROCESSES = {GATEWAY: "ibgateway", ANOTHER: "tws.exe", STRANGER: "firefox"}
RUNS: Facts = {Fact.APPS: 1, Fact.APP: "IB Gateway", Fact.APP_PID: GATEWAY}
Seen = Symptom | tuple[Symptom, Facts]
CLOSED: Mapping[str, Any] = {"handshake": S.REFUSED, "listener": (S.NOBODY_LISTENS, RUNS)}


def evidence(**seen: Any) -> Evidence:
    gathered = Evidence(Target("bot"), NOW)
    what: Seen
    for sensor, what in seen.items():
        symptom, facts = what if isinstance(what, tuple) else (what, NO_FACTS)
        gathered = gathered.with_reading(Reading(SensorName(sensor), symptom, facts=facts, at=NOW))
    return gathered


def window(title: str, pid: int = GATEWAY, is_dialog: bool = True) -> ScreenWindow:
    return ScreenWindow(len(title), pid, title, is_dialog)


class Screen:
    """A screen in place of the real one: what it shows, and what was asked of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.windows: Sequence[ScreenWindow] = ()
        self.looks = 0
        self.raised: list[str] = []
        self.trouble: Callable[[], None] = lambda: None
        monkeypatch.setattr(screen, "list_windows", self._list)
        monkeypatch.setattr(screen, "raise_window", lambda w: self.raised.append(w.title))
        monkeypatch.setattr(psutil, "Process", lambda pid: pid)
        names = {pid: name for pid, name in PROCESSES.items() if name != "firefox"}
        monkeypatch.setattr(tws_windows, "ib_process", names.get)

    def _list(self, belongs: Belongs) -> Sequence[ScreenWindow]:
        self.looks += 1
        self.trouble()
        return [one for one in self.windows if belongs(one.pid)]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Screen:
    return Screen(monkeypatch)


def wait_on(event: threading.Event) -> None:
    assert event.wait(60)


def look(sensor: TwsWindows | None = None, **seen: Any) -> Reading:
    return asyncio.run((sensor or TwsWindows()).poll(evidence(**seen)))


@pytest.mark.parametrize(
    "seen",
    [
        {"handshake": S.OK},
        {"handshake": S.SLOW, "session": S.OK, "listener": (S.OK, RUNS)},
        {"handshake": S.OK, "session": S.OK, "link": S.OK},
        {"handshake": S.OK, "session": S.MUTE},
        {},
        {"handshake": S.REFUSED, "listener": S.NOT_HERE},
        {"handshake": S.REFUSED, "listener": (S.NOBODY_LISTENS, {Fact.APPS: 0})},
        {
            "handshake": S.REFUSED,
            "listener": (S.NOBODY_LISTENS, {**RUNS, Fact.OTHER_APP_PIDS: (GATEWAY,)}),
        },
    ],
)
def test_the_screen_is_left_alone_without_a_reason_to_look(
    shown: Screen, seen: Mapping[str, Any]
) -> None:
    shown.windows = [window("Existing session detected")]
    reading = look(**seen)
    assert (reading.symptom, dict(reading.facts), shown.looks) == (S.UNKNOWN, {}, 0)
    assert reading.detail


@pytest.mark.parametrize(
    "seen",
    [
        {"handshake": S.REFUSED},
        CLOSED,
        {"handshake": S.SILENT, "listener": (S.OK, {Fact.PID: GATEWAY, Fact.APP: "TWS"})},
        {"handshake": S.CLOSED},
        {"handshake": S.OK, "session": S.START_SILENT},
        {"handshake": S.OK, "session": S.OK, "link": S.LINK_DOWN},
    ],
)
def test_a_window_of_tws_is_named_while_the_api_is_not_served(
    shown: Screen, seen: Mapping[str, Any]
) -> None:
    shown.windows = [window("IBKR Gateway", is_dialog=False), window("Existing session detected")]
    reading = look(**seen)
    assert reading.symptom is S.SESSION_ELSEWHERE
    assert dict(reading.facts) == {Fact.WINDOW: "Existing session detected"}
    assert reading.detail == "TWS shows: Existing session detected"


def test_the_windows_of_other_programs_are_not_seen(shown: Screen) -> None:
    shown.windows = [window("Existing session detected", STRANGER)]
    assert look(**CLOSED).symptom is S.UNKNOWN
    shown.windows = [*shown.windows, window("IBKR Gateway", is_dialog=False)]
    assert look(**CLOSED).symptom is S.NO_DIALOG


def test_of_several_tws_the_one_counts_that_should_serve_the_port(shown: Screen) -> None:
    shown.windows = [window("Existing session detected", ANOTHER)]
    owner: Facts = {Fact.PID: GATEWAY, Fact.APP: "IB Gateway"}
    assert look(handshake=S.SILENT, listener=(S.OK, owner)).symptom is S.UNKNOWN
    serving: Facts = {**RUNS, Fact.APPS: 2, Fact.OTHER_APP_PIDS: (ANOTHER,)}
    assert look(handshake=S.REFUSED, listener=(S.NOBODY_LISTENS, serving)).symptom is S.UNKNOWN
    both: Facts = {**RUNS, Fact.APPS: 2}
    found = look(handshake=S.REFUSED, listener=(S.NOBODY_LISTENS, both))
    assert found.symptom is S.SESSION_ELSEWHERE


def test_the_port_of_a_program_that_is_not_ibs_has_no_windows_of_tws(shown: Screen) -> None:
    shown.windows = [window("Existing session detected")]
    docker: Facts = {Fact.PID: GATEWAY, Fact.PROGRAM: "docker-proxy"}
    assert look(handshake=S.SILENT, listener=(S.OK, docker)).symptom is S.UNKNOWN


def test_a_chart_is_a_window_that_waits_only_if_tws_is_not_logged_in(shown: Screen) -> None:
    shown.windows = [window("Anmeldung", is_dialog=False)]
    assert look(**CLOSED).symptom is S.DIALOG_OPEN
    assert look(handshake=S.SILENT).symptom is S.NO_DIALOG


def test_open_settings_are_a_fact_and_no_fault(shown: Screen) -> None:
    shown.windows = [window("DU1234567 Trader Workstation Configuration")]
    reading = look(**CLOSED)
    assert (reading.symptom, reading.detail) == (S.NO_DIALOG, "TWS shows its settings")
    assert dict(reading.facts) == {Fact.SETTINGS_WINDOW: "Trader Workstation Configuration"}


def test_no_account_leaves_the_sensor(shown: Screen) -> None:
    shown.windows = [window("Meldung zu DU1234567 von joe@example.com")]
    reading = look(**CLOSED)
    assert reading.symptom is S.DIALOG_OPEN
    assert "DU1234567" not in f"{reading.detail}{dict(reading.facts)}"
    assert "joe" not in f"{reading.detail}{dict(reading.facts)}"


def test_what_cannot_be_seen_is_unknown_and_says_why(shown: Screen) -> None:
    def fail() -> None:
        raise NoScreen("no screen here")

    shown.trouble = fail
    reading = look(**CLOSED)
    assert (reading.symptom, reading.detail) == (
        S.UNKNOWN,
        "windows cannot be seen here: no screen here",
    )


@pytest.mark.skipif(sys.platform != "linux", reason="as on Linux")
@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({}, "no screen here"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "Wayland shows no windows to others"),
    ],
)
def test_without_an_x11_screen_that_is_what_it_says(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], why: str
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert look(**CLOSED).detail == f"windows cannot be seen here: {why}"


def test_a_screen_that_hangs_is_given_up_and_asked_again_once_it_answers(
    shown: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "PATIENCE", 0.05)
    goes_on, sensor = threading.Event(), TwsWindows()
    shown.windows = [window("Password Notice")]
    shown.trouble = lambda: wait_on(goes_on)
    for _ in range(3):
        began = time.monotonic()
        assert "does not answer" in look(sensor, **CLOSED).detail
        assert time.monotonic() - began < 5
    assert shown.looks == 1, "one look at a time"
    goes_on.set()
    for thread in threading.enumerate():
        if thread.name == "screen":
            thread.join(60)
    monkeypatch.setattr(screen, "PATIENCE", 60)
    assert look(sensor, **CLOSED).symptom is S.DIALOG_OPEN


def test_a_failure_of_the_look_reaches_who_asked_for_it() -> None:
    with pytest.raises(KeyError):
        ScreenLook().run(lambda: dict[str, str]()["no such key"])


def test_a_window_is_raised_by_its_title_if_it_is_still_there(shown: Screen) -> None:
    shown.windows = [
        window("Existing session detected", STRANGER),
        window("IBKR Gateway", is_dialog=False),
        window("Hinweis DU1234567"),
    ]
    seen = evidence(**CLOSED, tws_windows=(S.DIALOG_OPEN, {Fact.WINDOW: "Hinweis"}))
    show_window(seen)
    assert shown.raised == ["Hinweis DU1234567"]
    shown.windows = [window("Existing session detected", STRANGER)]
    with pytest.raises(NoScreen, match="gone"):
        show_window(seen)
    assert len(shown.raised) == 1


def test_a_look_that_was_taken_is_repeated_soon_whatever_else_is_calm() -> None:
    for symptom in ON_SCREEN:
        assert poll_interval(symptom, 1_000, True, Limits(interval=600, quick=60)) == MIN_INTERVAL


def test_nothing_is_loaded_for_it_while_the_api_is_served() -> None:
    code = (
        "import asyncio, sys\n"
        "from traymon.sensors.tws_windows import TwsWindows\n"
        "from traymon.core.model import Evidence\n"
        "from traymon.core.target import Target\n"
        "asyncio.run(TwsWindows().poll(Evidence(Target('bot'), 0.0)))\n"
        "assert not {'Xlib', 'six', 'traymon.sensors.screen_x11'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
