"""A real Chromium, driven by its own driver; without one these tests are left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.chromium import browser, is_here


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if not is_here():
        pytest.skip("a browser is needed: apt install chromium chromium-driver")
    with browser() as driver:
        yield driver
