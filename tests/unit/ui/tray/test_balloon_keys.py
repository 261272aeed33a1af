"""A click on a balloon means the one that was on the screen, whatever was sent since."""

from __future__ import annotations

from traymon.ui.tray.balloon_keys import TAKEN_WITHIN, BalloonKeys

NOON = 1000.0


def test_a_click_means_the_balloon_on_the_screen_and_not_the_one_that_waits() -> None:
    keys = BalloonKeys()
    keys.sent("live", NOON)
    keys.appeared()
    keys.sent("paper", NOON + 1)
    assert keys.clicked == "live"
    keys.left(NOON + 10)
    keys.appeared()
    assert keys.clicked == "paper"


def test_a_shell_that_does_not_say_what_it_shows_leaves_the_newest() -> None:
    keys = BalloonKeys()
    assert keys.clicked == ""
    keys.sent("live", NOON)
    keys.sent("paper", NOON + 1)
    assert keys.clicked == "paper"


def test_after_a_balloon_that_was_never_shown_the_keys_are_right_again() -> None:
    keys = BalloonKeys()
    keys.sent("while presenting", NOON)
    keys.sent("live", NOON + 60)
    keys.appeared()
    assert keys.clicked == "live"


def test_one_that_waits_its_turn_is_not_taken_for_one_that_was_never_shown() -> None:
    keys = BalloonKeys()
    for key in ("live", "paper"):
        keys.sent(key, NOON)
    keys.appeared()
    keys.left(NOON + 20)
    keys.sent("third", NOON + 20 + TAKEN_WITHIN / 2)
    keys.appeared()
    assert keys.clicked == "paper"
    keys.left(NOON + 40)
    keys.appeared()
    assert keys.clicked == "third"


def test_only_what_may_be_on_the_screen_is_taken_away() -> None:
    keys = BalloonKeys()
    for key in ("live", "paper", "third"):
        keys.sent(key, NOON)
    keys.appeared()
    assert keys.is_reachable("live")
    assert keys.is_reachable("third")  # a shell may have shown it in the others' place
    assert keys.is_reachable(None)
    assert not keys.is_reachable("paper")
