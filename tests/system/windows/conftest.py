"""Gives each test a Windows of its own where one can be had, and else says what is missing."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.virtual_desktop import Desktop
    from support.wine import Windows

collect_ignore_glob = [] if sys.platform == "linux" else ["*.py"]


@pytest.fixture(scope="session")
def program_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs that PyInstaller builds, once for all tests."""
    from support.setup_program import build
    from support.wine_setup import reason_to_skip

    if reason := reason_to_skip():
        pytest.skip(reason)
    return _timed("program", lambda: build(tmp_path_factory.mktemp("built"), "--program-only"))


@pytest.fixture(scope="session")
def setup_path(program_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The setup program that installs it."""
    from support.setup_program import build

    if shutil.which("makensis") is None:
        pytest.skip("no NSIS: apt install nsis")
    folder = tmp_path_factory.mktemp("setup")
    return _timed("setup program", lambda: build(folder, "--program", str(program_folder)))


def _timed(what: str, make: Callable[[], Path]) -> Path:
    began = time.monotonic()
    path = make()
    print(f"\nThe {what} for Windows took {time.monotonic() - began:.0f} s to build.")
    return path


@pytest.fixture
def windows(desktop: Desktop) -> Iterator[Windows]:
    from support.wine import Windows
    from support.wine_setup import reason_to_skip

    if reason := reason_to_skip():
        pytest.skip(reason)
    desktop.start_tray()
    with Windows(desktop) as windows:
        yield windows
