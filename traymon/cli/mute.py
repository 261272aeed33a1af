"""`traymon mute` and `unmute`: whether the running traymon lets a target be heard."""

from __future__ import annotations

import time
from typing import Annotated
from urllib.parse import quote

import typer

from traymon.cli.common import usage_error
from traymon.cli.control import (
    KEEP_TIMEOUT,
    TRY_INTERVAL,
    ask_running,
    name_of,
    print_status,
    this_users_instance,
    watched,
)

TargetName = Annotated[str, typer.Argument(help="The target's name.", metavar="<target>")]


def mute(target: TargetName) -> None:
    """Silence a target: it neither changes the icon nor notifies you, and is still checked."""
    _mute(target, on=True)


def unmute(target: TargetName) -> None:
    """Let a muted target change the icon and notify you again."""
    _mute(target, on=False)


def _mute(target: str, *, on: bool) -> None:
    name, word = name_of(target), "on" if on else "off"
    ask_running(this_users_instance(), "POST", f"/mute/{quote(name, safe='')}/{word}")
    deadline = time.monotonic() + KEEP_TIMEOUT
    while (shown := watched(target))[0]["muted"] is not on and time.monotonic() < deadline:
        time.sleep(TRY_INTERVAL)
    print_status(shown)
    if shown[0]["muted"] is not on:  # what the settings say cannot be undone here
        usage_error(f"{name} is still muted, as its settings say.")
