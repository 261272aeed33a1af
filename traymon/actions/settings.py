"""What the user asks of the settings: to use new ones, to watch one more, to start at login."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from traymon import autostart
from traymon.config.in_force import TargetConfig
from traymon.config.settings_watch import NewSettings, SettingsWatch
from traymon.core.model import SettingsState
from traymon.core.vocabulary import SettingsNews, StartAtLogin
from traymon.diagnosis import fix_pages
from traymon.errors import ConfigError
from traymon.monitoring.monitor import Monitor
from traymon.ui.worker import TaskQueue

log = logging.getLogger(__name__)


class SettingsActions:
    """Acts from any thread at once; what takes a moment goes to `tasks`."""

    def __init__(
        self,
        settings: SettingsWatch | None,
        monitor: Monitor,
        tasks: TaskQueue,
        *,
        use_targets: Callable[[Sequence[TargetConfig]], None],
        notify_user: Callable[[str, str], None],
        show_start_at_login: Callable[[StartAtLogin], None],
    ) -> None:
        """`settings` reads the settings again; None if the targets come from no settings.

        `use_targets` watches what they say; `show_start_at_login` is told whether it is on.
        """
        self._settings, self._monitor, self._tasks = settings, monitor, tasks
        self._use_targets, self._notify_user = use_targets, notify_user
        self._show_start_at_login = show_start_at_login

    def look_at_settings(self) -> SettingsState:
        """Return what is new in the files of the settings; they are used if the user wants that."""
        if self._settings is None:
            return SettingsState()
        state = self._settings.look()
        if state.news is SettingsNews.CHANGED and self._settings.reloads:
            self.use_new_settings()
            return SettingsState(left_out=state.left_out)
        return state

    def use_new_settings(self) -> None:
        """Use what the files of the settings say now, or say why that is impossible."""
        if self._settings is not None:
            self._tasks.post(partial(self._use_new_settings, self._settings))

    def _use_new_settings(self, settings: SettingsWatch) -> None:
        try:
            new = settings.use_new()
        except ConfigError as error:
            log.warning("the new settings cannot be used: %s", error)
            self._notify_user("The new settings cannot be used", str(error.mistakes[0]))
            return
        self._monitor.show_settings(settings.state)
        if new is not None:
            self._put_in_force(new)

    def _put_in_force(self, new: NewSettings) -> None:
        logging.getLogger("traymon").setLevel(new.config.settings.log.upper())
        self._use_targets(new.config.targets)
        if new.need_restart:
            title, body = fix_pages.notification_text("needs-restart")
            keys = ", ".join(new.need_restart)
            command = new.config.targets[0].target.commands.traymon
            self._notify_user(title, body.format(keys=keys, traymon=command))

    def watch_too(self, entry: Mapping[str, str]) -> str:
        """Add a target to the list of those that are watched, and watch it; return why not, or "".

        `entry` is what the list says of it. Takes a second or two.
        """
        settings = self._settings
        if settings is None:
            return "it watches what no settings say"
        login_options = settings.login_options
        try:
            new = settings.add(entry)
        except ConfigError as error:
            return str(error)
        self._monitor.show_settings(settings.state)
        if new is not None:
            self._put_in_force(new)
        self._tasks.post(partial(self._stay_at_login, settings, login_options))
        return ""

    def _stay_at_login(self, settings: SettingsWatch, before: Sequence[str]) -> None:
        """Let what started at login with the options from before start with those in force."""
        try:
            if before != settings.login_options and autostart.state().has(before):
                autostart.turn_on(settings.login_options)
        except (OSError, ValueError) as error:
            log.warning("start at login cannot be changed: %s", error)
        self._read_start_at_login()

    def set_start_at_login(self, on: bool) -> None:
        """Turn starting at login on, with the settings in force, or off."""
        self._tasks.post(lambda: self._set_start_at_login(on))

    def _set_start_at_login(self, on: bool) -> None:
        try:
            if on:
                autostart.turn_on(() if self._settings is None else self._settings.login_options)
            else:
                autostart.turn_off()
        except (OSError, ValueError) as error:
            log.warning("start at login cannot be changed: %s", error)
            self._notify_user("Start at login could not be changed", str(error))
        self._read_start_at_login()

    def read_start_at_login(self) -> None:
        """Read whether traymon starts at login, to be shown."""
        self._tasks.post(self._read_start_at_login)

    def _read_start_at_login(self) -> None:
        if self._settings is None:
            return
        try:
            state = autostart.state()
        except OSError as error:
            log.warning("whether traymon starts at login cannot be read: %s", error)
            return
        is_ours = state.has(self._settings.login_options)
        other = StartAtLogin.OTHER_SETTINGS if state.on else StartAtLogin.OFF
        self._show_start_at_login(StartAtLogin.ON if is_ours else other)
