"""Keeps what is told outside the desktop equal to what alerts.toml says, while traymon runs."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from traymon.core.model import Update
from traymon.outbound.base import Record, Surroundings
from traymon.outbound.outlets import Outlets

if TYPE_CHECKING:
    from traymon.config.alerts_watch import AlertsWatch
    from traymon.core.alerts import Alerts

log = logging.getLogger(__name__)

INTERVAL = 5.0  # seconds between two looks at alerts.toml
SOURCE = "alerts"  # of troubles with the file


class Alerting:
    """The outlets of this traymon. A listener of updates."""

    def __init__(
        self,
        watch: AlertsWatch,
        post: Callable[[Callable[[], object]], None],
        now: Callable[[], float],
        report_trouble: Callable[[str, str], None],
        record: Record | None,
    ) -> None:
        """`post` runs a task in the one thread that looks at files; see also `Surroundings`."""
        self._watch, self._post = watch, post
        self._now, self._report_trouble, self._record = now, report_trouble, record
        self._outlets = Outlets(self._around)
        self._looked_at = -math.inf
        self._stopped = False
        self.pushes = False  # a push channel is in force

    def on_update(self, update: Update) -> None:
        """Hand an update to every outlet, and have the file looked at now and then."""
        self._outlets.on_update(update)
        moment = time.monotonic()
        if moment - self._looked_at >= INTERVAL:
            self._looked_at = moment
            self._post(self.look)

    def look(self) -> None:
        """Use what the file says, if it has changed. In the thread of the tasks."""
        found = None if self._stopped else self._watch.look()
        if found is None:
            return
        problems = [str(mistake) for mistake in (*found.mistakes, *found.warnings)]
        for problem in problems:
            log.warning("%s", problem)
        self._report_trouble(problems[0] if problems else "", SOURCE)
        self.pushes = bool(found.alerts.push)
        self._outlets.use(found.alerts)

    def stop(self, timeout: float) -> None:
        """End every outlet, each within `timeout` seconds."""
        self._stopped = True
        self._outlets.stop(timeout)

    def _around(self, alerts: Alerts) -> Surroundings:
        return Surroundings(self._now, self._report_trouble, self._record, alerts.page_url)
