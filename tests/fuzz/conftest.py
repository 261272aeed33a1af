"""Says how a run of the fuzz tests can be repeated."""

from __future__ import annotations

import pytest

from support.fuzzing import EXAMPLES, SEED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(
        f"fuzz: {EXAMPLES} examples per test; TRAYMON_FUZZ_SEED={SEED} repeats them"
    )
