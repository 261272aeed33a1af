"""What benchmarks/peers.py takes for an alarm in what other programs print, and how it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

import peer_programs
import peers


@pytest.mark.parametrize(
    ("make", "line", "words"),
    [
        (
            peer_programs.traymon,
            "21:11:20  ✗ TWS does not answer programs (port 4002) · 127.0.0.1:4002 · since 21:10",
            "TWS does not answer programs (port 4002)",
        ),
        (
            peer_programs.traymon,
            "21:11:20  ✓ Programs can connect to port 4002 · 127.0.0.1:4002",
            "",
        ),
        (
            peer_programs.connect_loop,
            "ALARM ConnectionRefusedError: no",
            "ConnectionRefusedError: no",
        ),
    ],
)
def test_an_alarm_is_told_from_good_news(
    make: peer_programs.Maker, line: str, words: str, tmp_path: Path
) -> None:
    heard = make(4002, tmp_path).alarm.search(line)
    assert (heard[1] if heard else "") == words


def test_a_cell_says_when_a_fault_was_first_told_and_what_was_settled_on() -> None:
    alarms = [
        peers.Alarm(90.0, "of the fault before"),
        peers.Alarm(100.2, "checking why"),
        peers.Alarm(105.0, "no answer on 4003"),
        peers.Alarm(110.0, "no answer on 4003"),
    ]
    assert peers.cell(alarms, 100.0, 4003) == "0.2 s: checking why; 5.0 s: no answer on 7497"
    assert peers.cell(alarms, 103.0, 4003) == "2.0 s: no answer on 7497"
    assert peers.cell(alarms, 120.0, 4003) == "nothing"
