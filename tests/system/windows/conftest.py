"""Gives each test a Windows of its own where one can be had, and else says what is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.virtual_desktop import Desktop
    from support.wine import Windows

collect_ignore_glob = [] if sys.platform == "linux" else ["*.py"]


@pytest.fixture
def windows(desktop: Desktop) -> Iterator[Windows]:
    from support.wine import Windows
    from support.wine_setup import reason_to_skip

    if reason := reason_to_skip():
        pytest.skip(reason)
    desktop.start_tray()
    with Windows(desktop) as windows:
        yield windows
