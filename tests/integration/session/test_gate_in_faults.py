"""The gate beside a Gateway that fails, in virtual time: never open where orders are refused."""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from support.session_harness import Story, play
from support.virtual_time import BEGAN
from traymon.core.calendar import Calendar
from traymon.core.gate import Gate, GateOptions, Why, judge
from traymon.core.target import Limits
from traymon.core.time_windows import Schedule, Span
from traymon.sim.gateway import HEALTHY, Hello

MOMENTS = [7.0, 8.3, 9.9, 12.5, 31.0, 45.2]  # anywhere between two heartbeats or two looks
SILENT = replace(HEALTHY, hello=Hello.SILENT)
KILLED_WITHIN, FROZEN_WITHIN = 1.0, 11.0  # seconds until the gate is closed
OPEN_WITHIN = 70.0  # seconds after a fault is over: new handshakes back off to a minute
PLANS = int(os.environ.get("TRAYMON_GATE_PLANS", "2"))  # many more for a long run
FAULTS = 13  # of one plan
ASKED = 20  # times at random moments of each


def ask(told: Story, calendar: Calendar | None = None, options: GateOptions | None = None) -> Gate:
    """Ask as a program does: at any moment, with the status that was published last."""
    options = options or GateOptions(margin=None)
    return judge(told.status, calendar or Calendar(), told.monitor.clock(), options)


async def until_open(told: Story, within: float = OPEN_WITHIN) -> None:
    began = told.now
    while not ask(told).open:
        assert told.now < began + within, (told.shown, ask(told).reasons)
        await told.until(told.now + 0.5)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_gateway_closes_it_within_a_second(moment: float) -> None:
    async def story(told: Story) -> None:
        await told.until(moment)
        assert ask(told).open
        await told.gateway.stop()
        await told.until(moment + KILLED_WITHIN)
        assert not ask(told).open

    play(story)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_frozen_gateway_closes_it_within_eleven_seconds(moment: float) -> None:
    async def story(told: Story) -> None:
        await told.until(moment)
        assert ask(told).open
        told.gateway.behaviour = SILENT
        await told.until(moment + FROZEN_WITHIN)
        assert not ask(told).open

    play(story)


def test_a_restart_that_is_planned_closes_it_before_it_comes() -> None:
    restart = Span(BEGAN + 1000, BEGAN + 1300)
    calendar = Calendar(maintenance=Schedule(dated=(restart,)))
    options = GateOptions(margin=600)

    async def story(told: Story) -> None:
        await told.until(399)
        answer = ask(told, calendar, options)
        assert answer.open
        assert answer.next_change_at == restart.begins - 600
        await told.until(401)
        answer = ask(told, calendar, options)
        assert [closing.why for closing in answer.reasons] == [Why.PLANNED_CUT]
        assert answer.next_change_at == restart.ends
        await told.until(1100)
        await told.gateway.stop()
        await told.until(1200)
        await told.gateway.start(port=told.gateway.port)
        await told.until(1299)
        assert not ask(told, calendar, options).open
        await told.until(1301)
        assert ask(told, calendar, options).open

    play(story, calendar=calendar)


def test_it_stays_open_beside_a_gateway_that_is_well() -> None:
    async def story(told: Story) -> None:
        await until_open(told)
        while told.now < 600:
            await told.until(told.now + 1.7)
            assert ask(told).reasons == ()

    play(story)


def test_it_is_closed_until_the_first_session_is_answered_and_while_paused() -> None:
    async def story(told: Story) -> None:
        assert not ask(told).open
        await until_open(told)
        told.monitor.pause()
        await told.until(told.now + 0.1)
        assert [closing.why for closing in ask(told).reasons] == [Why.PAUSED]
        told.monitor.resume()
        await until_open(told)

    play(story)


# --- faults at random moments ---


@dataclass
class Fault:
    """A way to fail, and how soon it must close the gate."""

    name: str
    within: float
    begin: Callable[[Story], Awaitable[None]]
    end: Callable[[Story], Awaitable[None]]


async def behave_well(told: Story) -> None:
    told.gateway.behaviour = HEALTHY


async def kill(told: Story) -> None:
    await told.gateway.stop()


async def start_again(told: Story) -> None:
    await told.gateway.start(port=told.gateway.port)


async def hang(told: Story) -> None:
    told.gateway.behaviour = SILENT


async def hang_up_and_refuse(told: Story) -> None:
    told.gateway.behaviour = replace(HEALTHY, hello=Hello.CLOSE)
    told.gateway.drop_connections()


async def drop_and_hang(told: Story) -> None:
    told.gateway.behaviour = SILENT
    told.gateway.drop_connections()


async def lose_the_link(told: Story) -> None:
    told.gateway.say(1100, "Connectivity between IBKR and TWS has been lost.")


async def find_the_link(told: Story) -> None:
    told.gateway.say(1102, "Connectivity between IBKR and TWS has been restored - data kept.")


async def log_in_elsewhere(told: Story) -> None:
    told.gateway.behaviour = replace(HEALTHY, accounts=("DU999999",))
    told.gateway.drop_connections()


async def come_back(told: Story) -> None:
    told.gateway.behaviour = HEALTHY
    told.gateway.drop_connections()


FAULT_KINDS = (
    Fault("killed", KILLED_WITHIN, kill, start_again),
    Fault("frozen", FROZEN_WITHIN, hang, come_back),
    Fault("hangs up", KILLED_WITHIN, hang_up_and_refuse, behave_well),
    Fault("drops and hangs", KILLED_WITHIN, drop_and_hang, behave_well),
    Fault("no link", KILLED_WITHIN, lose_the_link, find_the_link),
    Fault("another account", KILLED_WITHIN, log_in_elsewhere, come_back),
)


@dataclass
class Tally:
    """What became of the questions."""

    asked: int = 0
    wrong: list[str] = field(default_factory=list)


@pytest.mark.parametrize("seed", range(PLANS))
def test_at_no_random_moment_of_a_fault_is_it_open(seed: int) -> None:
    plan, tally = random.Random(seed), Tally()

    async def story(told: Story) -> None:
        for _ in range(FAULTS):
            await until_open(told)
            await told.until(told.now + plan.uniform(0.0, 40.0))
            fault = plan.choice(FAULT_KINDS)
            began, lasts = told.now, fault.within + plan.uniform(2.0, 90.0)
            await fault.begin(told)
            # an order that is sent a second after the question is refused up to the fault's end
            moments = [plan.uniform(fault.within, lasts - 1.0) for _ in range(ASKED)]
            for moment in sorted(moments):
                await told.until(began + moment)
                tally.asked += 1
                if ask(told).open:
                    tally.wrong.append(f"{fault.name}, after {moment:.1f} s")
            await told.until(began + lasts)
            await fault.end(told)

    play(story, account="DU123456", limits=Limits())
    assert tally.wrong == []
    assert tally.asked == FAULTS * ASKED  # in all plans together more than 500
