"""What the commands share: exit codes, options, loading the settings, printing errors.

Exit codes: 0 green, 1 red, 2 amber, 3 something cannot be used or has failed.
"""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from traymon.cli.main import EXIT_FAILED
from traymon.cli.own_command import own_commands
from traymon.cli.streams import print_error
from traymon.core.vocabulary import Light
from traymon.errors import ConfigError

if TYPE_CHECKING:  # they take longest to import, and `status` needs none of them
    from rich.console import Console

    from traymon.config.in_force import Config, TargetConfig
    from traymon.core.target import Commands
    from traymon.storage.state import StateStore

EXIT_OF_LIGHT = {Light.GREEN: 0, Light.RED: 1, Light.AMBER: 2, Light.GREY: 1}
EXIT_USAGE = EXIT_FAILED

Env = Annotated[
    Path | None,
    typer.Option("--env", help="The .env file of your trading project.", metavar="<file>"),
]
Host = Annotated[
    str | None, typer.Option("--host", help="Where TWS runs (overrides IB_HOST).", metavar="<host>")
]
Port = Annotated[
    str | None,
    typer.Option("--port", help="Its Socket port (overrides IB_PORT).", metavar="<port>"),
]
Timeout = Annotated[
    str | None,
    typer.Option("--timeout", help="How long to wait for an answer.", metavar="<seconds>"),
]
NoTray = Annotated[
    bool, typer.Option("--no-tray", help="Show the status in this terminal instead.")
]


class Exit(SystemExit):
    """An exit code that a command chose, unlike one that the command-line parser chose."""


def load(env: Path | None, host: str | None, port: str | None, timeout: str | None) -> Config:
    """Return the settings in force; options beat everything else.

    If they cannot be used, print every mistake and exit.
    """
    try:
        return read_settings(env, host, port, timeout, current_folder(env, port))
    except ConfigError as error:
        count = len(error.mistakes)
        print_error(
            f"traymon cannot use these settings ({count} problem{'s' if count > 1 else ''}):"
        )
        for mistake in error.mistakes:
            print_error(f"  {mistake}")
        raise Exit(EXIT_USAGE) from None


def load_target(
    env: Path | None, host: str | None, port: str | None, timeout: str | None
) -> TargetConfig:
    """Return the settings of the one target that a command is for; exit as `load` does."""
    return load(env, host, port, timeout).targets[0]


def current_folder(env: Path | None, port: str | None) -> Path:
    """Return the current folder; exit if it is gone and the settings would come from it."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        if env is None and port is None:
            usage_error("The current folder no longer exists. Change to another one.")
        return Path()  # there is nothing in it


def read_settings(
    env: Path | None, host: str | None, port: str | None, timeout: str | None, folder: Path
) -> Config:
    """Return the settings in force in a folder; options beat everything else.

    Raises ConfigError with every mistake.
    """
    from traymon.config import loader

    config = loader.load(
        env,
        environ=os.environ,
        folder=folder,
        options={"IB_HOST": host, "IB_PORT": port, "TRAYMON_TIMEOUT": timeout},
    )
    named = str(env.absolute()) if env else None
    commands = own_commands(settings_options(named, host, port), timeout)
    return replace(config, targets=tuple(_complete(one, commands) for one in config.targets))


def _complete(config: TargetConfig, commands: Commands) -> TargetConfig:
    """Return a target's settings with what is found on this computer if they do not say it."""
    from traymon.cli.tws_region import with_region_of_tws

    config = with_region_of_tws(config)
    target = replace(config.target, commands=commands)
    if config.session and target.own_client_id is None:
        target = replace(target, own_client_id=open_state().load_or_create_client_id())
    return replace(config, target=target)


def settings_options(
    env: str | None, host: str | None, port: str | None, timeout: str | None = None
) -> list[str]:
    """Return these options as a command line has them."""
    options = {"--env": env, "--host": host, "--port": port, "--timeout": timeout}
    return [part for option, value in options.items() if value for part in (option, value)]


def open_state() -> StateStore:
    """Return what this user's traymon keeps across restarts."""
    from traymon.storage.paths import Folders
    from traymon.storage.state import StateStore

    return StateStore(Folders.of_this_user().state)


def new_console(quiet: bool = False) -> Console:
    """Return a console for output with colours."""
    from traymon.ui import console

    logging.captureWarnings(True)  # libraries' warnings go to the log, not to the user
    return console.new_console(quiet=quiet)


def usage_error(text: str) -> NoReturn:
    """Print an error and exit with EXIT_USAGE."""
    print_error(text)
    raise Exit(EXIT_USAGE)
