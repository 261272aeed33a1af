"""Start at login, for this user: turn it on and off, read its state.

Imports only the standard library (and storage.files, which does the same): the installer uses it
after traymon's dependencies are gone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from traymon.autostart.entry import State, command

if sys.platform == "win32":
    from traymon.autostart import windows as platform
elif sys.platform == "darwin":
    from traymon.autostart import macos as platform
else:
    from traymon.autostart import linux as platform

__all__ = ["State", "state", "turn_off", "turn_on"]


def turn_on(options: Sequence[str], *, systemd: bool = False) -> None:
    """Start this traymon at every login, with these options of `run`.

    `systemd` uses a user unit; Linux only. Raises OSError if the entry cannot be written, and
    ValueError if the system cannot hold it.
    """
    if sys.platform == "linux":
        platform.turn_on(command(options), systemd=systemd)
    elif systemd:
        raise ValueError("--systemd is for Linux")
    else:
        platform.turn_on(command(options))


def turn_off() -> None:
    """Stop starting traymon at login, however that was turned on. Raises OSError."""
    platform.turn_off()


def state() -> State:
    """Return whether traymon starts at login. Raises OSError if that cannot be read."""
    return platform.state()
