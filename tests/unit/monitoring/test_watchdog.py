"""A loop that stands still is noticed, with its stack, and so is one that has ended."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from support.polling import PATIENCE, wait_for
from traymon.monitoring.watchdog import MAX_MISSED_BEATS, Watchdog

EVERY = 0.02


def test_a_loop_that_stands_still_is_noticed_with_its_stack(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stalled, go_on = threading.Event(), threading.Event()
    stalls: list[float] = []

    def on_stall() -> None:
        stalls.append(time.monotonic())
        stalled.set()

    dog = Watchdog(on_stall, EVERY)

    def hang_somewhere() -> None:
        dog.beat()
        go_on.wait(PATIENCE)

    thread = threading.Thread(target=hang_somewhere)
    thread.start()
    with caplog.at_level(logging.ERROR):
        began = time.monotonic()
        dog.watch(thread)
        wait_for(stalled.is_set)
    assert stalls[0] - began >= EVERY * MAX_MISSED_BEATS
    assert "hang_somewhere" in caplog.text
    assert "go_on.wait" in caplog.text
    stalled.clear()
    wait_for(stalled.is_set)  # again with the next look, for what could not be told yet
    assert caplog.text.count("no sign of life") == 1
    dog.beat()  # it goes on, and stands still again
    with caplog.at_level(logging.ERROR):
        while caplog.text.count("no sign of life") < 2:
            assert time.monotonic() - began < PATIENCE
    go_on.set()
    thread.join()
    dog.stop()


def test_a_loop_that_gives_signs_of_life_is_left_alone() -> None:
    stalled, stop = threading.Event(), threading.Event()
    dog = Watchdog(stalled.set, interval=0.2)

    def live() -> None:
        while not stop.wait(0.05):
            dog.beat()

    thread = threading.Thread(target=live)
    thread.start()
    dog.watch(thread)
    assert not stalled.wait(0.2 * MAX_MISSED_BEATS * 2)
    stop.set()
    thread.join()
    dog.stop()


def test_a_thread_that_has_ended_gives_no_signs_of_life(caplog: pytest.LogCaptureFixture) -> None:
    stalled = threading.Event()
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    dog = Watchdog(stalled.set, EVERY)
    dog.watch(thread)
    wait_for(stalled.is_set)
    dog.stop()
    assert "its thread has ended" in caplog.text


def test_it_can_be_stopped() -> None:
    stalled = threading.Event()
    dog = Watchdog(stalled.set, EVERY)
    dog.stop()
    dog.watch(threading.current_thread())
    assert not stalled.wait(EVERY * MAX_MISSED_BEATS * 2)
