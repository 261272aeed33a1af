"""What the log file holds: whole records, and nothing that pretends to be one."""

from __future__ import annotations

import logging
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.pipes import make_pipe
from traymon.cli import log as log_file
from traymon.cli.log import MAX_LENGTH, LogFormatter
from traymon.storage.paths import Folders

FORGED = "2026-01-01 00:00:00,000 INFO traymon.app: FORGED"
BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


def record(message: str, *, failed: BaseException | None = None) -> str:
    """Return what a record with this text from elsewhere looks like in the log."""
    info = None if failed is None else (type(failed), failed, failed.__traceback__)
    made = logging.LogRecord("traymon", logging.INFO, "", 0, "TWS says %s", (message,), info)
    return LogFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s").format(made)


def at_the_margin(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(" ")]


@pytest.mark.parametrize("line_break", BREAKS, ids=repr)
def test_a_text_from_elsewhere_begins_no_record(line_break: str) -> None:
    text = record(f"no{line_break}{FORGED}")
    assert len(text.splitlines()) == 1
    assert FORGED in text  # what was said is still there to be read


@pytest.mark.parametrize("line_break", BREAKS, ids=repr)
def test_the_text_of_an_exception_begins_no_record(line_break: str) -> None:
    text = record("", failed=ValueError(f"no{line_break}{FORGED}"))
    assert len(at_the_margin(text)) == 1
    assert "ValueError" in text


def test_no_text_steers_the_terminal_that_shows_the_log() -> None:
    text = record("\x1b]0;x\x07\u202e\x00 Börse \udcf6")
    assert text.isprintable()
    assert text.endswith(r"TWS says \x1b]0;x\x07\u202e\x00 Börse \udcf6")


@pytest.mark.parametrize("text", ["x" * 10**7, "x\n" * 10**6])
def test_a_record_is_bounded_whatever_it_is_about(text: str) -> None:
    assert len(record(text)) < MAX_LENGTH + 100
    with_traceback = record(text, failed=ValueError(text))
    assert len(with_traceback) < MAX_LENGTH + 100
    assert len(at_the_margin(with_traceback)) == 1


def test_account_numbers_are_masked_in_tracebacks_too() -> None:
    assert "DU123456" not in record("DU123456", failed=ValueError("of DU123456"))


# --- the file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the log, which is started anew."""
    folders = Folders(tmp_path / "state", tmp_path / "state" / "log")
    monkeypatch.setattr(Folders, "of_this_user", lambda: folders)
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield folders.logs
    for handler in root.handlers[:]:
        if handler not in before:
            root.removeHandler(handler)
            handler.close()
    root.setLevel(level)


def write_a_line() -> None:
    logging.getLogger("traymon.test").warning("a line")


@on_posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077], ids=oct)
def test_nobody_else_reads_the_log_whatever_the_umask(folder: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        log_file.start_log("info")
        write_a_line()
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.handlers.RotatingFileHandler):
                handler.doRollover()
        write_a_line()
    finally:
        os.umask(before)
    names = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert names == {"traymon.log": 0o600, "traymon.log.1": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


@on_posix
def test_a_log_of_before_is_made_private(folder: Path) -> None:
    folder.mkdir(parents=True)
    path = folder / "traymon.log"
    path.write_text("older\n")
    path.chmod(0o644)
    log_file.start_log("info")
    write_a_line()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert re.fullmatch(r"older\n.* a line\n", path.read_text())


@on_posix
@pytest.mark.parametrize("kind", ["pipe", "link", "dangling link", "device", "folder"])
def test_what_is_no_file_is_never_taken_for_the_log(
    folder: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir(parents=True)
    path, victim = folder / "traymon.log", folder / "victim"
    if kind == "pipe":
        make_pipe(path)  # to open it would wait for ever
    elif kind == "folder":
        path.mkdir()
    else:
        target = {"link": victim, "dangling link": folder / "none", "device": Path("/dev/zero")}
        victim.write_text("mine")
        path.symlink_to(target[kind])
    log_file.start_log("info")
    write_a_line()
    assert "No log can be written: " in capsys.readouterr().err
    assert not (folder / "none").exists()
    assert kind != "link" or victim.read_text() == "mine"
