"""The tray icon's menu: one target's items, or a submenu for each of several.

Imports pystray only when the menu is made: the import connects to the display.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from traymon.core.releases import NewRelease
from traymon.core.vocabulary import StartAtLogin
from traymon.ui.actions import UserActions
from traymon.ui.tray.appearance import Controls, MenuState, TargetState

PROGRAMS = "Your programs"
MUTED_BY_SETTINGS = "Muted in targets.toml"


def make_menu(actions: UserActions, state: Callable[[], MenuState]) -> Any:
    """Return a menu that asks for its state whenever the icon updates it."""
    from pystray import Menu

    return Menu(lambda: list(_items(actions, state())))


# pystray passes icon and item to actions that take arguments: hence the lambdas.
# What comes and goes keeps its place, unseen: an open menu knows its items by their places.


def _items(actions: UserActions, state: MenuState) -> Iterator[Any]:
    from pystray import Menu

    yield _item(state.headline, lambda: actions.open_fix_page(state.speaks_of), default=True)
    yield _item(state.trouble, lambda: actions.open_logs(), visible=bool(state.trouble))
    yield Menu.SEPARATOR
    several = len(state.targets) > 1
    if several:
        for one in state.targets:
            yield _item(one.label, Menu(*_submenu(actions, one)))
        yield Menu.SEPARATOR
    only = TargetState() if several or not state.targets else state.targets[0]
    yield from _details(actions, only)
    yield _item(
        f"Use the new settings ({state.settings})",
        lambda: actions.use_new_settings(),
        visible=bool(state.settings),
    )
    yield from _controls(actions, state.controls, None, " all" if several else "")
    yield _mute(actions, only, visible=only.muted)
    yield _item("Copy diagnosis", lambda: actions.copy_report(None), visible=not several)
    yield _item("Open log folder", lambda: actions.open_logs())
    yield from _start_at_login(actions, state)
    yield _newer(actions, state.newer)
    yield _item("About traymon", lambda: actions.show_about())
    yield Menu.SEPARATOR
    yield _item("Quit", lambda: actions.quit())


def _submenu(actions: UserActions, one: TargetState) -> Iterator[Any]:
    from pystray import Menu

    yield _item(one.headline, lambda: actions.open_fix_page(one.name))
    yield Menu.SEPARATOR
    yield from _lines(one.checks)
    yield from _details(actions, one)
    yield Menu.SEPARATOR
    yield from _controls(actions, one.controls, one.name)
    yield _mute(actions, one)
    yield _item("Copy diagnosis", lambda: actions.copy_report(one.name))


def _details(actions: UserActions, one: TargetState) -> Iterator[Any]:
    """Yield what belongs to one target alone: its client IDs and programs."""
    from pystray import Menu

    yield _item("Client IDs", Menu(*_lines(one.id_uses)))  # an empty menu is invisible
    label = f"{PROGRAMS} ({one.missing})" if one.missing else PROGRAMS
    yield _item(label, Menu(*_lines(one.programs)))
    yield _item(
        f"{one.claimable_program}: that one is mine",
        lambda: actions.mark_as_mine(one.name),
        visible=bool(one.claimable_program),
    )


def _controls(
    actions: UserActions, controls: Controls, target: str | None, whom: str = ""
) -> Iterator[Any]:
    """Yield what can be done with one target, or with all of them."""
    from pystray import Menu

    yield _item(f"Check{whom} now", lambda: actions.check_now(target))
    yield _item(
        f"Resume{whom}" if controls.paused else f"Pause{whom}",
        lambda: actions.pause_or_resume(target),
    )
    known, snoozed = controls.hours_known, controls.snoozed
    snoozes = [
        _item("15 minutes", lambda: actions.snooze("15m", target)),
        _item("1 hour", lambda: actions.snooze("1h", target)),
        _item("Until the market opens", lambda: actions.snooze("open", target), visible=known),
        _item("End the snooze", lambda: actions.snooze("off", target), visible=snoozed),
    ]
    text = controls.mute_text
    yield _item(f"Notifications: {text}" if text else f"Snooze{whom}", Menu(*snoozes))


def _mute(actions: UserActions, one: TargetState, *, visible: bool = True) -> Any:
    if one.muted_by_settings:
        return _item(MUTED_BY_SETTINGS, None, enabled=False, visible=visible)
    label = "Unmute" if one.muted else "Mute"
    return _item(label, lambda: actions.mute(one.name, not one.muted), visible=visible)


def _start_at_login(actions: UserActions, state: MenuState) -> Iterator[Any]:
    switch = actions.set_start_at_login
    if switch is not None:
        is_on = state.start_at_login is StartAtLogin.ON
        yield _item(state.login_label, lambda: switch(not is_on), checked=lambda item: is_on)


def _newer(actions: UserActions, newer: NewRelease | None) -> Any:
    if newer is None:
        return _item("", None, visible=False)
    label = f"traymon {newer.version} is available: what is new"
    return _item(label, lambda: actions.open_releases(newer.page))


def _lines(lines: Sequence[str]) -> list[Any]:
    return [_item(line, None, enabled=False) for line in lines]


def _item(label: str, action: Any, **options: Any) -> Any:
    from pystray import MenuItem

    # Windows takes a single one for the mark of a shortcut
    label = label.replace("&", "&&") if sys.platform == "win32" else label
    return MenuItem(label, action, **options)
