"""Puts text on the clipboard through the desktop's own commands.

Keeps nothing; whoever calls decides what to do where there is no clipboard.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

TIMEOUT = 5.0  # seconds


def copy(text: str) -> bool:
    """Put text on the clipboard; return False where this desktop has no command for it."""
    for command, encoding in _commands():
        if shutil.which(command[0]) is None:
            continue
        try:
            subprocess.run(
                command,
                input=text.encode(encoding),
                check=True,
                timeout=TIMEOUT,
                # the clipboard's owner stays behind and must not hold our pipes open
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return True
    return False


def _commands() -> list[tuple[list[str], str]]:
    if sys.platform == "win32":
        return [(["clip"], "utf-16")]
    if sys.platform == "darwin":
        return [(["pbcopy"], "utf-8")]
    return [
        (["wl-copy"], "utf-8"),
        (["xclip", "-selection", "clipboard"], "utf-8"),
        (["xsel", "--clipboard", "--input"], "utf-8"),
    ]
