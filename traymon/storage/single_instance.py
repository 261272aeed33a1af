"""One traymon per user: the lock that the running one holds, and how other processes reach it.

The operating system drops the lock when the process ends, even in a crash. The file beside it can
outlive a crash: it then names a port that no longer answers to its secret, and the next start
removes it.

Both lie in the state folder, which nothing cleans and which is the same in every session of the
user; in the temporary folder if the state folder cannot be written to.
"""

from __future__ import annotations

import json
import logging
import os
import stat
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock
from platformdirs import user_state_path

from traymon.storage.files import write_atomically

log = logging.getLogger(__name__)

LOCK_NAME, INFO_NAME = "traymon.lock", "traymon.json"
MAX_INFO = 10_000  # bytes
PROBE_PATIENCE = 1.0  # seconds; a process that asks `is_held` has the lock for a moment
TOUCH_INTERVAL = 3600.0  # seconds; cleaners remove what was not touched for days


@dataclass(frozen=True, slots=True)
class InstanceInfo:
    """Where the running traymon serves its page, and the secret that only its user can read."""

    port: int
    secret: str  # that requests carry
    pid: int
    proof: str = ""  # that answers to a program at the gate carry


class Instance:
    """The place where this user's running traymon can be found. Use it in one thread at a time."""

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        """`folders`: where the lock may lie, the best one first; None: this user's."""
        self._folders = instance_folders() if folders is None else folders
        self._lock: filelock.BaseFileLock | None = None  # while it is held
        self._inode: tuple[int, int] | None = None  # of the lock's file
        self._info: InstanceInfo | None = None

    def acquire(self) -> bool:
        """Take the lock for the life of this process; return False if another process has it.

        False may be wrong for a moment, while another process asks `is_held`. Raises OSError if
        no folder can be written to.
        """
        reasons = []
        for folder in self._folders:
            try:
                lock = _take(folder)
            except OSError as error:
                reasons.append(str(error))
                continue
            if lock is None:
                return False
            if any(_is_held(other) for other in self._folders if other != folder):
                lock.release()
                return False
            self._lock, self._inode = lock, _inode(folder / LOCK_NAME)
            return True
        raise OSError("; ".join(reasons))

    def publish(self, info: InstanceInfo) -> None:
        """Write down where the page is, readable by this user only. Raises OSError."""
        self._info = info
        for folder in self._folders:  # the disk that holds the lock may be full
            try:
                _make_private(folder)
                write_atomically(folder / INFO_NAME, json.dumps(asdict(info)))
                return
            except OSError as error:
                log.warning("where the page is cannot be written down: %s", error)
        raise OSError("no folder can be written to")

    def renew(self) -> bool:
        """Write again what was removed; return False if another process has taken the place."""
        if self._lock is None:
            return True
        path = Path(self._lock.lock_file)
        if _inode(path) != self._inode:
            log.warning("%s was removed; it is taken again", path)
            self._lock.release()
            self._lock = None
            try:
                if not self._acquire_patiently():
                    return False
            except OSError as error:
                log.warning("no place for the lock: %s", error)
                return True
        if self._info is not None and self.find_info() != self._info:
            with suppress(OSError):  # logged; tried again the next time
                self.publish(self._info)
        for name in (LOCK_NAME, INFO_NAME):
            _touch(path.with_name(name))
        return True

    def _acquire_patiently(self) -> bool:
        deadline = time.monotonic() + PROBE_PATIENCE
        while not self.acquire():
            if time.monotonic() > deadline:
                return False
            time.sleep(PROBE_PATIENCE / 20)
        return True

    def release(self) -> None:
        """Remove what was published, and drop the lock."""
        if self._lock is None:
            return
        if self._info is not None:
            for folder in self._folders:
                with suppress(OSError):
                    (folder / INFO_NAME).unlink()
        self._lock.release()
        self._lock = None

    def is_held(self) -> bool:
        """Tell whether another process has the lock: whether another traymon starts or runs."""
        return self._lock is None and any(_is_held(folder) for folder in self._folders)

    def find_info(self) -> InstanceInfo | None:
        """Return where a traymon serves its page, or served it before it crashed."""
        found = {folder: info for folder in self._folders if (info := _read_info(folder))}
        if len(found) > 1:  # one of them is left from a crash
            found = {folder: found[folder] for folder in sorted(found, key=_is_held, reverse=True)}
        return next(iter(found.values()), None)


def instance_folders() -> list[Path]:
    """Return the folders in which this user's lock may lie, the best one first."""
    if sys.platform == "win32":  # both are in the user's own profile
        return [user_state_path("traymon") / "run", Path(tempfile.gettempdir(), "traymon")]
    own_temporary = Path(tempfile.gettempdir(), f"traymon-{os.getuid()}")
    folders = [user_state_path("traymon") / "run", own_temporary]
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if runtime.is_absolute():  # where traymon 0.1.0 has it; after an upgrade one may still run
        folders.append(runtime / "traymon")
    return folders


def _take(folder: Path) -> filelock.BaseFileLock | None:
    """Take the lock in a folder; None if another process has it. Raises OSError."""
    _make_private(folder)
    lock = _lock(folder)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return None
    try:
        (folder / INFO_NAME).unlink(missing_ok=True)  # left by one that crashed
    except OSError:
        lock.release()
        raise
    return lock


def _make_private(folder: Path) -> None:
    """Create a folder of this user's alone. Raises OSError, also if it is not."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _is_private(folder):
        raise PermissionError(f"{folder} is not this user's alone")


def _is_held(folder: Path) -> bool:
    """Tell whether another process has the lock in a folder; creates nothing."""
    path = folder / LOCK_NAME
    try:
        if not path.exists() or not _is_private(folder):
            return False
        lock = _lock(folder)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    except OSError as error:
        log.info("%s: %s", path, error)
        return False
    lock.release()
    return False


def _lock(folder: Path) -> filelock.BaseFileLock:
    return filelock.FileLock(folder / LOCK_NAME, mode=0o600, thread_local=False)


def _is_private(folder: Path) -> bool:
    """Tell whether only this user can create files in the folder. Raises OSError."""
    found = folder.lstat()
    if sys.platform == "win32":
        return True  # it is below the user's own profile
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return is_own and not found.st_mode & 0o022


def _read_info(folder: Path) -> InstanceInfo | None:
    """Return what the file in a folder says; None if it is missing or unusable."""
    path = folder / INFO_NAME
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)  # a named pipe would let us wait
    try:
        if not _is_private(folder):
            return None
        with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError("not a regular file")
            info = InstanceInfo(**json.loads(file.read(MAX_INFO)))
        if not (isinstance(info.port, int) and isinstance(info.secret, str)):
            raise TypeError("not the address of a page")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        log.info("%s: %s", path, error)
        return None
    return info


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _touch(path: Path) -> None:
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > TOUCH_INTERVAL:
            os.utime(path)
