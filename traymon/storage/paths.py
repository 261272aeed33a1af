"""Where traymon keeps what it writes, and its log."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path

from platformdirs import user_log_path, user_state_path

from traymon.core.target import mask_accounts


@dataclass(frozen=True, slots=True)
class Folders:
    """Where traymon keeps what it writes."""

    state: Path
    logs: Path

    @classmethod
    def of_this_user(cls) -> Folders:
        """Return the platform's usual folders."""
        return cls(user_state_path("traymon"), user_log_path("traymon"))


def start_log(folder: Path, level: str) -> None:
    """Write the log to a file that is kept small; three old ones stay. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        folder / "traymon.log", maxBytes=1_000_000, backupCount=3, encoding="utf-8"
    )
    handler.setFormatter(_Masking("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("traymon").setLevel(level.upper())


class _Masking(logging.Formatter):
    """Masks account numbers, also in tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without whole account numbers."""
        return mask_accounts(super().format(record))
