"""The log file of `traymon` and `traymon demo`."""

from __future__ import annotations

import io
import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from traymon.cli.streams import print_error
from traymon.core.target import mask_accounts
from traymon.storage.files import create_private_folder, open_for_appending
from traymon.storage.paths import Folders

log = logging.getLogger(__name__)

MAX_SIZE = 1_000_000  # bytes
OLD_FILES = 3
MAX_LENGTH = 8_000  # characters of one record; a long traceback has 5,000


def start_log(level: str) -> None:
    """Start writing the log file; if that is impossible, say so and go on without it."""
    try:
        handler = _open_log(Folders.of_this_user().logs)
    except OSError as error:
        print_error(f"No log can be written: {error}")
        return
    handler.setFormatter(LogFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
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
    create_private_folder(folder)
    return _PrivateLogHandler(
        folder / "traymon.log", maxBytes=MAX_SIZE, backupCount=OLD_FILES, encoding="utf-8"
    )


class _PrivateLogHandler(RotatingFileHandler):
    """Writes log files that their owner alone may read, and follows no link."""

    def _open(self) -> io.TextIOWrapper:
        descriptor = open_for_appending(Path(self.baseFilename))
        return open(descriptor, "a", encoding=self.encoding)


class LogFormatter(logging.Formatter):
    """Makes records that no text from elsewhere can forge or swell, nor use to steer a terminal.

    Only a record begins at the margin: the lines of its traceback are indented, and every other
    control character is escaped. Account numbers are masked.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line, with its traceback in the lines below."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        traceback = self.formatException(record.exc_info) if record.exc_info else ""
        lines = [self.formatMessage(record), *traceback.splitlines()]
        return _shorten(mask_accounts("\n    ".join(map(_escape, lines))))


def _escape(text: str) -> str:
    """Return the text without characters that end a line or that a terminal obeys."""
    shown = text[:MAX_LENGTH]  # the rest would be left out anyway
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


def _shorten(text: str) -> str:
    """Return the text without its middle if it is too long: a traceback's end says most."""
    if len(text) <= MAX_LENGTH:
        return text
    return f"{text[: MAX_LENGTH // 2]} […] {text[-MAX_LENGTH // 2 :]}"
