"""A dialog on Windows, for what must be read where there is neither terminal nor icon."""

from __future__ import annotations

import ctypes
from typing import Any

MB_ICONERROR, MB_SETFOREGROUND = 0x10, 0x10000  # winuser.h


def show(title: str, text: str) -> None:
    """Show it, and wait until the user has closed it."""
    windll: Any = getattr(ctypes, "windll")  # noqa: B009  (mypy knows it on Windows only)
    windll.user32.MessageBoxW(None, text, title, MB_ICONERROR | MB_SETFOREGROUND)
