"""`traymon.gate` looks where platformdirs lets traymon write, on every platform."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from platformdirs import PlatformDirsABC, macos, unix, windows

from traymon import gate


@pytest.mark.parametrize("chosen", ["", "relative", "absolute"])
def test_the_state_folder_is_platformdirs(
    chosen: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    local = str(tmp_path / "Local")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own") if chosen == "absolute" else chosen)
    monkeypatch.setenv("LOCALAPPDATA", local)
    monkeypatch.setattr(windows, "get_win_folder", lambda folder: local)
    folders: dict[str, PlatformDirsABC] = {"win32": windows.Windows("traymon")}
    if sys.platform != "win32":  # where no path is absolute to both
        folders |= {"linux": unix.Unix("traymon"), "darwin": macos.MacOS("traymon")}
    for name, theirs in folders.items():
        monkeypatch.setattr(sys, "platform", name)
        assert Path(gate._state_folder()) == Path(theirs.user_state_dir), name
