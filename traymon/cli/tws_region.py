"""When IB resets the servers that the TWS of this computer uses, unless the user has said where."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from platformdirs import user_config_path

from traymon.config import ib_resets
from traymon.config.in_force import TargetConfig, Value
from traymon.core.addresses import is_loopback
from traymon.core.target import Target
from traymon.diagnosis.accounts import what_is_meant

log = logging.getLogger(__name__)

REGION = "TRAYMON_REGION"


def with_region_of_tws(config: TargetConfig) -> TargetConfig:
    """Return a target's settings with the region that TWS's jts.ini names, if they set none."""
    region = None if REGION in config.values else find_region(config.target)
    if region is None:
        return config
    reset = ib_resets.read(region.text, user_config_path("traymon"))
    calendar = replace(config.calendar, reset=reset)
    return replace(config, calendar=calendar, values={**config.values, REGION: region})


def find_region(target: Target) -> Value | None:
    """Return the region that TWS's jts.ini names, and the file; None if it is not known.

    Paper accounts are on the servers of the USA, whatever the user's region (IBKR, System Status
    page), and so is the default.
    """
    meant = what_is_meant(target)
    if (meant is not None and meant.paper) or target.forwarded or not is_loopback(target.host):
        return None
    from traymon.sensors.tws_folder import settings_folders

    found = {region for folder in settings_folders(target.port) if (region := _read(folder))}
    return found.pop() if len(found) == 1 else None


def _read(folder: Path) -> Value | None:
    from traymon.sensors.jts_ini import read_region
    from traymon.sensors.tws_files import INI, read_ending

    try:
        region = read_region(read_ending(folder, INI).data)
    except OSError as error:
        log.debug("jts.ini: %s", error.strerror)
        return None
    return None if region is None else Value(region, str(folder / INI))
