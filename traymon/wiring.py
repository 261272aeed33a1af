"""Makes every part of a running traymon, and connects each with those that it needs.

The only module that knows all the others. Starts nothing; `app` holds the order of start and stop.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from traymon.actions.desktop import DesktopActions
from traymon.actions.notifications import NotificationActions
from traymon.actions.settings import SettingsActions
from traymon.actions.targets import TargetActions
from traymon.alerting import Alerting
from traymon.config.in_force import TargetConfig
from traymon.config.settings_watch import SettingsWatch
from traymon.core.alerts import MetricsAccess
from traymon.core.history import HistoryReader
from traymon.core.releases import NewRelease, Releases
from traymon.monitoring.earlier_days import EarlierDays
from traymon.monitoring.monitor import Monitor
from traymon.monitoring.sleep_detector import now_awake
from traymon.outbound.attempts import Attempts
from traymon.outbound.base import Alarm, Surroundings
from traymon.process import own_versions
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
from traymon.ui.gatekeeper import Gatekeeper
from traymon.ui.hub import StatusHub
from traymon.ui.main_surface import MainSurface
from traymon.ui.notify.channel import Clicks
from traymon.ui.notify.dispatcher import NotificationDispatcher
from traymon.ui.notify.notifier import Notifier
from traymon.ui.notify.pictures import PictureFiles
from traymon.ui.notify.program_dispatcher import ProgramDispatcher
from traymon.ui.past import describe
from traymon.ui.terminal_lines import TerminalSurface
from traymon.ui.troubles import Troubles
from traymon.ui.web.dashboards import Dashboards
from traymon.ui.web.opener import PageOpener
from traymon.ui.web.server import LivePage
from traymon.ui.web.static_page import StaticPages
from traymon.ui.worker import TaskQueue

if TYPE_CHECKING:
    from traymon.config.alerts_watch import AlertsWatch
    from traymon.drills import Drills
    from traymon.outbound.update_hint import UpdateHint
    from traymon.storage.history.recorder import HistoryRecorder

NOT_NOTIFIED = "Notifications are not working: open the log"  # in the icon's menu
NOT_KEPT = "The history is not being saved: open the log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a running traymon is to do. What is left out is not done, as in the demo."""

    targets: Sequence[TargetConfig]  # that are watched at first
    terminal: Callable[[Callable[[], float]], TerminalSurface]  # makes that surface, with the clock
    want_tray: bool = True
    patience: float = 0.0  # seconds to wait for a tray that may still start
    notify: str = "auto"
    folders: Folders = field(default_factory=Folders.of_this_user)
    instance: Instance | None = None  # this process's, so that others find its page
    page_port: int = 0  # 0: any free one
    # sees when the files that the targets come from have changed; without it the targets come from
    # no settings, and the menu does not offer to start this same traymon at login
    settings: SettingsWatch | None = None
    history: bool = False  # keep what happens
    alerts: AlertsWatch | None = None  # who is told beside the desktop
    metrics: MetricsAccess | None = None  # where they may be collected
    releases: Releases | None = None  # where to ask for newer ones; None: nowhere


class Parts:
    """The parts of one running traymon. One that is made later is handed on as a lambda."""

    def __init__(
        self, options: Options, *, end_session: Callable[[], None], restart: Callable[[], None]
    ) -> None:
        """`end_session` ends all at logoff, and `restart` to begin again."""
        self._options, folders = options, options.folders
        self._end_session, self._restart = end_session, restart
        self.tasks = TaskQueue("tasks")

        self.state = StateStore(folders.state)
        self.monitor = Monitor(
            [],
            partial(sensors_for_target, self.state.own_programs),
            discover,
            look_at_settings=lambda: self.settings_actions.look_at_settings(),
            on_crash=lambda name: self.hub.publish_stale(name),
        )
        self._now = now = self.monitor.clock
        self._keeper = StateKeeper(self.state, {}, self.monitor.set_calendar)
        self.monitor.expect_programs(self.state.expectations())
        self.hub = StatusHub(now, self._keeper.calendar_of)

        terminal = options.terminal(now)
        self.surface = MainSurface(terminal, options.patience if options.want_tray else None)
        self.troubles = Troubles(self._show_trouble)

        reader = self._open_history_reader()
        self.history = None if reader is None else self._open_history()
        self._earlier = None
        if reader is not None:
            self._earlier = EarlierDays(reader, self.monitor, self.tasks.post)

        self._attempts = Attempts(self.history)
        self.notifier = Notifier(
            Clicks(
                lambda key: self._notification_actions.click(key),
                lambda key, button: self._notification_actions.press(key, button),
            ),
            self._report_notifications,
            options.notify,
            PictureFiles(folders.state).path,
        )
        self.dispatcher = NotificationDispatcher(self.notifier, now, self._attempts)
        programs = ProgramDispatcher(self.notifier, now, self._attempts)

        self.alerting = Alerting(
            options.alerts,
            self.tasks.post,
            self._surroundings(reader),
            lambda: [target.name for target in self.monitor.targets],
            self._new_drills,
        )
        self.update_hint = self._new_update_hint()

        calendars = CalendarSource(
            calendar_of=self._keeper.calendar_of,
            key=self.state.calendar_key,
            create_key=self.state.create_calendar_key,
            page_port=options.page_port,
            next_drill=lambda: self.alerting.next_drill,
        )
        dashboards = Dashboards(reader, now, self._keeper.calendar_of)
        self.static_pages = StaticPages(folders.state, now, calendars, dashboards)
        opener = PageOpener(lambda: self.service.page.address(), self.static_pages, folders.state)
        self.tasks.post(opener.remove_old_files)

        self._target_actions = TargetActions(
            self.monitor, self.hub, self._keeper, self.state, self.tasks
        )
        self.settings_actions = SettingsActions(
            options.settings,
            self.monitor,
            self.tasks,
            use_targets=self.use_targets,
            notify_user=self.dispatcher.notify_user,
            show_start_at_login=self.surface.show_start_at_login,
        )
        self._desktop_actions = DesktopActions(
            self.hub,
            folders,
            self.tasks,
            now,
            open_page=opener.open,
            notify_user=self.dispatcher.notify_user,
        )
        self._notification_actions = NotificationActions(
            self.hub, self._target_actions, self._desktop_actions, self.alerting.answer_on_desktop
        )
        self.actions = self._user_actions()

        gatekeeper = Gatekeeper(
            lambda: self.monitor.targets,
            lambda: self.hub.statuses,
            self._keeper.calendar_of,
            partial(now_awake, now),
        )
        page = LivePage(
            self.actions,
            now,
            gatekeeper.answer,
            options.page_port,
            calendars,
            dashboards,
            lambda: self.troubles.line,
        )
        self.service = Service(self.monitor, page, self.hub.publish_stale, self._publish_page)
        self.instance = None
        if options.instance is not None:
            self.instance = InstanceKeeper(options.instance, self.surface.give_way)

        for surface in (terminal, self.static_pages, page, self._keeper):
            self.hub.add(surface)
        self.hub.listen(self.dispatcher.on_update)
        self.hub.listen(programs.on_update)
        self.hub.listen(self.alerting.on_update)
        if self.history is not None:
            self.hub.listen(self.history.on_update)

    def use_targets(self, targets: Sequence[TargetConfig]) -> None:
        """Watch these targets from now on, each with its calendar and what the user has asked."""
        self._keeper.use_calendars({one.target.name: one.calendar for one in targets})
        for target in (one.target for one in targets):
            if self._earlier is not None:
                self._earlier.learn(target)
            self.monitor.set_calendar(self._keeper.calendar_of(target), target.name)
            self.monitor.snooze(self.state.snoozed_until(target), target.name)
            self.monitor.mute(self.state.is_muted(target), target.name)
        self.monitor.set_targets([one.target for one in targets])

    def show_newer(self) -> None:
        """Show in the icon's menu whether a newer traymon was released."""
        self.surface.show_newer(self._newer())

    def _newer(self) -> NewRelease | None:
        return None if self.update_hint is None else self.update_hint.newer()

    def _user_actions(self) -> UserActions:
        """Return what tray and page offer: the list of all that the user can ask for."""
        targets, settings = self._target_actions, self.settings_actions
        desktop, notifications = self._desktop_actions, self._notification_actions
        from_settings = self._options.settings is not None
        return UserActions(
            check_now=targets.check_now,
            pause_or_resume=targets.pause_or_resume,
            snooze=targets.snooze,
            mute=targets.mute,
            open_fix_page=desktop.open_fix_page,
            click_notification=notifications.click,
            mark_as_mine=targets.mark_as_mine,
            expect_program=targets.expect_program,
            show_window=desktop.show_window,
            look_at_tws_settings=targets.look_at_tws_settings,
            set_viewer_present=self.monitor.set_viewer_present,
            use_new_settings=settings.use_new_settings,
            watch_too=settings.watch_too,
            copy_report=desktop.copy_report,
            open_logs=desktop.open_logs,
            open_tws_logs=desktop.open_tws_logs,
            set_start_at_login=settings.set_start_at_login if from_settings else None,
            show_about=desktop.show_about,
            phone=self.alerting.phone_setup(),
            drills=self.alerting.drill_desk(),
            newer=self._newer,
            open_releases=desktop.open_releases,
            end_session=self._end_session,
            make_room=self.surface.make_room,
            restart=self._restart,
            quit=self.surface.stop,
        )

    # What only some want, with libraries that the others need not load

    def _open_history_reader(self) -> HistoryReader | None:
        if not self._options.history:
            return None
        from traymon.storage.history.reader import HistoryFile  # with SQLite

        return HistoryFile(self._options.folders.history)

    def _open_history(self) -> HistoryRecorder:
        from traymon.storage.history.recorder import HistoryRecorder

        return HistoryRecorder(
            self._options.folders.history,
            describe,
            own_versions(),
            lambda why: self.troubles.report(NOT_KEPT if why else "", "history"),
            lambda name, faults: self.dispatcher.remember_unannounced(name, faults),
        )

    def _new_update_hint(self) -> UpdateHint | None:
        if self._options.releases is None:
            return None
        from traymon.outbound.update_hint import UpdateHint

        return UpdateHint(self._options.releases, self.state, self.show_newer)

    def _surroundings(self, reader: HistoryReader | None) -> Surroundings:
        """Return what the outlets may use."""
        return Surroundings(
            self._now,
            self._report_outlet,
            self._attempts,
            statuses=lambda: self.hub.statuses,
            history=reader,
            calendar_of=self._keeper.calendar_of,
            attempts=lambda: self._attempts.counts,
            metrics=self._options.metrics,
        )

    def _new_drills(self, alarms: Callable[[], Sequence[Alarm]]) -> Drills:
        from traymon.drills import Drills, Means

        history, notifies = self.history, self._options.notify != "off"
        return Drills(
            Means(
                now=self._now,
                post=self.tasks.post,
                state=self.state,
                statuses=lambda: self.hub.statuses,
                calendar_of=self._keeper.calendar_of,
                notifier=self.notifier,
                has_desktop=lambda: notifies and not self._only_pushes,
                alarms=alarms,
                warn=partial(self.troubles.report, source="drill", grave=True),
                refresh=self.service.page.refresh,
                record=self._attempts,
                record_event=lambda event: history.record_event(event) if history else None,
            )
        )

    # What goes from one part to several

    def _publish_page(self, port: int) -> None:
        """Let the commands find the page."""
        if self.instance is not None:
            keys = self.service.page.keys
            self.instance.publish(InstanceInfo(port, keys.owner, os.getpid(), keys.proof))

    def _show_trouble(self, why: str, warning: str) -> None:
        self.surface.show_trouble(why, warning)
        self.service.page.refresh()

    def _report_notifications(self, why: str) -> None:
        """Say that notifications do not work, unless they are pushed and there is no desktop."""
        trouble = NOT_NOTIFIED if why and not self._only_pushes else ""
        self.troubles.report(trouble, "notifications")

    def _report_outlet(self, trouble: str, source: str) -> None:
        """Show the trouble of an outlet; where there is no icon, as a line, and only once."""
        if trouble and not self.surface.has_icon and self.troubles.is_news(trouble, source):
            self.surface.report(trouble)
        self.troubles.report(trouble, source)

    @property
    def _only_pushes(self) -> bool:
        """Whether notifications go elsewhere, as there is no desktop to show them."""
        return not self.surface.has_icon and self.alerting.pushes
