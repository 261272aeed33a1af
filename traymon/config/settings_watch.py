"""Compares the settings in force with what their files say now.

Puts nothing in force by itself. Looks at the files' dates only, unless one of them has changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from traymon.config.in_force import Config
from traymon.core.model import SettingsState
from traymon.core.vocabulary import SettingsNews
from traymon.errors import ConfigError
from traymon.storage.files import lies_at

# What a running traymon cannot change.
NEEDS_RESTART = {
    "TRAYMON_NOTIFY": "notify",
    "TRAYMON_PAGE_PORT": "page_port",
    "TRAYMON_HISTORY": "history",
    "TRAYMON_METRICS": "metrics",
    "TRAYMON_METRICS_TOKEN": "metrics_token",
    "TRAYMON_ALERTS": "alerts",
    "TRAYMON_NTFY": "ntfy",
    "TRAYMON_WEBHOOK": "webhook",
    "TRAYMON_PING": "ping",
}


@dataclass(frozen=True, slots=True)
class NewSettings:
    """Settings that have come into force, and the keys among them that wait for a restart."""

    config: Config
    need_restart: tuple[str, ...]


class SettingsWatch:
    """The settings in force and their files. Thread-safe."""

    def __init__(
        self,
        config: Config,
        files: Sequence[Path],
        load: Callable[[], Config],
        dates: object = None,
    ) -> None:
        """`files` may hold settings, be they there or not; `load` reads them, and the rest, again.

        `load` raises ConfigError. `dates` are those of the files from before they were read; None:
        the first look compares.
        """
        self._config, self._files, self._load = config, files, load
        self._lock = threading.Lock()
        self._looked_at = dates  # the dates of the files when they were last compared
        self._state = SettingsState()

    @property
    def reloads(self) -> bool:
        """Whether settings that have changed are to be used without asking."""
        return self._config.settings.reload == "auto"

    def look(self) -> SettingsState:
        """Return whether the files say something else than what is in force."""
        with self._lock:
            dates = dates_of(self._files)
            if dates != self._looked_at:
                self._looked_at = dates
                self._state = self._compare()
            return self._state

    def use_new(self) -> NewSettings | None:
        """Return the settings that are in force from now on; None if those in force stay so.

        Raises ConfigError, with every mistake, if the files cannot be used.
        """
        with self._lock:
            new, old = self._load(), self._config
            self._config, self._looked_at = new, None
            if _means(new) == _means(old):
                return None
            need_restart = (
                key
                for key, name in NEEDS_RESTART.items()
                if getattr(new.settings, name) != getattr(old.settings, name)
            )
            return NewSettings(new, tuple(need_restart))

    def _compare(self) -> SettingsState:
        files = [one.env_file for one in self._config.targets if one.env_file is not None]
        is_gone = not all(map(lies_at, files))
        try:
            new = self._load()
        except ConfigError as error:
            first, *others = map(str, error.mistakes)
            problem = f"{first} (and {len(others)} more)" if others else first
            return SettingsState(SettingsNews.GONE if is_gone else SettingsNews.UNUSABLE, problem)
        if is_gone:
            return SettingsState(SettingsNews.GONE)
        return SettingsState(
            SettingsNews.IN_FORCE if _means(new) == _means(self._config) else SettingsNews.CHANGED
        )


def _means(config: Config) -> object:
    """Return what the settings mean, without where they stand."""
    return config.settings, [(one.target, one.calendar) for one in config.targets]


def dates_of(files: Sequence[Path]) -> object:
    """Return what changes whenever one of the files does."""
    return [_date(path) for path in files]


def _date(path: Path) -> object:
    """Return what changes whenever a file does; the error if it cannot be looked at."""
    try:
        found = os.stat(path)
    except OSError as error:
        return error.errno
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size
