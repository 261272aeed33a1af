"""The icon in the system tray: shows the worst light and opens the fix page.

Blocks the main thread, as every platform's tray wants it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from traymon.core.model import Change, Status
from traymon.core.notification import Outcome
from traymon.core.releases import NewRelease
from traymon.core.vocabulary import Light, StartAtLogin
from traymon.ui import icons
from traymon.ui.actions import UserActions
from traymon.ui.notification_text import NotificationText, sign
from traymon.ui.notify.channel import Settle, outcome_of
from traymon.ui.tray.appearance import (
    NAME,
    Appearance,
    MenuState,
    TargetStates,
    appearance_of,
)
from traymon.ui.tray.backend import icon_class, new_icon
from traymon.ui.tray.menu import make_menu

BALLOON_TIMEOUT = 5.0  # seconds after which a balloon is said to be unanswered


class Tray:
    """The icon. A surface; `run` blocks the main thread, the rest may come from any thread."""

    name = "tray"
    shows = Change.HEADLINE | Change.DETAILS | Change.MUTE
    names_times = True

    def __init__(self, actions: UserActions) -> None:
        """Raises NoTray if no tray can be reached."""
        self._appearance, self._targets = Appearance(), TargetStates()
        self._statuses: Sequence[Status] = ()
        self._warning = ""
        self._lock = threading.Lock()
        self._stopped = False
        kind = icon_class()  # before the menu: it imports pystray so that it looks for no display
        menu = make_menu(actions, lambda: self._appearance.menu)
        self._icon = new_icon(kind, NAME, icon=icons.draw(Light.GREY), title=NAME, menu=menu)
        self.balloons = BalloonChannel(self._icon) if self._icon.has_balloons else None
        if self.balloons is not None:
            self._icon.on_balloon_click = actions.click_notification
            self._icon.on_session_end = partial(self._end_session, actions.end_session)

    def run(self, on_waiting: Callable[[], None], patience: float = 0.0) -> bool:
        """Show the icon until `stop`; return False if the display went away instead.

        `on_waiting` is called if no tray has taken the icon after `patience` seconds. The icon
        appears whenever a tray comes.
        """

        def check_host() -> None:
            if not self._icon.has_host:
                on_waiting()

        def show() -> None:
            self._icon.visible = True
            timer = threading.Timer(patience, self._icon.post, [check_host])
            timer.daemon = True
            timer.start()

        self._icon.run(lambda icon: icon.post(show))
        return self._stopped

    def run_beside(self, job: Callable[[], None]) -> None:
        """Show the icon while `job` runs in a thread of its own."""

        def work() -> None:
            try:
                job()
            finally:
                self.stop()

        def show() -> None:
            self._icon.visible = True
            threading.Thread(target=work, name="beside", daemon=True).start()

        self._icon.run(lambda icon: icon.post(show))

    def _end_session(self, end: Callable[[], None]) -> None:
        end()
        self.stop()

    def stop(self) -> None:
        """Remove the icon; `run` returns."""
        self._stopped = True
        self._icon.post(self._icon.stop)

    def show(self, statuses: Sequence[Status], changes: Mapping[str, Change]) -> None:
        """Show the statuses."""
        with self._lock:
            self._statuses = statuses
            self._change_to(self._new_appearance(self._appearance.menu))

    def show_trouble(self, why: str, warning: str = "") -> None:
        """Say in the menu what is wrong with traymon itself; "" if nothing is.

        With a `warning` a green icon turns amber, and its tooltip says why.
        """
        with self._lock:
            self._warning = warning
        self._change_menu(trouble=why)

    def show_start_at_login(self, state: StartAtLogin) -> None:
        """Say in the menu whether traymon starts at login."""
        self._change_menu(start_at_login=state)

    def show_newer(self, newer: NewRelease | None) -> None:
        """Say in the menu that a newer traymon was released, if one was."""
        self._change_menu(newer=newer)

    def _change_menu(self, **values: Any) -> None:
        with self._lock:
            self._change_to(self._new_appearance(replace(self._appearance.menu, **values)))

    def _new_appearance(self, menu: MenuState) -> Appearance:
        """Return what the icon shows now; of the menu, what no status says is taken over."""
        if not self._statuses:
            return replace(self._appearance, menu=menu)
        return appearance_of(
            self._statuses,
            time.time(),
            trouble=menu.trouble,
            warning=self._warning,
            start_at_login=menu.start_at_login,
            newer=menu.newer,
            targets=self._targets,
        )

    def _change_to(self, after: Appearance) -> None:
        before, self._appearance = self._appearance, after
        self._icon.post(lambda: self._apply(before, after))

    def _apply(self, before: Appearance, after: Appearance) -> None:
        """Change what differs; called on the thread that may touch the icon.

        The less the better: some panels blink, and an open menu may be closed.
        """
        icon = self._icon
        icon.light, icon.rimmed, icon.marked = after.light, after.rimmed, after.marked
        if after.picture != before.picture:
            icon.icon = icons.draw(after.light, rimmed=after.rimmed, marked=after.marked)
        if after.tooltip != before.tooltip:
            icon.title = after.tooltip
        if after.menu != before.menu:
            icon.update_menu()


class BalloonChannel:
    """The icon's balloons on Windows. A notification channel."""

    name = "balloon"
    clickable = True

    def __init__(self, icon: Any) -> None:
        self._icon = icon

    def prepare(self) -> None:
        """Do nothing: the icon is there."""

    def deliver(self, key: str, text: NotificationText, picture: str, settle: Settle) -> Outcome:
        """Show a balloon, with the light's own picture. Raises ChannelError."""
        title, body = sign(text.title, text.clickable_body)
        taken = self._icon.balloon(key, replace(text, title=title, body=body), text.light)
        return outcome_of(taken, BALLOON_TIMEOUT, settle)

    def withdraw(self, key: str | None = None) -> None:
        """Take the balloon away if it is the key's, or whose ever it is."""
        self._icon.post(lambda: self._icon.clear_balloon(key))

    def close(self) -> None:
        """Do nothing: the icon is the tray's."""


def icon_for_balloons(on_click: Callable[[str | None], None]) -> Tray | None:
    """Return an icon that only shows balloons; None on platforms without them.

    Raises NoTray if no tray can be reached.
    """
    if sys.platform != "win32":
        return None
    return Tray(UserActions(click_notification=on_click))
