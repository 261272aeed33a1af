"""A monitor follows what it inherited: the time zone, and the settings of its target."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.monitor_harness import Scene, SceneLoop, play
from traymon.core.calendar import Calendar
from traymon.core.model import SettingsState
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SettingsNews, Symptom
from traymon.monitoring.surroundings import INTERVAL

CHANGED = SettingsState(SettingsNews.CHANGED)
OTHER = Target("project", port=4002)


@pytest.fixture
def _zone() -> Iterator[None]:
    before = os.environ.get("TZ")
    yield
    if before is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = before
    if sys.platform != "win32":
        time.tzset()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows looks at the zone by itself")
@pytest.mark.usefixtures("_zone")
def test_the_zone_of_the_computer_is_followed() -> None:
    def hour() -> int:
        return time.localtime(1_800_000_000).tm_hour

    async def story(scene: Scene) -> None:
        os.environ["TZ"] = "UTC-9"
        await scene.until(INTERVAL + 0.1)
        assert hour() == 17
        os.environ["TZ"] = "UTC+5"
        assert hour() == 17  # libc does not look by itself
        await scene.until(2 * INTERVAL + 0.1)
        assert hour() == 3

    play(story)


def test_what_is_new_in_the_settings_is_in_every_status() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(INTERVAL - 1)
        assert scene.status.settings == SettingsState()
        scene.settings = CHANGED
        await scene.until(INTERVAL + 1)
        assert scene.status.settings == CHANGED
        assert scene.shows(Light.GREEN)
        scene.settings = SettingsState()
        await scene.until(2 * INTERVAL + 1)
        assert scene.status.settings == SettingsState()

    play(story)


def test_settings_that_cannot_be_looked_at_stop_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def story(scene: Scene) -> None:
        scene.settings = OSError("a bad disk")
        await scene.until(3 * INTERVAL)
        scene.settings = CHANGED
        await scene.until(4 * INTERVAL + 1)
        assert scene.status.settings == CHANGED

    play(story)
    assert "a bad disk" in caplog.text


def test_another_target_is_watched_from_the_start_and_no_outage_is_counted() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(60)
        assert scene.shows(Light.GREEN)
        scene.monitor.set_targets([OTHER])
        await scene.until(61)
        assert scene.status.target == OTHER
        assert scene.handshake.ports[-1] == scene.session.ports[-1] == 4002
        assert scene.session.running == 1
        assert scene.shows(Light.GREEN)
        assert scene.status.down_since is None
        assert scene.status.was_down is None
        ((moment, code),) = scene.flips[1:]
        assert (round(moment), code) == (60, "healthy")

    play(story)


def test_an_outage_of_the_old_target_is_not_that_of_the_new_one() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.sees = Symptom.REFUSED
        scene.listener.sees = Symptom.NOBODY_LISTENS
        await scene.until(60)
        assert scene.status.down_since is not None
        scene.handshake.sees = scene.listener.sees = Symptom.OK
        scene.monitor.set_targets([OTHER])
        await scene.until(65)
        assert scene.shows(Light.GREEN)
        assert scene.status.was_down is None

    play(story)


def test_a_target_whose_port_is_dead_turns_red() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(60)
        scene.handshake.sees = Symptom.REFUSED
        scene.listener.sees = Symptom.NOBODY_LISTENS
        scene.monitor.set_targets([OTHER])
        await scene.until(70)
        assert scene.shows(Light.RED)

    play(story)


def test_a_pause_a_snooze_and_a_calendar_outlive_new_settings() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(10)
        until = scene.monitor.clock() + 3600
        scene.monitor.snooze(until)
        scene.monitor.set_calendar(Calendar())
        scene.monitor.pause()
        await scene.until(11)
        scene.monitor.set_targets([OTHER])
        await scene.until(60)
        assert scene.status.paused
        assert scene.status.snoozed_until == until
        assert 4002 not in scene.handshake.ports
        scene.monitor.resume()
        await scene.until(62)
        assert scene.handshake.ports[-1] == 4002

    play(story)


@pytest.mark.parametrize("moment", range(10, 20))
def test_a_port_that_is_still_looked_for_does_not_undo_new_settings(
    moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_slowly(
        loop: SceneLoop, executor: object, job: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        done = loop.create_future()

        def finish() -> None:
            if not done.cancelled():
                done.set_result(job(*args))

        loop.call_later(3, finish)
        return done

    async def story(scene: Scene) -> None:
        scene.listener.sees = Symptom.NOBODY_LISTENS
        scene.handshake.sees = Symptom.REFUSED
        await scene.until(moment - 5)
        scene.listens_on = 7496
        await scene.until(moment)
        scene.monitor.set_targets([OTHER])
        await scene.until(moment + 60)
        assert scene.status.target == OTHER

    monkeypatch.setattr(SceneLoop, "run_in_executor", run_slowly)
    play(story, discovered=True)
