"""What a start says that finds another traymon running: what that one watches, and what not.

Compares addresses and files of settings; opens and prints nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from traymon.core.addresses import host_key
from traymon.core.target import Target
from traymon.core.utf8 import encodable

Watched = Mapping[str, Any]  # a target as the running traymon describes it; see ui/status_json.py


def describe(pid: int, watched: Sequence[Watched]) -> str:
    """Return `traymon is already running (pid 4711, watching 127.0.0.1:7497)`."""
    return f"traymon is already running (pid {pid}, watching {addresses(watched)})"


def addresses(watched: Sequence[Watched]) -> str:
    """Return the addresses that the running traymon watches."""
    return ", ".join(Target("", one["host"], one["port"]).address for one in watched)


def not_watched(target: Target, watched: Sequence[Watched]) -> str:
    """Return what of the wanted target the running traymon does not watch; "" if it does.

    That is its address, or else its .env. A start without settings wants no target of its own.
    """
    if target.discovered and not target.env_file:
        return ""
    here = [one for one in watched if _has_settings_of(one, target)]
    if not target.discovered:
        here = [one for one in here or watched if _is_at(one, target)]
        if not here:
            return target.address
    if any(_has_settings_of(one, target) for one in here):
        return ""
    return target.env_file


def _is_at(one: Watched, target: Target) -> bool:
    return (host_key(one["host"]), one["port"]) == (host_key(target.host), target.port)


def _has_settings_of(one: Watched, target: Target) -> bool:
    """Tell whether a target has the wanted .env; one without a file asks for none."""
    if not target.env_file:
        return True
    file = one["env_file"]
    # the running one has replaced what UTF-8 cannot carry
    return file == encodable(target.env_file) or (
        bool(file) and os.path.realpath(file) == os.path.realpath(target.env_file)
    )
