"""Trading programs' Pythons: with one client library alone, broken, or no Python at all."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.client_setup import place, why_not

# Of the tests' own environment nothing but Python itself: its libraries come from PYTHONPATH.
BARE_PYTHON = str(Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}"))
# A Python from 3.14 on has no event loop unless the program sets one.
NO_EVENT_LOOP = """
import asyncio

class Policy(asyncio.DefaultEventLoopPolicy):
    def get_event_loop(self):
        if self._local._loop is None:
            raise RuntimeError("There is no current event loop in thread 'MainThread'.")
        return self._local._loop

asyncio.set_event_loop_policy(Policy())
"""


def script(path: Path, *lines: str) -> str:
    """Write a shell script in place of an interpreter; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")), encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def python_with(path: Path, *folders: Path | str) -> str:
    """Write an interpreter that has what these folders hold; return its path."""
    search = os.pathsep.join(map(str, folders))
    return script(path, f'PYTHONPATH={shlex.quote(search)} exec {BARE_PYTHON} "$@"')


def folder_of(name: str) -> Path:
    """Return the folder of a prepared client library; skip the test where it is not there."""
    if reason := why_not(name):
        pytest.skip(reason)
    return place(name)


def parts_of(source: Path, target: Path, left_out: Sequence[str] = ()) -> Path:
    """Make a folder with what another holds, but for what begins with one of these names."""
    target.mkdir()
    for entry in source.iterdir():
        if not entry.name.startswith(tuple(left_out)):
            (target / entry.name).symlink_to(entry)
    return target
