"""Plays chaos: everything around traymon fails at random while the Gateway fails and recovers.

    .venv/bin/python benchmarks/chaos.py                one minute, with a random seed
    .venv/bin/python benchmarks/chaos.py --minutes 30   a new seed every minute
    .venv/bin/python benchmarks/chaos.py --seed 17      the minute of that seed again

Real processes on a virtual desktop. Prints each plan with its seed and what was wrong; the exit
code is 1 if something was. As root it also fills a disk and changes the time zone, in a mount
namespace of its own. The clock is not changed: that cannot be done for one program alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import count
from pathlib import Path
from random import SystemRandom

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.chaos.episode import play
from support.chaos.mounts import have_own_mounts
from support.chaos.plan import plan
from support.chaos.verdict import faults
from support.virtual_desktop import missing

LOG_LINES = 100  # of traymon's own words, if something was wrong


def main() -> None:
    """Play episode after episode until the time is over; exit with 1 if something was wrong."""
    parser = argparse.ArgumentParser(description="Plays chaos around traymon.")
    parser.add_argument("--seed", type=int, help="of the first minute; the next ones count up")
    parser.add_argument("--minutes", type=float, default=0.0, help="for how long; 0: one plan")
    options = parser.parse_args()
    if packages := missing():
        raise SystemExit(f"a virtual desktop needs: apt install {' '.join(packages)}")
    own_mounts = have_own_mounts()
    if not own_mounts:
        print("Left out: full disk and time zone, which take root.")
    first = SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    deadline = time.monotonic() + options.minutes * 60
    failed = []
    for seed in count(first):
        if not play_and_print(seed, own_mounts=own_mounts):
            failed.append(seed)
        if time.monotonic() >= deadline:
            break
    print(f"seeds {first} to {seed}: wrong in {len(failed)} {failed or ''}")
    sys.exit(bool(failed))


def play_and_print(seed: int, *, own_mounts: bool) -> bool:
    """Play one plan and print it with what was wrong; return whether all was right."""
    chosen = plan(seed, own_mounts=own_mounts)
    print(chosen, flush=True)
    began = time.monotonic()
    try:
        record, logs = play(chosen, own_mounts=own_mounts)
    except AssertionError as error:  # something never came
        found, logs = [str(error)], "\n".join(getattr(error, "__notes__", []))
    else:
        found = faults(record)
        for one in record.shown:
            print(f"{one.at - began:5.1f} s  {'!' if one.urgent else ' '} {one.title}")
    for fault in found:
        print(f"WRONG (seed {seed}): {fault}")
    if found:
        print("\n".join(logs.splitlines()[-LOG_LINES:]))
    print(f"{time.monotonic() - began:.0f} s", flush=True)
    return not found


if __name__ == "__main__":
    main()
