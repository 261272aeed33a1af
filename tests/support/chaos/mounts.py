"""A disk that can be filled and a time zone that can be changed, for one process and its children.

Takes the right to mount, which root has; the machine itself is not changed.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CLONE_NEWNS = 0x00020000  # linux/sched.h
DISK_SIZE = "1m"
ZONES = ("America/New_York", "Asia/Tokyo", "Europe/Berlin", "UTC")
LOCAL_ZONE, ALL_ZONES = Path("/etc/localtime"), Path("/usr/share/zoneinfo")


def have_own_mounts() -> bool:
    """Give this process mounts of its own; return whether that is allowed here."""
    if ctypes.CDLL(None).unshare(CLONE_NEWNS):
        return False
    return _mount("--make-rprivate", "/")


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Have the folder lie on a small disk of its own."""
    assert _mount("-t", "tmpfs", "-o", f"size={DISK_SIZE}", "tmpfs", str(folder))
    try:
        yield
    finally:  # lazy: programs that still run keep it
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Leave no byte free on the folder's disk."""
    with suppress(OSError), (folder / "ballast").open("wb", buffering=0) as ballast:
        while ballast.write(bytes(4096)):
            pass


def free(folder: Path) -> None:
    """Undo `fill`."""
    (folder / "ballast").unlink()


def change_zone(name: str) -> None:
    """Change the system's time zone, as its administrator does."""
    zone = ALL_ZONES / name
    if zone.exists() and LOCAL_ZONE.exists():
        assert _mount("--bind", str(zone), os.path.realpath(LOCAL_ZONE))


def _mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], check=False).returncode == 0
