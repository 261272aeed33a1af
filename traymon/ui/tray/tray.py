"""The icon in the system tray: shows the worst light, opens the fix steps.

With tray_<backend>.py the only importer of pystray, and only when an icon is wanted: the import
itself connects to the display.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

from traymon.core.model import Status
from traymon.core.vocabulary import Light
from traymon.ui import icons, presenter
from traymon.ui.presenter import NotificationText

log = logging.getLogger(__name__)

NAME = "traymon"
BACKENDS = {"win32": ("win32",), "darwin": ("darwin",)}
LINUX_BACKENDS = ("appindicator", "gtk", "xorg")  # the first two have a menu


class NoTray(Exception):
    """This session has no tray that can be reached; the text says why."""


class NoBalloon(Exception):
    """The notification area did not take a notice."""


@dataclass(frozen=True, slots=True)
class Actions:
    """What the menu can ask for. Each returns at once."""

    open_fix: Callable[[], None]
    open_told: Callable[[str], None]  # what a notice told of; its key
    check_now: Callable[[], None]
    that_one_is_mine: Callable[[], None]
    pause_or_resume: Callable[[], None]
    snooze: Callable[[str], None]  # a wish as `windows.snooze_until` takes it
    copy_report: Callable[[], None]
    open_logs: Callable[[], None]
    start_at_login: Callable[[bool], None] | None  # None: not offered
    about: Callable[[], None]
    quit: Callable[[], None]
    session_ends: Callable[[], None]  # the desktop's; on Windows the program ends with it


@dataclass(frozen=True, slots=True)
class _Look:
    """What the icon shows; it is touched only where this changes."""

    light: Light
    tooltip: str
    headline: str
    rimmed: bool
    paused: bool
    mute_text: str  # why and until when there are no notices
    hours_known: bool  # when the market opens next
    trouble: str
    at_login: bool  # traymon starts by itself then
    ids: tuple[str, ...]  # a line for each configured client ID
    claimable_program: str  # who holds one of them and could be the user's own


class Tray:
    """The icon. `run` blocks the main thread; everything else may come from any thread."""

    def __init__(self, actions: Actions) -> None:
        """Raises NoTray where no tray can be reached."""
        self._look = _Look(Light.GREY, NAME, NAME, False, False, "", False, "", False, (), "")
        self._trouble = ""
        self._lock = threading.Lock()
        self._stopped = False
        self._icon = _icon_class()(
            NAME, icon=icons.draw(Light.GREY), title=NAME, menu=self._menu(actions)
        )
        self._told = ""  # the key of the balloon that was shown last
        if self.has_balloons:
            self._icon.on_balloon_click = lambda: actions.open_told(self._told)
            self._icon.on_session_end = actions.session_ends

    @property
    def has_balloons(self) -> bool:
        """Whether this platform's icon can show notices; elsewhere a service does."""
        return bool(self._icon.has_balloons)

    def deliver(self, key: str, text: NotificationText, picture: str) -> None:
        """Show a notice as the icon's balloon; a click opens what it tells of.

        Raises NoBalloon where the notification area does not take it.
        """
        self._told = key  # before it can be clicked
        if not self._icon.balloon(replace(text, body=text.clickable_body), text.light):
            raise NoBalloon("the notification area does not take it")

    def run(self, on_waiting: Callable[[], None], patience: float = 0.0) -> bool:
        """Show the icon until `stop`; return False if the display went away instead.

        `on_waiting` is called where there is no tray host after `patience` seconds: the icon docks
        when one comes.
        """

        def look_for_host() -> None:
            if not self._icon.has_host:
                on_waiting()

        def show() -> None:
            self._icon.visible = True
            looking = threading.Timer(patience, self._icon.post, [look_for_host])
            looking.daemon = True
            looking.start()

        self._icon.run(lambda icon: icon.post(show))
        return self._stopped

    def run_beside(self, job: Callable[[], None]) -> None:
        """Show the icon for as long as `job` takes, which runs in a thread of its own."""

        def work() -> None:
            try:
                job()
            finally:
                self.stop()

        def show() -> None:
            self._icon.visible = True
            threading.Thread(target=work, name="beside", daemon=True).start()

        self._icon.run(lambda icon: icon.post(show))

    def stop(self) -> None:
        """Take the icon away; `run` returns."""
        self._stopped = True
        self._icon.post(self._icon.stop)

    def trouble(self, why: str) -> None:
        """Show in the menu that notifications do not come out; "" when they do."""
        self._trouble = why

    def starts_at_login(self, on: bool) -> None:
        """Show in the menu whether traymon starts at login."""
        with self._lock:
            self._change_to(replace(self._look, at_login=on))

    def show(self, statuses: Sequence[Status]) -> None:
        """Show the statuses; touches the icon only where something changed."""
        with self._lock:
            self._change_to(self._look_of(statuses))

    def _look_of(self, statuses: Sequence[Status]) -> _Look:
        worst, now = presenter.worst_first(statuses), time.time()
        return _Look(
            light=presenter.light(statuses),
            tooltip=presenter.tooltip(statuses, now),
            headline=presenter.headline(worst[0].diagnosis) if worst else NAME,
            rimmed=bool(worst) and worst[0].closed,
            paused=all(status.paused for status in statuses),
            mute_text=presenter.mute_text(worst[0], now) if worst else "",
            hours_known=any(status.opens_at is not None for status in statuses),
            trouble=self._trouble,
            at_login=self._look.at_login,
            ids=tuple(line for status in worst for line in presenter.id_uses(status)),
            claimable_program=next(
                (p.label for s in worst if (p := presenter.claimable_program(s))), ""
            ),
        )

    def _change_to(self, look: _Look) -> None:
        before, self._look = self._look, look
        if look != before:
            self._icon.post(lambda: self._apply(before, look))

    def _apply(self, before: _Look, look: _Look) -> None:
        """Bring the icon from one look to the next; runs where the platform wants it."""
        self._icon.light, self._icon.rimmed = look.light, look.rimmed
        if (look.light, look.rimmed) != (before.light, before.rimmed):
            self._icon.icon = icons.draw(look.light, rimmed=look.rimmed)
        self._icon.title = look.tooltip
        if _in_menu(look) != _in_menu(before):
            self._icon.update_menu()

    def _menu(self, actions: Actions) -> Any:
        from pystray import Menu, MenuItem

        return Menu(
            MenuItem(
                lambda item: f"{presenter.MARKS[self._look.light]} {self._look.headline}",
                lambda: actions.open_fix(),
                default=True,
            ),
            MenuItem(
                "Notifications do not come out here: see the log",
                lambda: actions.open_logs(),
                visible=lambda item: bool(self._look.trouble),
            ),
            Menu.SEPARATOR,
            MenuItem(
                "Client IDs",
                Menu(lambda: [MenuItem(line, None, enabled=False) for line in self._look.ids]),
                visible=lambda item: bool(self._look.ids),
            ),
            MenuItem(
                lambda item: f"{self._look.claimable_program}: that one is mine",
                lambda: actions.that_one_is_mine(),
                visible=lambda item: bool(self._look.claimable_program),
            ),
            MenuItem("Check now", lambda: actions.check_now()),
            MenuItem(
                lambda item: "Resume" if self._look.paused else "Pause",
                lambda: actions.pause_or_resume(),
            ),
            MenuItem(
                lambda item: (
                    f"Notices: {self._look.mute_text}" if self._look.mute_text else "Snooze"
                ),
                Menu(
                    MenuItem("15 minutes", lambda: actions.snooze("15m")),
                    MenuItem("1 hour", lambda: actions.snooze("1h")),
                    MenuItem(
                        "Until the market opens",
                        lambda: actions.snooze("open"),
                        visible=lambda item: self._look.hours_known,
                    ),
                    MenuItem(
                        "End the snooze",
                        lambda: actions.snooze("off"),
                        visible=lambda item: self._look.mute_text.startswith("snoozed"),
                    ),
                ),
            ),
            MenuItem("Copy diagnosis", lambda: actions.copy_report()),
            MenuItem("Open log folder", lambda: actions.open_logs()),
            MenuItem(
                "Start at login",
                lambda: actions.start_at_login and actions.start_at_login(not self._look.at_login),
                checked=lambda item: self._look.at_login,
                visible=actions.start_at_login is not None,
            ),
            MenuItem("About traymon", lambda: actions.about()),
            Menu.SEPARATOR,
            MenuItem("Quit", lambda: actions.quit()),
        )


def icon_for_balloons(on_click: Callable[[str], None]) -> Tray | None:
    """Return an icon that is there for its balloons alone; None where a service shows notices.

    Raises NoTray where no tray can be reached.
    """
    if sys.platform != "win32":
        return None
    nothing: dict[str, Any] = {field.name: lambda *_: None for field in fields(Actions)}
    return Tray(Actions(**{**nothing, "open_told": on_click}))


def _in_menu(look: _Look) -> _Look:
    """Return what of a look stands in the menu."""
    return replace(look, light=Light.GREY, tooltip="", rimmed=False)


def _icon_class() -> Any:
    """Return the mended icon for the best backend that works here."""
    backend = _import_pystray()
    log.info("tray backend: %s", backend)
    if backend == "xorg":
        from traymon.ui.tray.xorg import XorgIcon

        return XorgIcon
    if backend == "win32":
        from traymon.ui.tray.windows import WindowsIcon

        return WindowsIcon
    if backend == "darwin":
        from traymon.ui.tray.macos import DarwinIcon

        return DarwinIcon
    if backend in ("gtk", "appindicator"):
        from traymon.ui.tray.gtk import GtkIcon

        return GtkIcon
    raise NoTray(f"pystray's backend {backend} shows no icon")


def _import_pystray() -> str:
    """Import pystray with the first backend that works, and return the backend's name.

    pystray itself goes on to the next only after an ImportError: it ends at a missing display
    (Xlib's own errors) and at a PyGObject without AppIndicator (a ValueError).
    """
    wish = os.environ.get("PYSTRAY_BACKEND")
    reasons = []
    for backend in [wish] if wish else BACKENDS.get(sys.platform, LINUX_BACKENDS):
        # GTK docks in an X11 tray only as an X11 program, which it is not by itself on Wayland
        with _unless_set("PYSTRAY_BACKEND", backend), _unless_set("GDK_BACKEND", "x11,*"):
            try:
                import pystray
            except Exception as error:
                log.info("no tray through %s: %r", backend, error)
                reasons.append(str(error) or type(error).__name__)
            else:
                return str(pystray.Icon.__module__.rpartition("._")[2])
    raise NoTray(reasons[-1])


@contextmanager
def _unless_set(name: str, value: str) -> Iterator[None]:
    """Set an environment variable for a while, if it has no value."""
    before = os.environ.get(name)
    os.environ[name] = before or value
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before
