"""What the user asks to see: the page, a window of TWS, a folder, the report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from traymon import __version__
from traymon.core.model import Status
from traymon.core.target import USUAL_COMMANDS
from traymon.diagnosis import fix_pages
from traymon.sensors.screen import NoScreen
from traymon.sensors.tws_folder import settings_folders
from traymon.sensors.tws_windows import show_window
from traymon.storage.files import write_atomically
from traymon.storage.paths import Folders
from traymon.ui import presenter
from traymon.ui.desktop import copy_text
from traymon.ui.hub import StatusHub
from traymon.ui.notification_text import FILES_GONE
from traymon.ui.openers import CannotOpen, open_address, open_folder
from traymon.ui.program_notification_text import split_key
from traymon.ui.worker import TaskQueue

log = logging.getLogger(__name__)


class DesktopActions:
    """Acts from any thread at once, in `tasks`; says so on the desktop if that is impossible."""

    def __init__(
        self,
        hub: StatusHub,
        folders: Folders,
        tasks: TaskQueue,
        now: Callable[[], float],
        *,
        open_page: Callable[[Sequence[Status], str | None], None],
        notify_user: Callable[[str, str], None],
    ) -> None:
        """`open_page` opens the page of all targets, or of one."""
        self._hub, self._folders, self._tasks, self._now = hub, folders, tasks, now
        self._open_page, self._notify_user = open_page, notify_user

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

    def copy_report(self, target: str | None = None) -> None:
        """Put the report of a target, or of the worst, on the clipboard; else into a file."""
        self._tasks.post(partial(self._copy_report, target))

    def _copy_report(self, target: str | None) -> None:
        status = self._hub.find(target)
        if status is None:
            return
        try:
            from traymon.ui.web.reports import diagnosis_markdown

            text = diagnosis_markdown(status, self._now())
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

    def open_releases(self, page: str) -> None:
        """Open the page of traymon's releases."""
        self._tasks.post(partial(self._open_releases, page))

    def _open_releases(self, page: str) -> None:
        try:
            open_address(page)
        except CannotOpen as error:
            self._report("releases-not-shown", f"{page}; {error}")

    def show_about(self) -> None:
        """Notify of the version, the targets and the log."""
        watched = ", ".join(presenter.address(status) for status in self._hub.statuses)
        self._notify_user(f"traymon {__version__}", f"Watches {watched}. Log: {self._folders.logs}")

    def _report(self, name: str, why: object) -> None:
        """Notify the user, who has clicked, of why nothing happens."""
        log.warning("%s: %s", name, why)
        title, body = fix_pages.notification_text(name)
        status = self._hub.find(None)
        commands = USUAL_COMMANDS if status is None else status.target.commands
        body = fix_pages.fill(body, fix_pages.command_facts(commands))
        self._notify_user(title, f"{body} ({why})")


def _open_tws_folder(status: Status | None) -> None:
    """Show the settings folder of the TWS of a target. Raises CannotOpen."""
    folders = [] if status is None else settings_folders(status.target.port)
    if len(folders) != 1:
        raise CannotOpen("there are several" if folders else "none was found")
    open_folder(folders[0])
