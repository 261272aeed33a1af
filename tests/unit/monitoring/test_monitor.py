"""The loop, told as stories: what the sensors see at which second, and what is shown when."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from support.monitor_harness import FakePollingSensor, Scene, SceneLoop, play
from support.virtual_time import BEGAN
from traymon.core.facts import Fact
from traymon.core.model import Update
from traymon.core.target import Limits, Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.monitoring.clock import SteadyClock
from traymon.monitoring.monitor import Monitor
from traymon.sensors.base import Sensors

S = Symptom


def only(sensor: FakePollingSensor) -> Sensors:
    return Sensors(polling=(sensor,))


def test_a_healthy_gateway_is_green_at_once_and_looked_at_every_30_s() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(100)
        assert scene.handshake.began == scene.listener.began == [0, 30, 60, 90]
        assert scene.flips == [(0, "healthy")]
        assert scene.statuses[0].diagnosis.code == "starting"
        assert scene.status.streak == 4
        assert scene.status.checked_at == BEGAN + 90

    play(story)


def test_one_bad_look_is_a_suspicion_that_is_looked_into_after_5_s() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(20)
        scene.handshake.sees = S.REFUSED
        await scene.until(31)
        assert scene.code == "healthy"
        suspicion = scene.status.suspicion
        assert suspicion is not None
        assert (suspicion.diagnosis.code, suspicion.streak, suspicion.needed) == (
            "port-refused",
            1,
            2,
        )
        scene.handshake.sees = S.OK
        await scene.until(99)
        assert scene.handshake.began == [0, 30, 35, 65, 95]
        assert scene.flips == [(0, "healthy")]

    play(story)


def test_two_bad_looks_turn_it_red_and_two_good_ones_green() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(20)
        scene.handshake.sees = S.REFUSED
        await scene.until(52)
        scene.handshake.sees = S.OK
        await scene.until(99)
        assert scene.handshake.began == [0, 30, 35, 40, 45, 50, 55, 60, 90]
        assert scene.flips == [(0, "healthy"), (35, "port-refused"), (60, "healthy")]

    play(story)


def test_two_sensors_that_agree_turn_it_red_at_once() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(20)
        scene.handshake.sees, scene.listener.sees = S.REFUSED, S.NOBODY_LISTENS
        scene.listener.facts = {Fact.APPS: 0}
        await scene.until(31)
        assert scene.flips == [(0, "healthy"), (30, "app-not-running")]

    play(story)


def test_a_silent_gateway_is_looked_at_less_and_less() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.sees = S.SILENT
        await scene.until(260)
        assert scene.handshake.began == [0, 5, 15, 35, 75, 135, 195, 255]
        assert scene.listener.began == [5.0 * n for n in range(52)]  # it touches nothing
        assert scene.flips == [(5, "handshake-silent")]  # and it never looked stale in between

    play(story)


def test_a_changed_listener_makes_the_handshake_look_at_once() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.sees = S.SILENT
        await scene.until(151)
        scene.handshake.began.clear()
        scene.listener.sees, scene.handshake.sees = S.NOBODY_LISTENS, S.REFUSED
        await scene.until(156)
        assert scene.handshake.began == [155]

    play(story)


def test_a_listener_that_changes_right_after_a_look_is_not_forgotten() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.sees, scene.handshake.takes = S.SILENT, 5.0
        await scene.until(149)
        [*_, latest] = scene.handshake.began
        begins = latest + 5 + 60
        await scene.until(begins + 1)
        assert scene.handshake.busy
        scene.listener.sees = S.NOBODY_LISTENS
        await scene.until(begins + 20)
        assert scene.handshake.began[-2:] == [begins, begins + 5 + 2]

    play(story)


def test_check_now_looks_at_once_and_at_most_every_two_seconds() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(10)
        for _ in range(80):  # an impatient user, for 8 s
            scene.monitor.check_now()
            await asyncio.sleep(0.1)
        await scene.until(47)
        looks = scene.handshake.began
        assert looks == scene.listener.began == pytest.approx([0, 10, 12, 14, 16, 18])

    play(story)


def test_check_now_during_a_look_brings_another_one_after_it() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.takes = 4.0
        await scene.until(35)
        assert scene.handshake.busy
        scene.monitor.check_now()
        await scene.until(60)
        assert scene.handshake.began == [0, 34, 34 + 4 + 2]

    play(story)


def test_a_crashed_sensor_is_a_reading_and_the_others_go_on() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(20)
        scene.listener.sees = RuntimeError("no such table")
        await scene.until(34)
        assert scene.code == "healthy"  # one crash may be a hiccup too, however often it is judged
        await scene.until(59)
        assert scene.flips == [(0, "healthy"), (35, "sensor-crashed")]
        facts = scene.status.diagnosis.facts
        assert facts[Fact.SENSOR] == "listener"
        assert facts[Fact.DETAIL] == "RuntimeError: no such table"
        assert scene.handshake.began == [0, 30, 35]  # it is served: no hurry
        scene.listener.sees = S.OK
        await scene.until(120)
        assert scene.code == "healthy"

    play(story)


def test_a_look_without_end_is_a_reading_too() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.takes = None
        await scene.until(29)
        assert scene.code == "starting"
        await scene.until(70)
        assert scene.code == "sensor-crashed"
        assert scene.status.evidence.symptom(SensorName.HANDSHAKE) is S.CRASHED

    play(story)


def test_without_anything_fresh_it_is_stale_and_never_green() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(1)
        scene.listener.takes = None  # holds up the round for 18 s
        await scene.until(17)
        assert scene.code == "stale"
        assert scene.shows(Light.GREY)
        assert scene.status.evidence.fresh(SensorName.HANDSHAKE) is None
        scene.listener.takes = 0.0
        await scene.until(40)
        assert scene.code == "healthy"

    play(story, Limits(interval=2.0, quick=2.0, timeout=1.0))


def test_a_subscriber_that_raises_does_not_stop_the_others() -> None:
    def broken(update: Update) -> None:
        raise RuntimeError("a surface fell over")

    async def story(scene: Scene) -> None:
        await scene.until(100)
        assert scene.flips == [(0, "healthy")]
        assert len(scene.handshake.began) == 4

    play(story, subscribers=[broken])


def test_a_pause_stops_all_looks_and_the_resumption_starts_anew() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.sees = S.SILENT
        await scene.until(6)
        scene.monitor.pause()
        await scene.until(7)
        assert (scene.code, scene.status.paused) == ("paused", True)
        scene.monitor.check_now()
        scene.handshake.sees = S.OK
        await scene.until(300)
        assert scene.handshake.began == [0, 5]
        assert scene.flips == [(5, "handshake-silent"), (6, "paused")]
        scene.monitor.resume()
        await scene.until(301)
        assert not scene.status.paused
        assert scene.flips[2:] == [(300, "starting"), (300, "healthy")]

    play(story)


def test_a_look_that_was_under_way_when_paused_says_nothing() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.takes = 4.0
        await scene.until(1)
        scene.monitor.pause()
        await scene.until(20)
        assert scene.flips == [(1, "paused")]
        assert scene.status.checked_at == BEGAN  # the listener's look

    play(story)


def test_a_look_that_was_under_way_before_a_resumption_says_nothing_either() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.takes = 4.0
        await scene.until(1)
        scene.monitor.pause()
        await scene.until(2)
        scene.monitor.resume()
        scene.handshake.sees = S.SILENT
        await scene.until(7.9)
        assert scene.flips == [(1, "paused"), (2, "starting")]
        assert scene.handshake.began == [0, 4]
        assert scene.listener.began == [0, 4]

    play(story)


def test_after_the_machine_slept_only_good_news_counts_for_a_while() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(12)
        scene.slept = 3600.0
        scene.handshake.sees, scene.listener.sees = S.UNREACHABLE, S.NOT_HERE  # no network yet
        await scene.until(34)
        assert scene.flips == [(0, "healthy"), (15, "resumed")]
        assert scene.handshake.began[:2] == [0, 15]
        assert scene.status.since == pytest.approx(BEGAN + 15 + 3600)
        await scene.until(60)
        assert scene.code == "host-unreachable"
        scene.slept = 7200.0
        scene.handshake.sees, scene.listener.sees = S.OK, S.OK
        await scene.until(66)
        assert [code for _, code in scene.flips[-2:]] == ["resumed", "healthy"]
        assert scene.flips[-1][0] == scene.flips[-2][0]

    play(story)


def test_a_discovered_port_is_chosen_anew_while_none_is_served() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.sees = S.REFUSED
        await scene.until(12)
        assert scene.status.target.port == 7497
        scene.listens_on, scene.handshake.sees = 4002, S.OK
        await scene.until(21)
        assert scene.handshake.ports == [7497, 7497, 7497, 4002, 4002]
        assert (scene.code, scene.status.target.port) == ("healthy", 4002)
        scene.listens_on = 7496  # another one opens while this one is served
        await scene.until(100)
        assert scene.status.target.port == 4002
        assert scene.handshake.ports[-1] == 4002

    play(story, discovered=True)


def test_a_port_that_was_set_is_never_exchanged() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.sees, scene.listens_on = S.REFUSED, 4002
        await scene.until(30)
        assert set(scene.handshake.ports) == {7497}

    play(story)


def test_what_a_held_sensor_says_is_judged_at_once() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(5)
        scene.session.says(S.OK)
        await scene.until(12)
        scene.session.says(S.LINK_DOWN, about=SensorName.LINK)
        assert scene.flips == [(0, "healthy"), (12, "ib-link-down")]
        assert scene.shows(Light.AMBER)
        assert scene.status.checked_at == BEGAN + 12
        await scene.until(71)
        assert scene.shows(Light.AMBER)
        await scene.until(73)
        assert scene.flips[2:] == [(72, "ib-link-down")]
        assert scene.shows(Light.RED)
        await scene.until(100)
        scene.session.says(S.OK, about=SensorName.LINK)
        await scene.until(103)
        assert scene.flips[3:] == [(100, "healthy")]

    play(story)


def test_a_link_that_is_down_is_no_reason_to_say_hello_more_often() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(5)
        scene.session.says(S.OK)
        await scene.until(12)
        scene.session.says(S.LINK_DOWN, about=SensorName.LINK)
        await scene.until(140)
        assert scene.code == "ib-link-down"
        assert scene.handshake.began == [0, 12, 42, 72, 102, 132]

    play(story)


def test_a_dropped_session_is_looked_into_without_any_rest() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(5)
        scene.session.says(S.OK)
        await scene.until(30.5)  # half a second after a look
        assert scene.handshake.began == [0, 30]
        scene.handshake.sees, scene.listener.sees = S.REFUSED, S.NOBODY_LISTENS
        scene.listener.facts = {Fact.APPS: 0}
        scene.session.says(S.LOST)
        await scene.until(30.51)
        assert scene.handshake.began == scene.listener.began == [0, 30, 30.5]
        assert scene.flips == [(0, "healthy"), (30.5, "session-lost"), (30.5, "app-not-running")]

    play(story)


def test_a_dropped_session_while_the_port_answers_is_amber_until_another_one_is_served() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(5)
        scene.session.says(S.OK)
        await scene.until(20)
        scene.session.says(S.LOST)
        await scene.until(40)
        assert scene.flips == [(0, "healthy"), (20, "session-lost")]
        assert scene.shows(Light.AMBER)
        scene.session.says(S.OK, {Fact.SESSION_BEGAN: BEGAN + 40})
        await scene.until(40.1)
        assert scene.flips[2:] == [(40, "healthy")]

    play(story)


def test_any_other_change_that_a_session_tells_leaves_the_others_their_rest() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(5)
        scene.session.says(S.OK)
        await scene.until(30.5)
        scene.session.says(S.HUNG)
        await scene.until(32.1)
        assert scene.handshake.began == [0, 30, 32]

    play(story)


def test_a_heart_that_stops_beating_shows_after_a_second_look_or_with_a_second_witness() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(5)
        scene.session.says(S.OK)
        await scene.until(20)
        scene.session.says(S.HUNG)
        await scene.until(22)
        assert scene.code == "healthy"
        scene.session.says(S.HUNG)
        assert scene.flips[1:] == [(22, "session-hung")]
        await scene.until(40)
        scene.session.says(S.OK)
        await scene.until(80)
        assert scene.flips[2:] == [(40, "healthy")]
        scene.handshake.sees = S.SILENT
        scene.session.says(S.HUNG)
        await scene.until(81)
        assert scene.flips[3:] == [(80, "session-hung")]

    play(story)


def test_a_suspicion_that_a_session_raises_hurries_the_others() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(5)
        scene.session.says(S.OK)
        await scene.until(20)
        scene.session.says(S.OK, {Fact.CLOCK_SKEW: 9.0})  # the same symptom, another diagnosis
        await scene.until(21)
        assert scene.status.suspicion is not None
        assert scene.handshake.began == [0, 20]

    play(story)


def test_heartbeats_bring_no_looks_even_while_one_is_under_way() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.takes = 1.5
        await scene.until(1)
        for _ in range(120):
            scene.session.says(S.OK)
            await asyncio.sleep(1)
        assert scene.handshake.began == [0, 31.5, 63, 94.5]
        assert scene.status.figures[SensorName.SESSION].count == 120

    play(story)


def test_a_held_sensor_that_crashed_is_a_reading_and_begins_again_after_a_minute() -> None:
    async def story(scene: Scene) -> None:
        scene.session.fails = RuntimeError("no such library")
        await scene.until(1)
        scene.monitor.pause()
        scene.monitor.resume()
        await scene.until(2)
        assert scene.session.began == [0, 1]
        await scene.until(70)
        assert scene.session.began == [0, 1, 61]
        assert scene.code == "sensor-crashed"
        assert scene.status.diagnosis.facts[Fact.SENSOR] == "session"
        assert scene.status.diagnosis.facts[Fact.DETAIL] == "RuntimeError: no such library"
        scene.session.fails = None
        await scene.until(122)
        assert scene.session.began == [0, 1, 61, 121]
        scene.session.says(S.OK)
        await scene.until(130)
        assert scene.code == "healthy"

    play(story)


def test_what_is_held_ends_with_a_pause_and_begins_again_with_the_resumption() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(5)
        scene.session.says(S.OK)
        await scene.until(10)
        scene.session.goodbye = 1.0
        scene.monitor.pause()
        await scene.until(10.5)
        scene.session.says(S.LOST)  # too late: nobody wants to know
        await scene.until(20)
        assert "session" not in scene.status.evidence.readings
        scene.monitor.pause()  # paused is paused
        await scene.until(300)
        assert (scene.session.began, scene.session.ended) == ([0], [11])
        assert scene.flips == [(0, "healthy"), (10, "paused")]
        scene.monitor.resume()
        await scene.until(301)
        assert scene.session.began == [0, 300]
        assert scene.session.running == 1
        assert scene.code == "healthy"

    play(story)


def test_a_session_may_finish_its_goodbye_whatever_follows_the_pause() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(5)
        scene.session.goodbye = 1.0
        scene.monitor.pause()
        await scene.until(5.5)
        scene.monitor.resume()
        await scene.until(10)
        assert (scene.session.began, scene.session.ended) == ([0, 5.5], [6])

    play(story)


def test_a_session_of_before_the_machine_slept_is_dropped_and_rebuilt() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(5)
        scene.session.says(S.HUNG)
        await scene.until(12)
        scene.slept = 3600.0
        await scene.until(16)
        assert (scene.session.began, scene.session.ended) == ([0, 15], [15])
        assert scene.status.evidence.symptom(SensorName.SESSION) is S.UNKNOWN
        assert scene.code == "healthy"

    play(story)


def test_a_port_that_is_chosen_anew_gets_a_session_of_its_own() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.sees = S.REFUSED
        await scene.until(12)
        scene.listens_on, scene.handshake.sees = 4002, S.OK
        await scene.until(21)
        assert scene.session.ports == [7497, 4002]
        assert len(scene.session.ended) == 1

    play(story, discovered=True)


def test_a_hanging_target_does_not_hold_up_another() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        sets = iter(
            [
                only(FakePollingSensor(SensorName.HANDSHAKE, takes=None)),
                only(FakePollingSensor(SensorName.HANDSHAKE)),
            ]
        )
        codes: dict[str, str] = {}
        monitor = Monitor(
            [Target("one"), Target("two")], lambda: next(sets), clock=SteadyClock(loop.time)
        )
        monitor.subscribe(lambda u: codes.update({u.status.target.name: u.status.diagnosis.code}))
        watching = asyncio.create_task(monitor.run())
        await asyncio.sleep(1)
        assert codes == {"one": "starting", "two": "healthy"}
        monitor.stop()
        await watching

    with asyncio.Runner(loop_factory=SceneLoop) as runner:
        runner.run(main())


def run_in_a_thread(monitor: Monitor, left: list[Any]) -> threading.Thread:
    """Run the monitor in a thread of its own, as the program does; `left`: tasks it left behind."""

    async def main() -> None:
        await monitor.run()
        left.extend(asyncio.all_tasks() - {asyncio.current_task()})

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    return thread


def test_stop_ends_the_run_at_once_from_another_thread_and_leaves_nothing() -> None:
    slow, begun, left = (
        FakePollingSensor(SensorName.HANDSHAKE, takes=None),
        threading.Event(),
        list[Any](),
    )
    monitor = Monitor([Target("project")], lambda: only(slow))
    monitor.subscribe(lambda update: begun.set())
    thread = run_in_a_thread(monitor, left)
    assert begun.wait(10)
    monitor.stop()
    thread.join(4)  # the look itself would take for ever, the next tick 5 s
    assert not thread.is_alive()
    assert not slow.busy
    assert left == []
    for ask in (monitor.stop, monitor.check_now, monitor.pause, monitor.resume):
        ask()  # too late, and harmless


def test_stop_before_the_run_has_begun_is_not_lost() -> None:
    monitor = Monitor(
        [Target("project")], lambda: only(FakePollingSensor(SensorName.HANDSHAKE, takes=None))
    )
    monitor.stop()
    thread = run_in_a_thread(monitor, [])
    thread.join(4)
    assert not thread.is_alive()
