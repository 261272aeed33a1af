"""What traymon asks the desktop to do: fill the clipboard, show a dialog; and whose session it is.

Opening pages and folders is in `openers`.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

CLIPBOARD_TIMEOUT = 5.0  # seconds
LOGIND_SESSIONS = Path("/run/systemd/sessions")
MB_ICONERROR, MB_SETFOREGROUND = 0x10, 0x10000  # winuser.h


def copy_text(text: str) -> bool:
    """Put text on the clipboard; return False if this desktop has no command for it."""
    for command, encoding in _clipboard_commands():
        if shutil.which(command[0]) is None:
            continue
        try:
            subprocess.run(
                command,
                input=text.encode(encoding),
                check=True,
                timeout=CLIPBOARD_TIMEOUT,
                # on X11 the command lives on as the clipboard's owner: it must not hold our pipes
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return True
    return False


def _clipboard_commands() -> list[tuple[list[str], str]]:
    """Return the commands to try, each with the encoding that it reads."""
    if sys.platform == "win32":
        return [(["clip"], "utf-16")]
    if sys.platform == "darwin":
        return [(["pbcopy"], "utf-8")]
    return [
        (["wl-copy"], "utf-8"),
        (["xclip", "-selection", "clipboard"], "utf-8"),
        (["xsel", "--clipboard", "--input"], "utf-8"),
    ]


def show_error_dialog(title: str, text: str) -> None:
    """Show a dialog on Windows and wait until the user closes it.

    For errors before there is a terminal or an icon.
    """
    windll: Any = getattr(ctypes, "windll")  # noqa: B009  (mypy: Windows only)
    windll.user32.MessageBoxW(None, text, title, MB_ICONERROR | MB_SETFOREGROUND)


def login_session_has_ended() -> bool:
    """Tell whether the user has logged out of the session in which this process was started.

    False where nobody knows: only systemd-logind keeps such a list.
    """
    session = os.environ.get("XDG_SESSION_ID", "")
    if not session.isalnum() or not LOGIND_SESSIONS.is_dir():
        return False
    try:
        return "STATE=closing" in (LOGIND_SESSIONS / session).read_text().splitlines()
    except FileNotFoundError:
        return True
    except OSError:
        return False
