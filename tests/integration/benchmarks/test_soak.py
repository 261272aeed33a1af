"""How benchmarks/soak.py judges what a process holds."""

from __future__ import annotations

import pytest

import soak

BEFORE = soak.Held(threads=13, tasks=8, sockets=7, descriptors=16, resident=80 * soak.MIB)


@pytest.mark.parametrize(
    ("after", "hours", "leaks"),
    [
        (BEFORE, 5.0, False),
        (BEFORE._replace(descriptors=17), 5.0, True),
        (BEFORE._replace(tasks=9), 5.0, True),
        (BEFORE._replace(threads=15), 5.0, False),  # of a pool that fills late
        (BEFORE._replace(threads=30), 5.0, True),
        (BEFORE._replace(resident=90 * soak.MIB), 5.0, True),
        (BEFORE._replace(resident=82 * soak.MIB), 0.5, False),  # too short to say
    ],
)
def test_what_is_held_longer_than_the_work_is_a_leak(
    after: soak.Held, hours: float, leaks: bool
) -> None:
    samples = [(0.0, BEFORE), (hours / 5, BEFORE), (hours, after)]
    assert soak.judge([soak.Sample(at, held) for at, held in samples]) is leaks


def test_what_the_allocator_takes_in_the_first_part_is_no_slope() -> None:
    grown = BEFORE._replace(resident=90 * soak.MIB)
    samples = [(0.0, BEFORE), (2.0, grown), (5.0, grown)]
    assert not soak.judge([soak.Sample(at, held) for at, held in samples])
