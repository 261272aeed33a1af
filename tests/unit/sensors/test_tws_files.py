"""Of TWS's settings folder only its launcher logs and jts.ini are opened, and only real files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from traymon.sensors import tws_files
from traymon.sensors.tws_files import list_logs, read_ending

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")


def put(folder: Path, name: str, content: bytes = b"words\n") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_the_logs_are_listed_newest_first_and_no_more_than_three(tmp_path: Path) -> None:
    for name in ("launcher.log", "launcher.20261126.log", "launcher.20261127.log"):
        put(tmp_path, name)
    for name in ("launcher.20250101.log", "launcher.2026.log", "xlauncher.log", "launcher.log.1"):
        put(tmp_path, name)
    names = [file.name for file in list_logs(tmp_path)]
    assert names == ["launcher.log", "launcher.20261127.log", "launcher.20261126.log"]


def test_a_change_of_a_file_is_another_state(tmp_path: Path) -> None:
    path = put(tmp_path, "launcher.log")
    before = list_logs(tmp_path)
    assert list_logs(tmp_path) == before
    with path.open("ab") as file:
        file.write(b"more\n")
    longer = list_logs(tmp_path)
    assert longer != before
    path.rename(tmp_path / "launcher.20261127.log")
    put(tmp_path, "launcher.log", path.name.encode())
    assert list_logs(tmp_path) != longer


@pytest.mark.parametrize("name", ["autorestart", "tws.xml", "../launcher.log", "launcher.log\n"])
def test_nothing_else_is_ever_opened(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "open", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(ValueError, match="not read"):
        read_ending(tmp_path, name)


def test_only_the_end_of_a_large_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "launcher.log", b"0123456789")
    ending = read_ending(tmp_path, "launcher.log", 4)
    assert (ending.data, ending.cut) == (b"6789", True)
    ending = read_ending(tmp_path, "launcher.log", 10)
    assert (ending.data, ending.cut) == (b"0123456789", False)
    monkeypatch.setattr(tws_files, "MAX_SIZE", 3)
    assert read_ending(tmp_path, "launcher.log", 10).data == b"789"


@posix
@pytest.mark.parametrize("what", ["link", "link to nowhere", "pipe", "folder"])
def test_what_is_no_file_is_neither_listed_nor_read(what: str, tmp_path: Path) -> None:
    log = tmp_path / "launcher.log"
    if what == "pipe" and sys.platform != "win32":
        os.mkfifo(log)
    elif what == "folder":
        log.mkdir()
    else:
        secret = put(tmp_path, "autorestart") if what == "link" else tmp_path / "gone"
        log.symlink_to(secret)
    assert list_logs(tmp_path) == ()
    with pytest.raises(OSError, match=r"."):
        read_ending(tmp_path, "launcher.log")


def test_a_missing_folder_or_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list_logs(tmp_path / "gone")
    with pytest.raises(OSError, match=r"."):
        read_ending(tmp_path, "launcher.log")
