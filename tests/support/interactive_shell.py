"""A shell at a terminal, with a `traymon` on its PATH that only notes how it was started."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Self

import pytest

from support.polling import wait_for
from support.user_env import user_env

# How each is started without anybody's own settings.
COMMANDS = {
    "bash": ["bash", "--noprofile", "--norc", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "--interactive"],
}


class InteractiveShell:
    """Types into a shell, as a user does. A context manager; the test is skipped without one."""

    _terminal: int
    _process: subprocess.Popen[bytes]

    def __init__(self, shell: str, home: Path) -> None:
        self.shell, self.folder = shell, home
        self._record = home / "started"
        bin_folder = home / "bin"
        bin_folder.mkdir()
        program = bin_folder / "traymon"
        program.write_text(f'#!/bin/sh\necho "$@" >> "{self._record}"\n')
        program.chmod(0o755)
        path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
        self._env = user_env(home) | {"PATH": path, "TERM": "vt100", "HISTFILE": ""}
        self._output = ""

    def __enter__(self) -> Self:
        if not sys.platform.startswith("linux") or shutil.which(self.shell) is None:
            pytest.skip(f"needs Linux and {self.shell}")
        ours, theirs = os.openpty()
        self._terminal = ours
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *COMMANDS[self.shell]],
            cwd=self.folder,
            env=self._env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def run(self, command: str) -> None:
        """Run a command and wait for its end."""
        done = self.folder / "done"
        self.type(f"{command}; echo > {done}\r")
        wait_for(lambda: self._read() and done.exists(), f"the end of {command}")
        done.unlink()

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._terminal, keys.encode())

    def wait_for_text(self, text: str) -> None:
        """Wait until the terminal shows a text that it has not shown before."""
        wait_for(lambda: self._read() and text in self._output, f"{text!r} in {self._output!r}")
        self._output = self._output.partition(text)[2]

    def starts(self) -> list[str]:
        """Return the arguments of every start of traymon."""
        return self._record.read_text().splitlines() if self._record.exists() else []

    def next_start(self, number: int) -> str:
        """Wait until traymon has been started so many times; return the last one's arguments."""
        wait_for(lambda: self._read() and len(self.starts()) >= number, f"start {number}")
        return self.starts()[number - 1]

    def _read(self) -> bool:
        """Take what the terminal shows: a full one would hold up the shell."""
        while select.select([self._terminal], [], [], 0)[0]:
            self._output += os.read(self._terminal, 65536).decode(errors="replace")
        return True
