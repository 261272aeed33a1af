"""A minute in which everything around traymon fails: benchmarks/chaos.py, with two seeds."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.repository import ROOT
from support.virtual_desktop import missing

SEEDS = (37, 122)  # of plans that have much, and between them nearly all, that can be disturbed


@pytest.mark.parametrize("seed", SEEDS)
def test_every_outage_is_announced_once_whatever_else_fails(seed: int) -> None:
    if packages := missing():
        pytest.skip(f"a virtual desktop needs: apt install {' '.join(packages)}")
    script = ROOT / "benchmarks" / "chaos.py"
    played = subprocess.run(
        [sys.executable, str(script), "--seed", str(seed)],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert played.returncode == 0, played.stdout + played.stderr
