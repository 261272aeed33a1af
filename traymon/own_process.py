"""How traymon starts a part of its own in another process, which takes its libraries along.

A built program has no Python that could run a module: it starts itself, and `cli/main.py` knows the
modules that it then is.
"""

from __future__ import annotations

import sys
from pathlib import Path


def own_process(module: str) -> list[str]:
    """Return the command that runs `main` of a module of traymon's."""
    if getattr(sys, "frozen", False):  # the program for a console lies beside that without
        name = "traymon.exe" if sys.platform == "win32" else "traymon"
        return [str(Path(sys.executable).with_name(name)), "-m", module]
    # not from the current folder, which is not traymon's own to trust
    return [sys.executable, "-P", "-m", module]
