"""One monitor, several targets: they come, change and go, and none disturbs another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from support.monitor_harness import FakePollingSensor, FakeStreamingSensor, SceneLoop
from support.virtual_time import BEGAN
from traymon.core.model import Change, SettingsState, Status, Update
from traymon.core.target import Commands, Target
from traymon.core.vocabulary import Light, SensorName, SettingsNews, Symptom
from traymon.monitoring import target_monitor
from traymon.monitoring.clock import SteadyClock
from traymon.monitoring.monitor import CRASHED_INTERVAL, Monitor
from traymon.sensors.base import Sensors

LIVE, PAPER, THIRD = Target("live", port=4001), Target("paper", port=4002), Target("x", port=4003)


class Scene:
    """A monitor of several targets, each with a session of its own, and what it has published."""

    def __init__(self, *targets: Target) -> None:
        loop = asyncio.get_running_loop()
        self.sessions: list[FakeStreamingSensor] = []
        self.updates: list[Update] = []
        self.crashed: list[tuple[float, str]] = []
        self.monitor = Monitor(
            targets,
            self._sensors,
            clock=SteadyClock(wall=loop.time, monotonic=loop.time),
            on_crash=lambda name: self.crashed.append((self.now, name)),
        )
        self.monitor.subscribe(self.updates.append)

    def _sensors(self) -> Sensors:
        self.sessions.append(FakeStreamingSensor(SensorName.SESSION))
        polling = FakePollingSensor(SensorName.LISTENER), FakePollingSensor(SensorName.HANDSHAKE)
        return Sensors(polling, (self.sessions[-1],))

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time() - BEGAN

    @property
    def running(self) -> dict[int, int]:
        """How often the session of which port was begun, if it runs."""
        return {one.ports[-1]: len(one.began) for one in self.sessions if one.running}

    def status(self, name: str) -> Status:
        return [one.status for one in self.updates if one.status.target.name == name][-1]

    async def until(self, moment: float) -> None:
        await asyncio.sleep(moment - self.now)


def play(story: Callable[[Scene], Awaitable[None]], *targets: Target) -> None:
    async def main() -> None:
        scene = Scene(*targets)
        watching = asyncio.create_task(scene.monitor.run())
        await story(scene)
        assert not watching.done()
        scene.monitor.stop()
        await watching
        assert scene.running == {}
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=SceneLoop) as runner:
        runner.run(main())


def test_targets_come_and_go_and_the_others_sessions_stay() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(20)
        assert scene.running == {4001: 1, 4002: 1}
        scene.sessions[1].goodbye = 5  # and meanwhile it still has something to say
        scene.monitor.set_targets([THIRD, LIVE])
        await scene.until(22)
        scene.sessions[1].says(Symptom.LOST)
        await scene.until(40)
        assert scene.running == {4001: 1, 4003: 1}
        assert scene.status("x").diagnosis.light is Light.GREEN
        (last,) = [update for update in scene.updates if update.ended]
        assert last.status.target == PAPER
        assert (last.flip, last.changed) == (None, ~Change.NOTHING)
        after = scene.updates[scene.updates.index(last) + 1 :]
        assert {one.status.target.name for one in after} == {"live", "x"}
        scene.monitor.set_targets([])
        await scene.until(60)
        assert scene.running == {}

    play(story, LIVE, PAPER)


def test_a_target_that_changes_begins_anew_and_the_other_does_not() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(20)
        scene.monitor.set_targets([LIVE, replace(PAPER, port=4009)])
        await scene.until(40)
        assert scene.running == {4001: 1, 4009: 2}
        assert not any(update.ended for update in scene.updates)

    play(story, LIVE, PAPER)


def test_what_is_only_said_of_a_target_makes_nothing_begin_anew() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(20)
        commands = Commands(check="traymon check --target live")
        ids = frozenset({7})
        other = replace(LIVE, muted=True, one_of_many=True, commands=commands, others_ids=ids)
        scene.monitor.set_targets([other])
        await scene.until(30)
        assert scene.status("live").target == other
        assert scene.status("live").muted
        assert scene.running == {4001: 1}
        scene.monitor.set_targets([LIVE])
        await scene.until(40)
        assert not scene.status("live").muted

    play(story, LIVE)


def test_the_user_pauses_and_mutes_one_target_alone() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(10)
        scene.monitor.pause("paper")
        scene.monitor.mute(True, "live")
        await scene.until(20)
        assert scene.running == {4001: 1}
        assert [scene.status(name).paused for name in ("live", "paper")] == [False, True]
        assert [scene.status(name).muted for name in ("live", "paper")] == [True, False]
        scene.monitor.resume("paper")
        scene.monitor.mute(False)
        await scene.until(30)
        assert {*scene.running} == {4001, 4002}
        assert not scene.status("live").muted

    play(story, LIVE, PAPER)


def test_what_was_given_before_a_target_comes_counts_from_its_first_status() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(10)
        until = scene.monitor.clock() + 1000
        scene.monitor.mute(True, "paper")
        scene.monitor.snooze(until, "paper")
        scene.monitor.show_settings(SettingsState(SettingsNews.CHANGED))
        scene.monitor.set_targets([LIVE, PAPER])
        await scene.until(11)
        first = next(one.status for one in scene.updates if one.status.target == PAPER)
        assert (first.muted, first.snoozed_until) == (True, until)
        assert first.settings.news is SettingsNews.CHANGED
        assert scene.status("live").snoozed_until is None

    play(story, LIVE)


def test_a_target_whose_monitor_fails_is_said_again_and_again_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    evaluate = target_monitor.TargetMonitor._evaluate

    def fail(monitor: target_monitor.TargetMonitor) -> None:
        if monitor.name == "paper" and monitor.evidence.now > BEGAN + 30:
            raise RuntimeError("a bug")
        evaluate(monitor)

    async def story(scene: Scene) -> None:
        await scene.until(60)
        assert {*scene.running} == {4001}
        names = {name for _, name in scene.crashed}
        assert names == {"paper"}
        moments = [moment for moment, _ in scene.crashed]
        assert moments[1] - moments[0] == pytest.approx(CRASHED_INTERVAL)
        assert scene.status("live").evidence.now > BEGAN + 50
        scene.monitor.check_now()
        scene.monitor.pause()
        await scene.until(61)
        assert scene.status("live").paused
        monkeypatch.setattr(target_monitor.TargetMonitor, "_evaluate", evaluate)
        scene.monitor.set_targets([LIVE, replace(PAPER, port=4009)])  # it is given another try
        await scene.until(80)
        assert 4009 in scene.running
        count = len(scene.crashed)
        await scene.until(100)
        assert len(scene.crashed) == count

    monkeypatch.setattr(target_monitor.TargetMonitor, "_evaluate", fail)
    play(story, LIVE, PAPER)
    assert "paper: its monitor failed" in caplog.text
