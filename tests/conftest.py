"""Gives a run of the tests a network of its own, where there is the right to that.

So they meet no TWS that really runs here, nor the tests that run beside them. And what tests of
several folders stand on: a desktop, a simulated Gateway.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.gateway_lookalikes import no_others
from support.run_report import RunReport, share_of
from traymon.sim.gateway import Running, running

if sys.platform == "linux":
    import fcntl
if TYPE_CHECKING:
    from support.virtual_desktop import Desktop

CLONE_NEWNET = 0x40000000  # linux/sched.h
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1  # linux/sockios.h, linux/if.h


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("traymon", "for install/test.py")
    group.addoption("--run-report", type=Path, help="write what becomes of each test to this file")
    group.addoption("--share", help="run only this share of the tests: 1/2, 2/2")


def pytest_configure(config: pytest.Config) -> None:
    if path := config.getoption("run_report"):
        config.pluginmanager.register(RunReport(path))
    leave_the_network()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if share := config.getoption("share"):
        items[:] = share_of(items, share)


def leave_the_network() -> None:
    """Have this process, and all that it starts from here on, in a network with loopback alone."""
    if sys.platform == "linux":
        if ctypes.CDLL(None).unshare(CLONE_NEWNET):
            return  # only root may
        with socket.socket() as any_socket:
            ask = struct.pack("16sH14x", b"lo", 0)
            flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, ask))[1]
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


@pytest.fixture
def no_other_lookalikes() -> Iterator[None]:
    """Let no other test show a process that looks like a Gateway meanwhile."""
    with no_others():
        yield


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    """A desktop of the test's own; where none can be had, what is missing is said."""
    from support.virtual_desktop import Desktop, missing

    if packages := missing():
        pytest.skip(f"a virtual desktop needs: apt install {' '.join(packages)}")
    with Desktop() as desktop:
        yield desktop


@pytest.fixture
def gateway() -> Iterator[Running]:
    """A simulated Gateway that is well, until the test wants something else."""
    with running() as gateway:
        yield gateway


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A trading project's folder with its `.env`."""
    folder = tmp_path / "my project"
    folder.mkdir()
    (folder / ".env").touch()
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder
