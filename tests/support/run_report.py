"""Writes down, one JSON object a line, what becomes of every test: for install/test.py.

Each line is written at once, so that a run that crashed or hung can be read up to its last test.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

UNIT_TESTS = Path(__file__).parents[1] / "unit"


class RunReport:
    """A pytest plugin that writes the report to `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcome = "passed"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._write(event="finished", test=report.nodeid, outcome="failed")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self._write(event="collected", test=item.nodeid, retry=may_be_retried(item))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._outcome = "passed"
        self._write(event="started", test=nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed or (report.skipped and self._outcome == "passed"):
            self._outcome = report.outcome

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._write(event="finished", test=nodeid, outcome=self._outcome)

    def _write(self, **line: object) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def may_be_retried(item: pytest.Item) -> bool:
    """Tell whether a failure of this test may be the machine's: it starts or asks other programs.

    Unit tests have no such excuse.
    """
    return UNIT_TESTS not in item.path.parents


def share_of(items: list[pytest.Item], share: str) -> list[pytest.Item]:
    """Return every n-th test: `2/3` is the second share of three."""
    number, _, shares = share.partition("/")
    # by name: the order of tests that are parametrized by a set differs between processes
    chosen = set(sorted(item.nodeid for item in items)[int(number) - 1 :: int(shares)])
    return [item for item in items if item.nodeid in chosen]
