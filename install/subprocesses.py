"""Starts other programs, shut off from what the user has set for programs of their own.

Shared by the scripts beside it; like them, must parse and run on Python 3.6.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

OUTPUT_TIMEOUT = 20  # seconds
LOCK_POLL_INTERVAL = 0.1  # seconds

# The user's settings of where packages come from, how to reach them, and where uv keeps its tools.
# The others (user, target, prefix, constraint, ...) are meant for other installs and would put
# packages elsewhere, or fetch others.
PASSED_SETTINGS = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_NO_INDEX",
    "PIP_FIND_LINKS",
    "PIP_TRUSTED_HOST",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_PROXY",
    "PIP_TIMEOUT",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_RETRIES",
    "PIP_CACHE_DIR",
    "PIP_NO_CACHE_DIR",
    "PIP_KEYRING_PROVIDER",
    "PIP_CONFIG_FILE",
    "PIP_USE_FEATURE",
    "PIP_USE_DEPRECATED",
    "UV_CACHE_DIR",
    "UV_LINK_MODE",
    "UV_TOOL_BIN_DIR",
    "UV_TOOL_DIR",
)


class InstallError(Exception):
    """Why setup is impossible: a sentence, then how to fix it or the output of a program."""


def say(line: str) -> None:
    """Print one line to stderr."""
    print(line, file=sys.stderr, flush=True)


def clean_environ() -> "dict[str, str]":
    """Return the environment without variables that would lead our Python to other packages."""
    environ = {
        name: value
        for name, value in os.environ.items()
        # The third would have each process that a test starts compile some 180 modules again.
        if name not in ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
        and (not name.startswith(("PIP_", "UV_")) or name in PASSED_SETTINGS)
    }
    # These override a pip.conf with `user = true`, and hide packages in the user's own folder.
    environ.update(PIP_USER="0", PYTHONNOUSERSITE="1", PIP_NO_INPUT="1")
    environ.update(PIP_DISABLE_PIP_VERSION_CHECK="1")
    return environ


def isolated(python: "str | Path", *arguments: str) -> "list[str]":
    """Return the command that runs this Python shut off from the user's folder and packages.

    Without -I, `-m` and `-c` put the current folder first, and a trading project may well have a
    calendar.py or a logging.py.
    """
    return [str(python), "-I", *arguments]


def run_or_fail(
    command: "list[str]", sentence: str, settings: "dict[str, str] | None" = None
) -> None:
    """Run a command silently. Raise InstallError with the sentence and its output if it fails.

    `settings` are added to the environment.
    """
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**clean_environ(), **(settings or {})},
    )
    if done.returncode:
        raise InstallError(f"{sentence}\n\n{done.stdout.decode('utf-8', 'replace').strip()}")


def output_of(command: "list[str]") -> "str | None":
    """Return what a command prints; None if it does not start, fails or exceeds OUTPUT_TIMEOUT."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=clean_environ(),
            timeout=OUTPUT_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout.decode("utf-8", "replace").strip()


@contextlib.contextmanager
def exclusive_lock(path: Path, waiting: str) -> "Iterator[None]":
    """Hold the lock on this file; while another process has it, say `waiting` and wait.

    Creates the file and its folder if they do not exist. Whoever holds the lock may remove both.
    The system releases the lock when the process ends, so it cannot become stale.
    """
    file = _open_locked(path)
    if file is None:
        say(waiting)
    while file is None:
        time.sleep(LOCK_POLL_INTERVAL)
        file = _open_locked(path)
    with file:
        yield


def _open_locked(path: Path) -> "IO[str] | None":
    """Open and lock the file; return None if another process has locked it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(str(path), "a")  # noqa: SIM115 - it stays open
        if try_lock(file) and os.path.samestat(os.fstat(file.fileno()), os.stat(str(path))):
            return file
    except FileNotFoundError:  # its last owner has just removed it
        return None
    file.close()
    return None


def try_lock(file: "IO[str]") -> bool:
    """Lock the file, and return False if another process has locked it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX; Windows
        return False
    return True
