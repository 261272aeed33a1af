"""Faults that people reported in public, played by the simulated Gateway; the source stands beside.

What is asked for is what they would have needed: the light and the code after a while, and that
nothing flickers. Reports about one sensor alone are played in that sensor's tests.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace

import pytest

from support.scripted_gateway import ServesEveryNth
from support.session_harness import Story, play
from support.virtual_time import BEGAN
from traymon.core.calendar import GRACE, Calendar
from traymon.core.target import Limits, Target
from traymon.core.time_windows import Schedule, Span
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis.fix_pages import page
from traymon.monitoring.one_shot import run_once
from traymon.sim.connection import Connection
from traymon.sim.gateway import HEALTHY, Gateway, Hello
from traymon.sim.script import Script

LOST = (1100, "Connectivity between IBKR and Trader Workstation has been lost.")


async def served(told: Story, within: float = 10.0) -> None:
    """Wait until it is green and a session is held."""
    await told.until_it_shows("healthy", "green", within)
    while told.status.evidence.symptom(SensorName.SESSION) is not Symptom.OK:
        await told.until(told.now + 0.1)


# Lean.IB#258: IB's reset began in its window, and the link was gone for 15 hours.
def test_a_link_that_stays_down_after_the_maintenance_window_gets_its_own_name() -> None:
    begins, ends = 60.0, 180.0
    window = Schedule(dated=(Span(BEGAN + begins, BEGAN + ends),))

    async def say_it_again(told: Story) -> None:
        while True:
            told.gateway.say(*LOST)
            await asyncio.sleep(20)

    async def story(told: Story) -> None:
        await served(told)
        await told.until(begins + 10)
        saying = asyncio.create_task(say_it_again(told))
        try:
            await told.until(ends - 10)
            assert told.shown == ("maintenance", "amber")
            await told.until(ends + GRACE + 70)
            assert told.shown == ("ib-link-down", "red")
            await told.until(2 * 3600)
            assert told.shown == ("ib-link-down", "red")
        finally:
            saying.cancel()
            await asyncio.wait([saying])

    play(story, calendar=Calendar(maintenance=window))


# nautechsystems/nautilus_trader#3968: usfarm was broken for three seconds.
def test_a_farm_that_breaks_for_three_seconds_never_leaves_green() -> None:
    async def story(told: Story) -> None:
        await served(told)
        began = told.now
        told.gateway.say(2103, "Market data farm connection is broken:usfarm")
        await told.until(began + 3)
        told.gateway.say(2104, "Market data farm connection is OK:usfarm")
        await told.until(began + 900)
        assert {light for at, _, light in told.flips if at > began} <= {"green"}
        assert told.shown == ("healthy", "green")

    play(story)


# wboayue/rust-ibapi#368: "early eof" for minutes after the nightly restart.
def test_a_port_that_hangs_up_on_everybody_after_a_restart_is_not_green_until_it_serves() -> None:
    async def story(told: Story) -> None:
        await served(told)
        await told.gateway.stop()
        await told.until_it_shows("port-refused", "red", within=15)
        await told.until(30)
        told.gateway.behaviour = replace(HEALTHY, hello=Hello.CLOSE)
        await told.gateway.start(port=told.gateway.port)
        await told.until_it_shows("just-started", "amber", within=15)
        await told.until(118)
        assert told.shown[1] != "green"
        told.gateway.behaviour = HEALTHY
        await told.until_it_shows("healthy", "green", within=70)  # the longest pause, and a look

    play(story)


# manhinhang/ib-gateway-docker#65: a watchdog restarts the Gateway at each 1100.
def test_a_gateway_that_something_restarts_at_each_1100_is_right_at_every_moment() -> None:
    async def story(told: Story) -> None:
        for _ in range(6):
            await served(told, within=30)
            await told.until(told.now + 20)
            told.gateway.say(*LOST)
            await told.until_it_shows("ib-link-down", "amber", within=1)
            await told.gateway.stop()
            await told.until_it_shows("port-refused", "red", within=12)
            await told.gateway.start(port=told.gateway.port)
        await told.until_it_shows("healthy", "green", within=30)

    play(story)


# joshuaulrich/IBrokers#28: "works every 10th time, else hangs".
def test_a_gateway_that_answers_every_fourth_hello_stays_red_and_does_not_flicker() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("handshake-silent", "red", within=30)
        began = told.now
        await told.until(began + 600)
        assert {light for at, _, light in told.flips if at > began} <= {"red"}

    # no session: it would be served, and the light with it, by the fourth hello
    play(story, script=ServesEveryNth(4), own_client_id=None)


# mvberg/ib-gateway-docker#34: it hangs "until port number is changed and changed back".
def test_a_listener_that_hangs_until_its_port_is_changed_and_changed_back_turns_green() -> None:
    async def begins_silent(gateway: Gateway) -> None:
        gateway.behaviour = replace(HEALTHY, hello=Hello.SILENT)

    async def story(told: Story) -> None:
        await told.until_it_shows("handshake-silent", "red", within=30)
        port = told.gateway.port
        await told.gateway.stop()
        await told.gateway.start(port=0)
        await told.until_it_shows("port-refused", "red", within=70)
        await told.gateway.stop()
        told.gateway.behaviour = HEALTHY
        await told.gateway.start(port=port)
        assert await told.until_it_shows("healthy", "green", within=30) <= 12

    play(story, before=begins_silent)


# mementum/backtrader#217: the host was set to 0.0.0.127.
@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone says at once that no route is")
@pytest.mark.skipif(
    sys.platform == "linux" and os.geteuid() != 0, reason="it would leave this machine"
)
def test_a_host_with_its_numbers_turned_round_is_unreachable_and_the_page_has_the_right_one() -> (
    None
):
    status = run_once(Target("bot", "0.0.0.127", 4002, limits=Limits(timeout=1.0)))
    assert (status.diagnosis.code, status.diagnosis.light) == ("host-unreachable", Light.RED)
    assert "IB_HOST=127.0.0.1" in " ".join(page("host-unreachable").sections.values())


class AnswersLate(Script):
    """Answers every startApi, or every hello, some seconds late."""

    def __init__(self, *, start: float = 0.0, hello: float = 0.0) -> None:
        self.late_start = start
        self.late_hello = hello

    def hello(self, connection: Connection) -> None:
        connection.later(self.late_hello, connection.answer_hello)

    def start(self, connection: Connection, client_id: int) -> None:
        connection.later(self.late_start, lambda: connection.start_session(client_id))


# A Gateway that is slow to answer: programs with timeout=30 get in.
def test_a_version_that_comes_after_eight_seconds_is_slow_if_the_user_waits_that_long() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("handshake-slow", "amber", within=60)
        await told.until(told.now + 300)
        assert told.shown == ("handshake-slow", "amber")

    play(story, script=AnswersLate(hello=8.0), limits=Limits(timeout=10.0))


def test_a_version_that_comes_after_eight_seconds_is_silence_to_who_waits_for_five() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("handshake-silent", "red", within=60)

    play(story, script=AnswersLate(hello=8.0))
