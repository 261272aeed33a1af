"""The log file of `traymon` and `traymon demo`."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from traymon.cli.common import print_error
from traymon.core.target import mask_accounts
from traymon.storage.paths import Folders

log = logging.getLogger(__name__)

MAX_SIZE = 1_000_000  # bytes
OLD_FILES = 3


def start_log(level: str) -> None:
    """Start writing the log file; if that is impossible, say so and go on without it."""
    try:
        handler = _open_log(Folders.of_this_user().logs)
    except OSError as error:
        print_error(f"No log can be written: {error}")
        return
    handler.setFormatter(_MaskingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    set_log_level(level)


def log_failure(error: Exception) -> str:
    """Write an error's traceback into the log; return words that name the log, or ""."""
    if not logging.getLogger().handlers:
        start_log("info")
    log.critical("traymon has failed", exc_info=error)
    files = (getattr(handler, "baseFilename", None) for handler in logging.getLogger().handlers)
    path = next((path for path in files if path), None)
    return "" if path is None else f" (log: {path})"


def set_log_level(level: str) -> None:
    """Set how much traymon itself logs; libraries log warnings only."""
    logging.getLogger("traymon").setLevel(level.upper())


def _open_log(folder: Path) -> RotatingFileHandler:
    folder.mkdir(parents=True, exist_ok=True)
    return RotatingFileHandler(
        folder / "traymon.log", maxBytes=MAX_SIZE, backupCount=OLD_FILES, encoding="utf-8"
    )


class _MaskingFormatter(logging.Formatter):
    """Masks account numbers, in tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without complete account numbers."""
        return mask_accounts(super().format(record))
