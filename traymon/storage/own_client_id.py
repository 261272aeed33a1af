"""The client ID of traymon's own session: chosen once for this installation, and remembered.

High, so that no trading program's habit meets it; which IDs are left out is the session's to see.
"""

from __future__ import annotations

import logging
import random
from pathlib import Path

log = logging.getLogger(__name__)

LOWEST, HIGHEST = 9_000, 9_900  # programs number themselves from 0 upwards


def load_or_create_client_id(folder: Path) -> int:
    """Return the ID that stands in the folder; choose one and write it down where none does."""
    path = folder / "client-id"
    try:
        known = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # not there yet, or not a number: choose
        known = 0
    if LOWEST <= known <= HIGHEST:
        return known
    chosen = random.randint(LOWEST, HIGHEST)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{chosen}\n", encoding="ascii")
    except OSError as error:
        log.warning("the client ID cannot be remembered: %s", error)
    return chosen
