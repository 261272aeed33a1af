"""Watches whether traymon's own files are still there: an upgrade may replace or remove them.

What is loaded goes on working; what is not loaded by then never will be.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

import platformdirs

from traymon import assets
from traymon.diagnosis import fix_pages
from traymon.ui.notification_text import FILES_GONE

log = logging.getLogger(__name__)

INTERVAL = 60.0  # seconds between two looks; an upgrade is over by the second one
IN_MENU = "Quit traymon and start it again: its files are gone"


def own_files() -> Sequence[Path]:
    """Return one file of Python, of the libraries and of traymon each, and the assets' folder."""
    return (Path(os.__file__), Path(platformdirs.__file__), Path(__file__), assets.folder())


def watch_own_files(
    paths: Sequence[Path],
    notify_user: Callable[[str, str], None],
    show_trouble: Callable[[str], None],
    ended: Event,
    interval: float = INTERVAL,
) -> None:
    """Look at the paths every `interval` seconds until `ended` is set.

    If any of them is missing at two looks running, the user is notified once that traymon has to
    be restarted. The trouble is shown until all are back.
    """
    looks_missing = 0
    while not ended.wait(interval):
        missing = [path for path in paths if not os.path.exists(path)]
        looks_missing = looks_missing + 1 if missing else 0
        show_trouble(IN_MENU if looks_missing > 1 else "")
        if looks_missing == 2:
            log.warning("traymon's files are gone: %s", ", ".join(map(str, missing)))
            notify_user(*fix_pages.notification_text(FILES_GONE))
