"""The setup program for Windows: installs, starts, upgrades, refuses, and leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.colours import GREEN
from support.polling import wait_for
from support.setup_program import BUILT_WITHIN, SetupProgram, changes, files, registry
from support.wine import FAST, SLOW, Windows, windows_path
from traymon.sim.gateway import Running, running

DONE, NOTHING_DONE, WITHOUT_LOGIN = 0, 2, 3  # the exit codes

pytestmark = pytest.mark.timeout(BUILT_WITHIN + 600)


@pytest.fixture
def setup(windows: Windows, setup_path: Path) -> Iterator[SetupProgram]:
    setup = SetupProgram(windows, setup_path)
    yield setup
    windows.end()
    if (setup.folder / "uninstall.exe").exists():
        assert setup.uninstall("/PURGE") == DONE


def write_env(windows: Windows, gateway: Running) -> str:
    """Write the .env of a trading project; return its path as Windows knows it."""
    env = windows.folder / ".env"
    env.write_text(f"IB_PORT={gateway.port}\nTRAYMON_SESSION=off\n", encoding="utf-8")
    return windows_path(env)


def start(setup: SetupProgram) -> None:
    """Start traymon from the Start menu, as a click on it does."""
    command = ["wine", "start", "/unix", str(setup.menu_entry)]
    done = setup.windows.finished(command, SLOW, **FAST)
    assert done.returncode == 0, done.stderr


def ended(windows: Windows) -> int:
    return windows.log().count(": ended")


def test_it_installs_the_start_menu_starts_it_and_uninstalling_leaves_the_users_files_alone(
    setup: SetupProgram,
) -> None:
    windows = setup.windows
    before = files(windows), registry(windows)
    with running() as gateway:
        assert setup.run("/AUTOSTART=1", f"/ENV={write_env(windows, gateway)}") == DONE
        assert not list(setup.folder.rglob("bcryptprimitives.dll"))  # a part of Windows, not ours
        at_login = setup.traymon("autostart", "status")
        assert (at_login.returncode, b"with the settings in" in at_login.stdout) == (0, True)
        windows.end()  # so that the next program starts with the environment of the registry
        found = windows.finished(["wine", "cmd", "/c", "traymon --version"], SLOW * 2)
        assert found.stdout.startswith(b"traymon ")
        start(setup)
        windows.wait_until_it_shows(GREEN)
        wait_for(lambda: setup.traymon("status").returncode == 0, "its status", timeout=SLOW * 2)
        assert setup.traymon("quit").returncode == 0
    mine = setup.folder / "notes.txt"
    mine.write_text("the user's own")
    assert setup.uninstall() == DONE
    assert [path.name for path in setup.folder.iterdir()] == ["notes.txt"]
    assert windows.log()  # and so are its history and settings
    mine.unlink()
    setup.folder.rmdir()
    assert changes(before[0], files(windows)) == []
    assert registry(windows) == before[1]


def test_an_upgrade_ends_the_traymon_that_runs_and_starts_the_new_one(
    setup: SetupProgram,
) -> None:
    windows = setup.windows
    with running() as gateway:
        assert setup.run(f"/ENV={write_env(windows, gateway)}") == DONE
        start(setup)
        windows.wait_until_it_shows(GREEN)
        assert setup.run() == DONE
        assert ended(windows) == 1
        windows.wait_until_it_shows(GREEN)  # with the project's .env, which the entry has kept
        wait_for(lambda: setup.traymon("status").returncode == 0, "its status", timeout=SLOW * 2)


def test_one_without_an_icon_is_ended_and_what_does_not_end_is_left_as_it_is(
    setup: SetupProgram,
) -> None:
    windows = setup.windows
    assert setup.run() == DONE
    before = files(windows)
    program = str(setup.folder / "traymon.exe")
    with running() as gateway:
        windows.start_program(["wine", program, "--no-tray", "--port", str(gateway.port)])
        wait_for(lambda: setup.traymon("status").returncode == 0, "its status", timeout=SLOW * 2)
        assert setup.run() == DONE
        assert ended(windows) == 1
    windows.end()
    windows.start_program(["wine", program, "simulate", "healthy"], "gateway")
    wait_for(lambda: "47497" in windows.desktop.log("gateway"), "the simulator", timeout=SLOW)
    assert setup.run() == NOTHING_DONE
    assert setup.uninstall() == NOTHING_DONE
    windows.end()
    assert changes(before, files(windows)) == []


def test_a_project_that_is_not_there_stops_it_at_once(setup: SetupProgram) -> None:
    assert setup.run("/AUTOSTART=1", r"/ENV=C:\none\.env") == NOTHING_DONE
    assert not setup.folder.exists()


def test_start_at_login_that_fails_is_told_by_the_exit_code(setup: SetupProgram) -> None:
    env = setup.windows.folder / ".env"
    env.write_text("IB_PORT=none\n")
    assert setup.run("/AUTOSTART=1", f"/ENV={windows_path(env)}") == WITHOUT_LOGIN
    assert (setup.folder / "traymon.exe").is_file()
