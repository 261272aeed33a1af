"""Wires it all: monitor, icon, notices, pages, terminal. The only module that knows all others.

Start: log, monitor, surfaces. Stop: monitor, surfaces, at worst by force.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from rich.console import Console

from traymon import __version__, autostart
from traymon.core.calendar import Calendar, snooze_until
from traymon.core.facts import Fact, Facts
from traymon.core.model import Diagnosis, Flip, Status, Update, what_changed
from traymon.core.target import OwnProgram, Target
from traymon.core.vocabulary import SensorName
from traymon.diagnosis import fix_pages
from traymon.diagnosis.catalogue import STALE
from traymon.monitoring.monitor import Monitor
from traymon.monitoring.watchdog import Watchdog
from traymon.sensors import sensors_for_target
from traymon.sensors.port_discovery import discover
from traymon.storage.files import write_atomically
from traymon.storage.paths import Folders
from traymon.storage.single_instance import Instance, InstanceInfo
from traymon.storage.state import StateStore
from traymon.ui import clipboard, presenter
from traymon.ui.desktop import open_folder, open_in_browser, open_secret_address
from traymon.ui.notify.dispatcher import NotificationDispatcher
from traymon.ui.notify.notifier import Notifier
from traymon.ui.status_json import as_json
from traymon.ui.terminal import Terminal
from traymon.ui.tray.tray import Actions, NoTray, Tray
from traymon.ui.web import render
from traymon.ui.web.server import LivePage, PageActions
from traymon.ui.web.static_page import PageFiles
from traymon.ui.worker import Worker

log = logging.getLogger(__name__)

STOP_WITHIN = 5.0  # seconds for the monitor to end its connections politely
STOP_AT_LOGOFF = 2.0  # the same where Windows waits, for 5 s in all
SNOOZE_OF_NOTICE = "1h"
FORCE_AFTER = 9.0  # seconds after which the program ends whatever still hangs


class App:
    """One running traymon. `run` blocks the main thread until the user or a signal ends it."""

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        console: Console,
        want_tray: bool = True,
        notify: str = "auto",
        folders: Folders | None = None,
        instance: Instance | None = None,
        page_port: int = 0,
        calendar: Calendar | None = None,
        login_options: Sequence[str] | None = None,
        patience: float = 0.0,
    ) -> None:
        """`instance` is told where the page is; `page_port` 0 takes a free one.

        `login_options` start this very traymon at login, None: the menu does not offer it.
        `patience`: seconds in which a tray may still come.
        """
        self._folders = folders or Folders.of_this_user()
        self._state = StateStore(self._folders.state)
        self._calendar = calendar or Calendar()
        self._hours_contract = targets[0].hours_contract
        if (hours := self._state.hours(self._hours_contract)) is not None:
            self._calendar = replace(self._calendar, hours=hours)
        self.monitor = Monitor(
            targets,
            partial(sensors_for_target, self._state.own_programs),
            discover,
            calendar=self._calendar,
            snoozed_until=self._state.snoozed_until(targets[0].name),
        )
        self._now = self.monitor.clock
        self._want_tray, self._patience = want_tray, patience
        self._login_options = login_options
        self._statuses: dict[str, Status] = {}
        self._filed: dict[str, tuple[str, str]] = {}
        self._stopping = threading.Event()
        self._ended = False
        self._watching = threading.Thread(target=self._watch, name="monitor", daemon=True)
        self._watchdog = Watchdog(self._say_stale)
        self._tray: Tray | None = None
        self._terminal = Terminal(console, self._now)
        self._notifier = Notifier(self._open_fix, self._trouble, notify, self._pressed)
        self._dispatcher = NotificationDispatcher(self._notifier, self._folders.state, self._now)
        # one thread for what may take a moment: pages, clipboard, browser
        self._errands: Worker[Callable[[], object]] = Worker("errands", _do)
        self._workers: list[Worker[Sequence[Status]]] = []
        self._pages = PageFiles(self._folders.state, self._now)
        self._instance = instance
        actions = PageActions(
            check_now=self.monitor.check_now,
            pause_or_resume=self._pause_or_resume,
            open_page=lambda: self._open_fix(None),
            snooze=self._snooze,
            set_viewer_present=self.monitor.set_viewer_present,
        )
        self._page = LivePage(actions, self._now, as_json, page_port)

    def run(self) -> None:
        """Watch and show until told to stop."""
        self._tray = self._make_tray()
        if self._tray is not None and self._tray.has_balloons:
            self._notifier.prefer("balloon", self._tray.deliver)
            if self._state.mark_first_run():  # Windows hides new icons
                self._dispatcher.notify_user(*fix_pages.notice("first-run"))
        self._add_surface("terminal", self._terminal.show)
        if self._tray is not None:
            self._add_surface("tray", self._tray.show)
            self._errands.post(self._show_start_at_login)
        for subscriber in (
            self._remember,
            self._dispatcher.on_status,
            self._file,
            self._show_on_page,
            self._keep,
            lambda update: self._watchdog.beat(),
        ):
            self.monitor.subscribe(subscriber)
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            if (number := getattr(signal, name, None)) is not None:
                signal.signal(number, lambda *_: self.quit())
        self._watching.start()
        self._watchdog.watch(self._watching)
        try:
            self._show()
        finally:
            self._end(STOP_WITHIN)

    def _end(self, within: float) -> None:
        """End everything, in order; the monitor gets `within` seconds. Once."""
        if self._ended:
            return
        self._ended = True
        self._stopping.set()
        self._watchdog.stop()
        _end_by_force_after(FORCE_AFTER)
        self.monitor.stop()
        self._watching.join(within)
        if self._watching.is_alive():
            log.warning("the monitor did not end within %.0f s", within)
        for worker in self._workers:
            worker.stop(1.0)
        self._errands.stop(1.0)
        self._notifier.stop()
        log.info("ended")

    def quit(self) -> None:
        """End `run`; returns at once. From any thread and from a signal handler."""
        self._stopping.set()
        if self._tray is not None:
            self._tray.stop()

    def _make_tray(self) -> Tray | None:
        if not self._want_tray:
            return None
        begun = time.monotonic()
        while True:
            try:
                return self._tray_here()
            except NoTray as error:
                if time.monotonic() - begun < self._patience and not self._stopping.wait(1.0):
                    continue
                self._say(f"No system tray here ({error}). The status is shown here instead.")
                return None

    def _tray_here(self) -> Tray:
        return Tray(
            Actions(
                open_fix=lambda: self._open_fix(None),
                open_told=self._open_fix,
                check_now=self.monitor.check_now,
                that_one_is_mine=lambda: self._is_mine(None),
                pause_or_resume=self._pause_or_resume,
                snooze=self._snooze,
                copy_report=lambda: self._errands.post(self._copy_report),
                open_logs=lambda: open_folder(self._folders.logs),
                start_at_login=None if self._login_options is None else self._start_at_login,
                about=self._about,
                quit=self.quit,
                session_ends=lambda: self._end(STOP_AT_LOGOFF),
            )
        )

    def _show(self) -> None:
        """Block in whatever surface owns the main thread."""
        if self._tray is not None:
            if self._tray.run(self._say_no_host, self._patience):
                return
            self._say("The display is gone. The status is shown here instead.")
        self._terminal.run(self._stopping)

    def _say(self, line: str) -> None:
        """Say it in the terminal, and in the log for where there is none."""
        log.info("%s", line)
        self._terminal.say(line)

    def _say_no_host(self) -> None:
        """Say it where it is seen: started at login, there is no terminal."""
        self._say("No tray on this desktop yet: the icon appears as soon as there is one.")
        self._dispatcher.notify_user(*fix_pages.notice("no-tray"))

    def _watch(self) -> None:
        """Run the monitor in its thread; if it dies, the surfaces must not stay green."""
        try:
            asyncio.run(self._look_and_serve())
        except Exception:
            log.exception("the monitor ended; traymon has stopped looking")
            self._say_stale()

    def _say_stale(self) -> None:
        """Show that nobody looks any more, until a status comes again.

        Called again and again meanwhile: what may not be told now is told when it may be.
        """
        now = self._now()
        for status in list(self._statuses.values()):
            where: Facts = {Fact.HOST: status.target.host, Fact.PORT: status.target.port}
            stale = Diagnosis(STALE.code, STALE.light, where)
            snoozed_until, known = status.snoozed_until, status.diagnosis.same_as(stale)
            dead = replace(
                status,
                diagnosis=stale,
                since=status.since if known else now,
                light_since=status.light_since if known else now,
                suspicion=None,
                snoozed_until=None if now >= (snoozed_until or 0.0) else snoozed_until,
                quiet_until=self._calendar.quiet_until(now),
                closed=self._calendar.closed(now),
                opens_at=self._calendar.opens(now),
            )
            flip = None if known else Flip(now, status.diagnosis, stale)
            for subscriber in (self._remember, self._dispatcher.on_status, self._file):
                subscriber(Update(dead, flip, what_changed(status, dead)))

    async def _look_and_serve(self) -> None:
        """Run the monitor, and the page on the same loop for as long."""
        serving = asyncio.create_task(self._serve())
        try:
            await self.monitor.run()
        finally:
            self._page.stop()
            await serving

    async def _serve(self) -> None:
        """Serve the page; where that fails, the static one is opened instead."""
        try:
            await self._page.serve(self._announce_page)
        except Exception:
            log.exception("the page cannot be served; the static one is shown instead")

    def _announce_page(self, port: int) -> None:
        log.info("the page is served on port %s", port)
        if self._instance is not None:
            self._instance.publish(InstanceInfo(port, self._page.keys.owner, os.getpid()))

    # --- what the monitor tells; on its loop, so that each hands on and returns

    def _add_surface(self, name: str, show: Callable[[Sequence[Status]], None]) -> None:
        self._workers.append(Worker(name, show, newest_only=True))

    def _remember(self, update: Update) -> None:
        self._statuses[update.status.target.name] = update.status
        statuses = tuple(self._statuses.values())
        for worker in self._workers:
            worker.post(statuses)

    def _show_on_page(self, update: Update) -> None:
        self._page.show(update.status)

    def _keep(self, update: Update) -> None:
        """Write down what shall outlive a restart: the snooze, and the hours that IB gave."""
        status = update.status
        self._state.keep_snooze(status.target.name, status.snoozed_until)
        days = status.evidence.fact(SensorName.HOURS, Fact.HOURS)
        zone = status.evidence.fact(SensorName.HOURS, Fact.HOURS_ZONE)
        if (
            days is not None
            and zone is not None
            and self._state.keep_hours(self._hours_contract, days, zone)
        ):
            self._calendar = replace(self._calendar, hours=self._state.hours(self._hours_contract))
            self.monitor.set_calendar(self._calendar)

    def _file(self, update: Update) -> None:
        """Keep the page in step, so that one that is open in a browser follows."""
        status = update.status
        state = (status.diagnosis.code, presenter.suspicion(status))
        if self._filed.get(status.target.name) != state:
            self._filed[status.target.name] = state
            self._errands.post(lambda: self._pages.write(status))

    # --- what the user asks for

    def _open_fix(self, name: str | None) -> None:
        """Open the fix page of a target; None: of the worst."""
        self._errands.post(lambda: self._open_page(name))

    def _open_page(self, name: str | None) -> None:
        status = self._statuses.get(name or "") or self._worst()
        # a loop that stands still serves no page either, and the browser would wait for ever
        stale = status is not None and status.diagnosis.code == STALE.code
        if not stale and (address := self._page.address()) is not None:
            open_secret_address(address, self._folders.state)
        elif status is not None:
            open_in_browser(self._pages.write(status))

    def _worst(self) -> Status | None:
        return next(iter(presenter.worst_first(tuple(self._statuses.values()))), None)

    def _pressed(self, name: str, button: str) -> None:
        """Do what a notice's button says."""
        if button == presenter.MARK_AS_MINE:
            self._is_mine(name)
        elif button == presenter.SNOOZE:
            self._snooze(SNOOZE_OF_NOTICE)

    def _snooze(self, wish: str) -> None:
        """Keep silent for `15m` or `1h`, or until the market opens; `off` ends it."""
        self.monitor.snooze(snooze_until(wish, self._now(), self._calendar))

    def _is_mine(self, name: str | None) -> None:
        """Remember that the program which holds a target's client ID is the user's own."""
        self._errands.post(lambda: self._remember_as_own(name))

    def _remember_as_own(self, name: str | None) -> None:
        status = self._statuses.get(name or "") or self._worst()
        program = None if status is None else presenter.claimable_program(status)
        if program is not None:
            self._state.add_own_program(OwnProgram(program.exe, program.script))
            log.info("the user's own: %s %s", program.exe, program.script)
            self.monitor.check_now()

    def _pause_or_resume(self) -> None:
        if all(status.paused for status in self._statuses.values()):
            self.monitor.resume()
        else:
            self.monitor.pause()

    def _copy_report(self) -> None:
        status = self._worst()
        if status is None:
            return
        text = render.report(status, self._now())
        if clipboard.copy(text):
            self._dispatcher.notify_user(
                "Diagnosis copied", "It is on the clipboard as Markdown text."
            )
            return
        path = self._folders.state / "diagnosis.md"
        write_atomically(path, text)
        self._dispatcher.notify_user(
            "Diagnosis written", f"There is no clipboard here; the text is in {path}"
        )
        open_folder(path.parent)

    def _start_at_login(self, on: bool) -> None:
        self._errands.post(lambda: self._switch_start_at_login(on))

    def _switch_start_at_login(self, on: bool) -> None:
        try:
            if on:
                autostart.turn_on(self._login_options or ())
            else:
                autostart.turn_off()
        except (OSError, ValueError) as error:
            log.warning("start at login cannot be changed: %s", error)
            self._dispatcher.notify_user("Start at login is not changed", str(error))
        self._show_start_at_login()

    def _show_start_at_login(self) -> None:
        if self._tray is None or self._login_options is None:
            return
        try:
            self._tray.starts_at_login(autostart.state().on)
        except OSError as error:
            log.warning("whether traymon starts at login cannot be read: %s", error)

    def _about(self) -> None:
        watched = ", ".join(presenter.address(status) for status in self._statuses.values())
        self._dispatcher.notify_user(
            f"traymon {__version__}", f"Watches {watched}. Log: {self._folders.logs}"
        )

    def _trouble(self, why: str) -> None:
        if self._tray is not None:
            self._tray.trouble(why)


def _do(errand: Callable[[], object]) -> None:
    errand()


def _end_by_force_after(seconds: float) -> None:
    """End the process if something, such as a hung name server, still holds it then."""

    def end() -> None:
        log.error("something hangs; ending by force")
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
