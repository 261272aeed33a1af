"""How install/test.py runs the tests in parts: failures, crashes, hangs and flaky tests.

A script stands for pytest. It takes the outcomes of tests from their names, and writes a report as
tests/support/run_report.py does.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import test as install_test
import test_parts
from test_parts import Part, run_parts

PYTEST = """
import json, os, pathlib, sys, time
options = [word for word in sys.argv[1:] if word.startswith("--run-report=")]
report = pathlib.Path(options[0].partition("=")[2]).open("a")
tests = [word for word in sys.argv[1:] if word.startswith("test_")]

def write(**line):
    print(json.dumps(line), file=report, flush=True)

for test in tests:
    write(event="collected", test=test, retry="system" in test)
code = 0
for test in tests:
    write(event="started", test=test)
    seen = pathlib.Path("{folder}", test)
    first = not seen.exists()
    seen.touch()
    if "crashes" in test:
        os._exit(1)
    if "hangs" in test:
        time.sleep(60)
    fails = "fails" in test or ("flaky" in test and first)
    write(event="finished", test=test, outcome="failed" if fails else "passed")
    code = code or int(fails)
sys.exit(4 if "--broken" in sys.argv else code)
"""


@pytest.fixture
def pytest_command(tmp_path: Path) -> list[str]:
    script = tmp_path / "pytest.py"
    script.write_text(PYTEST.replace("{folder}", str(tmp_path)))
    return [sys.executable, str(script)]


def run(command: list[str], *parts: list[str]) -> test_parts.Result:
    return run_parts(command, [Part(f"part {n}", words) for n, words in enumerate(parts, 1)])


def test_every_failure_of_every_part_is_in_the_result(pytest_command: list[str]) -> None:
    result = run(pytest_command, ["test_a", "test_fails_b"], ["test_c"], ["test_fails_d"])

    assert result.failed() == ["test_fails_b", "test_fails_d"]
    assert (result.count("passed"), result.failed_parts, result.flaky) == (2, [], [])


def test_a_test_of_the_system_is_run_once_more_and_named(pytest_command: list[str]) -> None:
    result = run(pytest_command, ["test_flaky_system", "test_fails_system", "test_a"])

    assert result.flaky == ["test_flaky_system"]
    assert result.failed() == ["test_fails_system"]
    assert result.count("passed") == 2


def test_unit_tests_are_not_run_again(pytest_command: list[str]) -> None:
    result = run(pytest_command, ["test_flaky"])

    assert (result.failed(), result.flaky) == (["test_flaky"], [])


def test_more_than_three_failures_of_the_system_are_no_accident(pytest_command: list[str]) -> None:
    tests = [f"test_flaky_system_{number}" for number in range(4)]

    result = run(pytest_command, tests)

    assert (result.failed(), result.flaky) == (tests, [])


def test_a_test_that_ends_pytest_fails_and_the_others_are_run(pytest_command: list[str]) -> None:
    result = run(pytest_command, ["test_a", "test_crashes", "test_b"], ["test_c"])

    assert result.failed() == ["test_crashes"]
    assert (result.count("passed"), result.failed_parts) == (3, [])


def test_a_part_that_goes_on_ending_early_is_named(pytest_command: list[str]) -> None:
    result = run(pytest_command, ["test_crashes", "test_crashes_again", "test_a"])

    assert result.failed() == ["test_crashes", "test_crashes_again"]
    assert result.failed_parts == ["part 1: 1 tests were not run"]


def test_a_part_that_hangs_is_ended_and_the_rest_of_it_run(
    pytest_command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_parts, "PART_TIMEOUT", 3.0)

    result = run(pytest_command, ["test_a", "test_hangs", "test_b"])

    assert result.failed() == ["test_hangs"]
    assert result.count("passed") == 2


def test_a_part_that_fails_without_a_failed_test_is_named(pytest_command: list[str]) -> None:
    result = run(pytest_command, ["test_a", "--broken"], ["test_b"])

    assert result.failed_parts == ["part 1: pytest ended with 4"]
    assert (result.failed(), result.count("passed")) == ([], 2)


def test_the_last_lines_name_what_failed_and_count_it(
    pytest_command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    result = run(pytest_command, ["test_a", "test_flaky_system", "test_fails", "--broken"])
    capfd.readouterr()

    assert install_test.sum_up(result, ["mypy linux"]) == 1
    lines = capfd.readouterr().out.splitlines()
    assert lines[-7:] == [
        "Failed checks:",
        "  mypy linux",
        "Failed tests:",
        "  test_fails",
        "Flaky tests, which passed when they were run again:",
        "  test_flaky_system",
        "2 passed, 2 failed, 0 skipped",
    ]


def test_all_good_and_one_flaky_is_a_success(
    pytest_command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    result = run(pytest_command, ["test_a", "test_flaky_system"])

    assert install_test.sum_up(result, []) == 0
    assert capfd.readouterr().out.endswith("\n2 passed, 0 failed, 0 skipped\n")
