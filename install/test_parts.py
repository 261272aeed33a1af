"""Runs the tests in parts, side by side where that is possible, and sums up what became of them.

A part that crashes or hangs fails, and everything else is still run and counted.
"""

import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, NamedTuple

from desktop_packages import succeeds
from environment import ROOT
from subprocesses import clean_environ

PART_TIMEOUT = 2400.0  # seconds
MAX_FLAKY = 3  # tests that pass only when run again; more of them fail the run
WITHOUT_CACHE = ["-p", "no:cacheprovider"]  # parts that run side by side must not share one
NOTHING_COLLECTED = 5  # pytest's exit code; elsewhere than on Linux some parts have no tests
ENDINGS_WITHOUT_FAULT = {0} if sys.platform.startswith("linux") else {0, NOTHING_COLLECTED}


class Part(NamedTuple):
    """Some of the tests, run by a pytest of their own."""

    name: str
    arguments: "list[str]"


class Report(NamedTuple):
    """What became of each test of a part, and which of them may be run once more.

    An outcome is passed, failed or skipped; "started" or "collected" where pytest ended early.
    """

    outcomes: "dict[str, str]"
    retryable: "set[str]"

    def not_run(self) -> "list[str]":
        """Return the tests that pytest did not come to."""
        return [test for test, outcome in self.outcomes.items() if outcome == "collected"]


class Result:
    """What became of all tests."""

    def __init__(self) -> None:
        self.outcomes = {}  # type: dict[str, str]
        self.failed_parts = []  # type: list[str]
        self.flaky = []  # type: list[str]
        self._retryable = set()  # type: set[str]

    def add(self, report: Report) -> None:
        """Take the outcomes of a part. A test that never ended, or ended pytest, has failed."""
        for test, outcome in report.outcomes.items():
            if outcome != "collected":
                self.outcomes[test] = "failed" if outcome == "started" else outcome
        self._retryable |= report.retryable

    def failed(self) -> "list[str]":
        """Return the tests that failed."""
        return [test for test, outcome in self.outcomes.items() if outcome == "failed"]

    def to_run_again(self) -> "list[str]":
        """Return the failed tests that may be run once more; none if there are too many of them."""
        tests = [test for test in self.failed() if test in self._retryable]
        return tests if len(tests) <= MAX_FLAKY else []

    def passed_again(self, test: str) -> None:
        """Take a failed test for passed, and name it."""
        self.outcomes[test] = "passed"
        self.flaky.append(test)

    def count(self, outcome: str) -> int:
        """Return how many tests have this outcome."""
        return list(self.outcomes.values()).count(outcome)


class Running:
    """A part while pytest runs it."""

    def __init__(self, pytest: "list[str]", part: Part, folder: Path, shown: bool) -> None:
        self.part = part
        self._report = folder / "report"
        self._output = None if shown else (folder / "output").open("w+b")
        self._deadline = time.monotonic() + PART_TIMEOUT
        self._process = subprocess.Popen(
            [*pytest, *part.arguments, f"--run-report={self._report}"],
            cwd=str(ROOT),
            env=clean_environ(),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT if self._output else None,
        )

    def wait(self, result: Result) -> "list[str]":
        """Wait for its end and add its report to the result; return the tests that were not run."""
        try:
            code = self._process.wait(max(0.0, self._deadline - time.monotonic()))
            ending = f"pytest ended with {code}" if code not in ENDINGS_WITHOUT_FAULT else ""
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            ending = f"ended by force after {PART_TIMEOUT:.0f} s"
        if self._output:
            print_all(self._output)
        report = read_report(self._report)
        result.add(report)
        if ending and not {"failed", "started"} & set(report.outcomes.values()):
            result.failed_parts.append(f"{self.part.name}: {ending}")
        return report.not_run()


def run_parts(pytest: "list[str]", parts: "list[Part]") -> Result:
    """Run all parts, and at the end once more each failed test that relies on other programs."""
    result = Result()
    with tempfile.TemporaryDirectory(prefix="traymon-tests-") as parent:
        folders = (new_folder(parent, str(number)) for number in itertools.count())

        def start(part: Part, shown: bool = True) -> Running:
            return Running(pytest, part, next(folders), shown)

        def continue_after(part: Part, not_run: "list[str]") -> None:
            """Run the rest of a part in which a test ended pytest."""
            if not_run:
                print(f"\n{part.name}: going on after {len(result.failed())} failures", flush=True)
                not_run = start(Part(part.name, [*WITHOUT_CACHE, *not_run])).wait(result)
            if not_run:
                result.failed_parts.append(f"{part.name}: {len(not_run)} tests were not run")

        if own_networks():
            # The output of the first part is shown as it comes, that of the others at their end.
            running = [start(part, shown=not number) for number, part in enumerate(parts)]
            not_run = [each.wait(result) for each in running]
        else:
            not_run = [start(part).wait(result) for part in parts]
        for part, tests in zip(parts, not_run, strict=True):
            continue_after(part, tests)
        for test in result.to_run_again():
            print(f"\nOnce more, by itself: {test}", flush=True)
            again = Result()
            start(Part(test, [*WITHOUT_CACHE, test])).wait(again)
            if again.outcomes.get(test) == "passed":
                result.passed_again(test)
    return result


def own_networks() -> bool:
    """Tell whether each pytest can have a network of its own, as tests/conftest.py sets it up."""
    return bool(shutil.which("unshare")) and succeeds(["unshare", "--net", "true"])


def new_folder(parent: str, name: str) -> Path:
    folder = Path(parent) / name.replace("/", "-")
    folder.mkdir()
    return folder


def read_report(path: Path) -> Report:
    """Read what tests/support/run_report.py wrote."""
    report = Report({}, set())
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in lines:
        event = json.loads(line)
        test = event["test"]
        report.outcomes[test] = event.get("outcome", event["event"])
        if event.get("retry"):
            report.retryable.add(test)
    return report


def print_all(output: "IO[bytes]") -> None:
    output.seek(0)
    sys.stdout.write(output.read().decode("utf-8", "replace"))
    sys.stdout.flush()
    output.close()
