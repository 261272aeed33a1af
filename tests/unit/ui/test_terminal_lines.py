"""Plain lines beside an icon, and the live picture where the terminal is all there is."""

from __future__ import annotations

import io
import os
import sys
import threading
from contextlib import suppress

import pytest

from support.polling import wait_for
from traymon.core.model import Change, Evidence, Reading, Status
from traymon.core.target import Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.diagnosis.catalogue import diagnose
from traymon.ui.terminal_lines import TerminalLines

NOW = 1_795_000_000.0


def status(symptom: Symptom) -> Status:
    reading = Reading(SensorName.HANDSHAKE, symptom, at=NOW)
    evidence = Evidence(Target("bot"), NOW).with_reading(reading)
    return Status(evidence.target, diagnose(evidence), NOW, NOW, evidence, NOW)


def test_each_new_headline_is_one_line() -> None:
    out = io.StringIO()
    lines = TerminalLines(out, lambda: NOW)
    lines.show([status(Symptom.OK)], {"bot": Change.HEADLINE})
    lines.show([status(Symptom.OK)], {"bot": Change.DETAILS})
    lines.show([status(Symptom.SILENT)], {"bot": Change.HEADLINE | Change.DETAILS})
    healthy, silent = out.getvalue().splitlines()
    assert "Programs can connect to port 7497" in healthy
    assert "TWS does not answer programs" in silent


def test_where_nobody_looks_nothing_is_printed() -> None:
    lines = TerminalLines(None)
    lines.print_line("a line")
    lines.show([status(Symptom.OK)], {"bot": Change.HEADLINE})
    assert not lines.is_seen


def test_a_terminal_without_an_icon_gets_the_live_picture() -> None:
    if sys.platform == "win32":
        pytest.skip("it has no pseudo-terminals")
    master, slave = os.openpty()
    seen = b""

    def read() -> None:
        nonlocal seen
        with suppress(OSError):  # once the other end is closed
            while True:
                seen += os.read(master, 4096)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    stopping = threading.Event()
    with open(slave, "w", encoding="utf-8") as out:
        lines = TerminalLines(out, lambda: NOW)
        lines.show([status(Symptom.OK)], {"bot": Change.HEADLINE})
        shown = threading.Thread(target=lines.run, args=(stopping,))
        shown.start()
        try:
            wait_for(lambda: b"Ctrl-C" in seen, "the picture")
            lines.show([status(Symptom.SILENT)], {"bot": Change.HEADLINE})
            wait_for(lambda: b"TWS does not answer" in seen, "the new status in it")
        finally:
            stopping.set()
            shown.join(10)
    reader.join(10)
    os.close(master)
