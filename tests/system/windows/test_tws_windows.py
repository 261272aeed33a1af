"""The windows of another program on Windows: named by their titles, and raised."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support.polling import wait_for
from support.wine import SLOW, Windows
from traymon.sim.stage_props import nobody_listens

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("no_other_lookalikes")]

# A main window, and a dialog that belongs to it; minimised, if that is asked for.
SHOW = """
import ctypes, sys
from ctypes import wintypes
user32 = ctypes.WinDLL("user32")
create = user32.CreateWindowExW
create.restype = wintypes.HWND
create.argtypes = [
    wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD, *[ctypes.c_int] * 4,
    wintypes.HWND, wintypes.HMENU, wintypes.HINSTANCE, wintypes.LPVOID,
]
VISIBLE = 0x10CF0000
main = create(0, "STATIC", "IBKR Gateway", VISIBLE, 0, 0, 300, 200, None, None, None, None)
create(0, "STATIC", sys.argv[1], VISIBLE, 50, 50, 200, 100, main, None, None, None)
message = wintypes.MSG()
while user32.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
    user32.DispatchMessageW(ctypes.byref(message))
"""
# Minimises the dialog, raises what was reported, and prints whether it was and is minimised.
RAISE = """
import asyncio, ctypes, time
from traymon.core.model import Evidence, Reading
from traymon.core.target import Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors import screen_win32
from traymon.sensors.tws_windows import TwsWindows, show_window
MINIMISE = 6
user32 = ctypes.WinDLL("user32")
user32.FindWindowW.restype = ctypes.c_void_p
dialog = ctypes.c_void_p(user32.FindWindowW(None, "Hinweis"))
user32.ShowWindow(dialog, MINIMISE)
was = user32.IsIconic(dialog)
seen = Evidence(Target("bot"), 0.0)
seen = seen.with_reading(Reading(SensorName.HANDSHAKE, Symptom.REFUSED))
reading = asyncio.run(TwsWindows().poll(seen))
show_window(seen.with_reading(reading))
deadline = time.monotonic() + 30
while user32.IsIconic(dialog) and time.monotonic() < deadline:
    time.sleep(0.01)
print(reading.detail, bool(was), bool(user32.IsIconic(dialog)))
class WithoutFocus:
    "A Windows that gives another program the focus, so that the window is only put on top."
    def SetForegroundWindow(self, window):
        return 0
    def __getattr__(self, name):
        return getattr(user32, name)
library = screen_win32._library
screen_win32._library = lambda name: WithoutFocus() if name == "user32" else library(name)
show_window(seen.with_reading(reading))
"""


@contextmanager
def gateway_shows(windows: Windows, title: str, name: str = "ibgateway.exe") -> Iterator[None]:
    """Run a program of that name that has a main window and a dialog."""
    python, folder = windows.setup / "python", windows.folder / name.removesuffix(".exe")
    folder.mkdir()
    for part in python.iterdir():
        (folder / part.name).symlink_to(part)
    shutil.copyfile(python / "python.exe", folder / name)
    script = folder / "show.py"
    script.write_text(SHOW, encoding="utf-8")
    process = subprocess.Popen(
        ["wine", str(folder / name), str(script), title],
        env=windows.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: is_open(windows, title), f"the window {title}", SLOW)
        yield
    finally:
        windows.end()
        process.wait(30)


def is_open(windows: Windows, title: str) -> bool:
    return title in [one["text"] for one in windows.shell("windows") if one["visible"]]


def check(windows: Windows, port: int) -> tuple[str, str]:
    """Return the code, and what was seen of the windows."""
    done = windows.traymon("check", "--json", "--port", str(port))
    result = json.loads(done.stdout)
    readings = {reading["sensor"]: reading for reading in result["readings"]}
    return result["code"], readings["tws_windows"]["detail"]


def test_a_window_of_tws_is_named_and_one_of_another_program_is_not(windows: Windows) -> None:
    with (
        nobody_listens(0) as port,
        gateway_shows(windows, "Existing session detected", "notepad2.exe"),
        gateway_shows(windows, "Anmeldung für DU1234567", "tws.exe"),
    ):
        assert check(windows, port) == ("dialog-open", "TWS shows: Anmeldung für")


def test_a_window_that_is_minimised_is_brought_back(windows: Windows) -> None:
    with gateway_shows(windows, "Hinweis"):
        done = windows.run("-c", RAISE)
    assert done.stdout.decode("cp1252").split() == ["TWS", "shows:", "Hinweis", "True", "False"]
    assert done.stderr == b""
