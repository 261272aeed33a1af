"""Notifications where the channels fail: no bus, a deaf one, plyer's defects. Never an exception.

Notifications that are delivered, and clicks, are the desktop tests'. plyer chooses its channel once
per process, so each case has a process of its own.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.polling import PATIENCE, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's channels")

NOTIFY = """
import json, sys, time
sys.modules["dbus"] = None  # Debian's own, which plyer prefers where the venv can see it
from traymon.ui.notification_text import NotificationText
from traymon.ui.notify.channel import Clicks
from traymon.ui.notify.notifier import Notifier

setting, *texts = sys.argv[1:]
troubles = []
notifier = Notifier(Clicks(print), troubles.append, setting)
began = time.monotonic()
for text in texts:
    title, _, body = text.partition("|")
    notifier.notify("bot", lambda text=NotificationText(title, body, True): text)
posted = time.monotonic() - began
notifier.stop()
print(json.dumps({"troubles": troubles, "posted": posted, "all": time.monotonic() - began}))
"""
# Seconds that a busy machine takes to hand a notification over; far less than what is waited for
# where a bus is deaf or a program hangs.
NOT_HELD_UP = 2.0
RECORDS = """#!{python}
import json, sys
with open({file!r}, "a") as file:
    print(json.dumps(sys.argv[1:]), file=file)
"""


class Machine:
    """A user's session without a desktop: a bus or none, and a `notify-send` or none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._record = folder / "sent"
        self.environ = {
            "PATH": str(folder),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus",
            "XDG_RUNTIME_DIR": str(folder),
        }

    def has_notify_send(self, script: str = RECORDS) -> None:
        program = self._folder / "notify-send"
        program.write_text(script.format(python=sys.executable, file=str(self._record)))
        program.chmod(0o755)

    @property
    def sent(self) -> list[list[str]]:
        """Title and body of what came to `notify-send`."""
        if not self._record.exists():
            return []
        return [json.loads(line)[:2] for line in self._record.read_text().splitlines()]

    def notify(self, *texts: str, setting: str = "auto") -> dict[str, Any]:
        """Send notifications, `title|body` each, and return what the notifier told."""
        environ = {name: value for name, value in os.environ.items() if name.startswith("PYTHON")}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", NOTIFY, setting, *texts],
            env={**environ, **self.environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        assert told["posted"] < NOT_HELD_UP, "whoever sends a notification is not held up"
        return told


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def unix_socket() -> socket.socket:
    if sys.platform == "win32":
        pytest.skip("no Unix sockets")
    return socket.socket(socket.AF_UNIX)


class Bus:
    """A session bus that answers nothing, or nonsense to every one who comes."""

    def __init__(self, path: Path, answer: bytes) -> None:
        self.visits = 0
        self._answer = answer
        self._visitors: list[socket.socket] = []
        self._listener = unix_socket()
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            visitor, _ = self._listener.accept()
            self._visitors.append(visitor)
            if self._ended:
                return
            self.visits += 1
            if self._answer:
                visitor.sendall(self._answer)

    _ended = False

    def end(self) -> None:
        self._ended = True
        with unix_socket() as last:  # wakes the thread
            last.connect(self._listener.getsockname())
            self._thread.join(PATIENCE)
        for sock in (self._listener, *self._visitors):
            sock.close()


@pytest.fixture(params=["absent", "deaf", "mad"])
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "absent":
        yield request.param
        return
    bus = Bus(tmp_path / "bus", b"\xff\x00 HTTP/1.1 400\r\n" if request.param == "mad" else b"")
    yield request.param
    bus.end()


def test_without_a_usable_bus_plyer_sends_the_notification(machine: Machine, bus: str) -> None:
    machine.has_notify_send()
    told = machine.notify("Port 7497 is silent|Restart TWS.")
    assert machine.sent == [["Port 7497 is silent", "Restart TWS. · traymon"]]
    assert told["troubles"] == [""]


def test_without_any_channel_the_trouble_names_each(machine: Machine, bus: str) -> None:
    (trouble,) = machine.notify("Port 7497 is silent|Restart TWS.")["troubles"]
    first, second = trouble.split("; ")
    assert first.startswith("D-Bus: ")
    assert second.startswith("plyer: NotImplementedError")


@pytest.mark.parametrize("setting", ["off", "plyer"])
def test_a_channel_that_is_switched_off_is_not_touched(
    machine: Machine, tmp_path: Path, setting: str
) -> None:
    machine.has_notify_send()
    bus = Bus(tmp_path / "bus", b"")
    try:
        told = machine.notify("title|body", setting=setting)
    finally:
        bus.end()
    assert bus.visits == 0
    assert machine.sent == ([["title", "body · traymon"]] if setting == "plyer" else [])
    assert told["troubles"] == ([""] if setting == "plyer" else [])


# In a body, which is markup, `<` and `&` are replaced by what looks like them.
LESS, AND = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", "\N{FULLWIDTH AMPERSAND}"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("-u|--help", [" -u", " --help · traymon"]),  # or notify-send takes them for options
        (
            "a < b|<a href='x'>y</a> & z",
            ["a < b", f"{LESS}a href='x'>y{LESS}/a> {AND} z · traymon"],
        ),
        ("取引 ✓|'; rm -rf $HOME; \"", ["取引 ✓", "'; rm -rf $HOME; \" · traymon"]),
    ],
)
def test_what_notify_send_would_misread_comes_out_as_text(
    machine: Machine, text: str, sent: list[str]
) -> None:
    machine.has_notify_send()
    assert machine.notify(text, setting="plyer")["troubles"] == [""]
    assert machine.sent == [sent]


def test_a_notification_that_fails_does_not_stop_the_next(machine: Machine) -> None:
    machine.has_notify_send("#!/no/such/interpreter\n")
    told = machine.notify("one|1", "two|2", setting="plyer")
    assert [trouble[:24] for trouble in told["troubles"]] == ["plyer: FileNotFoundError"] * 2


def test_a_notify_send_that_fails_behind_plyer_has_delivered_nothing(machine: Machine) -> None:
    machine.has_notify_send("#!/bin/sh\necho No such service >&2\nexit 1\n")
    told = machine.notify("one|1", setting="plyer")
    assert told["troubles"] == ["plyer: ChildProcessError: notify-send: No such service"]


def test_a_channel_that_hangs_holds_up_neither_the_caller_nor_the_end(
    machine: Machine, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    machine.has_notify_send(
        "#!{python}\nimport os, time\n"
        f"with open({str(pid)!r}, 'w') as file:\n    file.write(str(os.getpid()))\n"
        "os.closerange(0, 3)  # or it would hold up whoever reads the notifier's output\n"
        "time.sleep(300)\n"
    )
    try:
        told = machine.notify("title|body", setting="plyer")
        assert told["troubles"] == []
    finally:
        if sys.platform == "win32":
            pytest.skip("Unix sockets and signals")
        wait_for(lambda: pid.exists() and pid.read_text(), "what hangs")
        os.kill(int(pid.read_text()), signal.SIGKILL)
