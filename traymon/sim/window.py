"""A small window on this X11 screen, titled as one of TWS's, that belongs to this process."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

WIDTH, HEIGHT = 420, 120  # pixels


@contextmanager
def open_dialog(title: str) -> Iterator[None]:
    """Show an empty dialog. Raises OSError if this screen cannot be reached."""
    from Xlib import X, Xatom
    from Xlib.display import Display
    from Xlib.error import ConnectionClosedError, DisplayError

    try:
        display = Display()
    except (DisplayError, ConnectionClosedError) as error:
        raise OSError(f"the screen cannot be reached: {error}") from error
    try:
        root = display.screen().root
        white = display.screen().white_pixel
        window = root.create_window(
            0, 0, WIDTH, HEIGHT, 0, X.CopyFromParent, background_pixel=white
        )
        utf8 = display.intern_atom("UTF8_STRING")
        window.change_property(display.intern_atom("_NET_WM_NAME"), utf8, 8, title.encode())
        pid = display.intern_atom("_NET_WM_PID")
        window.change_property(pid, Xatom.CARDINAL, 32, [os.getpid()])
        machine = socket.gethostname().encode()
        window.change_property(Xatom.WM_CLIENT_MACHINE, Xatom.STRING, 8, machine)
        window.set_wm_transient_for(root)
        window.map()
        display.sync()
        yield
    finally:
        display.close()
