"""The folders that traymon writes to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_log_path, user_state_path


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one user."""

    state: Path
    logs: Path

    @classmethod
    def of_this_user(cls) -> Folders:
        """Return the platform's usual folders."""
        return cls(user_state_path("traymon"), user_log_path("traymon"))
