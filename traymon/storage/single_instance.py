"""One traymon per user: the lock of the one that runs, and how another finds it.

The lock goes with its process, however that ends. The file beside it can outlive a crash; it then
names a port where nobody knows its secret, and is written over by the next start.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock
from platformdirs import user_runtime_path, user_state_path

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InstanceInfo:
    """Where the running traymon's page is served, and the secret that its owner alone can read."""

    port: int
    secret: str
    pid: int


class Instance:
    """This user's place for the one running traymon."""

    def __init__(self, folder: Path | None = None) -> None:
        """Raises OSError where the user has no folder that can be written to."""
        self._folder = folder or _folder()
        self._lock = filelock.FileLock(self._folder / "traymon.lock", mode=0o600)
        self._file = self._folder / "traymon.json"

    def acquire(self) -> bool:
        """Take the lock for as long as this process lives; return False where another has it."""
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            return False
        self._file.unlink(missing_ok=True)  # of one that crashed
        return True

    def publish(self, where: InstanceInfo) -> None:
        """Write down where the page is; readable by this user only. Raises OSError."""
        handle, name = tempfile.mkstemp(dir=self._folder, prefix="traymon-")  # mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(where), file)
        os.replace(name, self._file)

    def release(self) -> None:
        """Take down what was announced, and the lock."""
        if self._lock.is_locked:
            self._file.unlink(missing_ok=True)
            self._lock.release()

    def find_running(self) -> InstanceInfo | None:
        """Return where the running one serves its page; None where none runs or serves none."""
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


def _folder() -> Path:
    """Return the user's runtime folder; where the session has none of its own, the state folder.

    Raises OSError where neither can be used.
    """
    folders = [user_state_path("traymon") / "run"]
    if sys.platform != "win32":  # there it is in Temp, which is cleaned while we run
        with warnings.catch_warnings():  # of a runtime folder that others may write to
            warnings.simplefilter("ignore")
            folders.insert(0, user_runtime_path("traymon"))
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if _is_ours_alone(folder):
                return folder
        except OSError as error:
            log.info("%s: %s", folder, error)
    raise OSError("no folder of this user's can be written to")


def _is_ours_alone(folder: Path) -> bool:
    """Tell whether nobody else could have put something into the folder."""
    if sys.platform == "win32":
        return True  # below the user's own profile
    about = folder.stat()
    return about.st_uid == os.getuid() and not about.st_mode & 0o022
