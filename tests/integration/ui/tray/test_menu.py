"""The menu of the icon: an open one knows its items by their places, which must not change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from traymon.core.releases import NewRelease
from traymon.ui.actions import UserActions
from traymon.ui.tray import backend
from traymon.ui.tray.appearance import Controls, MenuState, TargetState
from traymon.ui.tray.menu import make_menu

ONE = TargetState(name="live", label="✓ live", headline="✓ all is well")
ALONE = MenuState(targets=(ONE,))
CLASHING = replace(ONE, claimable_program="other.py")


def places(state: MenuState, *submenus: str) -> dict[str, int]:
    """Return where the visible items of the menu, or of a submenu, are."""
    backend.icon_class()  # imports pystray so that it looks for no display
    menu = make_menu(UserActions(), lambda: state)
    for label in submenus:
        menu = next(item.submenu for item in menu.items if item.text == label)
    from pystray import Menu

    return {
        item.text: place
        for place, item in enumerate(menu.items)
        if item is not Menu.SEPARATOR and item.visible
    }


@pytest.mark.parametrize(
    ("state", "new"),
    [
        (replace(ALONE, trouble="the log is full"), "the log is full"),
        (replace(ALONE, settings=".env"), "Use the new settings (.env)"),
        (replace(ALONE, newer=NewRelease("9", "")), "traymon 9 is available: what is new"),
        (replace(ALONE, targets=(replace(ONE, id_uses=("7 free",)),)), "Client IDs"),
        (replace(ALONE, targets=(replace(ONE, programs=("bot",)),)), "Your programs"),
        (replace(ALONE, targets=(CLASHING,)), "other.py: that one is mine"),
        (replace(ALONE, targets=(replace(ONE, muted=True),)), "Unmute"),
    ],
)
def test_an_item_that_comes_leaves_the_others_in_their_places(state: MenuState, new: str) -> None:
    after = places(state)
    assert new in after
    del after[new]
    assert after == places(ALONE)


def test_a_submenu_keeps_its_places_too() -> None:
    several = MenuState(targets=(ONE, replace(ONE, name="paper", label="✓ paper")))
    clash = replace(several, targets=(CLASHING, *several.targets[1:]))
    before, after = places(several, "✓ live"), places(clash, "✓ live")
    del after["other.py: that one is mine"]
    assert after == before
    snoozed = replace(ALONE, controls=Controls(snoozed=True, hours_known=True))
    before, after = places(ALONE, "Snooze"), places(snoozed, "Snooze")
    assert {label: after[label] for label in before} == before
    assert [*after][2:] == ["Until the market opens", "End the snooze"]


def test_before_the_first_status_the_places_are_those_of_a_target() -> None:
    before = places(MenuState())
    assert before == {label: place for label, place in places(ALONE).items() if label in before}
