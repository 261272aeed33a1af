"""One running traymon: the order in which its parts are started and stopped."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from functools import partial

from traymon import __version__
from traymon.core.events import Event, EventType
from traymon.diagnosis import fix_pages
from traymon.process import exit_by_force_after, on_end_signals
from traymon.ui.own_files import own_files, watch_own_files
from traymon.ui.tray.tray import Tray
from traymon.wiring import Options, Parts

log = logging.getLogger(__name__)

STOP_TIMEOUT = 5.0  # seconds for the monitor to close its connections gracefully
LOGOFF_TIMEOUT = 2.0  # the same at logoff, where Windows allows 5 s for everything
OUTLETS_TIMEOUT = 0.5  # seconds for each thing outside the desktop to end
TASKS_TIMEOUT = 1.0  # seconds for what the user asked for last
FORCED_EXIT_DELAY = 9.0  # seconds after which the process ends, whatever still hangs


class App:
    """`run` blocks the main thread until the user or a signal ends it."""

    def __init__(self, options: Options) -> None:
        """Watch what the options say, once `run` is called."""
        self._parts = parts = Parts(
            options, end_session=lambda: self._end(LOGOFF_TIMEOUT), restart=self._restart
        )
        self.monitor = parts.monitor
        self._names = [one.target.name for one in options.targets]  # that are watched at first
        self._ended = False
        self.restarts = False  # start again with the same command line, once `run` has returned
        parts.use_targets(options.targets)
        if options.settings is not None:
            parts.monitor.show_settings(options.settings.state)

    def run(self) -> None:
        """Monitor and show until the user or a signal ends it."""
        parts = self._parts
        tray = parts.surface.open_tray(partial(Tray, parts.actions))
        if tray is not None:
            self._prepare(tray)
        parts.monitor.subscribe(parts.hub.publish)
        on_end_signals(self.quit)
        if parts.instance is not None:
            parts.instance.start()
        if parts.history is not None:
            parts.history.record_start(parts.monitor.clock(), __version__, self._names)
        parts.service.start()
        if parts.update_hint is not None:
            parts.update_hint.start()
        parts.dispatcher.prepare()
        self._watch_own_files()
        try:
            parts.surface.run(parts.dispatcher.notify_user)
        finally:
            self._end(STOP_TIMEOUT)

    def quit(self) -> None:
        """End `run`; returns at once. From any thread and from a signal handler."""
        self._parts.surface.stop()

    def _restart(self) -> None:
        self.restarts = True
        self.quit()

    def _end(self, timeout: float) -> None:
        """Stop everything, in order; the monitor gets `timeout` seconds. Only the first call."""
        if self._ended:
            return
        self._ended = True
        parts = self._parts
        parts.surface.stopping.set()
        exit_by_force_after(FORCED_EXIT_DELAY)
        parts.service.stop(timeout)
        parts.hub.stop()
        parts.alerting.stop(OUTLETS_TIMEOUT)
        if parts.update_hint is not None:
            parts.update_hint.stop(OUTLETS_TIMEOUT)
        if parts.history is not None:
            parts.history.end_watching()
        with suppress(OSError):  # a full disk: the page then says by itself that it is old
            parts.static_pages.end()
        parts.tasks.stop(TASKS_TIMEOUT)
        if parts.instance is not None:
            parts.instance.stop(TASKS_TIMEOUT)
        parts.notifier.withdraw()  # what stays on the screen would be taken for the present
        parts.notifier.stop()
        if parts.history is not None:  # the last: what becomes of the notifications is kept
            parts.history.record_event(Event(EventType.STOP, parts.monitor.clock()))
            parts.history.stop(TASKS_TIMEOUT)
        log.info("ended")

    def _prepare(self, tray: Tray) -> None:
        """Let the icon show what there is to show, and Windows' balloons be the notifications."""
        parts = self._parts
        if tray.balloons is not None:
            parts.notifier.prefer(tray.balloons)
            if parts.state.mark_first_run():  # Windows hides new icons
                parts.dispatcher.notify_user(*fix_pages.notification_text("first-run"))
        parts.hub.add(tray)
        parts.settings_actions.read_start_at_login()
        parts.show_newer()

    def _watch_own_files(self) -> None:
        parts = self._parts
        show_trouble = partial(parts.troubles.report, source="files")
        notify_user, ended = parts.dispatcher.notify_user, parts.surface.stopping
        arguments = (own_files(), notify_user, show_trouble, ended)
        threading.Thread(
            target=watch_own_files, args=arguments, name="own files", daemon=True
        ).start()
