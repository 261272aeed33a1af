"""Gives each test a Windows of its own where one can be had, and else says what is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .wine import Windows

collect_ignore_glob = [] if sys.platform == "linux" else ["*.py"]


@pytest.fixture(autouse=True)
def _skip_where_no_windows_can_be_had() -> None:
    from desktop.desktop import missing

    from .ground import why_not

    if packages := missing():
        pytest.skip(f"a virtual desktop needs: apt install {' '.join(packages)}")
    if reason := why_not():
        pytest.skip(reason)


@pytest.fixture
def windows() -> Iterator[Windows]:
    from desktop.desktop import Desktop

    from .wine import Windows

    with Desktop() as desktop:
        desktop.start_tray()
        with Windows(desktop) as windows:
            yield windows
