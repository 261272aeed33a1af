"""What the commands share: exit codes, options, settings, the ways to say that something is wrong.

Exit codes: 0 green, 1 red, 2 amber, 3 the settings or the command line cannot be used.
"""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from traymon.config import loader
from traymon.core.vocabulary import Light
from traymon.errors import ConfigError

if TYPE_CHECKING:
    from traymon.storage.state import StateStore

log = logging.getLogger(__name__)

EXIT_OF_LIGHT = {Light.GREEN: 0, Light.RED: 1, Light.AMBER: 2, Light.GREY: 1}
EXIT_USAGE = 3

Env = Annotated[Path | None, typer.Option("--env", help="The .env file of the trading project.")]
Host = Annotated[str | None, typer.Option("--host", help="Look at this host; beats IB_HOST.")]
Port = Annotated[str | None, typer.Option("--port", help="Look at this port; beats IB_PORT.")]
Timeout = Annotated[str | None, typer.Option("--timeout", help="Seconds to wait for an answer.")]
NoTray = Annotated[bool, typer.Option("--no-tray", help="Show the status in this terminal.")]


class Exit(SystemExit):
    """An exit code that a command chose, as opposed to one of a misused command line."""


def load(
    env: Path | None, host: str | None, port: str | None, timeout: str | None
) -> loader.Config:
    """Return the settings that hold, in which options come first.

    Ends the program with every mistake where they cannot be used.
    """
    try:
        loaded = loader.load(
            env,
            environ=os.environ,
            folder=Path.cwd(),
            options={"IB_HOST": host, "IB_PORT": port, "TRAYMON_TIMEOUT": timeout},
        )
    except ConfigError as error:
        count = len(error.mistakes)
        print_error(f"The settings cannot be used: {count} mistake{'s' if count > 1 else ''}.")
        for mistake in error.mistakes:
            print_error(f"  {mistake}")
        raise Exit(EXIT_USAGE) from None
    if loaded.settings.session == "off" or loaded.target.own_client_id is not None:
        return loaded
    own_id = open_state().load_or_create_client_id()
    return replace(loaded, target=replace(loaded.target, own_client_id=own_id))


def open_state() -> StateStore:
    """Return what this user's traymon keeps across restarts."""
    from traymon.storage.paths import Folders
    from traymon.storage.state import StateStore

    return StateStore(Folders.of_this_user().state)


def new_console(quiet: bool = False) -> Console:
    """Return where a command prints what has colours."""
    logging.captureWarnings(True)  # a library's warning is for the log, not for the user
    return Console(highlight=False, quiet=quiet)


def usage_error(text: str) -> NoReturn:
    """Say what is wrong, and end the program with UNUSABLE."""
    print_error(text)
    raise Exit(EXIT_USAGE)


def print_error(text: str) -> None:
    """Say what is wrong on stderr, and in the log where there is one."""
    print(text, file=sys.stderr)
    if logging.getLogger().handlers:  # there is a log; without one Python would print it again
        log.error("%s", text)
