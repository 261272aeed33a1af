"""Sees when alerts.toml changes, and keeps the last good one while it cannot be read.

Without the file, and without a variable in its place, nothing is loaded to read it with.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from platformdirs import user_config_path

from traymon.config.in_force import PING_VARIABLE, PUSH_VARIABLES, AlertsFile, OwnSettings
from traymon.config.settings_watch import dates_of
from traymon.errors import ConfigError, Mistake
from traymon.storage.files import lies_at

NAME = "alerts.toml"


class AlertsWatch:
    """The alerts in force. Used from one thread."""

    def __init__(
        self,
        path: Path,
        environ: Mapping[str, str],
        *,
        is_named: bool = False,
        is_users_choice: bool = True,
    ) -> None:
        """`environ` may hold secrets that the file refers to, and channels of its own.

        `is_named`: by a setting, so that the file has to be there. `is_users_choice`: but not by
        the settings of a project.
        """
        self.path, self._environ = path, environ
        self._is_named, self._is_users_choice = is_named, is_users_choice
        self._dates: object = None
        self._last_good = AlertsFile()

    @classmethod
    def of(cls, settings: OwnSettings, environ: Mapping[str, str]) -> AlertsWatch:
        """Return the watch of the file that the settings name, and of what they say themselves."""
        path = Path(os.path.expanduser(settings.alerts or user_config_path("traymon") / NAME))
        said = {
            "TRAYMON_NTFY": settings.ntfy,
            "TRAYMON_WEBHOOK": settings.webhook,
            PING_VARIABLE: settings.ping,
        }
        variables = {name: secret.reveal() for name, secret in said.items()}
        is_users_choice = environ.get("TRAYMON_ALERTS", "").strip() == settings.alerts
        return cls(
            path,
            {**environ, **variables},
            is_named=bool(settings.alerts),
            is_users_choice=is_users_choice,
        )

    def look(self) -> AlertsFile | None:
        """Return what is in force from now on, with every mistake; None if nothing has changed."""
        dates = dates_of([self.path])
        if dates == self._dates:
            return None
        self._dates = dates
        try:
            self._last_good = found = self._read()
        except ConfigError as error:
            return replace(self._last_good, mistakes=error.mistakes)
        if self._is_named and not self.path.exists():
            return replace(found, mistakes=(*found.mistakes, _missing(self.path)))
        return found

    def _read(self) -> AlertsFile:
        variables = (*PUSH_VARIABLES, PING_VARIABLE)
        if not lies_at(self.path) and not any(self._environ.get(name) for name in variables):
            return AlertsFile()
        from traymon.config import alerts_file

        return alerts_file.load(self.path, self._environ, is_users_choice=self._is_users_choice)


def _missing(path: Path) -> Mistake:
    return Mistake(str(path), "", "", "there is no such file", "TRAYMON_ALERTS names it")
