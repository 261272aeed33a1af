"""Start at login, for this user: switch it on and off, look whether it is.

Imports nothing but the standard library: the installer uses it where traymon is gone already.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from traymon.autostart.entry import State, command

if sys.platform == "win32":
    from traymon.autostart import windows as place
elif sys.platform == "darwin":
    from traymon.autostart import macos as place
else:
    from traymon.autostart import linux as place

__all__ = ["State", "state", "turn_off", "turn_on"]


def turn_on(options: Sequence[str], *, systemd: bool = False) -> None:
    """Start this traymon at every login from now on, with these options of `run`.

    `systemd` asks for a user unit, on Linux alone. Raises OSError where the entry cannot be
    written, ValueError where the system cannot take it.
    """
    if sys.platform == "linux":
        place.turn_on(command(options), systemd=systemd)
    elif systemd:
        raise ValueError("--systemd is for Linux")
    else:
        place.turn_on(command(options))


def turn_off() -> None:
    """Start it no longer, however it was switched on. Raises OSError."""
    place.turn_off()


def state() -> State:
    """Return whether it starts at login. Raises OSError where that cannot be read."""
    return place.state()
