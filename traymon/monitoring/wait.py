"""Waits until a trading program can be started: for `traymon wait`.

Prints nothing; looks with a monitor of its own, so that it works with or without a running tray.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from traymon.core.model import Flip, Light, Status, Target
from traymon.diagnosis.checks import ladder
from traymon.monitoring.monitor import Monitor
from traymon.sensors import OwnPrograms, sensors_for_one_target
from traymon.sensors.port_discovery import discover

IDS = "ids"
FREE_TO_START = ("session", IDS)  # tests after which a red light still forbids the start


async def wait(
    target: Target,
    need: str,
    timeout: float,
    own_programs: OwnPrograms,
    tell: Callable[[Status], None],
) -> tuple[bool, Status | None]:
    """Look until every test up to `need` has passed; return whether it did, and the last status.

    Gives up after `timeout` seconds. `tell` hears of every status meanwhile; it must return at
    once.
    """
    monitor = Monitor([target], partial(sensors_for_one_target, own_programs), discover)
    last: Status | None = None
    good = False

    def hear(status: Status, flip: Flip | None) -> None:
        nonlocal last, good
        last, good = status, is_good(status, need)
        tell(status)
        if good:
            monitor.stop()

    monitor.subscribe(hear)
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await monitor.run()
    return good, last


def is_good(status: Status, need: str) -> bool:
    """Tell whether every test up to `need` has passed, of which the client IDs are the last.

    IDs that are not known pass only where the user has forbidden to try them.
    """
    evidence = status.evidence
    if need in FREE_TO_START and Light.RED in (
        status.diagnosis.light,
        status.suspicion.diagnosis.light if status.suspicion else Light.GREY,
    ):
        return False
    for rung in ladder(evidence):
        may_be_unknown = rung.name == IDS and not evidence.target.try_ids
        if not rung.passed and not (may_be_unknown and rung.light is Light.GREY):
            return False
        if rung.name == need:
            break
    return True
