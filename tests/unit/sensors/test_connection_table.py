"""How often the socket table is read, and what a change of it means."""

from __future__ import annotations

import asyncio
import time

from traymon.core.polling import MAX_CPU_SHARE
from traymon.core.target import Program, Target
from traymon.sensors.client_id_ledger import Link
from traymon.sensors.connection_table import ConnectionTable
from traymon.sensors.processes import Connected

TARGET = Target("test")
SETTLE_TIME, INTERVAL = 3.0, 5.0
ONE = Link(Program("one.py", 1), 40_001)


def connected(*links: Link, rejected: tuple[int, ...] = (), cost: float = 0.0) -> Connected:
    return Connected(frozenset(links), frozenset(rejected), cost)


def table_of(*answers: Connected | None) -> ConnectionTable:
    """A table that gives these answers, one after another."""
    left = iter(answers)
    return ConnectionTable(lambda target: next(left), SETTLE_TIME, INTERVAL)


def read(table: ConnectionTable) -> bool:
    return asyncio.run(table.read(TARGET))


def test_the_table_is_read_at_once_and_then_every_interval() -> None:
    table = table_of(connected())
    assert table.is_due(time.monotonic())
    assert read(table)
    now = time.monotonic()
    assert not table.is_due(now + INTERVAL - 1)
    assert table.is_due(now + INTERVAL)


def test_an_expensive_table_is_read_less_often() -> None:
    table = table_of(connected(cost=0.1))
    read(table)
    now = time.monotonic()
    assert not table.is_due(now + 0.1 / MAX_CPU_SHARE - 1)
    assert table.is_due(now + 0.1 / MAX_CPU_SHARE)


def test_after_a_program_has_started_the_table_is_read_often() -> None:
    table = table_of(connected())
    read(table)
    now = time.monotonic()
    table.start_burst(now)
    assert table.is_due(now)


def test_a_change_is_read_again_as_soon_as_it_can_have_settled() -> None:
    table = table_of(connected(ONE, cost=1.0))
    read(table)
    table.read_again_once_settled()
    now = time.monotonic()
    assert not table.is_due(now + SETTLE_TIME - 1)
    assert table.is_due(now + SETTLE_TIME)
    assert table.age.is_settling(now, SETTLE_TIME)
    assert not table.age.shows_settled(SETTLE_TIME)


def test_nobody_connected_at_first_is_no_change() -> None:
    table = table_of(connected())
    read(table)
    assert not table.age.is_settling(time.monotonic(), SETTLE_TIME)
    assert table.age.shows_settled(SETTLE_TIME)


def test_a_table_that_cannot_be_read_keeps_what_was_known() -> None:
    table = table_of(connected(ONE), None)
    read(table)
    age = table.age
    assert not read(table)
    assert (table.readable, table.links, table.age) == (False, frozenset({ONE}), age)
    assert not table.is_due(time.monotonic() + INTERVAL)


def test_only_a_rejection_that_is_new_has_a_time() -> None:
    table = table_of(connected(rejected=(1,)), connected(rejected=(1,)), connected(rejected=(1, 2)))
    read(table)
    assert table.rejections.last is None, "it may be old"
    read(table)
    assert table.rejections.last is None
    read(table)
    assert table.rejections.last is not None
