"""Read and write files: never half of one, never more than expected, never what is no file.

Imports only the standard library: autostart uses it, and the installer uses autostart.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

OWNER_ONLY = 0o600
FOLDER_OF_OWNER_ONLY = 0o700
AS_UMASK_ALLOWS = 0o666  # what `open` asks for


class UnsuitableFileError(OSError):
    """What lies at a path is no ordinary file, or is larger than such a file can be."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path} {problem}")
        self.problem = problem  # `is not a file`


def read_file(path: Path, max_size: int) -> bytes:
    """Return the content of an ordinary file of at most `max_size` bytes; links are followed.

    Raises FileNotFoundError, UnsuitableFileError or another OSError. Never waits for the other
    end of a pipe, and never reads a device, which may have no end.
    """
    data = read_start(path, max_size + 1)
    if len(data) > max_size:
        raise UnsuitableFileError(path, f"is larger than {max_size // 1000} kB")
    return data


def read_start(path: Path, size: int) -> bytes:
    """Return the first bytes of an ordinary file; otherwise like `read_file`."""
    _check_is_file(path, os.stat(path))  # first: opening a device may already do something
    with open(path, "rb", opener=_open_without_waiting) as file:
        _check_is_file(path, os.fstat(file.fileno()))
        return file.read(size)


def lies_at(path: Path) -> bool:
    """Tell whether anything lies at a path, if only a link that leads nowhere.

    What may not be looked at counts as lying there: who goes on to read it learns why it cannot.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def open_for_appending(path: Path) -> int:
    """Open a file that its owner alone may read, creating it if needed; return the descriptor.

    Raises UnsuitableFileError for a link, a pipe or a device, whoever put it there, and OSError.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    if sys.platform == "win32":
        flags |= os.O_BINARY | os.O_NOINHERIT
    else:
        flags |= os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(FileNotFoundError):
        _check_is_file(path, os.lstat(path))
    descriptor = os.open(path, flags, OWNER_ONLY)
    try:
        _check_is_file(path, os.fstat(descriptor))
        if sys.platform != "win32":
            _tighten(descriptor, OWNER_ONLY)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def write_atomically(path: Path, data: str | bytes, mode: int = OWNER_ONLY) -> None:
    """Replace a file in one step, creating its folder if needed. Raises OSError.

    Text is written as UTF-8 with the platform's line ends.
    """
    if isinstance(data, str):
        data = data.replace("\n", os.linesep).encode("utf-8")
    create_private_folder(path.parent)
    fresh = path.with_name(f"{path.name}.{os.urandom(4).hex()}.new")
    try:
        with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
        os.replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def create_private_folder(folder: Path) -> None:
    """Create a folder and those above it, as far as they are missing. Raises OSError.

    Nobody but the owner may enter what is created, whatever the umask allows.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        create_private_folder(folder.parent)
    folder.mkdir(mode=FOLDER_OF_OWNER_ONLY, exist_ok=True)


def make_private(folder: Path) -> None:
    """Take away others' rights to a folder of this user's and to the files in it.

    For what an older traymon, or one under another umask, has left. Links are not followed, and
    what belongs to somebody else stays as it is. Raises OSError.
    """
    if sys.platform == "win32":
        return  # the profile that it is in belongs to the user alone
    descriptor = os.open(folder, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _tighten(descriptor, FOLDER_OF_OWNER_ONLY)
        for name in os.listdir(descriptor):
            found = os.lstat(name, dir_fd=descriptor)
            if stat.S_ISREG(found.st_mode) and _is_open_to_others(found):
                os.chmod(name, OWNER_ONLY, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _tighten(descriptor: int, mode: int) -> None:
    """Take away others' rights to an open file or folder, if it is this user's."""
    if sys.platform != "win32" and _is_open_to_others(os.fstat(descriptor)):
        os.fchmod(descriptor, mode)


def _is_open_to_others(found: os.stat_result) -> bool:
    """Tell whether others have rights to what is this user's."""
    return sys.platform != "win32" and found.st_uid == os.getuid() and bool(found.st_mode & 0o077)


def _check_is_file(path: Path, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise UnsuitableFileError(path, "is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise UnsuitableFileError(path, "is not a file")


def _open_without_waiting(name: str, flags: int) -> int:
    if sys.platform != "win32":
        flags |= os.O_NONBLOCK
    return os.open(name, flags)
