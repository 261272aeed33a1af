"""traymon's commands by a real Windows Python: consoles, folders, sockets, the registry."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from support.polling import wait_for
from support.wine import SLOW, Windows
from traymon.sim.gateway import running

pytestmark = pytest.mark.timeout(600)

RUN = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"


def test_a_console_without_a_tick_and_a_folder_with_an_umlaut_are_no_trouble(
    windows: Windows,
) -> None:
    with running() as gateway:
        (windows.folder / ".env").write_text(f"IB_PORT={gateway.port}\n")
        done = windows.traymon("check")
        said = done.stdout.decode("cp1252")
        assert (done.returncode, done.stderr) == (0, b"")
        assert f"traymon check: Jörg's Handel, 127.0.0.1:{gateway.port}" in said
        assert "+ Test 1: Port Connectivity" in said
        assert "+ IB API handshake completed successfully!" in said
        assert "?" not in said


def test_every_page_can_be_printed_where_there_is_no_tick(windows: Windows) -> None:
    done = windows.run("-c", EVERY_PAGE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Enable ActiveX and Socket Clients" in done.stdout.decode("cp1252")


EVERY_PAGE = """
from traymon.cli.common import new_console
from traymon.cli.streams import protect_streams
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui.check_text import explanation
protect_streams()
console = new_console()
for code in ENTRIES:
    console.print(explanation(code))
"""


def test_the_socket_table_tells_who_listens_and_names_no_owner_that_it_does_not_show(
    windows: Windows,
) -> None:
    with running() as gateway:  # a program of another system: Windows gives it the number 0
        found = sensor(check(windows, "--port", str(gateway.port)), "listener")
        assert found["symptom"] == "ok"
        assert {"pid", "program"}.isdisjoint(found["facts"])
    found = sensor(check(windows, "--port", str(gateway.port)), "listener")
    assert found["symptom"] == "nobody-listens"


@pytest.mark.parametrize(
    ("host", "symptom"),
    [
        ("127.0.0.1", "refused"),  # WinError 10061, or 1225 by asyncio's proactor
        ("localhost", "refused"),
        ("no-such-host.invalid", "unresolved"),  # 11001
        ("192.0.2.1", "unreachable"),  # 10051, or 1231; RFC 5737 keeps it for examples
        ("::1", "refused"),
    ],
)
def test_the_errors_of_winsock_are_told_apart(host: str, symptom: str, windows: Windows) -> None:
    found = check(windows, "--host", host, "--port", "7499", "--timeout", "0.5")
    assert sensor(found, "handshake")["symptom"] == symptom, sensor(found, "handshake")


def check(windows: Windows, *options: str) -> dict[str, Any]:
    """Return what one look found."""
    done = windows.traymon("check", "--json", *options)
    assert done.returncode in (0, 1, 2), done.stderr.decode(errors="replace")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def sensor(found: dict[str, Any], name: str) -> dict[str, Any]:
    """Return one sensor's reading."""
    readings: list[dict[str, Any]] = found["readings"]
    return next(reading for reading in readings if reading["sensor"] == name)


def test_without_a_console_a_mistake_in_the_settings_is_logged_and_told(windows: Windows) -> None:
    (windows.folder / ".env").write_text("IB_PORT=seven\n")

    with windows.started_by_explorer(
        windows.pythonw, "-m", "traymon", "--env", windows.windows_file(".env")
    ) as process:
        title = "traymon could not start"
        wait_for(lambda: windows.shell("close", title), "the dialog", timeout=SLOW)
        assert process.wait(SLOW) == 3
    assert "IB_PORT=seven" in windows.log()


def test_without_a_console_it_watches_and_keeps_its_log_and_answers_programs(
    windows: Windows,
) -> None:
    with running() as gateway:
        started = windows.started_by_explorer(
            windows.pythonw, "-m", "traymon", "--port", str(gateway.port)
        )
        with started as process:
            wait_for(lambda: "starting -> healthy" in windows.log(), "green", timeout=SLOW)
            assert process.poll() is None
            # these Windows tests do without a session
            wait_for(lambda: b"(session-off)" in windows.traymon("gate").stdout, timeout=SLOW)
            assert windows.traymon("gate").returncode == 1
    assert b"(not-running)" in windows.traymon("gate").stdout


def test_start_at_login_stands_in_the_registry_and_is_taken_out_again(windows: Windows) -> None:
    env = windows.folder / ".env"
    env.write_text("IB_PORT=7497\n")
    on = windows.traymon("autostart", "on")
    assert on.returncode == 0, on.stderr
    entry = registry(windows, RUN)
    assert '\\.env"' in entry
    assert "--at-login" in entry
    assert windows.traymon("autostart", "status").returncode == 0
    assert windows.traymon("autostart", "off").returncode == 0
    assert "traymon" not in registry(windows, RUN)
    assert windows.traymon("autostart").returncode == 1


def test_task_managers_switch_is_heeded_and_on_clears_it(windows: Windows) -> None:
    done = windows.run("-c", TASK_MANAGER)
    assert (done.returncode, done.stderr) == (0, b"")


TASK_MANAGER = """
import sys, winreg
from traymon.autostart import windows

def mark(first):
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, windows.APPROVED_KEY) as key:
        winreg.SetValueEx(key, windows.NAME, 0, winreg.REG_BINARY, bytes([first, *[0] * 11]))

command = [sys.executable, "run", "--env", windows.__file__]
try:
    windows.turn_on(command)
    assert windows.state().on
    mark(3)
    assert not windows.state().on
    assert "Task Manager" in windows.state().says
    windows.turn_on(command)
    assert windows.state().on
    mark(2)
    assert windows.state().on
    try:
        windows.turn_on([*command, "x" * 260])
    except ValueError as error:
        assert "Windows takes 260 characters" in str(error)
    else:
        raise AssertionError("it was taken")
    assert windows.state().on
finally:
    windows.turn_off()
assert not windows.state().on
windows.turn_off()
"""


def registry(windows: Windows, key: str) -> str:
    """Return what the registry has under a key."""
    done = subprocess.run(
        ["wine", "reg", "query", key],
        env=windows.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=SLOW,
    )
    return done.stdout.decode("ascii", errors="replace")  # it prints in a code page of its own


def test_a_test_notification_is_shown_as_a_balloon_and_its_click_arrives(windows: Windows) -> None:
    asking = windows.start("-m", "traymon", "test-notify")

    def said() -> str:
        return windows.desktop.log("traymon")

    wait_for(lambda: "balloon: sent; reports clicks" in said(), "its word", timeout=SLOW)
    windows.shell("post", "0x40B", "0", "0x405")
    wait_for(lambda: "The click arrived" in said(), "the click", timeout=SLOW)
    assert asking.wait(SLOW) == 0
