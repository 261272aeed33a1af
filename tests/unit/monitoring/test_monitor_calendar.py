"""The monitor with a calendar: expected windows, snoozes, hours, sleep, a clock that is set."""

from __future__ import annotations

import pytest

from support.monitor_harness import Scene, play
from support.virtual_time import BEGAN
from traymon.core.calendar import GRACE, Calendar
from traymon.core.facts import Fact
from traymon.core.time_windows import Schedule, Span, parse
from traymon.core.vocabulary import Light, Symptom

S = Symptom
HOUR = 3600.0


def span(begins: float, ends: float) -> Schedule:
    """Return a window in seconds of the story."""
    return Schedule(dated=(Span(BEGAN + begins, BEGAN + ends),))


def goes(scene: Scene) -> None:
    scene.handshake.sees, scene.listener.sees = S.REFUSED, S.NOBODY_LISTENS


def comes(scene: Scene) -> None:
    scene.handshake.sees = scene.listener.sees = S.OK


@pytest.mark.parametrize("code", ["maintenance", "reset-window"])
def test_a_fault_in_its_window_is_amber_and_names_the_end(code: str) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(630)
        goes(scene)
        await scene.until(700)
        assert scene.code == code
        assert scene.status.diagnosis.light is Light.AMBER
        assert scene.status.diagnosis.facts[Fact.WINDOW_ENDS] == BEGAN + 1200
        comes(scene)
        await scene.until(800)
        assert scene.code == "healthy"

    windows = {"maintenance": "maintenance", "reset-window": "reset"}
    play(story, calendar=Calendar(**{windows[code]: span(600, 1200)}))


def test_a_fault_that_outlives_its_window_shows_its_own_name() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(630)
        goes(scene)
        await scene.until(1200 + GRACE - 10)
        assert scene.code == "reset-window"
        await scene.until(1200 + GRACE + 10)
        assert scene.code == "port-refused"
        assert scene.status.diagnosis.announce
        assert scene.status.down_since == pytest.approx(BEGAN + 630, abs=31)

    play(story, calendar=Calendar(reset=span(600, 1200)))


def test_a_fault_of_before_keeps_its_name_in_the_window() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(300)
        goes(scene)
        await scene.until(700)
        assert scene.code == "port-refused"
        comes(scene)
        await scene.until(720)
        goes(scene)  # a fault of its own
        await scene.until(760)
        assert scene.code == "reset-window"

    play(story, calendar=Calendar(reset=span(600, 1200)))


def test_how_long_it_was_not_good_counts_over_all_causes() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(100)
        goes(scene)
        await scene.until(200)
        scene.handshake.sees, scene.listener.sees = S.SILENT, S.OK
        await scene.until(400)
        assert scene.status.was_down is None
        comes(scene)
        await scene.until(500)
        assert scene.code == "healthy"
        assert scene.status.down_since is None
        assert scene.status.was_down == pytest.approx(300, abs=65)

    play(story)


def test_a_snooze_ends_in_time() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(10)
        scene.monitor.snooze(BEGAN + 910)
        await scene.until(905)
        assert scene.status.snoozed_until == BEGAN + 910
        await scene.until(920)
        assert scene.status.snoozed_until is None

    play(story)


def test_a_snooze_ends_with_the_fault_and_not_with_the_mere_green() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(10)
        scene.monitor.snooze(BEGAN + HOUR)
        await scene.until(200)
        assert scene.status.snoozed_until == BEGAN + HOUR
        goes(scene)
        await scene.until(300)
        assert scene.status.snoozed_until == BEGAN + HOUR
        comes(scene)
        await scene.until(400)
        assert scene.status.snoozed_until is None

    play(story)


def test_a_snooze_can_be_ended_and_outlives_a_restart() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(10)
        assert scene.status.snoozed_until == BEGAN + 500
        scene.monitor.snooze(None)
        await scene.until(20)
        assert scene.status.snoozed_until is None

    play(story, snoozed_until=BEGAN + 500)


def test_the_status_tells_quiet_hours_and_when_the_market_opens() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(50)
        assert scene.status.closed
        assert scene.status.opens_at == BEGAN + 100
        assert scene.status.quiet_until is None
        await scene.until(110)
        assert not scene.status.closed
        assert scene.status.opens_at is None
        assert scene.status.quiet_until == BEGAN + 200
        scene.monitor.set_calendar(Calendar())
        await scene.until(120)
        assert scene.status.quiet_until is None

    play(story, calendar=Calendar(hours=span(100, 300), quiet=span(90, 200)))


def test_hours_on_a_calendar_of_the_real_world_change_nothing_of_the_light() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(100)
        assert scene.code == "healthy"

    every_day = parse("09:30-16:00 America/New_York")
    play(story, calendar=Calendar(hours=every_day, quiet=every_day))


# --- sleep, and clocks that are set


def test_what_is_seen_right_after_waking_is_not_believed() -> None:
    # before the tick that would notice: a posted reading and looks come first
    async def story(scene: Scene) -> None:
        await scene.until(31)
        scene.slept = 8 * HOUR
        goes(scene)
        scene.session.says(S.LOST)
        await scene.until(33)
        assert scene.code == "resumed"
        assert [code for _, code in scene.flips] == ["healthy", "resumed"]
        await scene.until(40)
        comes(scene)
        await scene.until(60)
        assert [code for _, code in scene.flips] == ["healthy", "resumed", "healthy"]

    play(story)


def test_it_is_the_same_where_the_monotonic_clock_counts_sleep() -> None:
    # as on Windows: whatever was waited for is due at once, and not in the order of a good story
    async def story(scene: Scene) -> None:
        await scene.until(31)
        scene.sleep_counted(8 * HOUR)
        goes(scene)
        scene.session.says(S.LOST)
        assert [code for _, code in scene.flips] == ["healthy", "resumed"]
        comes(scene)
        await scene.until(8 * HOUR + 60)
        assert [code for _, code in scene.flips] == ["healthy", "resumed", "healthy"]

    play(story)


def test_a_sleep_is_no_outage() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(20)
        goes(scene)
        await scene.until(80)
        assert scene.code == "port-refused"
        scene.slept = 8 * HOUR
        await scene.until(140)
        comes(scene)
        await scene.until(200)
        assert scene.status.was_down == pytest.approx(120, abs=65)

    play(story)


@pytest.mark.parametrize("leap", [-HOUR, HOUR, -30 * HOUR])
def test_a_clock_that_is_set_breaks_nothing(leap: float) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(62)
        looks = len(scene.handshake.began)
        scene.slept = leap
        await scene.until(200)
        assert [code for _, code in scene.flips] == ["healthy", "resumed", "healthy"]
        assert scene.status.since == pytest.approx(BEGAN + 65 + leap, abs=6)
        assert len(scene.handshake.began) >= looks + 5  # it goes on looking at its pace
        goes(scene)
        await scene.until(240)
        assert scene.code == "port-refused"
        assert scene.status.down_since == pytest.approx(BEGAN + 215 + leap, abs=20)
        comes(scene)
        await scene.until(300)
        assert scene.code == "healthy"

    play(story)


def test_windows_go_by_the_clock_as_it_was_set() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(20)
        assert scene.status.quiet_until is None
        scene.slept = HOUR
        await scene.until(30)
        assert scene.status.quiet_until is not None
        scene.slept = 0.0
        await scene.until(40)
        assert scene.status.quiet_until is None

    play(story, calendar=Calendar(quiet=span(HOUR, 2 * HOUR)))
