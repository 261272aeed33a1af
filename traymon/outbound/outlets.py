"""The outlets that alerts.toml asks for: one row each. Keeps them equal to what it says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator
from functools import partial

from traymon.core.alerts import Alerts, Hooks, MetricsAccess, Ping, PushChannel
from traymon.core.model import Update
from traymon.outbound.base import Alarm, Outlet, Surroundings

log = logging.getLogger(__name__)

NOT_STARTED = "An alert or the metrics could not be started: open the log"  # in the icon's menu
SOURCE = "outlets"  # of this trouble

# What an outlet is made from, and how; each imports its module only here.
Row = tuple[Hashable, Callable[[], Outlet]]


def rows(alerts: Alerts, around: Surroundings) -> Iterator[Row]:
    """Yield what is wanted, each with the entry that it is made from: equal entries, one outlet."""
    for channel in alerts.push:
        yield (channel, around.page_url), partial(_push, channel, around)
    if alerts.ping is not None:
        yield alerts.ping, partial(_ping, alerts.ping, around)
    if alerts.hooks is not None:
        yield alerts.hooks, partial(_hooks, alerts.hooks, around)
    if around.metrics is not None:
        yield around.metrics, partial(_metrics, around.metrics, around)


def _push(channel: PushChannel, around: Surroundings) -> Outlet:
    from traymon.outbound.push import Push

    return Push(channel, around)


def _ping(ping: Ping, around: Surroundings) -> Outlet:
    from traymon.outbound.ping import Pinger

    return Pinger(ping, around)


def _hooks(hooks: Hooks, around: Surroundings) -> Outlet:
    from traymon.outbound.hooks import HookRunner

    return HookRunner(hooks, around)


def _metrics(access: MetricsAccess, around: Surroundings) -> Outlet:
    from traymon.outbound.metrics.outlet import Metrics  # with prometheus_client and uvicorn

    return Metrics(access, around)


class Outlets:
    """The outlets that run. One that fails is logged, and the others go on."""

    def __init__(self, around: Callable[[Alerts], Surroundings]) -> None:
        self._around = around
        self._running: dict[Hashable, Outlet] = {}
        self._is_whole = True  # all that was wanted has been started

    def use(self, alerts: Alerts) -> None:
        """Start what is newly wanted and stop what no longer is; the others go on undisturbed."""
        around = self._around(alerts)
        wanted, before = dict(rows(alerts, around)), self._running
        # each time in one step: updates come from another thread
        self._running = {entry: outlet for entry, outlet in before.items() if entry in wanted}
        for entry, outlet in before.items():  # first: a new one may report under its name
            if entry not in wanted:
                _stop(outlet, 0.0)
                around.report_trouble("", outlet.name)
        found = ((entry, before.get(entry) or _start(make)) for entry, make in wanted.items())
        self._running = {entry: outlet for entry, outlet in found if outlet is not None}
        was_whole, self._is_whole = self._is_whole, self._running.keys() == wanted.keys()
        if not (was_whole and self._is_whole):
            around.report_trouble("" if self._is_whole else NOT_STARTED, SOURCE)

    def on_update(self, update: Update) -> None:
        """Hand an update to every outlet."""
        for outlet in tuple(self._running.values()):
            try:
                outlet.on_update(update)
            except Exception:
                log.exception("%s failed; the others go on", outlet.name)

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Those that alert a person."""
        return tuple(one for one in self._running.values() if isinstance(one, Alarm))

    def stop(self, timeout: float) -> None:
        """Stop every outlet."""
        for outlet in self._running.values():
            _stop(outlet, timeout)
        self._running = {}


def _start(make: Callable[[], Outlet]) -> Outlet | None:
    try:
        outlet = make()
        outlet.start()
    except Exception:  # whatever it raises, the others start
        log.exception("an outlet cannot be started")
        return None
    return outlet


def _stop(outlet: Outlet, timeout: float) -> None:
    try:
        outlet.stop(timeout)
    except Exception:  # whatever it raises, the others are stopped
        log.exception("%s cannot be stopped", outlet.name)
