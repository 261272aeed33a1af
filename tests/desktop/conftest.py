"""Gives each test a desktop of its own where one can be had, and else says what is missing.

Looks at no file of these tests on other systems: the modules that they import are not there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from traymon.sim.gateway import Running, running

if TYPE_CHECKING:
    from .desktop import Desktop

collect_ignore_glob = [] if sys.platform == "linux" else ["*.py"]


@pytest.fixture(autouse=True)
def _skip_where_no_desktop_can_be_had() -> None:
    from .desktop import missing

    if packages := missing():
        pytest.skip(f"a virtual desktop needs: apt install {' '.join(packages)}")


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    from .desktop import Desktop

    with Desktop() as desktop:
        yield desktop


@pytest.fixture
def gateway() -> Iterator[Running]:
    with running() as gateway:
        yield gateway
