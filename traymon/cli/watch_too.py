"""Offers the running traymon what a second start wants to be watched."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from traymon.cli.common import Exit, usage_error
from traymon.cli.control import NoAnswer, Refused, request

if TYPE_CHECKING:
    from traymon.config.in_force import TargetConfig
    from traymon.storage.single_instance import InstanceInfo

TIMEOUT = 90.0  # seconds for the running one to read all settings again


def may_ask() -> bool:
    """Tell whether somebody sits at this terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def says_yes(question: str) -> bool:
    """Ask the user; without an answer it is no."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def watch_too(info: InstanceInfo, wanted: TargetConfig) -> None:
    """Let the running traymon watch a target too, from now on; exit."""
    from traymon.cli.target_list import entry_of

    entry = entry_of(wanted)
    try:
        answer = request(info, "POST", f"/watch-too?{urlencode(entry)}", TIMEOUT)
    except (NoAnswer, Refused) as error:
        usage_error(f"The running traymon (pid {info.pid}) cannot add it: {error}")
    if why_not := answer["why_not"]:
        usage_error(f"The running traymon (pid {info.pid}) cannot add it: {why_not}")
    print(f"traymon (pid {info.pid}) now watches {entry.get('env') or wanted.target.address} too.")
    raise Exit(0)
