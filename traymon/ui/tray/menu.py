"""The tray icon's menu.

Imports pystray only when the menu is made: the import connects to the display.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traymon.core.vocabulary import StartAtLogin
from traymon.ui.actions import UserActions
from traymon.ui.tray.appearance import MenuState

PROGRAMS = "Your programs"


def make_menu(actions: UserActions, state: Callable[[], MenuState]) -> Any:
    """Return a menu that asks for its state whenever the icon updates it."""
    # pystray passes icon and item to actions that take arguments: hence the lambdas
    from pystray import Menu, MenuItem

    return Menu(
        MenuItem(lambda item: state().headline, lambda: actions.open_fix_page(None), default=True),
        MenuItem(
            lambda item: state().trouble,
            lambda: actions.open_logs(),
            visible=lambda item: bool(state().trouble),
        ),
        Menu.SEPARATOR,
        MenuItem(
            "Client IDs",
            Menu(lambda: [MenuItem(line, None, enabled=False) for line in state().id_uses]),
            visible=lambda item: bool(state().id_uses),
        ),
        MenuItem(
            lambda item: f"Your programs ({state().missing})" if state().missing else PROGRAMS,
            Menu(lambda: [MenuItem(line, None, enabled=False) for line in state().programs]),
            visible=lambda item: bool(state().programs),
        ),
        MenuItem(
            lambda item: f"{state().claimable_program}: that one is mine",
            lambda: actions.mark_as_mine(None),
            visible=lambda item: bool(state().claimable_program),
        ),
        MenuItem(
            lambda item: f"Use the new settings ({state().settings})",
            lambda: actions.use_new_settings(),
            visible=lambda item: bool(state().settings),
        ),
        MenuItem("Check now", lambda: actions.check_now()),
        MenuItem(
            lambda item: "Resume" if state().paused else "Pause",
            lambda: actions.pause_or_resume(),
        ),
        MenuItem(
            lambda item: f"Notifications: {state().mute_text}" if state().mute_text else "Snooze",
            Menu(
                MenuItem("15 minutes", lambda: actions.snooze("15m")),
                MenuItem("1 hour", lambda: actions.snooze("1h")),
                MenuItem(
                    "Until the market opens",
                    lambda: actions.snooze("open"),
                    visible=lambda item: state().hours_known,
                ),
                MenuItem(
                    "End the snooze",
                    lambda: actions.snooze("off"),
                    visible=lambda item: state().snoozed,
                ),
            ),
        ),
        MenuItem("Copy diagnosis", lambda: actions.copy_report()),
        MenuItem("Open log folder", lambda: actions.open_logs()),
        *_start_at_login(actions, state),
        MenuItem("About traymon", lambda: actions.show_about()),
        Menu.SEPARATOR,
        MenuItem("Quit", lambda: actions.quit()),
    )


def _start_at_login(actions: UserActions, state: Callable[[], MenuState]) -> list[Any]:
    from pystray import MenuItem

    switch = actions.set_start_at_login
    if switch is None:
        return []
    return [
        MenuItem(
            lambda item: state().login_label,
            lambda: switch(state().start_at_login is not StartAtLogin.ON),
            checked=lambda item: state().start_at_login is StartAtLogin.ON,
        )
    ]
