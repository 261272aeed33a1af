"""How traymon starts a module of its own as a process that does one thing and ends.

The module's `main` reads its order from stdin and writes the answer to stdout. A built program has
no Python to start: it starts itself with `-m MODULE`, and cli/main.py obeys that before all else.
"""

from __future__ import annotations

import sys

MODULES = ("traymon.outbound.send", "traymon.cli.settings_process")  # a built program has them all


def command(module: str) -> list[str]:
    """Return the command line that runs one of `MODULES`."""
    if not getattr(sys, "frozen", False):
        # -P: not from the current folder, which is not traymon's own to trust
        return [sys.executable, "-P", "-m", module]
    from pathlib import Path  # takes a while, and `traymon gate` needs none

    # traymon-tray has no standard streams; the program for a console lies beside it
    name = "traymon.exe" if sys.platform == "win32" else "traymon"
    return [str(Path(sys.executable).with_name(name)), "-m", module]


def run_if_asked() -> None:
    """Be the process that `command` started, in a built program; it ends here."""
    option, module = (*sys.argv[1:], "", "")[:2]
    if option != "-m" or module not in MODULES:
        return
    from importlib import import_module

    import_module(module).main()
    sys.exit(0)
