"""Who is alerted beside the desktop, for the commands that show or try it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from traymon.cli.streams import print_error

if TYPE_CHECKING:
    from pathlib import Path

    from traymon.config.in_force import OwnSettings
    from traymon.core.alerts import Alerts, PushChannel


@dataclass(frozen=True, slots=True)
class FoundAlerts:
    """What alerts.toml and the settings ask for."""

    path: Path  # of alerts.toml, be it there or not
    alerts: Alerts
    mistakes: bool


def read_alerts(settings: OwnSettings) -> FoundAlerts:
    """Return the alerts, and print what is wrong with them."""
    from traymon.config.alerts_watch import AlertsWatch
    from traymon.core.alerts import NO_ALERTS

    watch = AlertsWatch.of(settings, os.environ)
    found = watch.look()
    if found is None:
        return FoundAlerts(watch.path, NO_ALERTS, mistakes=False)
    for mistake in (*found.mistakes, *found.warnings):
        print_error(str(mistake))
    return FoundAlerts(watch.path, found.alerts, mistakes=bool(found.mistakes))


def alert_lines(alerts: Alerts) -> Iterator[str]:
    """Yield a line for everyone who is alerted, without any secret."""
    for channel in alerts.push:
        yield f"push {channel.name}: {', '.join(_details(channel))}"
    if alerts.ping is not None:
        yield f"ping: every {alerts.ping.every:g} s"
    if alerts.hooks is not None:
        hooks = ("on_red", "on_green", "on_flip")
        yield f"hooks: {', '.join(name for name in hooks if getattr(alerts.hooks, name))}"
    if alerts.drill is not None:
        yield f"drill: every {alerts.drill.weekly}"


def _details(channel: PushChannel) -> Iterator[str]:
    yield channel.kind
    yield " and ".join(light.word for light in sorted(channel.lights, reverse=True))
    if channel.targets:
        yield f"of {' and '.join(sorted(channel.targets))}"
    if channel.hours is not None:
        yield "in hours of its own"
    if channel.quiet is not None:
        yield "with quiet hours of its own"
    if not channel.recovery:
        yield "without recoveries"
