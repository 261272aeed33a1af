"""pystray's icon for X11 trays, fixed.

pystray 0.19.5 asks for no button events there, docks again at every icon change, misses a tray
host that starts late, ends its loop when a click fails, and blocks forever in a setter once the
loop has ended. Here only the loop's own thread talks to X; other threads post jobs to it.
"""

from __future__ import annotations

import logging
import select
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from pystray import _xorg
from Xlib import X
from Xlib.error import ConnectionClosedError, XError

from traymon.core.vocabulary import Light
from traymon.ui import icons

log = logging.getLogger(__name__)

MIN_SIZE = 8  # pixels; panels give a new icon its size late


class XorgIcon(_xorg.Icon):  # type: ignore[misc]
    """An icon in the X11 system tray. It has no menu: a left click is its only action."""

    light = Light.GREY  # what is drawn, at whatever size the panel gives
    rimmed = False
    marked = False
    has_balloons = False
    _title: str
    _systray_manager: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._jobs: deque[Callable[[], None]] = deque()
        self._drawn = self._background = b""  # the window's pixels, with and without the picture
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        super().__init__(*args, **kwargs)
        self._manager = self._display.intern_atom("MANAGER")
        self._pystray_message = self._message_handlers[X.ClientMessage]
        self._message_handlers[X.ClientMessage] = self._on_client_message
        # a tray host that starts later announces itself on the root window
        self._display.screen().root.change_attributes(event_mask=X.StructureNotifyMask)

    @property
    def has_host(self) -> bool:
        """Whether a tray host shows the icon. To be read in a posted job."""
        return self._systray_manager is not None

    # --- one thread talks to X

    def post(self, job: Callable[[], None]) -> None:
        """Run `job` on the icon's loop. From any thread or signal handler; never blocks.

        Does nothing once the loop has ended.
        """
        self._jobs.append(job)
        with suppress(OSError):  # full: the loop wakes anyway; closed: it has ended
            self._waker.send(b"!")

    def _run(self) -> None:
        try:
            super()._run()
        finally:
            self._running = False  # or stop() and __del__ would wait for the ended loop

    def _events(self) -> Iterator[Any]:
        try:
            while True:
                while self._display.pending_events():
                    yield self._display.next_event()
                self._display.flush()
                ready, _, _ = select.select([self._display.fileno(), self._wake], [], [])
                if self._wake in ready:
                    self._wake.recv(4096)
                    while self._jobs:
                        self._guarded(self._jobs.popleft())
        except (ConnectionClosedError, OSError) as error:
            log.warning("the display is gone: %s", error)

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except ConnectionClosedError:
            raise
        except Exception:
            log.exception("a job of the tray icon failed; the icon goes on")

    def close(self) -> None:
        """Leave the display, once the loop has ended."""
        with suppress(Exception):  # it may be gone
            self._display.close()

    def __del__(self) -> None:
        with suppress(Exception):  # the display may be gone
            super().__del__()
        self._wake.close()
        self._waker.close()

    # --- clicks and title

    def _create_window(self) -> Any:
        title, self._title = self._title, ""  # pystray sets it as Latin-1 and fails on other text
        window = super()._create_window()
        self._title = title
        window.change_attributes(
            event_mask=X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask
        )
        return window

    def _on_button_press(self, event: Any) -> None:
        self._guarded(lambda: super(XorgIcon, self)._on_button_press(event))

    def _update_title(self) -> None:
        name, utf8 = (self._display.intern_atom(n) for n in ("_NET_WM_NAME", "UTF8_STRING"))
        self._window.change_property(name, utf8, 8, self.title.encode())

    # --- docking: once per tray host, whenever one starts

    def _on_client_message(self, event: Any) -> None:
        if event.client_type != self._manager:
            self._pystray_message(event)
        elif event.data[1][1] == self._net_system_tray_sx and self.visible:
            host = self._systray_manager
            # this host may have been found already, and some show no icon if asked twice
            if host is None or host.id != event.data[1][2]:
                self._dock_window()

    def _on_destroy_notify(self, event: Any) -> None:
        if self._systray_manager is not None and event.window.id == self._systray_manager.id:
            self._systray_manager = None
            if self.visible:
                self._dock_window()

    def _show(self) -> None:
        self._update_title()
        self._dock_window()

    def _update_icon(self) -> None:
        self._icon_valid = True
        self._draw()

    # --- a square picture on the panel's own background

    def _draw(self) -> None:
        try:
            self._window.change_attributes(background_pixmap=X.ParentRelative)
            at = self._window.get_geometry()
            if min(at.width, at.height) < MIN_SIZE:  # not sized by the panel yet
                return
            self._window.clear_area(0, 0, at.width, at.height)
            seen = self._pixels(at)
            if seen != self._drawn:  # else the panel does not repaint below icons (XFCE)
                self._background = seen
            picture = icons.on_background(
                self.light, self.rimmed, self.marked, at.width, at.height, self._background
            )
            self._window.put_pil_image(self._gc, 0, 0, picture)
            self._drawn = self._pixels(at)
        except XError:  # not on the screen; an Expose follows when it is
            return

    def _pixels(self, at: Any) -> bytes:
        pixels: bytes = self._window.get_image(
            0, 0, at.width, at.height, X.ZPixmap, 0xFFFFFFFF
        ).data
        return pixels
