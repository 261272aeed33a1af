"""One traymon per user: the lock that the running one holds, and how other processes reach it.

The operating system drops the lock when the process ends, even in a crash. The file beside it can
outlive a crash: it then names a port that no longer answers to its secret, and the next start
overwrites it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock
from platformdirs import user_runtime_path, user_state_path

from traymon.storage.files import write_atomically

log = logging.getLogger(__name__)

PROBE_PATIENCE = 2.0  # seconds; a command that asks whether one runs holds it for a moment


@dataclass(frozen=True, slots=True)
class InstanceInfo:
    """Where the running traymon serves its page, and the secret that only its user can read."""

    port: int
    secret: str
    pid: int


class Instance:
    """The place where this user's running traymon can be found."""

    def __init__(self, folder: Path | None = None) -> None:
        """Raises OSError if the user has no folder that can be written to."""
        self._folder = folder or _instance_folder()
        self._lock = filelock.FileLock(self._folder / "traymon.lock", mode=0o600)
        self._file = self._folder / "traymon.json"

    def acquire(self) -> bool:
        """Take the lock for the life of this process; return False if another process has it.

        Tries again for a moment: `find_running` of another process may hold it just now.
        """
        try:
            self._lock.acquire(timeout=PROBE_PATIENCE, poll_interval=0.05)
        except filelock.Timeout:
            return False
        self._file.unlink(missing_ok=True)  # left by one that crashed
        return True

    def publish(self, info: InstanceInfo) -> None:
        """Write down where the page is, readable by this user only. Raises OSError."""
        write_atomically(self._file, json.dumps(asdict(info)))

    def release(self) -> None:
        """Remove what was published, and drop the lock."""
        if self._lock.is_locked:
            self._file.unlink(missing_ok=True)
            self._lock.release()

    def find_running(self) -> InstanceInfo | None:
        """Return where another running traymon serves its page; None if none does."""
        if self._lock.is_locked:
            return None
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            pass
        else:
            self._lock.release()
            return None
        try:
            return InstanceInfo(**json.loads(self._file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            log.info("no page of the running traymon is known: %s", error)
            return None


def _instance_folder() -> Path:
    """Return the user's runtime folder, or the state folder if the session has no runtime folder.

    Raises OSError if neither can be used.
    """
    folders = [user_state_path("traymon") / "run"]
    if sys.platform != "win32":  # there it is in Temp, which Windows cleans while we run
        with warnings.catch_warnings():  # about a runtime folder that others may write to
            warnings.simplefilter("ignore")
            folders.insert(0, user_runtime_path("traymon"))
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if _is_private(folder):
                return folder
        except OSError as error:
            log.info("%s: %s", folder, error)
    raise OSError("no folder of this user's can be written to")


def _is_private(folder: Path) -> bool:
    """Tell whether only this user can create files in the folder."""
    if sys.platform == "win32":
        return True  # it is below the user's own profile
    stat = folder.stat()
    return stat.st_uid == os.getuid() and not stat.st_mode & 0o022
