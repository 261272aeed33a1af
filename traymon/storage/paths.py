"""The folders that traymon writes to."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_log_path, user_state_path

from traymon.storage.files import make_private

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one user."""

    state: Path
    logs: Path

    @classmethod
    def of_this_user(cls) -> Folders:
        """Return the platform's usual folders."""
        return cls(user_state_path("traymon"), user_log_path("traymon"))

    @property
    def history(self) -> Path:
        """The file of what happened."""
        return self.state / "history.db"

    def make_private(self) -> None:
        """Take away others' rights to what lies in the folders, as far as that is possible."""
        for folder in (self.state, self.logs):
            try:
                make_private(folder)
            except FileNotFoundError:
                continue
            except OSError as error:
                log.warning("%s may be readable by others: %s", folder, error)
