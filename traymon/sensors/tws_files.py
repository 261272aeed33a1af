"""Read what TWS itself has written in its settings folder: its launcher logs and jts.ini.

Nothing else in that folder is opened: it holds tokens, and settings that concern nobody. Follows no
link to a file, opens only ordinary files, and reads no more than the end of a large one.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

LOG, INI = "launcher.log", "jts.ini"
OLD_LOG = re.compile(r"launcher\.\d{8}\.log")
MAX_SIZE = 8 * 1024 * 1024  # bytes of one file that are read, from its end
MAX_OLD_LOGS = 2


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was found; another one of the same name, or more in it, is another state."""

    name: str
    inode: int
    size: int
    changed: int  # nanoseconds


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a file."""

    data: bytes
    cut: bool  # there is more before it


def list_logs(folder: Path) -> tuple[FileState, ...]:
    """Return the launcher logs in a folder, the newest first; at most one and two older ones.

    Raises OSError if the folder cannot be read.
    """
    names = os.listdir(folder)
    old = sorted(filter(OLD_LOG.fullmatch, names), reverse=True)[:MAX_OLD_LOGS]
    wanted = [*([LOG] if LOG in names else []), *old]
    return tuple(_state(name, found) for name in wanted if (found := _look_at(folder / name)))


def read_ending(folder: Path, name: str, size: int = MAX_SIZE) -> Ending:
    """Return the last `size` bytes of one of TWS's files.

    Raises OSError, also for a link, a pipe or a device; ValueError for a name that is none of ours.
    """
    if name not in (LOG, INI) and OLD_LOG.fullmatch(name) is None:
        raise ValueError(f"{name} is not read")
    with _opened(folder, name) as descriptor:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{name} is not a file")
        begin = max(0, found.st_size - min(size, MAX_SIZE))
        os.lseek(descriptor, begin, os.SEEK_SET)
        return Ending(_read(descriptor, found.st_size - begin), begin > 0)


def _read(descriptor: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0 and (part := os.read(descriptor, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _look_at(path: Path) -> os.stat_result | None:
    """Return what lies at a path, if it is an ordinary file."""
    try:
        found = os.lstat(path)
    except OSError:  # moved away meanwhile
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _state(name: str, found: os.stat_result) -> FileState:
    return FileState(name, found.st_ino, found.st_size, found.st_mtime_ns)


@contextmanager
def _opened(folder: Path, name: str) -> Iterator[int]:
    """Open a file of the folder, but no link; TWS may write, rename and remove it meanwhile."""
    descriptor = _open(folder, name)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    GENERIC_READ, OPEN_EXISTING = 0x80000000, 3
    SHARE_ALL = 1 | 2 | 4  # read, write, delete: without the last TWS could not rename its log
    OPEN_REPARSE_POINT = 0x00200000  # a link itself, not what it leads to
    INVALID_HANDLE = wintypes.HANDLE(-1).value

    def _open(folder: Path, name: str) -> int:
        if _look_at(folder / name) is None:
            raise OSError(f"{name} is not a file")
        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.CreateFileW.restype = wintypes.HANDLE
        handle = kernel32.CreateFileW(
            *(str(folder / name), GENERIC_READ, SHARE_ALL, None),
            *(OPEN_EXISTING, OPEN_REPARSE_POINT, None),
        )
        if handle == INVALID_HANDLE:
            raise ctypes.WinError(ctypes.get_last_error())
        return msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)

else:

    def _open(folder: Path, name: str) -> int:
        inside = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            return os.open(name, flags, dir_fd=inside)
        finally:
            os.close(inside)
