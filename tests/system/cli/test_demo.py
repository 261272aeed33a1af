"""The demo in a real terminal: marked as a demo, one round, and then it asks."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("its terminals are others", allow_module_level=True)

import pty

from support.polling import PATIENCE
from support.traymon_process import IsolatedTraymon
from traymon.cli.story import DWELL, STORY
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui.presenter import MARKS


def read_until(terminal: int, words: str) -> None:
    seen = b""
    deadline = time.monotonic() + PATIENCE
    while words.encode() not in seen:
        assert time.monotonic() < deadline, seen.decode(errors="replace")
        if select.select([terminal], [], [], 1)[0]:
            seen += os.read(terminal, 1)


def test_enter_plays_the_next_chapter_and_after_one_round_the_demo_asks(tmp_path: Path) -> None:
    traymon = IsolatedTraymon(tmp_path, TRAYMON_NOTIFY="off", TERM="dumb")
    began = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(traymon.cwd)
        command = traymon.command("demo", "--no-tray")
        os.execvpe(command[0], command, traymon.env)
    try:
        read_until(terminal, "Press Enter for the next chapter. Press Ctrl-C to end the demo.")
        for number, chapter in enumerate(STORY, 1):
            read_until(terminal, f"demo {number}/{len(STORY)}: {chapter.says}")
            read_until(terminal, f"DEMO · {MARKS[ENTRIES[chapter.code].light]}")
            os.write(terminal, b"\n")
        read_until(terminal, "Press Enter to play it again, Ctrl-C to end the demo.")
        assert time.monotonic() - began < DWELL * len(STORY), "no chapter was waited out"
        os.write(terminal, b"\n")
        read_until(terminal, f"demo 1/{len(STORY)}: ")
    finally:
        os.kill(pid, signal.SIGINT)
        status = os.waitpid(pid, 0)[1]
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
