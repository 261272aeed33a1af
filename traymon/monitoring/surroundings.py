"""Follows what a process inherits at its start and never hears of again: zone and settings."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable

from traymon.core.model import SettingsState

log = logging.getLogger(__name__)

INTERVAL = 5.0  # seconds


async def follow_surroundings(
    look_at_settings: Callable[[], SettingsState] | None,
    on_settings: Callable[[SettingsState], None],
) -> None:
    """Adopt the computer's time zone and report the settings, again and again, until cancelled.

    `look_at_settings` is called in a thread, since a folder on the network may hang.
    """
    while True:
        await asyncio.sleep(INTERVAL)
        if sys.platform != "win32":  # Windows looks by itself
            time.tzset()
        if look_at_settings is None:
            continue
        try:
            state = await asyncio.to_thread(look_at_settings)
        except Exception:
            log.exception("the settings cannot be looked at; they stay as they are")
        else:
            on_settings(state)
