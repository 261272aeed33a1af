"""The thread that serves one surface: it outlives whatever that surface does."""

from __future__ import annotations

import logging
import threading

import pytest

from traymon.ui.worker import Worker


def test_values_are_handled_one_by_one_in_their_order_and_to_the_last() -> None:
    handled: list[int] = []
    worker = Worker("test", handled.append)
    for number in range(1, 1001):
        worker.post(number)
    worker.stop(20)
    assert handled == list(range(1, 1001))


def test_states_that_were_overtaken_are_dropped_and_the_newest_is_not() -> None:
    handled: list[int] = []
    entered, leave, newest = threading.Event(), threading.Event(), threading.Event()

    def handle(number: int) -> None:
        handled.append(number)
        if number == 99:
            newest.set()
        entered.set()
        leave.wait(20)

    worker = Worker("test", handle, newest_only=True)
    worker.post(1)
    assert entered.wait(20)
    for number in range(2, 100):
        worker.post(number)
    leave.set()
    assert newest.wait(20)
    worker.stop(20)
    assert handled == [1, 99]


@pytest.mark.parametrize("fault", [ValueError("bad"), SystemExit(1)], ids=["exception", "exit"])
def test_a_value_that_fails_is_logged_and_the_next_one_is_handled(
    fault: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    handled: list[int] = []

    def handle(number: int) -> None:
        if number == 1:
            raise fault
        handled.append(number)

    worker = Worker("surface", handle)
    worker.post(1)
    worker.post(2)
    worker.stop(20)
    assert handled == [2]
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "surface failed; it goes on with the next")
    ]


def test_one_that_hangs_is_left_after_the_time_given() -> None:
    forever = threading.Event()

    def hang(_: int) -> None:
        forever.wait(60)

    worker = Worker("test", hang)
    worker.post(1)
    worker.stop(0.05)
    forever.set()


def test_it_may_be_stopped_from_its_own_thread() -> None:
    stopped = threading.Event()

    def stop(_: int) -> None:
        worker.stop(60)
        stopped.set()

    worker = Worker("test", stop)
    worker.post(1)
    assert stopped.wait(20)
