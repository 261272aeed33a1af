"""Who is told of a fault beside the desktop, as alerts.toml says it: frozen values.

Pure. Says neither how that file is read nor how a message gets anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from traymon.core.addresses import ListenAddress
from traymon.core.drill import USUAL_TIME, WeeklyTime
from traymon.core.time_windows import Schedule
from traymon.core.vocabulary import Light

PING_KINDS = ("healthchecks", "kuma", "plain")
PING_INTERVAL = 60.0  # seconds
HOOK_TIMEOUT = 30.0  # seconds
ALARMING = frozenset({Light.RED, Light.AMBER})


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A text that lets whoever knows it act for the user, such as a token or a private address.

    It shows in nothing that is made of it but by `reveal`: no log, no traceback, no listing.
    """

    _text: str = ""

    def __repr__(self) -> str:
        return "***" if self else ""

    def __bool__(self) -> bool:
        return bool(self._text)

    def reveal(self) -> str:
        """Return the text itself, for whoever has to use it."""
        return self._text


NO_SECRET = Secret()


@dataclass(frozen=True, slots=True)
class PushChannel:
    """One way to a phone or another program: a `[[push]]` of alerts.toml."""

    name: str  # unique
    kind: str  # `ntfy`, `webhook`, ...: which sender of outbound/send.py takes it
    url: Secret
    token: Secret = NO_SECRET
    lights: frozenset[Light] = ALARMING  # faults in other lights are none for this channel
    hours: Schedule | None = None  # in place of the target's trading hours
    quiet: Schedule | None = None  # in place of the target's quiet hours
    targets: frozenset[str] = frozenset()  # the names of those that it is told of; empty: all
    recovery: bool = True  # also tell that a fault is over

    def unknown_targets(self, known: Sequence[str]) -> list[str]:
        """Return those of its `targets` that name none of the known ones, whatever their case."""
        names = {name.casefold() for name in known}
        return sorted(name for name in self.targets if name.casefold() not in names)


@dataclass(frozen=True, slots=True)
class Ping:
    """The dead-man's switch: an address that hears from traymon while traymon is well."""

    url: Secret
    every: float = PING_INTERVAL  # seconds
    kind: str = "healthchecks"  # of PING_KINDS: how it is told of red


@dataclass(frozen=True, slots=True)
class Hooks:
    """The user's own programs, as argument lists; empty: none."""

    on_red: tuple[str, ...] = ()
    on_green: tuple[str, ...] = ()
    on_flip: tuple[str, ...] = ()
    timeout: float = HOOK_TIMEOUT  # seconds for one of them


@dataclass(frozen=True, slots=True)
class Drill:
    """The weekly test alarm."""

    weekly: WeeklyTime = USUAL_TIME  # when it is sent, or as soon after that as it may be
    amber_after: float = inf  # days without a proof of a channel, after which the icon is amber


@dataclass(frozen=True, slots=True)
class MetricsAccess:
    """Where Prometheus may collect metrics, and what it must show for that."""

    address: ListenAddress
    token: Secret = NO_SECRET  # needed where other computers reach the address


@dataclass(frozen=True, slots=True)
class Alerts:
    """All that alerts.toml and the environment ask for."""

    push: tuple[PushChannel, ...] = ()
    ping: Ping | None = None
    hooks: Hooks | None = None
    drill: Drill | None = None
    page_url: str = ""  # where traymon's page can be reached from a phone; "": nowhere


NO_ALERTS = Alerts()
