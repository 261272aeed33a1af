"""The settings in force, as plain values: what stays of them once they have been read.

Knows nothing of how they are read, which takes libraries that a running traymon can do without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from traymon.core.addresses import ListenAddress
from traymon.core.alerts import NO_ALERTS, NO_SECRET, Alerts, MetricsAccess, Secret
from traymon.core.calendar import Calendar
from traymon.core.target import Target
from traymon.errors import Mistake

# One push channel of each kind, and the ping, by a line in the environment or the `.env` file.
PUSH_VARIABLES = {"TRAYMON_NTFY": "ntfy", "TRAYMON_WEBHOOK": "webhook"}
PING_VARIABLE = "TRAYMON_PING"


@dataclass(frozen=True, slots=True)
class Value:
    """The text of one setting and where it came from."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """The settings of traymon itself, whatever it watches."""

    notify: Literal["auto", "plyer", "off"]
    page_port: int
    reload: Literal["ask", "auto"]
    history: Literal["on", "off"]
    log: Literal["info", "debug"]
    metrics: ListenAddress | Literal["off"] = "off"
    metrics_token: Secret = NO_SECRET
    alerts: str = ""  # the path of alerts.toml; "": where it usually lies
    ntfy: Secret = NO_SECRET
    webhook: Secret = NO_SECRET
    ping: Secret = NO_SECRET
    update_hint: Literal["off", "on"] = "off"

    @property
    def metrics_access(self) -> MetricsAccess | None:
        """Where metrics may be collected; None: nowhere."""
        return None if self.metrics == "off" else MetricsAccess(self.metrics, self.metrics_token)


@dataclass(frozen=True, slots=True)
class AlertsFile:
    """What alerts.toml and the environment ask for, and what is wrong with them."""

    alerts: Alerts = NO_ALERTS
    mistakes: tuple[Mistake, ...] = ()  # each costs the entry that it is in
    warnings: tuple[Mistake, ...] = ()  # these cost nothing


@dataclass(frozen=True, slots=True)
class TargetConfig:
    """The settings of one target, and what follows from them."""

    target: Target
    calendar: Calendar
    values: Mapping[str, Value]  # what was set; all other keys have their defaults
    env_file: Path | None
    session: bool = True  # traymon wants a session of its own
    trading_mode: Value | None = None  # TRADING_MODE, if it says paper or live


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in force: traymon's own, and those of every target."""

    settings: OwnSettings
    targets: tuple[TargetConfig, ...]
    mistakes: tuple[Mistake, ...] = ()  # those of the targets that are left out
    left_out: tuple[str, ...] = ()  # their names
    targets_file: Path | None = None  # the targets.toml that lists them
    files: tuple[Path, ...] = ()  # that it all comes from, be they there or not
    dates: object = None  # of these files, from before they were read
    login_options: tuple[str, ...] = ()  # that start this same traymon at login

    @property
    def lists_several(self) -> bool:
        """Whether a list was read, be it of one target alone, and not the settings of one."""
        return self.targets_file is not None or any(one.target.one_of_many for one in self.targets)
