"""Whether a program that traymon has started is connected. Passive: opens and touches no socket."""

from __future__ import annotations

import psutil

from traymon.core.target import Target
from traymon.sensors.socket_table import is_this_machine


def is_connected(pid: int, target: Target) -> bool:
    """Tell whether a process, or one that it has started, has a connection to the target.

    A process always sees its own user's, on every platform.
    """
    here = is_this_machine(target.host)
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:  # it has ended
        return False
    return any(_leads_there(one, target, here) for one in family)


def _leads_there(process: psutil.Process, target: Target, here: bool) -> bool:
    try:
        connections = process.net_connections(kind="tcp")
    except (psutil.Error, OSError):  # it has ended, or is another user's
        return False
    return any(
        entry.status == psutil.CONN_ESTABLISHED
        and entry.raddr
        and entry.raddr.port == target.port
        and (not here or is_this_machine(entry.raddr.ip.removeprefix("::ffff:")))
        for entry in connections
    )
