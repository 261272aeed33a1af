"""Plays one plan from beginning to end, and returns what was done and seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from heapq import heappop, heappush
from itertools import count
from pathlib import Path

from support.chaos import mounts
from support.chaos.plan import Outage, Plan
from support.chaos.verdict import Record
from support.chaos.world import World
from support.colours import GREEN
from support.desktop_traymon import shows
from support.gateway_process import GatewayProcess
from support.polling import wait_for
from support.virtual_desktop import Desktop

LONGEST_WAIT = 60.0  # seconds for what should come within a few; the verdict judges its absence
ECHO = 6.0  # seconds after a restart of the service in which a repetition would come
INTERVAL = 0.05  # seconds


def play(plan: Plan, *, own_mounts: bool) -> tuple[Record, str]:
    """Play a plan; return the record and what traymon printed and logged."""
    with Desktop() as desktop, GatewayProcess() as gateway, ExitStack() as stack:
        if own_mounts:
            stack.enter_context(mounts.small_disk(Path(desktop.env["XDG_STATE_HOME"])))
        world = World(desktop, gateway)
        try:
            return _play(plan, world), world.residents.logs()
        except AssertionError as error:
            error.add_note(world.residents.logs())
            raise


def _play(plan: Plan, world: World) -> Record:
    observer = world.observer
    wait_for(lambda: shows(world.desktop, GREEN), "the green icon", LONGEST_WAIT)
    _rehearse(world)
    world.residents.note_use()
    _disturb(plan, world)
    began = world.outage_began
    _watch(world, lambda: observer.has_announced_since(began))
    world.stop_service()  # what it has shown is gone, and is not told again
    world.start_service(world.service)
    world.note_reach()
    _watch(world, partial(_is_past, time.monotonic() + ECHO))
    announced = observer.has_announced_since(began)
    world.end_outage(plan.outage)
    back = time.monotonic()
    _watch(world, lambda: shows(world.desktop, GREEN))
    if announced:
        _watch(world, lambda: observer.has_reassured_since(back))
    return _record(world)


def _rehearse(world: World) -> None:
    """Have one ordinary outage, with which everything that is opened once is opened."""
    began = time.monotonic()
    world.begin_outage(Outage.KILLED)
    _watch(world, lambda: world.observer.has_announced_since(began))
    world.end_outage(Outage.KILLED)
    _watch(world, lambda: world.observer.has_reassured_since(began))
    _watch(world, lambda: shows(world.desktop, GREEN))


def _disturb(plan: Plan, world: World) -> None:
    """Bring about and undo everything of the plan in time, or as soon as what is before it."""
    began, order = time.monotonic(), count()
    due: list[tuple[float, int, Callable[[], object]]] = []

    def schedule(at: float, action: Callable[[], object]) -> None:
        heappush(due, (at, next(order), action))

    for one in plan.disturbances:
        schedule(one.begins, partial(world.begin, one))
        schedule(one.ends, partial(world.end, one))
    schedule(plan.outage_begins, partial(world.begin_outage, plan.outage))
    while due:
        at, _, action = heappop(due)
        _watch(world, partial(_is_past, began + at))
        action()


def _is_past(moment: float) -> bool:
    return time.monotonic() >= moment


def _watch(world: World, condition: Callable[[], bool]) -> None:
    """Watch until the condition holds, or for LONGEST_WAIT."""
    deadline = time.monotonic() + LONGEST_WAIT
    while not condition() and time.monotonic() < deadline:
        world.observer.look()
        world.note_reach()
        time.sleep(INTERVAL)


def _record(world: World) -> Record:
    residents = len(world.residents.watching)
    status_code = world.residents.status_code()
    icon_is_green = shows(world.desktop, GREEN)
    world.residents.end_life()
    world.observer.look()
    world.observer.set_reachable(False)
    return Record(
        world.outages,
        world.observer.reachable,
        world.observer.shown,
        world.residents.lives,
        residents,
        status_code,
        icon_is_green,
    )
