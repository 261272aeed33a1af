"""What `traymon autostart` writes, and what it says of what it finds.

The commands run in a fresh home. Whether a desktop starts what was written:
test_start_at_login.py.
"""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.polling import wait_for
from support.traymon_process import IsolatedTraymon
from support.user_env import NO_RESETS

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Linux's own files")

# spaces, quotes, what a shell or a format would take for its own, letters beyond ASCII
ODD = "mit Umläuten $HOME `x` 'q' \"d\" 100% %f \\b;&~"


class Home:
    """A user's home, in which commands of traymon run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config"
        self.project = folder / "project"
        self.project.mkdir()
        self._traymon = IsolatedTraymon(folder, self.project)
        for name in NO_RESETS:  # what the environment alone sets is named
            del self._traymon.env[name]
        self.entry = self.config / "autostart" / "traymon.desktop"
        self.unit = self.config / "systemd" / "user" / "traymon.service"

    def autostart(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return self._traymon.run("autostart", *arguments, **env)

    def files(self) -> set[str]:
        """What stands in the configuration folder; commands keep state elsewhere."""
        return {path.relative_to(self.config).as_posix() for path in self.config.rglob("*")}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def recorder(folder: Path) -> tuple[Path, Path]:
    """Return a program that writes its arguments down, one a line, and where."""
    folder.mkdir()
    program, said = folder / "traymon-tray", folder.parent / "said"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{said}.new"; mv "{said}.new" "{said}"\n')
    program.chmod(0o755)
    return program, said


# --- the command, on Linux


@linux_only
def test_it_is_switched_on_and_off_and_leaves_nothing(home: Home) -> None:
    said = home.autostart("status")
    assert (said.returncode, said.stdout) == (1, "Start at login is off.\n")

    assert home.autostart("on").returncode == 0
    assert home.files() == {"autostart", "autostart/traymon.desktop"}
    said = home.autostart("status")
    assert said.returncode == 0
    assert said.stdout == f"Start at login is on, without a project's .env ({home.entry}).\n"

    assert home.autostart("off").returncode == 0
    assert home.autostart("status").returncode == 1
    assert home.files() == set()


@linux_only
def test_the_entry_watches_what_is_watched_here(home: Home) -> None:
    settings = home.project / ".env"
    settings.write_text("IB_PORT=4002\n")

    said = home.autostart("on", "--host", "127.0.0.2")

    assert said.returncode == 0
    assert f"with the settings in {settings}" in said.stdout
    entry = home.entry.read_text()
    assert f"traymon-tray run --at-login --env {settings} --host 127.0.0.2\n" in entry
    other = home.folder / "other.env"
    other.write_text("IB_PORT=4001\n")
    assert home.autostart("on", "--env", "../other.env").returncode == 0
    assert f"--env {home.project}/../other.env\n" in home.entry.read_text()


@linux_only
def test_what_the_environment_alone_says_is_named_for_a_login_does_not_know_it(home: Home) -> None:
    said = home.autostart("on", IB_PORT="4002")
    assert said.returncode == 0
    assert said.stderr == "Set only in this terminal, so it will not apply at login: IB_PORT\n"


@linux_only
def test_settings_with_a_mistake_are_not_switched_on(home: Home) -> None:
    (home.project / ".env").write_text("IB_PORT=74970\n")
    said = home.autostart("on")
    assert said.returncode == 3
    assert "IB_PORT=74970" in said.stderr
    assert not home.entry.exists()


@linux_only
def test_a_unit_takes_the_entrys_place_and_the_other_way_round(home: Home) -> None:
    assert home.autostart("on").returncode == 0
    assert home.autostart("on", "--systemd").returncode == 0
    assert not home.entry.parent.exists()
    link = home.unit.parent / "graphical-session.target.wants" / "traymon.service"
    assert link.resolve() == home.unit
    assert str(home.unit) in home.autostart("status").stdout

    link.unlink()  # as `systemctl --user disable` does
    said = home.autostart("status")
    assert (said.returncode, "not enabled" in said.stdout) == (1, True)

    assert home.autostart("on").returncode == 0
    assert not (home.config / "systemd").exists()
    assert home.autostart("on", "--systemd").returncode == 0
    assert home.autostart("off").returncode == 0
    assert home.files() == set()


@linux_only
@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_an_entry_that_the_desktop_switched_off_is_off_and_on_mends_it(
    home: Home, line: str
) -> None:
    home.autostart("on")
    with home.entry.open("a") as entry:
        entry.write(f"{line}\n")
    said = home.autostart("status")
    assert said.returncode == 1
    assert said.stdout == f"Start at login is off: {home.entry} says {line}.\n"
    assert home.autostart("on").returncode == 0


@linux_only
@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("Exec=/gone/bin/traymon-tray run", "/gone/bin/traymon-tray"),
        ('Exec="/gone/with space/traymon" run', "/gone/with space/traymon"),
        ("Exec=sh --env /gone/.env", "/gone/.env"),
        ("Name=no program", "no program"),
    ],
)
def test_an_entry_that_names_what_is_gone_does_not_count_as_on(
    home: Home, line: str, missing: str
) -> None:
    home.entry.parent.mkdir(parents=True)
    home.entry.write_text(f"[Desktop Entry]\n{line}\n")
    said = home.autostart("status")
    assert said.returncode == 1
    assert f"names {missing}, which does not exist" in said.stdout


@linux_only
@pytest.mark.skipif(sys.platform != "win32" and os.geteuid() == 0, reason="root is never refused")
def test_a_folder_that_may_not_be_written_is_one_clear_line(home: Home) -> None:
    home.config.mkdir(mode=0o500)
    check_refused(home)


@linux_only
def test_a_file_where_the_folder_should_be_is_one_clear_line(home: Home) -> None:
    home.config.write_text("no folder")
    check_refused(home)


def check_refused(home: Home) -> None:
    said = home.autostart("on")
    assert said.returncode == 3
    assert said.stdout == ""
    (line,) = said.stderr.splitlines()
    assert line.startswith("Cannot change or read start at login: ")
    assert str(home.config) in line


def test_an_unknown_action_is_misuse(home: Home) -> None:
    said = home.autostart("perhaps")
    assert said.returncode == 3
    assert "Use on, off or status" in said.stderr


# --- the files


@linux_only
@pytest.mark.skipif(shutil.which("gio") is None, reason="needs: apt install libglib2.0-bin")
def test_glib_starts_what_the_entry_names_whatever_letters_it_is_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from traymon.autostart import linux

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    program, said = recorder(tmp_path / ODD)
    arguments = ["run", "--env", str(program), ODD, "", "a=b", "~"]

    linux.turn_on([str(program), *arguments])

    assert linux.state().on
    entry = tmp_path / "config" / "autostart" / "traymon.desktop"
    subprocess.run(["gio", "launch", str(entry)], check=True, timeout=60)
    wait_for(said.exists, "the start of the program")  # gio does not wait for it
    assert said.read_text().splitlines() == arguments
    program.unlink()
    assert not linux.state().on


@linux_only
def test_systemd_takes_the_unit_whatever_letters_it_is_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from traymon.autostart import linux

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    program, _ = recorder(tmp_path / ODD)

    linux.turn_on([str(program), "run", "--env", str(program), ODD], systemd=True)

    assert linux.state().on
    assert str(program) in linux.state().says
    unit = tmp_path / "config" / "systemd" / "user" / "traymon.service"
    assert "$" not in unit.read_text().replace("$$", "")  # or systemd fills in a variable
    if shutil.which("systemd-analyze"):
        done = subprocess.run(
            ["systemd-analyze", "--user", "verify", str(unit)],
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
    program.unlink()
    assert not linux.state().on


def test_a_name_with_a_line_break_is_refused() -> None:
    from traymon import autostart

    with pytest.raises(ValueError, match="control character"):
        autostart.turn_on(["--env", "/a\nb/.env"])


def test_the_mac_agent_is_written_read_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from traymon.autostart import macos

    monkeypatch.setenv("HOME", str(tmp_path))
    assert not macos.state().on
    settings = tmp_path / ".env"
    settings.touch()
    command = [sys.executable, "run", "--at-login", "--env", str(settings)]

    macos.turn_on(command)

    (agent,) = (tmp_path / "Library" / "LaunchAgents").iterdir()
    assert plistlib.loads(agent.read_bytes()) == {
        "Label": "traymon",
        "ProgramArguments": command,
        "RunAtLoad": True,
        "ProcessType": "Interactive",
        "LimitLoadToSessionType": "Aqua",
    }
    assert macos.state().on
    assert str(settings) in macos.state().says
    settings.unlink()
    assert not macos.state().on
    agent.write_bytes(b"<plist>")
    assert "cannot be read" in macos.state().says
    macos.turn_off()
    assert not agent.exists()
    macos.turn_off()
