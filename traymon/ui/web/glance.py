"""What the page says first while all is well: who is logged in, how fast TWS is, what comes next.

Pure: the time is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from traymon.core.facts import Fact, FactKey, T
from traymon.core.model import Status
from traymon.core.vocabulary import Light, SensorName
from traymon.diagnosis import accounts
from traymon.diagnosis.fix_pages import clean
from traymon.ui import presenter
from traymon.ui.coming_up import Planned, day_text, time_text
from traymon.ui.dashboard import Dashboard


@dataclass(frozen=True, slots=True)
class GlanceRow:
    """One thing to know, and what is known of it."""

    label: str
    lines: tuple[str, ...]


def glance(
    status: Status, now: float, dashboard: Dashboard | None, plan: Sequence[Planned]
) -> list[GlanceRow]:
    """Return what to know of a target while it is green; nothing otherwise."""
    if status.diagnosis.light is not Light.GREEN:
        return []
    past = None if dashboard is None else dashboard.past
    rows = (
        GlanceRow("Account", _account(status)),
        GlanceRow("TWS", _version(status)),
        GlanceRow("Latency", _latency(status)),
        GlanceRow("Programs", _programs(status)),
        GlanceRow("Last 7 days", tuple(one.line for one in past.uptimes) if past else ()),
        GlanceRow("Next", _next(status, now, plan)),
    )
    return [row for row in rows if row.lines]


def _account(status: Status) -> tuple[str, ...]:
    names = status.evidence.fact(SensorName.SESSION, Fact.ACCOUNTS) or ()
    if not names:
        return ()
    line = clean(accounts.describe(names))
    is_compared = status.target.account in names
    compared = "the one in IB_ACCOUNT" if is_compared else "not compared: IB_ACCOUNT is not set"
    return (f"{line[:1].upper()}{line[1:]}", compared)


def _version(status: Status) -> tuple[str, ...]:
    version = _fact(status, Fact.SERVER_VERSION)
    if version is None:
        version = status.evidence.fact(SensorName.SESSION, Fact.SESSION_VERSION)
    name = _fact(status, Fact.TWS_VERSION) or _fact(status, Fact.TWS_LINE)
    lines = (f"Version {name}" if name else "", "" if version is None else f"API version {version}")
    return tuple(clean(line) for line in lines if line)


def _fact(status: Status, fact: FactKey[T]) -> T | None:
    """Return a fact that any sensor has found; None if none has."""
    found = (
        status.evidence.fact(sensor, fact)
        for sensor in (SensorName.HANDSHAKE, SensorName.SUPPORT, SensorName.SESSION)
    )
    return next((value for value in found if value is not None), None)


def _latency(status: Status) -> tuple[str, ...]:
    last = presenter.latency(status)
    return tuple(presenter.latency_stats(status)) or ((f"handshake {last}",) if last else ())


def _programs(status: Status) -> tuple[str, ...]:
    clients = status.evidence.fact(SensorName.LISTENER, Fact.CLIENTS)
    count = ""
    if clients is not None:
        count = f"{clients or 'none'} connected" if clients != 1 else "1 connected"
    ids = (f"client ID {clean(line)}" for line in presenter.id_uses(status))
    return tuple(line for line in (count, *ids) if line)


def _next(status: Status, now: float, plan: Sequence[Planned]) -> tuple[str, ...]:
    mine = (
        planned for planned in plan if not planned.targets or status.target.name in planned.targets
    )
    first = next(mine, None)
    if first is None:
        return ()
    event = first.event
    return (f"{day_text(event, now)} {time_text(event, now)}: {first.title}",)
