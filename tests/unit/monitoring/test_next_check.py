"""When the next check is due, as the page counts down to it: the check comes at that moment."""

from __future__ import annotations

import pytest

from support.monitor_harness import Scene, play
from support.virtual_time import BEGAN
from traymon.core.target import Limits
from traymon.core.vocabulary import Symptom


@pytest.mark.parametrize("watched", [False, True], ids=["unwatched", "watched"])
@pytest.mark.parametrize("sees", [Symptom.SILENT, Symptom.REFUSED, Symptom.OK])
def test_each_check_comes_when_the_status_said(sees: Symptom, watched: bool) -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.sees = sees
        scene.handshake.takes = 1.0
        scene.monitor.set_viewer_present(watched)
        await scene.until(200)
        announced = {
            round(status.next_check_at - BEGAN, 3)
            for status in scene.statuses
            if status.next_check_at is not None
        }
        checks = {round(moment, 3) for moment in scene.handshake.began[1:]}
        assert len(checks) > 4
        assert checks <= announced, "no check comes without having been announced"

    play(story, Limits())


def test_a_silent_port_is_checked_no_sooner_while_it_is_watched() -> None:
    def checks(watched: bool) -> list[float]:
        began: list[float] = []

        async def story(scene: Scene) -> None:
            scene.handshake.sees = Symptom.SILENT
            scene.monitor.set_viewer_present(watched)
            await scene.until(300)
            began.extend(scene.handshake.began)

        play(story)
        return began

    assert checks(True) == checks(False), "each abandoned connection costs TWS a socket"


def test_check_now_announces_the_check_that_it_brings() -> None:
    async def story(scene: Scene) -> None:
        scene.handshake.sees = Symptom.SILENT
        await scene.until(40)
        planned = scene.status.next_check_at
        assert planned is not None
        assert planned - BEGAN > 45
        scene.monitor.check_now()
        await scene.until(40.001)
        assert scene.handshake.began[-1] == pytest.approx(40, abs=0.01)

    play(story)


def test_while_paused_none_is_announced_and_while_one_runs_neither() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(3)
        assert scene.status.next_check_at is not None
        scene.handshake.takes = 10.0
        scene.monitor.check_now()
        await scene.until(9)
        assert scene.status.next_check_at is None
        scene.monitor.pause()
        await scene.until(20)
        assert scene.status.next_check_at is None

    play(story)
