"""From statuses to notices: asks `alerts` what is to be told, and notes whether it came out.

Decides neither what is worth a notice nor how it is worded.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from traymon.core import notification_policy
from traymon.core.model import Update
from traymon.core.vocabulary import Light
from traymon.ui import icons, presenter
from traymon.ui.notify.notifier import Notifier
from traymon.ui.presenter import NotificationText

log = logging.getLogger(__name__)


class NotificationDispatcher:
    """Tells the user through the notifier. From any thread; returns at once."""

    def __init__(self, notifier: Notifier, folder: Path, now: Callable[[], float]) -> None:
        """`folder` is where the notices' pictures are kept, `now` gives epoch seconds."""
        self._notifier, self._folder, self._now = notifier, folder, now
        self._memories: dict[str, notification_policy.Memory] = {}  # by the target's name
        self._lock = threading.Lock()  # notices come out, or do not, in the notifier's thread

    def on_status(self, update: Update) -> None:
        """Take in a status, and notify of what is due by now."""
        status, flip = update.status, update.flip
        name = status.target.name
        with self._lock:
            memory = self._memories.get(name, notification_policy.Memory())
            self._memories[name], notice = notification_policy.decide(
                memory, status, flip, self._now()
            )
        if notice is not None:
            text = presenter.notice(notice, self._now())
            done = partial(self._delivered, name, notice)
            self._notifier.notify(name, text, self._picture(text.light), done)

    def notify_user(self, title: str, body: str) -> None:
        """Tell something of traymon's own."""
        text = NotificationText(
            presenter.clip(title, presenter.TITLE),
            presenter.clip(body, presenter.BODY),
            urgent=False,
        )
        self._notifier.notify("traymon", text, self._picture(text.light))

    def _delivered(
        self, name: str, notice: notification_policy.Notification, came_out: bool
    ) -> None:
        with self._lock:
            memory = self._memories[name]
            self._memories[name] = notification_policy.record_delivery(
                memory, notice, came_out, self._now()
            )

    def _picture(self, light: Light) -> str:
        """Return the path of the light's picture for a notice; "" where it cannot be written."""
        path = self._folder / f"{light.word}.png"
        try:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                icons.save(light, path)
        except OSError as error:
            log.warning("no picture for the notice: %s", error)
            return ""
        return str(path)
