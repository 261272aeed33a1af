"""A named pipe in the place of a file, which who opens it would wait for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest


def make_pipe(path: Path) -> None:
    """Make a pipe that nobody writes to or reads from; the test is skipped where there is none."""
    if sys.platform == "win32":
        pytest.skip("Windows has no pipes in folders")
    os.mkfifo(path)
