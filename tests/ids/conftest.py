"""The folders that the programs of these tests lie in."""

from __future__ import annotations

from pathlib import Path

import pytest


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
