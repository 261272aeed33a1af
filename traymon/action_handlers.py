"""Does what the user asks for from the tray, the page or a notification.

Decides nothing about what is shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from traymon import __version__, autostart
from traymon.config.in_force import TargetConfig
from traymon.config.settings_watch import NewSettings, SettingsWatch
from traymon.core.calendar import snooze_until
from traymon.core.model import SettingsState, Status
from traymon.core.programs import Expectation
from traymon.core.target import USUAL_COMMANDS, OwnProgram
from traymon.core.vocabulary import SettingsNews, StartAtLogin
from traymon.diagnosis import fix_pages
from traymon.errors import ConfigError
from traymon.monitoring.monitor import Monitor
from traymon.sensors.screen import NoScreen
from traymon.sensors.tws_folder import settings_folders
from traymon.sensors.tws_windows import show_window
from traymon.storage.files import write_atomically
from traymon.storage.paths import Folders
from traymon.storage.state import StateStore
from traymon.storage.state_keeper import StateKeeper
from traymon.ui import presenter
from traymon.ui.desktop import copy_text
from traymon.ui.drill import NOTIFICATION_KEY
from traymon.ui.hub import StatusHub
from traymon.ui.notification_text import ARRIVED, FILES_GONE, MARK_AS_MINE, NOT_EXPECTED, SNOOZE
from traymon.ui.openers import CannotOpen, open_address, open_folder
from traymon.ui.program_notification_text import split_key
from traymon.ui.worker import TaskQueue

log = logging.getLogger(__name__)

BUTTON_SNOOZE = "1h"  # as the button's label says


class ActionHandlers:
    """Handles every action from any thread at once; what takes a moment goes to `tasks`."""

    def __init__(
        self,
        *,
        monitor: Monitor,
        hub: StatusHub,
        keeper: StateKeeper,
        state: StateStore,
        folders: Folders,
        tasks: TaskQueue,
        open_page: Callable[[Sequence[Status], str | None], None],
        notify_user: Callable[[str, str], None],
        show_start_at_login: Callable[[StartAtLogin], None],
        use_targets: Callable[[Sequence[TargetConfig]], None],
        settings: SettingsWatch | None,
        answer_drill: Callable[[], object],
    ) -> None:
        """`open_page` opens a fix page; `show_start_at_login` is told whether it is on.

        `settings` reads the settings again, and `use_targets` watches what they say; None if the
        targets come from no settings. `answer_drill` takes it that a test alarm was seen.
        """
        self._monitor, self._hub, self._keeper = monitor, hub, keeper
        self._state, self._folders, self._tasks = state, folders, tasks
        self._open_page, self._notify_user = open_page, notify_user
        self._show_start_at_login = show_start_at_login
        self._use_targets, self._settings = use_targets, settings
        self._answer_drill = answer_drill

    def click_notification(self, key: str | None = None) -> None:
        """Open the page that a notification is about; a click on the drill's answers that."""
        if key == NOTIFICATION_KEY:
            self._answer_drill()
        else:
            self.open_fix_page(key)

    def open_fix_page(self, target: str | None = None) -> None:
        """Open the page of all targets, or of one; also of the one that a notification is about."""
        name = None if target is None else split_key(target)[0]
        self._tasks.post(partial(self._open_fix_page, name))

    def _open_fix_page(self, target: str | None) -> None:
        try:
            self._open_page(self._hub.statuses, target)
        except (CannotOpen, OSError) as error:
            self._report("page-not-opened", error)
        except ImportError as error:  # they were moved before the first page was opened
            self._report(FILES_GONE, error)

    def _report(self, name: str, why: object) -> None:
        """Notify the user, who has clicked, of why nothing happens."""
        log.warning("%s: %s", name, why)
        title, body = fix_pages.notification_text(name)
        status = self._hub.find(None)
        commands = USUAL_COMMANDS if status is None else status.target.commands
        body = fix_pages.fill(body, fix_pages.command_facts(commands))
        self._notify_user(title, f"{body} ({why})")

    def press_button(self, target: str, button: str) -> None:
        """Do what a notification's button says."""
        if button == MARK_AS_MINE:
            self.mark_as_mine(target)
        elif button == SNOOZE:
            self.snooze(BUTTON_SNOOZE, self._known(target))
        elif button == ARRIVED:
            self._answer_drill()
        elif button == NOT_EXPECTED:
            _, program = split_key(target)
            self.expect_program(program, Expectation.OFF)

    def _known(self, key: str) -> str | None:
        """Return the target that a notification is about; None if it is about several."""
        name = split_key(key)[0]
        return None if self._hub.find(name) is None else name

    def check_now(self, target: str | None = None) -> None:
        """Check a target at once, or all of them."""
        self._monitor.check_now(target)

    def look_at_tws_settings(self, target: str | None = None) -> None:
        """Ask the TWS of a target, or of all of them, for its own settings."""
        self._monitor.look_at_tws_settings(target)

    def snooze(self, wish: str, target: str | None = None) -> None:
        """Snooze the notifications of a target, or of all; see `snooze_until`.

        Raises ValueError.
        """
        now = self._monitor.clock()
        targets = [status.target for status in self._meant(target)]
        ends = {t.name: snooze_until(wish, now, self._keeper.calendar_of(t)) for t in targets}
        for name, until in ends.items():
            self._monitor.snooze(until, name)

    def mute(self, target: str, on: bool) -> None:
        """Mute a target until the user ends that, or end it; one of the settings stays muted."""
        self._monitor.mute(on, target)
        for one in self._monitor.targets:
            if one.name == target:
                self._tasks.post(partial(self._state.keep_muted, one, on))

    def _meant(self, target: str | None) -> Sequence[Status]:
        """Return the status of a target, or of all."""
        return [one for one in self._hub.statuses if target in (None, one.target.name)]

    def mark_as_mine(self, target: str) -> None:
        """Remember that the program that holds a target's client ID is the user's own."""
        self._tasks.post(lambda: self._mark_as_mine(self._hub.find(target)))

    def _mark_as_mine(self, status: Status | None) -> None:
        program = None if status is None else presenter.claimable_program(status)
        if program is not None:
            self._state.add_own_program(OwnProgram(program.exe, program.script))
            log.info("the user's own: %s %s", program.exe, program.script)
            self._monitor.check_now()

    def expect_program(self, key: str, word: str) -> None:
        """Remember when the user expects a program of theirs. Raises ValueError for other words."""
        expectation = Expectation(word)
        self._tasks.post(partial(self._expect_program, key, expectation))

    def _expect_program(self, key: str, expectation: Expectation) -> None:
        self._state.keep_expectation(key, expectation)
        self._monitor.expect_programs(self._state.expectations())

    def show_window(self, target: str) -> None:
        """Bring the window of TWS that a target's page names to the front."""
        self._tasks.post(lambda: self._show_window(self._hub.find(target)))

    def _show_window(self, status: Status | None) -> None:
        if status is None or not presenter.window_to_show(status):
            return
        try:
            show_window(status.evidence)
        except NoScreen as error:
            self._report("window-not-shown", error)

    def pause_or_resume(self, target: str | None = None) -> None:
        """Pause a target or all of them, or resume if everything that is meant is paused."""
        if presenter.all_paused(self._meant(target)):
            self._monitor.resume(target)
        else:
            self._monitor.pause(target)

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

    def _put_in_force(self, new: NewSettings) -> None:
        logging.getLogger("traymon").setLevel(new.config.settings.log.upper())
        self._use_targets(new.config.targets)
        if new.need_restart:
            title, body = fix_pages.notification_text("needs-restart")
            keys = ", ".join(new.need_restart)
            command = new.config.targets[0].target.commands.traymon
            self._notify_user(title, body.format(keys=keys, traymon=command))

    def copy_report(self, target: str | None = None) -> None:
        """Put the report of a target, or of the worst, on the clipboard; else into a file."""
        self._tasks.post(partial(self._copy_report, target))

    def _copy_report(self, target: str | None) -> None:
        status = self._hub.find(target)
        if status is None:
            return
        try:
            from traymon.ui.web import render

            text = render.report(status, self._monitor.clock())
        except (OSError, ImportError) as error:
            self._report(FILES_GONE, error)
            return
        if copy_text(text):
            self._notify_user("Diagnosis copied", "It is on the clipboard as Markdown text.")
            return
        path = self._folders.state / "diagnosis.md"
        try:
            write_atomically(path, text)
        except OSError as error:
            self._report("diagnosis-not-written", error)
            return
        self._notify_user("Diagnosis written", f"There is no clipboard here; the text is in {path}")
        with suppress(CannotOpen):  # the notification says where it is
            open_folder(path.parent)

    def open_logs(self) -> None:
        """Show traymon's own log folder in the file manager."""
        self._tasks.post(self._open_logs)

    def _open_logs(self) -> None:
        try:
            open_folder(self._folders.logs)
        except CannotOpen as error:
            self._report("logs-not-shown", f"{self._folders.logs}; {error}")

    def open_releases(self, page: str) -> None:
        """Open the page of traymon's releases."""
        self._tasks.post(partial(self._open_releases, page))

    def _open_releases(self, page: str) -> None:
        try:
            open_address(page)
        except CannotOpen as error:
            self._report("releases-not-shown", f"{page}; {error}")

    def open_tws_logs(self, target: str | None = None) -> None:
        """Show the folder of the logs of a target's TWS, or of the worst target's.

        And say how to read the encrypted ones.
        """
        self._tasks.post(partial(self._open_tws_logs, target))

    def _open_tws_logs(self, target: str | None) -> None:
        try:
            _open_tws_folder(self._hub.find(target))
        except CannotOpen as error:
            self._report("tws-logs-not-shown", error)
        else:
            self._notify_user(*fix_pages.notification_text("tws-logs"))

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

    def show_about(self) -> None:
        """Notify of the version, the targets and the log."""
        watched = ", ".join(presenter.address(status) for status in self._hub.statuses)
        self._notify_user(f"traymon {__version__}", f"Watches {watched}. Log: {self._folders.logs}")


def _open_tws_folder(status: Status | None) -> None:
    """Show the settings folder of the TWS of a target. Raises CannotOpen."""
    folders = [] if status is None else settings_folders(status.target.port)
    if len(folders) != 1:
        raise CannotOpen("there are several" if folders else "none was found")
    open_folder(folders[0])
