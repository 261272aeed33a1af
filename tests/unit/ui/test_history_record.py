"""Of several targets, the one that was out of use for longest comes first."""

from __future__ import annotations

from pathlib import Path

from support.a_fortnight import DAY, NOW, write_history
from traymon.core.periods import Condition, Period
from traymon.core.vocabulary import Light
from traymon.ui.history_record import Record, read_record, worst_first


def record(folder: Path, name: str, down: float, degraded: float) -> Record:
    began, fault, warning = NOW - DAY, NOW - down - degraded, NOW - degraded
    periods = [
        Period(began, fault, Condition.UP, "healthy", Light.GREEN),
        Period(fault, warning, Condition.DOWN, "port-refused", Light.RED),
        Period(warning, NOW, Condition.DEGRADED, "handshake-slow", Light.AMBER),
    ]
    shown = [one for one in periods if one.end > one.start]
    reader = write_history(folder / f"{name}.db", shown, target=name)
    return read_record(reader, name, began, NOW, NOW)


def test_time_down_counts_before_time_degraded(tmp_path: Path) -> None:
    well = record(tmp_path, "well", 0, 0)
    slow = record(tmp_path, "slow", 0, 3000)
    down = record(tmp_path, "down", 60, 0)
    both = record(tmp_path, "both", 60, 3000)
    shown = worst_first([well, slow, down, both])
    assert [one.target for one in shown] == ["both", "down", "slow", "well"]
