"""Checks everything on a fresh machine.

    python3 install/test.py              ruff, mypy and all tests
    python3 install/test.py unit         what is quick: ruff, mypy and the tests without I/O
    python3 install/test.py integration  the tests that use sockets; also `system`, `fuzz`
    python3 install/test.py coverage     the quick tests, and how much of traymon they run
    python3 install/test.py ARGUMENTS    ruff, mypy and a pytest with these arguments

Must not stop at the first failure. The last line counts the tests; the lines above it name all that
failed.
"""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from desktop_packages import (
    prepare_clients,
    prepare_debian,
    prepare_desktop,
    prepare_windows,
)
from environment import ROOT, prepare, run_main
from subprocesses import clean_environ
from test_parts import MAX_FLAKY, WITHOUT_CACHE, Part, Result, run_parts

COVERAGE = ROOT / ".pytest_cache" / "coverage.json"
QUICK = ["tests/unit", "tests/fuzz"]
MEASURE = ["--cov=traymon", f"--cov-report=json:{COVERAGE}"]

# Side by side: most of them wait most of the time, for what they started or for what must not come.
PLACES = {
    "Windows": ["tests/system/windows"],
    "commands": ["tests/system/cli"],
    "install": ["tests/system/install"],
    # chaos is last, when the other parts have mostly ended: it is about times
    "screens": ["tests/system/desktop", "tests/system/chaos"],
}
PLACES["the rest of the system"] = [
    "tests/system",
    *(f"--ignore={folder}" for folders in PLACES.values() for folder in folders),
]
SYSTEM = [Part(name, [*WITHOUT_CACHE, *places]) for name, places in PLACES.items()]
OUTBOUND = "tests/integration/outbound"  # waits for peers that keep it waiting
ALL = [
    Part("integration", ["tests/integration", f"--ignore={OUTBOUND}"]),
    Part("outbound", [*WITHOUT_CACHE, OUTBOUND]),
    Part("unit, fuzz", [*WITHOUT_CACHE, *QUICK]),
    *SYSTEM,
]
LANES = {
    # In two processes, so that two cores are busy.
    "unit": [
        Part(f"unit {share}", [*WITHOUT_CACHE, "tests/unit", "--share", share])
        for share in ("1/2", "2/2")
    ],
    "integration": [Part("integration", ["tests/integration"])],
    "fuzz": [Part("fuzz", ["tests/fuzz"])],
    # By itself, since measuring doubles what a test takes.
    "coverage": [Part("coverage", [*QUICK, *MEASURE])],
    "system": SYSTEM,
}
NEED_NO_DESKTOP = {"unit", "integration", "fuzz", "coverage"}

CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    # One cache each: mypy discards a cache that was made for another platform.
    "mypy linux": ["mypy", "--platform", "linux", "--cache-dir", ".mypy_cache/linux"],
    "mypy win32": ["mypy", "--platform", "win32", "--cache-dir", ".mypy_cache/win32"],
    "mypy darwin": ["mypy", "--platform", "darwin", "--cache-dir", ".mypy_cache/darwin"],
}
QUICK_CHECKS = ("ruff check", "ruff format", f"mypy {sys.platform}")  # of the unit lane


def main(arguments: "list[str]") -> int:
    python = str(prepare("test"))
    lanes = [word for word in arguments if word in LANES]
    if not arguments or set(lanes) - NEED_NO_DESKTOP or lanes != arguments:
        prepare_desktop()
        prepare_windows(python)
        prepare_debian(python)
    if arguments != ["unit"]:
        prepare_clients(python)
    names = QUICK_CHECKS if lanes == arguments == ["unit"] else tuple(CHECKS)
    failed_checks = run_checks(python, names)
    pytest = [python, "-m", "pytest"]
    if lanes != arguments:
        code = subprocess.call([*pytest, *arguments], cwd=str(ROOT), env=clean_environ())
        return 1 if code or failed_checks else 0
    if COVERAGE.exists():
        COVERAGE.unlink()
    parts = [part for lane in lanes for part in LANES[lane]] or ALL
    return sum_up(run_parts(pytest, parts), failed_checks)


def run_checks(python: str, names: "tuple[str, ...]") -> "list[str]":
    """Run these checks, two at a time; return the names of those that failed."""

    def run(name: str) -> "tuple[str, float, bool]":
        began = time.monotonic()
        done = subprocess.run(
            [python, "-m", *CHECKS[name]],
            cwd=str(ROOT),
            env=clean_environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            print(f"--- {name}\n{done.stdout.decode('utf-8', 'replace').rstrip()}", flush=True)
        return name, time.monotonic() - began, done.returncode == 0

    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(run, names))
    print()
    for name, seconds, passed in rows:
        print(f"{name:<12} {seconds:6.1f} s  {'ok' if passed else 'FAILED'}")
    print(flush=True)
    return [name for name, _, passed in rows if not passed]


def sum_up(result: Result, failed_checks: "list[str]") -> int:
    """Print what failed, and the counts in the last line; return the exit code."""
    print()
    print_coverage()
    failed = result.failed()
    print_list("Failed checks", failed_checks)
    print_list("Failed parts", result.failed_parts)
    print_list("Failed tests", failed)
    print_list("Flaky tests, which passed when they were run again", result.flaky)
    # What is not a test counts as one, so that the last line never hides a failure.
    failures = len(failed) + len(failed_checks) + len(result.failed_parts)
    passed, skipped = result.count("passed"), result.count("skipped")
    print(f"{passed} passed, {failures} failed, {skipped} skipped", flush=True)
    return 1 if failures or len(result.flaky) > MAX_FLAKY else 0


def print_coverage() -> None:
    """Print how much of traymon the tests ran in their own process, and the least covered files."""
    if not COVERAGE.exists():
        return
    measured = json.loads(COVERAGE.read_text(encoding="utf-8"))
    files = {
        name: file["summary"]["percent_covered"]
        for name, file in measured["files"].items()
        if file["summary"]["num_statements"]
    }
    lowest = sorted(files, key=files.__getitem__)[:5]
    total = measured["totals"]["percent_covered"]
    print(f"Lines of traymon that the unit, fuzz and Windows tests ran: {total:.0f} %. The lowest:")
    for name in lowest:
        print(f"  {files[name]:3.0f} %  {name}")


def print_list(title: str, lines: "list[str]") -> None:
    if lines:
        print(f"{title}:")
        for line in lines:
            print(f"  {line}")


if __name__ == "__main__":
    run_main(main)
