"""Chooses the kind of icon that works in this session."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

log = logging.getLogger(__name__)

# The first is what traymon takes by itself; PYSTRAY_BACKEND selects another.
BACKENDS = {"win32": ("win32",), "darwin": ("darwin",)}
LINUX_BACKENDS = ("sni", "xorg")


class NoTray(Exception):
    """This session has no tray that can be reached; the message says why."""


def new_icon(kind: Any, name: str, **looks: Any) -> Any:
    """Make an icon of this class. Raises NoTray."""
    try:
        return kind(name, **looks)
    except NoTray:
        raise
    except Exception as error:  # a display that has just come may hang up on its second client
        log.info("no icon: %r", error)
        raise NoTray(reason(error)) from error


def icon_class() -> Any:
    """Return our icon class for this platform, or the one that is asked for. Raises NoTray."""
    backend = _wanted(BACKENDS.get(sys.platform, LINUX_BACKENDS))
    loaded = _load(backend)
    log.info("tray backend: %s", backend)
    return loaded


def check_screen() -> None:
    """Raise NoTray if this session has no screen, on Linux."""
    if not os.environ.get("WAYLAND_DISPLAY"):
        _load("xorg")  # whose import connects to the display


def _load(backend: str) -> Any:
    # pystray chooses a backend of its own on import; the dummy touches no display
    with _environment("PYSTRAY_BACKEND", "dummy" if backend in LINUX_BACKENDS else backend):
        try:
            return _import(backend)
        except Exception as error:  # pystray and Xlib raise their own on import
            log.info("no tray through %s: %r", backend, error)
            raise NoTray(reason(error)) from error


def reason(error: Exception) -> str:
    """Return what is wrong, from what pystray and the libraries below it say."""
    text = str(error) or type(error).__name__
    return "no display" if text.startswith("Bad display name") else text


def _wanted(backends: tuple[str, ...]) -> str:
    wanted = os.environ.get("PYSTRAY_BACKEND") or backends[0]
    if wanted not in backends:
        log.warning("PYSTRAY_BACKEND=%s: here there is only %s", wanted, " and ".join(backends))
        return backends[0]
    return wanted


def _import(backend: str) -> Any:
    if backend == "win32":
        from traymon.ui.tray.windows import WindowsIcon

        return WindowsIcon
    if backend == "darwin":
        from traymon.ui.tray.macos import DarwinIcon

        return DarwinIcon
    if backend == "xorg":
        from traymon.ui.tray.xorg import XorgIcon

        return XorgIcon
    from traymon.ui.tray.linux import LinuxIcon

    return LinuxIcon


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set an environment variable for a while."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before
