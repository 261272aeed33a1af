"""Compares the settings in force with what their files say now.

Puts nothing in force by itself. Looks at the files' dates only, unless one of them has changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from traymon.config.in_force import Config
from traymon.core.model import SettingsState
from traymon.core.vocabulary import SettingsNews
from traymon.errors import ConfigError, Mistake
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
    "TRAYMON_UPDATE_HINT": "update_hint",
}


@dataclass(frozen=True, slots=True)
class NewSettings:
    """Settings that have come into force, and the keys among them that wait for a restart."""

    config: Config
    need_restart: tuple[str, ...]


class Source(Protocol):
    """Where the settings come from. Its methods raise ConfigError."""

    def load(self) -> Config:
        """Return the settings as they are now."""

    def add(self, entry: Mapping[str, str]) -> Config:
        """Append a target to the list of those that are watched; return the settings then."""


class SettingsWatch:
    """The settings in force and their files. Thread-safe."""

    def __init__(self, config: Config, source: Source) -> None:
        self._config, self._source = config, source
        self._lock = threading.Lock()
        self._files, self._looked_at = config.files, config.dates  # when they were last compared
        self._state = _state_of(config, config)

    @property
    def login_options(self) -> Sequence[str]:
        """The options that start this same traymon at login."""
        return self._config.login_options

    @property
    def reloads(self) -> bool:
        """Whether settings that have changed are to be used without asking."""
        return self._config.settings.reload == "auto"

    @property
    def state(self) -> SettingsState:
        """What the last look has shown."""
        return self._state

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
            return self._use(self._keep_spoilt(self._source.load()))

    def add(self, entry: Mapping[str, str]) -> NewSettings | None:
        """Append a target to the list of those that are watched; likewise."""
        with self._lock:
            return self._use(self._keep_spoilt(self._source.add(entry)))

    def _use(self, new: Config) -> NewSettings | None:
        old, self._config, self._state = self._config, new, _state_of(new, new)
        if _means(new) == _means(old):
            return None
        need_restart = (
            key
            for key, name in NEEDS_RESTART.items()
            if getattr(new.settings, name) != getattr(old.settings, name)
        )
        return NewSettings(new, tuple(need_restart))

    def _keep_spoilt(self, new: Config) -> Config:
        """Return new settings in which a target that they spoil stays as it was."""
        self._files, self._looked_at = new.files, new.dates
        kept = [one for one in self._config.targets if one.target.name in new.left_out]
        return replace(new, targets=(*new.targets, *kept))

    def _compare(self) -> SettingsState:
        files = [one.env_file for one in self._config.targets if one.env_file is not None]
        is_gone = not all(map(lies_at, files))
        try:
            new = self._keep_spoilt(self._source.load())
        except ConfigError as error:
            news = SettingsNews.GONE if is_gone else SettingsNews.UNUSABLE
            problem = _in_one_line(error.mistakes)
            return SettingsState(news, problem, left_out=self._state.left_out)
        if is_gone and not new.mistakes:
            return SettingsState(SettingsNews.GONE)
        return _state_of(new, self._config, self._state.left_out)


def _state_of(new: Config, in_force: Config, left_out: Set[str] = frozenset()) -> SettingsState:
    """Return what is new; `left_out` are the targets that were left out until now."""
    news, problem = _news_of(new, in_force), _in_one_line(new.mistakes)
    untouched = frozenset[str]()
    if news in (SettingsNews.CHANGED, SettingsNews.UNUSABLE):
        untouched = _untouched(new, in_force)
    return SettingsState(news, problem, untouched, _left_out(new, in_force, left_out))


def _news_of(new: Config, in_force: Config) -> SettingsNews:
    if _means(new) != _means(in_force):
        return SettingsNews.CHANGED
    if any(one.target.name in new.left_out for one in new.targets):  # kept as it was
        return SettingsNews.UNUSABLE
    if new.left_out:
        return SettingsNews.INCOMPLETE
    return SettingsNews.FLAWED if new.mistakes else SettingsNews.IN_FORCE


def _untouched(new: Config, in_force: Config) -> frozenset[str]:
    """Return the names of the targets in force of which the files say what they said."""
    read = {one.target.name: (one.target, one.calendar) for one in new.targets}
    return frozenset(
        one.target.name
        for one in in_force.targets
        if one.target.name not in new.left_out
        and read.get(one.target.name) == (one.target, one.calendar)
    )


def _left_out(new: Config, in_force: Config, before: Set[str]) -> frozenset[str]:
    """Return the names of the targets that nobody watches because of a mistake.

    One of those `before` that was corrected is not watched until the new settings are used.
    """
    corrected = before & {one.target.name for one in new.targets}
    watched = {one.target.name for one in in_force.targets}
    return frozenset({*new.left_out, *corrected} - watched)


def _in_one_line(mistakes: Sequence[Mistake]) -> str:
    if not mistakes:
        return ""
    first, *others = map(str, mistakes)
    return f"{first} (and {len(others)} more)" if others else first


def _means(config: Config) -> object:
    """Return what the settings mean, without where they stand or in which order."""
    return config.settings, {one.target.name: (one.target, one.calendar) for one in config.targets}


def dates_of(files: Sequence[Path]) -> list[object]:
    """Return what changes whenever one of the files does."""
    return [_date(path) for path in files]


def _date(path: Path) -> object:
    """Return what changes whenever a file does; the error if it cannot be looked at."""
    try:
        found = os.stat(path)
    except OSError as error:
        return error.errno
    except ValueError:  # a NUL in the path
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size
