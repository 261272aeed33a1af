"""What a connected client alone can know, told through time: real sensors, a simulated Gateway."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.session_harness import Story, play
from traymon.core.facts import Fact
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sim.gateway import HEALTHY, Hello, Start

LOST = (1100, "Connectivity between IBKR and Trader Workstation has been lost.")
BACK = (1102, "Connectivity between IBKR and Trader Workstation has been restored.")
BROKEN = (2103, "Market data farm connection is broken:usfarm")
MENDED = (2104, "Market data farm connection is OK:usfarm")


async def begin(told: Story) -> float:
    """Wait until the session is served and green shows; return the second."""
    while told.status.evidence.symptom(SensorName.SESSION) is not Symptom.OK:
        assert told.now < 5, told.readings
        await told.until(told.now + 0.1)
    assert told.shown == ("healthy", "green")
    return told.now


@pytest.mark.parametrize("hello", [Hello.SILENT, Hello.HALF_FRAME], ids=lambda h: h.name)
def test_old_sessions_work_and_new_clients_hang(hello: Hello) -> None:
    async def story(told: Story) -> None:
        await begin(told)
        told.gateway.behaviour = replace(HEALTHY, hello=hello, keeps_sessions=True)
        await told.until_it_shows("new-clients-hang", "amber", within=60)
        await told.until(300)
        assert [code for _, code, _ in told.flips] == ["healthy", "new-clients-hang"]
        ((at, symptom),) = told.seen("session")
        assert at == pytest.approx(0, abs=1)
        assert symptom is Symptom.OK
        told.gateway.behaviour = HEALTHY
        await told.until_it_shows("healthy", "green", within=130)

    play(story)


def test_a_gateway_that_stops_answering_old_and_new_clients_is_hung() -> None:
    async def story(told: Story) -> None:
        began = await begin(told)
        told.gateway.behaviour = replace(HEALTHY, hello=Hello.SILENT)
        assert await told.until_it_shows("session-hung", "red", within=20) <= 15
        assert told.flips[-1][0] - began <= 15
        await told.until(200)
        assert told.shown == ("session-hung", "red")

    play(story)


def test_a_heartbeat_that_dies_behind_a_served_handshake_is_hung() -> None:
    async def story(told: Story) -> None:
        began = await begin(told)
        told.gateway.behaviour = replace(HEALTHY, tells_time=False)
        await told.until_it_shows("session-hung", "red", within=20)
        assert told.now - began <= 15
        told.gateway.behaviour = HEALTHY
        await told.until_it_shows("healthy", "green", within=20)
        assert len(told.sessions) == 1, "the session that stands is the one that came back"

    play(story)


@pytest.mark.parametrize("lost", [1100, 2110])
@pytest.mark.parametrize("back", [1101, 1102])
def test_a_lost_link_is_amber_at_once_red_after_a_minute_and_green_when_it_is_back(
    lost: int, back: int
) -> None:
    async def story(told: Story) -> None:
        began = await begin(told)
        told.gateway.say(lost, "lost")
        assert await told.until_it_shows("ib-link-down", "amber", within=1) < 0.1
        await told.until(began + 30)
        told.gateway.say(lost, "lost")  # TWS repeats it; the minute does not begin anew
        await told.until(began + 59)
        assert told.shown == ("ib-link-down", "amber")
        await told.until_it_shows("ib-link-down", "red", within=7)  # at the next tick
        await told.until(began + 100)
        told.gateway.say(back, "restored")
        assert await told.until_it_shows("healthy", "green", within=1) < 0.1
        assert len(told.sessions) == 1, "a lost link is no reason to drop the socket"

    play(story)


def test_a_lost_link_without_internet_names_the_internet() -> None:
    async def story(told: Story) -> None:
        await begin(told)
        told.internet.sees = Symptom.OFFLINE  # what the sensor sees is test_internet.py's
        told.gateway.say(*LOST)
        await told.until_it_shows("internet-down", "red", within=10)
        told.internet.sees = Symptom.OK
        await told.until_it_shows("ib-link-down", "red", within=120)
        told.gateway.say(*BACK)
        await told.until_it_shows("healthy", "green", within=1)

    play(story)


def test_a_farm_that_stays_down_shows_after_five_minutes_and_not_before() -> None:
    async def story(told: Story) -> None:
        began = await begin(told)
        told.gateway.say(*BROKEN)
        await told.until(began + 150)
        told.gateway.say(*BROKEN)  # repeated: counted from the first one
        await told.until(began + 299)
        assert told.shown == ("healthy", "green")
        await told.until_it_shows("data-farm-down", "amber", within=7)
        assert told.status.diagnosis.facts[Fact.FARMS] == "market data (usfarm)"
        told.gateway.say(*MENDED)
        await told.until_it_shows("healthy", "green", within=15)
        assert len(told.sessions) == 1

    play(story)


def test_a_farm_that_flaps_never_shows() -> None:
    async def story(told: Story) -> None:
        await begin(told)
        for _ in range(10):
            told.gateway.say(*BROKEN)
            await told.until(told.now + 200)
            told.gateway.say(*MENDED)
            await told.until(told.now + 1)
        assert [code for _, code, _ in told.flips] == ["healthy"]

    play(story)


def test_a_port_that_moved_is_named_with_its_new_number() -> None:
    async def story(told: Story) -> None:
        await begin(told)
        told.gateway.say(1300, "The socket port has been reset. Reconnect on the new port - 4001")
        await told.until(told.now + 0.5)
        assert told.shown == ("healthy", "green"), "the old port still answers"
        await told.gateway.stop()
        await told.until_it_shows("port-moved", "red", within=10)
        assert told.status.diagnosis.facts[Fact.OPEN_PORT] == 4001

    play(story)


@pytest.mark.parametrize(
    ("code", "shows"),
    [
        (10197, "competing-session"),
        (2139, "paper-not-acknowledged"),
        (357, "client-outdated"),
    ],
)
def test_what_tws_asks_for_shows_at_once_and_ages(code: int, shows: str) -> None:
    async def story(told: Story) -> None:
        await begin(told)
        told.gateway.say(code, "in whatever language")
        assert await told.until_it_shows(shows, "amber", within=1) < 0.1
        await told.until_it_shows("healthy", "green", within=620)

    play(story)


def test_a_lost_session_and_a_closed_port_settle_at_once() -> None:
    async def story(told: Story) -> None:
        await begin(told)
        await told.until(12)
        await told.gateway.stop()
        assert await told.until_it_shows("port-refused", "red", within=40) < 0.5
        assert told.seen("session")[-1][1] is Symptom.LOST

    play(story)


def test_a_lost_session_behind_a_port_that_answers_is_rebuilt_and_nobody_is_told() -> None:
    async def story(told: Story) -> None:
        await begin(told)
        await told.until(12)
        told.gateway.drop_connections()
        await told.until(40)
        assert [symptom for _, symptom in told.seen("session")] == [
            Symptom.OK,
            Symptom.LOST,
            Symptom.OK,
        ]
        assert [code for _, code, _ in told.flips] == ["healthy"]
        assert len(told.sessions) == 2

    play(story)


@pytest.mark.parametrize(
    ("start", "code"), [(Start.SILENT, "start-silent"), (Start.CLOSE, "start-rejected")]
)
def test_a_start_that_fails_twice_is_red_and_green_when_it_works(start: Start, code: str) -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows(code, "red", within=45)
        told.gateway.behaviour = HEALTHY
        await told.until_it_shows("healthy", "green", within=130)
        assert [c for _, c, _ in told.flips] == ["healthy", code, "healthy"]

    play(story, replace(HEALTHY, start=start))


def test_an_empty_account_list_is_red_at_once() -> None:
    async def story(told: Story) -> None:
        assert await told.until_it_shows("no-accounts", "red", within=5) < 1

    play(story, replace(HEALTHY, accounts=()))


def test_the_live_account_of_a_paper_project_is_red_at_once() -> None:
    async def story(told: Story) -> None:
        assert await told.until_it_shows("wrong-environment", "red", within=5) < 1

    play(story, replace(HEALTHY, accounts=("U123456",)), account="DU123456")


def test_a_clock_ten_seconds_off_shows_and_one_second_does_not() -> None:
    async def off(told: Story) -> None:
        await told.until_it_shows("clock-skew", "amber", within=60)

    async def near(told: Story) -> None:
        await told.until(120)
        assert [code for _, code, _ in told.flips] == ["healthy"]

    play(off, replace(HEALTHY, clock_ahead=10.0))
    play(near, replace(HEALTHY, clock_ahead=1.0))
    play(near, replace(HEALTHY, clock_ahead=-1.0))
