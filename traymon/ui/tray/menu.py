"""The tray icon's menu: one target's items, or a submenu for each of several.

Imports pystray only when the menu is made: the import connects to the display.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from traymon.core.vocabulary import StartAtLogin
from traymon.ui.actions import UserActions
from traymon.ui.tray.appearance import Controls, MenuState, TargetState

PROGRAMS = "Your programs"
MUTED_BY_SETTINGS = "Muted in targets.toml"


def make_menu(actions: UserActions, state: Callable[[], MenuState]) -> Any:
    """Return a menu that asks for its state whenever the icon updates it."""
    from pystray import Menu

    return Menu(lambda: list(_items(actions, state())))


# pystray passes icon and item to actions that take arguments: hence the lambdas


def _items(actions: UserActions, state: MenuState) -> Iterator[Any]:
    from pystray import Menu

    yield _item(state.headline, lambda: actions.open_fix_page(state.speaks_of), default=True)
    if state.trouble:
        yield _item(state.trouble, lambda: actions.open_logs())
    yield Menu.SEPARATOR
    several = len(state.targets) > 1
    if several:
        for one in state.targets:
            yield _item(one.label, Menu(*_submenu(actions, one)))
        yield Menu.SEPARATOR
    for one in () if several else state.targets:
        yield from _details(actions, one)
    if state.settings:
        yield _item(f"Use the new settings ({state.settings})", lambda: actions.use_new_settings())
    yield from _controls(actions, state.controls, None, " all" if several else "")
    if not several:
        yield from (_mute(actions, one) for one in state.targets if one.muted)
        yield _item("Copy diagnosis", lambda: actions.copy_report(None))
    yield _item("Open log folder", lambda: actions.open_logs())
    yield from _start_at_login(actions, state)
    if (newer := state.newer) is not None:
        label = f"traymon {newer.version} is available: what is new"
        yield _item(label, lambda: actions.open_releases(newer.page))
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

    if one.id_uses:
        yield _item("Client IDs", Menu(*_lines(one.id_uses)))
    if one.programs:
        label = f"{PROGRAMS} ({one.missing})" if one.missing else PROGRAMS
        yield _item(label, Menu(*_lines(one.programs)))
    if one.claimable_program:
        yield _item(
            f"{one.claimable_program}: that one is mine", lambda: actions.mark_as_mine(one.name)
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
    snoozes = [
        _item("15 minutes", lambda: actions.snooze("15m", target)),
        _item("1 hour", lambda: actions.snooze("1h", target)),
    ]
    if controls.hours_known:
        snoozes.append(_item("Until the market opens", lambda: actions.snooze("open", target)))
    if controls.snoozed:
        snoozes.append(_item("End the snooze", lambda: actions.snooze("off", target)))
    text = controls.mute_text
    yield _item(f"Notifications: {text}" if text else f"Snooze{whom}", Menu(*snoozes))


def _mute(actions: UserActions, one: TargetState) -> Any:
    if one.muted_by_settings:
        return _item(MUTED_BY_SETTINGS, None, enabled=False)
    return _item("Unmute" if one.muted else "Mute", lambda: actions.mute(one.name, not one.muted))


def _start_at_login(actions: UserActions, state: MenuState) -> Iterator[Any]:
    switch = actions.set_start_at_login
    if switch is not None:
        is_on = state.start_at_login is StartAtLogin.ON
        yield _item(state.login_label, lambda: switch(not is_on), checked=lambda item: is_on)


def _lines(lines: Sequence[str]) -> list[Any]:
    return [_item(line, None, enabled=False) for line in lines]


def _item(label: str, action: Any, **options: Any) -> Any:
    from pystray import MenuItem

    # Windows takes a single one for the mark of a shortcut
    label = label.replace("&", "&&") if sys.platform == "win32" else label
    return MenuItem(label, action, **options)
