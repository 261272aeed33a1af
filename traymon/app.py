"""Wires everything: monitor, surfaces, notifications. The only module that knows all the others.

Holds the order of start and stop, and nothing else.
"""

from __future__ import annotations

import logging
import os
import platform
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from traymon import __version__
from traymon.action_handlers import ActionHandlers
from traymon.alerting import Alerting
from traymon.config.in_force import TargetConfig
from traymon.config.settings_watch import SettingsWatch
from traymon.core.alerts import MetricsAccess
from traymon.core.drill import DESKTOP
from traymon.core.events import Event, EventType
from traymon.core.history import HistoryError, HistoryReader, read_habits
from traymon.core.releases import NewRelease, Releases
from traymon.core.target import Target
from traymon.core.vocabulary import StartAtLogin
from traymon.diagnosis import fix_pages
from traymon.monitoring.monitor import Monitor
from traymon.monitoring.sleep_detector import now_awake
from traymon.outbound.attempts import Attempts
from traymon.outbound.base import Alarm, Surroundings
from traymon.sensors import sensors_for_target
from traymon.sensors.port_discovery import discover
from traymon.service import Service
from traymon.storage.instance_keeper import InstanceKeeper
from traymon.storage.paths import Folders
from traymon.storage.single_instance import Instance, InstanceInfo
from traymon.storage.state import StateStore
from traymon.storage.state_keeper import StateKeeper
from traymon.ui.actions import UserActions
from traymon.ui.calendar_source import CalendarSource
from traymon.ui.desktop import login_session_has_ended
from traymon.ui.drill import DrillDesk
from traymon.ui.gatekeeper import Gatekeeper
from traymon.ui.hub import StatusHub
from traymon.ui.notify.channel import Clicks
from traymon.ui.notify.dispatcher import NotificationDispatcher
from traymon.ui.notify.notifier import Notifier
from traymon.ui.notify.pictures import PictureFiles
from traymon.ui.notify.program_dispatcher import ProgramDispatcher
from traymon.ui.own_files import own_files, watch_own_files
from traymon.ui.past import describe
from traymon.ui.phone import PhoneSetup
from traymon.ui.terminal_lines import TerminalSurface
from traymon.ui.tray.backend import NoTray
from traymon.ui.tray.tray import Tray
from traymon.ui.troubles import Troubles
from traymon.ui.web.dashboards import Dashboards
from traymon.ui.web.opener import PageOpener
from traymon.ui.web.server import LivePage
from traymon.ui.web.static_page import StaticPages
from traymon.ui.worker import TaskQueue

if TYPE_CHECKING:
    from traymon.config.alerts_watch import AlertsWatch
    from traymon.drills import Drills
    from traymon.storage.history.recorder import HistoryRecorder

log = logging.getLogger(__name__)

STOP_TIMEOUT = 5.0  # seconds for the monitor to close its connections gracefully
LOGOFF_TIMEOUT = 2.0  # the same at logoff, where Windows allows 5 s for everything
OUTLETS_TIMEOUT = 0.5  # seconds for each thing outside the desktop to end
TASKS_TIMEOUT = 1.0  # seconds for what the user asked for last
FORCED_EXIT_DELAY = 9.0  # seconds after which the process ends, whatever still hangs
TRAY_RETRY_INTERVAL = 1.0  # seconds
NOT_NOTIFIED = "Notifications are not working: open the log"  # in the icon's menu
NOT_KEPT = "The history is not being saved: open the log"


class App:
    """One running traymon. `run` blocks the main thread until the user or a signal ends it."""

    def __init__(
        self,
        targets: Sequence[TargetConfig],
        *,
        terminal: Callable[[Callable[[], float]], TerminalSurface],
        want_tray: bool = True,
        notify: str = "auto",
        folders: Folders | None = None,
        instance: Instance | None = None,
        page_port: int = 0,
        patience: float = 0.0,
        settings: SettingsWatch | None = None,
        history: bool = False,
        alerts: AlertsWatch | None = None,
        metrics: MetricsAccess | None = None,
        releases: Releases | None = None,
    ) -> None:
        """`terminal` makes the surface for the terminal, given the clock.

        `instance` is this process's, so that others find its page; `page_port` 0: any free port.

        `patience`: seconds to wait for a tray that may still start. `settings` sees when the
        files that the targets come from have changed; None: they come from no settings, and the
        menu does not offer to start this same traymon at login. `history`: keep what happens.
        `alerts`: who is told beside the desktop. `metrics`: where they may be collected.
        `releases`: where to ask for newer ones; None: nowhere.
        """
        folders = folders or Folders.of_this_user()
        state = StateStore(folders.state)
        self._state, self._folders = state, folders
        self._names = [one.target.name for one in targets]  # of those that are watched at first
        self.monitor = Monitor(
            [],
            partial(sensors_for_target, state.own_programs),
            discover,
            look_at_settings=lambda: self._handlers.look_at_settings(),
            on_crash=lambda name: self._hub.publish_stale(name),
        )
        now = self.monitor.clock
        self._keeper = keeper = StateKeeper(state, {}, self.monitor.set_calendar)
        self.monitor.expect_programs(state.expectations())
        self._mark_first_run = state.mark_first_run
        self._tray_patience = patience if want_tray else None
        self._notifies = notify != "off"
        self._stopping = threading.Event()
        self._ended = False
        self.restarts = False  # start again with the same command line, once `run` has returned
        self._remembered: set[str] = set()  # the targets whose earlier days were read
        self._hub = StatusHub(now, keeper.calendar_of)
        self._tasks = TaskQueue("tasks")
        self._tray: Tray | None = None
        self._display_is_gone = False
        self._terminal = terminal(now)
        calendars = CalendarSource(
            calendar_of=keeper.calendar_of,
            key=state.calendar_key,
            create_key=state.create_calendar_key,
            page_port=page_port,
            next_drill=lambda: None if self._alerting is None else self._alerting.next_drill,
        )
        reader = _history_reader(folders) if history else None
        dashboards = Dashboards(reader, now, keeper.calendar_of)
        self._static_pages = static_pages = StaticPages(folders.state, now, calendars, dashboards)
        opener = PageOpener(lambda: self._service.page.address(), static_pages, folders.state)
        self._tasks.post(opener.remove_old_files)
        self._handlers = ActionHandlers(
            monitor=self.monitor,
            hub=self._hub,
            keeper=keeper,
            state=state,
            folders=folders,
            tasks=self._tasks,
            open_page=opener.open,
            notify_user=lambda title, body: self._dispatcher.notify_user(title, body),
            show_start_at_login=self._show_start_at_login,
            use_targets=self._use_targets,
            settings=settings,
            answer_drill=lambda: self._answer_drill(),
        )
        self._notifier = Notifier(
            Clicks(self._handlers.click_notification, self._handlers.press_button),
            self._report_notifications,
            notify,
            PictureFiles(folders.state).path,
        )
        self._troubles = Troubles(self._show_trouble)
        self._history = self._open_history(folders) if history else None
        self._attempts = attempts = Attempts(self._history)
        self._dispatcher = NotificationDispatcher(self._notifier, now, attempts)
        self._alerting: Alerting | None = None
        if alerts is not None:
            around = Surroundings(
                now,
                self._report_outlet,
                attempts,
                statuses=lambda: self._hub.statuses,
                history=reader,
                calendar_of=keeper.calendar_of,
                attempts=lambda: attempts.counts,
                metrics=metrics,
            )
            self._alerting = Alerting(
                alerts, self._tasks.post, around, self._target_names, self._new_drills
            )
        drills = None if self._alerting is None else self._alerting.drill_desk()
        self._update_hint = None
        if releases is not None:
            from traymon.outbound.update_hint import UpdateHint

            self._update_hint = UpdateHint(releases, state, self._show_newer)
        actions = self._user_actions(
            offer_start_at_login=settings is not None,
            phone=None if self._alerting is None else self._alerting.phone_setup(),
            drills=drills,
        )
        self._new_tray = partial(Tray, actions)
        gatekeeper = Gatekeeper(
            lambda: self.monitor.targets,
            lambda: self._hub.statuses,
            keeper.calendar_of,
            partial(now_awake, now),
        )
        page = LivePage(
            actions,
            now,
            gatekeeper.answer,
            page_port,
            calendars,
            dashboards,
            lambda: self._troubles.line,
        )
        self._instance = None if instance is None else InstanceKeeper(instance, self._on_place_lost)
        self._service = Service(self.monitor, page, self._hub.publish_stale, self._publish_page)
        for surface in (self._terminal, static_pages, page, keeper):
            self._hub.add(surface)
        self._hub.listen(self._dispatcher.on_update)
        programs = ProgramDispatcher(self._notifier, now, attempts)
        self._hub.listen(programs.on_update)
        if self._alerting is not None:
            self._hub.listen(self._alerting.on_update)
        if self._history is not None:
            self._hub.listen(self._history.on_update)
        self._use_targets(targets)
        if settings is not None:
            self.monitor.show_settings(settings.state)

    def _target_names(self) -> Sequence[str]:
        return [target.name for target in self.monitor.targets]

    def _use_targets(self, targets: Sequence[TargetConfig]) -> None:
        """Watch these targets from now on, each with its calendar and what the user has asked."""
        self._keeper.use_calendars({one.target.name: one.calendar for one in targets})
        for target in (one.target for one in targets):
            if self._history is not None and target.name not in self._remembered:
                self._remembered.add(target.name)
                self._tasks.post(partial(self._read_habits, target))
            self.monitor.set_calendar(self._keeper.calendar_of(target), target.name)
            self.monitor.snooze(self._state.snoozed_until(target), target.name)
            self.monitor.mute(self._state.is_muted(target), target.name)
        self.monitor.set_targets([one.target for one in targets])

    def _user_actions(
        self, *, offer_start_at_login: bool, phone: PhoneSetup | None, drills: DrillDesk | None
    ) -> UserActions:
        handlers = self._handlers
        return UserActions(
            check_now=handlers.check_now,
            pause_or_resume=handlers.pause_or_resume,
            snooze=handlers.snooze,
            mute=handlers.mute,
            open_fix_page=handlers.open_fix_page,
            click_notification=handlers.click_notification,
            mark_as_mine=handlers.mark_as_mine,
            expect_program=handlers.expect_program,
            show_window=handlers.show_window,
            look_at_tws_settings=handlers.look_at_tws_settings,
            set_viewer_present=self.monitor.set_viewer_present,
            use_new_settings=handlers.use_new_settings,
            watch_too=handlers.watch_too,
            copy_report=handlers.copy_report,
            open_logs=handlers.open_logs,
            open_tws_logs=handlers.open_tws_logs,
            set_start_at_login=handlers.set_start_at_login if offer_start_at_login else None,
            show_about=handlers.show_about,
            phone=phone,
            drills=drills,
            newer=self._newer,
            open_releases=handlers.open_releases,
            end_session=lambda: self._end(LOGOFF_TIMEOUT),
            make_room=self._make_room,
            restart=self._restart,
            quit=self.quit,
        )

    def _new_drills(self, alarms: Callable[[], Sequence[Alarm]]) -> Drills:
        from traymon.drills import Drills, Means  # by the few who want them

        history = self._history
        return Drills(
            Means(
                now=self.monitor.clock,
                post=self._tasks.post,
                state=self._state,
                statuses=lambda: self._hub.statuses,
                calendar_of=self._keeper.calendar_of,
                notifier=self._notifier,
                has_desktop=lambda: self._notifies and not self._pushed_alone,
                alarms=alarms,
                warn=partial(self._troubles.report, source="drill", grave=True),
                refresh=self._service.page.refresh,
                record=self._attempts,
                record_event=lambda event: history.record_event(event) if history else None,
            )
        )

    def _answer_drill(self) -> None:
        """Take it that the user has clicked on the drill's notification."""
        if self._alerting is not None:
            self._alerting.drill_desk().answer(DESKTOP)

    def _open_history(self, folders: Folders) -> HistoryRecorder:
        from traymon.storage.history.recorder import HistoryRecorder  # with SQLite

        return HistoryRecorder(
            folders.history,
            describe,
            own_versions(),
            lambda why: self._troubles.report(NOT_KEPT if why else "", "history"),
            lambda name, faults: self._dispatcher.remember_unannounced(name, faults),
        )

    def _read_habits(self, target: Target) -> None:
        """Learn from earlier days when which program is usually connected."""
        if target.program_grace is None or target.demo:
            return
        try:
            habits = read_habits(_history_reader(self._folders), target.name, self.monitor.clock())
        except HistoryError as error:  # then they are learned again
            log.warning("what is usual for your programs cannot be read: %s", error)
        else:
            self.monitor.remember_programs(habits, target.name)

    def run(self) -> None:
        """Monitor and show until the user or a signal ends it."""
        self._tray = self._make_tray()
        if self._tray is not None:
            self._prepare_tray(self._tray)
        self.monitor.subscribe(self._hub.publish)
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            number = getattr(signal, name, None)
            # what whoever started us lets us ignore stays ignored: SIGHUP after nohup
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda *_: self.quit())
        if self._instance is not None:
            self._instance.start()
        if self._history is not None:
            self._history.record_start(self.monitor.clock(), __version__, self._names)
        self._service.start()
        if self._update_hint is not None:
            self._update_hint.start()
        self._dispatcher.prepare()
        self._watch_own_files()
        try:
            self._show()
        finally:
            self._end(STOP_TIMEOUT)

    def quit(self) -> None:
        """End `run`; returns at once. From any thread and from a signal handler."""
        self._stopping.set()
        if self._tray is not None:
            self._tray.stop()

    def _restart(self) -> None:
        self.restarts = True
        self.quit()

    def _end(self, timeout: float) -> None:
        """Stop everything, in order; the monitor gets `timeout` seconds. Only the first call."""
        if self._ended:
            return
        self._ended = True
        self._stopping.set()
        _exit_by_force_after(FORCED_EXIT_DELAY)
        self._service.stop(timeout)
        self._hub.stop()
        if self._alerting is not None:
            self._alerting.stop(OUTLETS_TIMEOUT)
        if self._update_hint is not None:
            self._update_hint.stop(OUTLETS_TIMEOUT)
        if self._history is not None:
            self._history.end_watching()
        with suppress(OSError):  # a full disk: the page then says by itself that it is old
            self._static_pages.end()
        self._tasks.stop(TASKS_TIMEOUT)
        if self._instance is not None:
            self._instance.stop(TASKS_TIMEOUT)
        self._notifier.withdraw()  # what stays on the screen would be taken for the present
        self._notifier.stop()
        if self._history is not None:  # the last: what becomes of the notifications is kept
            self._history.record_event(Event(EventType.STOP, self.monitor.clock()))
            self._history.stop(TASKS_TIMEOUT)
        log.info("ended")

    def _make_tray(self) -> Tray | None:
        if self._tray_patience is None:
            return None
        started = time.monotonic()
        while True:
            try:
                return self._new_tray()
            except NoTray as error:
                waited = time.monotonic() - started
                if waited < self._tray_patience and not self._stopping.wait(TRAY_RETRY_INTERVAL):
                    continue
                self._report(
                    f"No system tray here ({error}), so there is no icon. Showing the status here."
                )
                return None

    def _prepare_tray(self, tray: Tray) -> None:
        if tray.balloons is not None:
            self._notifier.prefer(tray.balloons)
            if self._mark_first_run():  # Windows hides new icons
                self._dispatcher.notify_user(*fix_pages.notification_text("first-run"))
        self._hub.add(tray)
        self._handlers.read_start_at_login()
        self._show_newer()

    def _show(self) -> None:
        """Block in the surface that owns the main thread."""
        if self._tray is not None:
            if self._tray.run(self._report_no_tray_host, self._tray_patience or 0.0):
                return
            self._display_is_gone = True
            if not self._terminal.is_seen:  # in the next session a new one starts, or is started
                log.warning("the display is gone, and there is no terminal: traymon ends")
                return
            self._report("The display is gone, and the icon with it. Showing the status here.")
        self._terminal.run(self._stopping)

    def _make_room(self) -> bool:
        """End, for a traymon that has a desktop, if this one should have one and has none."""
        wants_desktop = self._tray_patience is not None
        is_unseen = self._tray is None and not self._terminal.is_seen
        if not wants_desktop or not (
            self._display_is_gone or is_unseen or login_session_has_ended()
        ):
            return False
        self._report("Another traymon has started in a session with a desktop, so this one ends.")
        self.quit()
        return True

    def _on_place_lost(self) -> None:
        self._report("Another traymon has started for this user, so this one ends.")
        self.quit()

    def _report(self, line: str) -> None:
        """Print a line, and log it: there may be no terminal."""
        log.info("%s", line)
        self._terminal.print_line(line)

    def _report_no_tray_host(self) -> None:
        self._report("No tray on this desktop yet: the icon will appear as soon as there is one.")
        self._dispatcher.notify_user(*fix_pages.notification_text("no-tray"))

    def _publish_page(self, port: int) -> None:
        """Let the commands find the page."""
        if self._instance is not None:
            keys = self._service.page.keys
            self._instance.publish(InstanceInfo(port, keys.owner, os.getpid(), keys.proof))

    def _show_start_at_login(self, state: StartAtLogin) -> None:
        if self._tray is not None:
            self._tray.show_start_at_login(state)

    def _newer(self) -> NewRelease | None:
        return None if self._update_hint is None else self._update_hint.newer()

    def _show_newer(self) -> None:
        if self._tray is not None:
            self._tray.show_newer(self._newer())

    def _watch_own_files(self) -> None:
        show_trouble = partial(self._troubles.report, source="files")
        arguments = (own_files(), self._dispatcher.notify_user, show_trouble, self._stopping)
        threading.Thread(
            target=watch_own_files, args=arguments, name="own files", daemon=True
        ).start()

    def _show_trouble(self, why: str, warning: str) -> None:
        if self._tray is not None:
            self._tray.show_trouble(why, warning)
        self._service.page.refresh()

    def _report_notifications(self, why: str) -> None:
        """Say that notifications do not work, unless they are pushed and there is no desktop."""
        trouble = NOT_NOTIFIED if why and not self._pushed_alone else ""
        self._troubles.report(trouble, "notifications")

    @property
    def _pushed_alone(self) -> bool:
        """Whether notifications go elsewhere, as there is no desktop to show them."""
        return self._tray is None and self._alerting is not None and self._alerting.pushes

    def _report_outlet(self, trouble: str, source: str) -> None:
        """Show the trouble of an outlet; where there is no icon, as a line, and only once."""
        if trouble and self._tray is None and self._troubles.is_news(trouble, source):
            self._report(trouble)
        self._troubles.report(trouble, source)


def _history_reader(folders: Folders) -> HistoryReader:
    from traymon.storage.history.reader import HistoryFile  # with SQLite

    return HistoryFile(folders.history)


def own_versions() -> str:
    """Return the versions of traymon, Python and the system, in one line."""
    python, system = platform.python_version(), platform.platform()
    return f"traymon {__version__}, Python {python}, {system}"


def _exit_by_force_after(seconds: float) -> None:
    """End the process if something still holds it then, such as a name server that hangs."""

    def end() -> None:
        log.error("something hangs; ending by force")
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError as error:  # no memory for one more thread
        log.warning("what hangs will not be ended by force: %s", error)
