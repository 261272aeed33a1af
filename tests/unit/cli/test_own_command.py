"""The command that pages print: quoted for its shell, and found by every new terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from traymon.cli import own_command
from traymon.cli.common import read_settings
from traymon.cli.own_command import own_commands, typed
from traymon.cli.run import name_settings
from traymon.cli.settings_process import SettingsRequest

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="programs that are shell scripts")


@pytest.mark.parametrize(
    ("program", "as_typed"),
    [
        ("traymon", "traymon"),
        (r"C:\Users\ann\traymon\traymon.exe", r"C:\Users\ann\traymon\traymon.exe"),
        (r"C:\Users\Jörg\traymon.exe", r"C:\Users\Jörg\traymon.exe"),
        (r"C:\Program Files\traymon.exe", r'& "C:\Program Files\traymon.exe"'),
        (r"C:\Users\O'Neil\traymon.exe", r'''& "C:\Users\O'Neil\traymon.exe"'''),
        (r"C:\a,b\traymon.exe", r'& "C:\a,b\traymon.exe"'),
        (r"C:\1 $HOME\traymon.exe", r"& 'C:\1 $HOME\traymon.exe'"),
        ("C:\\$it's \u2019s\\traymon.exe", "& 'C:\\$it''s \u2019\u2019s\\traymon.exe'"),
        (r"C:\a`n\traymon.exe", r"& 'C:\a`n\traymon.exe'"),
        ("C:\\\u201cx\u201d\\traymon.exe", "& 'C:\\\u201cx\u201d\\traymon.exe'"),
        (r"\\server\share\traymon.exe", r"\\server\share\traymon.exe"),
    ],
)
def test_powershell_calls_the_program_whatever_its_path(program: str, as_typed: str) -> None:
    assert typed([program, "check"], for_powershell=True) == f"{as_typed} check"


@pytest.mark.parametrize(
    ("option", "as_typed"),
    [
        ("--env", "--env"),
        ("-", '"-"'),
        ("", '""'),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("@host", '"@host"'),
        ("a;b", '"a;b"'),
        ("{x}", '"{x}"'),
    ],
)
def test_powershell_takes_each_option_as_one_word(option: str, as_typed: str) -> None:
    assert typed(["traymon", "check", option], for_powershell=True) == f"traymon check {as_typed}"


def test_check_and_wait_name_the_settings_and_the_program_alone_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_command, "_program", lambda: ("traymon",))
    monkeypatch.setattr(own_command, "typed", lambda words: typed(words, for_powershell=False))
    commands = own_commands(["--env", "/home/ann/my bot/.env", "--port", "4002"], "2")
    assert commands.traymon == "traymon"
    assert commands.check == "traymon check --env '/home/ann/my bot/.env' --port 4002 --timeout 2"
    # there, `--timeout` is when to give up
    assert commands.wait == "traymon wait --env '/home/ann/my bot/.env' --port 4002"


def test_the_traymon_that_stays_names_the_file_that_it_found_and_a_command_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its page is read beside a terminal in any folder; a command prints into its own terminal."""
    monkeypatch.setattr(own_command, "_program", lambda: ("traymon",))
    (tmp_path / ".env").write_text("TRAYMON_SESSION=off\n")
    request = SettingsRequest(port="4002", timeout="2", folder=str(tmp_path))
    here = read_settings(request)
    assert here.targets[0].target.commands.check == "traymon check --port 4002 --timeout 2"
    anywhere = name_settings(here, request).targets[0].target.commands
    options = typed(["--env", str(tmp_path / ".env"), "--port", "4002"])
    assert anywhere.check == f"traymon check {options} --timeout 2"
    assert anywhere.wait == f"traymon wait {options}"


# --- which traymon


class Installation:
    """An environment with its launcher, and a folder on PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environment, self.programs = folder / "environment", folder / "programs"
        for new in (self.environment / "bin", self.programs):
            new.mkdir(parents=True)
        self.launcher = self.environment / "bin" / own_command.LAUNCHER
        self.launcher.write_text("#!/bin/sh\necho this one\n")
        self.launcher.chmod(0o755)
        monkeypatch.setattr(sys, "prefix", str(self.environment))
        monkeypatch.setattr(sys, "base_prefix", str(folder))
        monkeypatch.setattr(own_command, "launcher_folders", lambda: [self.launcher.parent])
        self._monkeypatch = monkeypatch
        self.set_path(self.programs)

    def set_path(self, *folders: Path) -> None:
        self._monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))

    def command(self) -> str:
        own_command._program.cache_clear()
        return own_commands().traymon


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    yield Installation(tmp_path, monkeypatch)
    own_command._program.cache_clear()


@posix_only
def test_a_link_or_a_copy_on_path_makes_the_name_enough(installation: Installation) -> None:
    on_path = installation.programs / own_command.LAUNCHER
    on_path.symlink_to(installation.launcher)  # as uv and pipx do
    assert installation.command() == "traymon"
    on_path.unlink()
    shutil.copy(installation.launcher, on_path)  # as uv does on Windows
    assert installation.command() == "traymon"


@posix_only
def test_another_traymon_on_path_is_not_taken_for_this_one(installation: Installation) -> None:
    on_path = installation.programs / own_command.LAUNCHER
    on_path.write_text("#!/bin/sh\necho another one\n")
    on_path.chmod(0o755)
    assert installation.command() == str(installation.launcher)


@posix_only
def test_what_is_on_path_in_this_terminal_alone_is_named_whole(installation: Installation) -> None:
    installation.set_path(installation.launcher.parent)  # an environment that is activated
    assert installation.command() == str(installation.launcher)


@posix_only
@pytest.mark.parametrize("path", [[], ["gone"]])
def test_without_path_it_is_named_whole(path: list[str], installation: Installation) -> None:
    installation.set_path(*map(Path, path))
    assert installation.command() == str(installation.launcher)


@posix_only
def test_without_a_launcher_python_starts_it(installation: Installation) -> None:
    installation.launcher.unlink()
    command = installation.command()
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} --version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith("traymon ")
    assert "-m traymon" in command
