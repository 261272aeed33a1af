"""Keeps what the page shows of the history, so that an open page does not read it all the time.

Light: loaded at start, when nobody has opened a page yet; what it needs is loaded with the first.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from traymon.core.calendar import Calendar
from traymon.core.history import HistoryReader
from traymon.core.incidents import Incident
from traymon.core.model import Status
from traymon.core.target import Target
from traymon.diagnosis.fix_pages import clean

if TYPE_CHECKING:
    from traymon.ui.dashboard import Dashboard
    from traymon.ui.incident_report import IncidentReport
    from traymon.ui.incidents import IncidentView

log = logging.getLogger(__name__)

SEE_LOG = "open the log to see why"
READ_AGAIN_AFTER = 60.0  # seconds; the history gets a sign of life as often
WRITTEN_WITHIN = 2.0  # seconds after a change; what was read sooner may lack it


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was read of a target, and for how long it counts."""

    state: object  # that the target was in
    until: float
    dashboard: Dashboard


class Dashboards:
    """The dashboards of all targets. From any thread but the monitor's: it waits for the disk."""

    def __init__(
        self,
        reader: HistoryReader | None = None,
        now: Callable[[], float] = lambda: 0.0,
        calendar_of: Callable[[Target], Calendar] = lambda target: Calendar(),
    ) -> None:
        """Without a `reader` no history is kept, and there are no dashboards."""
        self._reader, self._now, self._calendar_of = reader, now, calendar_of
        self._kept: dict[str, _Kept] = {}  # by target name
        self._lock = threading.Lock()

    def latest(self, statuses: Sequence[Status]) -> tuple[Dashboard, ...]:
        """Return what was read last; returns at once."""
        kept = dict(self._kept)
        names = (status.target.name for status in statuses)
        return tuple(kept[name].dashboard for name in names if name in kept)

    def read(self, statuses: Sequence[Status]) -> tuple[Dashboard, ...]:
        """Return what the history says now; read again once there may be news."""
        if self._reader is None:
            return ()
        kept = [status for status in statuses if not status.target.demo]  # a demo has no history
        with self._lock:
            return tuple(self._of(self._reader, status) for status in kept)

    def find_incident(
        self, statuses: Sequence[Status], number: int
    ) -> tuple[str, IncidentView] | None:
        """Return an incident and its target's name; None if it is not kept.

        Raises HistoryError.
        """
        found = self._find(statuses, number)
        if found is None:
            return None
        from traymon.ui.incidents import incident_view

        status, incident = found
        return clean(status.target.name), incident_view(incident, self._now())

    def report_incident(self, statuses: Sequence[Status], number: int) -> IncidentReport | None:
        """Return the report of an incident for others; None if it is not kept.

        Raises HistoryError.
        """
        found = self._find(statuses, number)
        if found is None or self._reader is None:
            return None
        from traymon.ui.incident_material import read_material
        from traymon.ui.incident_report import incident_report
        from traymon.ui.own_names import own_names

        target, incident = found[0].target, found[1]
        material = read_material(self._reader, target.name, incident, self._now())
        names = own_names(*(status.target.account for status in statuses))
        return incident_report(material, self._calendar_of(target), names)

    def _find(self, statuses: Sequence[Status], number: int) -> tuple[Status, Incident] | None:
        if self._reader is None:
            return None
        from traymon.ui.incident_material import find_incident

        by_name = {status.target.name: status for status in statuses}
        found = find_incident(self._reader, by_name, number, self._now())
        return None if found is None else (by_name[found[0]], found[1])

    def _of(self, reader: HistoryReader, status: Status) -> Dashboard:
        from traymon.ui.dashboard import Dashboard, read_dashboard

        name, now = status.target.name, self._now()
        state = (status.diagnosis.code, status.diagnosis.light, status.light_since)
        kept = self._kept.get(name)
        if kept is not None and kept.state == state and now < kept.until:
            return kept.dashboard
        try:
            dashboard = read_dashboard(reader, name, now, self._calendar_of(status.target).hours)
        except Exception:  # the page shows the status, whatever the history holds
            log.exception("the history of %s cannot be shown", name)
            dashboard = Dashboard(clean(name), problem=SEE_LOG)
        is_settled = now - max(status.since, status.light_since) > WRITTEN_WITHIN
        counts_for = READ_AGAIN_AFTER if is_settled else WRITTEN_WITHIN
        self._kept[name] = _Kept(state, now + counts_for, dashboard)
        return dashboard
