"""The name of this computer's time zone, as settings write it: `Europe/Berlin`."""

from __future__ import annotations

import os
from pathlib import Path

from traymon.core import time_windows

LOCAL_TIME = Path("/etc/localtime")  # a link into the zones; Windows has other names for them


def local_zone_name() -> str:
    """Return the zone's name; "" where the system does not give one."""
    name = os.environ.get("TZ", "").removeprefix(":")
    if not name:
        _, _, name = os.path.realpath(LOCAL_TIME).partition("/zoneinfo/")
    try:
        time_windows.zone(name)
    except ValueError:
        return ""
    return name
