"""Chooses the tray library's backend that works in this session."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

BACKENDS = {"win32": ("win32",), "darwin": ("darwin",)}
LINUX_BACKENDS = ("appindicator", "gtk", "xorg")  # the first two have a menu


class NoTray(Exception):
    """This session has no tray that can be reached; the message says why."""


def icon_class(folder: Path) -> Any:
    """Return our icon class for the best backend that works here. Raises NoTray.

    `folder` is for the icon's pictures, where a backend needs them as files.
    """
    backend = find_backend()
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

        return partial(GtkIcon, folder=folder)
    raise NoTray(f"pystray's backend {backend} shows no icon")


def find_backend() -> str:
    """Import pystray with the first backend that works, and return the backend's name.

    pystray itself tries the next backend only after an ImportError: it fails with Xlib's own
    errors if there is no display, and with a ValueError if PyGObject has no AppIndicator.
    """
    wanted = os.environ.get("PYSTRAY_BACKEND")
    reasons = []
    for backend in [wanted] if wanted else BACKENDS.get(sys.platform, LINUX_BACKENDS):
        # GTK docks in an X11 tray only as an X11 program, which is not its default on Wayland
        defaults = {"PYSTRAY_BACKEND": backend, "GDK_BACKEND": "x11,*"}
        with _default_environment(defaults):
            try:
                import pystray
            except Exception as error:
                log.info("no tray through %s: %r", backend, error)
                reasons.append(str(error) or type(error).__name__)
            else:
                return str(pystray.Icon.__module__.rpartition("._")[2])
    raise NoTray("no display" if reasons[-1].startswith("Bad display name") else reasons[-1])


@contextmanager
def _default_environment(defaults: Mapping[str, str]) -> Iterator[None]:
    """Set those environment variables for a while that have no value."""
    before = {name: os.environ.get(name) for name in defaults}
    for name, default in defaults.items():
        os.environ[name] = before[name] or default
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value
