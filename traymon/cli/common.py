"""What the commands share: exit codes, options, loading the settings, printing errors.

Exit codes: 0 green, 1 red, 2 amber, 3 something cannot be used or has failed.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from traymon.cli.main import EXIT_FAILED
from traymon.cli.own_command import own_commands
from traymon.cli.settings_process import SettingsRequest
from traymon.cli.streams import print_error
from traymon.core.vocabulary import Light
from traymon.errors import ConfigError, Mistake

if TYPE_CHECKING:  # they take longest to import, and `status` needs none of them
    from rich.console import Console

    from traymon.config.in_force import Config, TargetConfig
    from traymon.storage.state import StateStore

EXIT_OF_LIGHT = {Light.GREEN: 0, Light.RED: 1, Light.AMBER: 2, Light.GREY: 1}
EXIT_USAGE = EXIT_FAILED

Envs = Annotated[
    list[Path] | None,
    typer.Option(
        "--env",
        help="The .env file of your trading project; repeat it for several.",
        metavar="<file>",
    ),
]
Targets = Annotated[
    Path | None,
    typer.Option("--targets", help="The targets.toml that lists your targets.", metavar="<file>"),
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
Add = Annotated[
    bool,
    typer.Option(
        "--add", help="If traymon is already running, have it watch this too, without asking."
    ),
]


class Exit(SystemExit):
    """An exit code that a command chose, unlike one that the command-line parser chose."""


def load(
    envs: Sequence[Path] | None,
    host: str | None,
    port: str | None,
    timeout: str | None,
    targets: Path | None = None,
) -> Config:
    """Return the settings in force; options beat everything else.

    If they cannot be used, print every mistake and exit. The mistakes of a target that is left out
    while others go on are printed too.
    """
    folder = current_folder(targets or next(iter(envs or ()), None), port)
    try:
        config = read_settings(request_of(folder, envs, host, port, timeout, targets))
    except ConfigError as error:
        _print_mistakes("traymon cannot use these settings", error.mistakes)
        raise Exit(EXIT_USAGE) from None
    if config.mistakes:
        _print_mistakes("traymon leaves out what has a mistake", config.mistakes)
    return config


def _print_mistakes(what: str, mistakes: Sequence[Mistake]) -> None:
    count = len(mistakes)
    print_error(f"{what} ({count} problem{'s' if count > 1 else ''}):")
    for mistake in mistakes:
        print_error(f"  {mistake}")


def request_of(
    folder: Path,
    envs: Sequence[Path] | None,
    host: str | None,
    port: str | None,
    timeout: str | None,
    targets: Path | None,
) -> SettingsRequest:
    """Return where the options say that the settings come from; exit if they contradict."""
    if envs and targets is not None:
        usage_error("Use --env or --targets, not both.")
    return SettingsRequest(
        envs=tuple(str(folder / env) for env in envs or ()),
        targets=None if targets is None else str(folder / targets),
        host=host,
        port=port,
        timeout=timeout,
        folder=str(folder),
    )


def current_folder(file: Path | None, port: str | None) -> Path:
    """Return the current folder; exit if it is gone and the settings would come from it."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        if file is None and port is None:
            usage_error("The current folder no longer exists. Change to another one.")
        return Path()  # there is nothing in it


def read_settings(request: SettingsRequest) -> Config:
    """Return the settings in force in a folder; options beat everything else.

    Raises ConfigError with every mistake.
    """
    from traymon.config import loader

    config = loader.load(
        [Path(env) for env in request.envs],
        targets=None if request.targets is None else Path(request.targets),
        environ=os.environ,
        folder=Path(request.folder),
        options={
            "IB_HOST": request.host,
            "IB_PORT": request.port,
            "TRAYMON_TIMEOUT": request.timeout,
        },
    )
    targets = [_with_region_and_commands(one, config, request) for one in config.targets]
    return replace(config, targets=_with_own_ids(targets))


def _with_region_and_commands(
    one: TargetConfig, config: Config, request: SettingsRequest
) -> TargetConfig:
    """Return a target's settings with the region of its TWS, and what to type to check it."""
    from traymon.cli.tws_region import with_region_of_tws

    typed = settings_options(next(iter(request.envs), None), request.host, request.port)
    if config.targets_file is not None:
        typed = ["--targets", str(config.targets_file.absolute()), "--target", one.target.name]
    elif one.target.one_of_many:
        typed = ["--env", one.target.env_file]
    target = replace(one.target, commands=own_commands(typed, request.timeout))
    return with_region_of_tws(replace(one, target=target))


def _with_own_ids(configs: Sequence[TargetConfig]) -> tuple[TargetConfig, ...]:
    """Return the settings with client IDs for traymon's own sessions where they choose none."""
    from traymon.core.side_by_side import leave_ids_to_each_other, own_ids_apart

    targets = [one.target for one in configs]
    needy = [one.session and one.target.own_client_id is None for one in configs]
    if any(needy):
        ids = own_ids_apart(open_state().load_or_create_client_id(), targets)
        targets = [
            replace(target, own_client_id=own) if needs else target
            for target, own, needs in zip(targets, ids, needy, strict=True)
        ]
    told = zip(configs, leave_ids_to_each_other(targets), strict=True)
    return tuple(replace(one, target=target) for one, target in told)


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


def print_json(values: Sequence[object], *, as_list: bool) -> None:
    """Print what was found of one target as it is, or of several as a list."""
    print(json.dumps(values if as_list or len(values) != 1 else values[0], indent=2))


def usage_error(text: str) -> NoReturn:
    """Print an error and exit with EXIT_USAGE."""
    print_error(text)
    raise Exit(EXIT_USAGE)


def write_file(file: Path, content: str | bytes) -> None:
    """Write what the user wants in this file; exit if that is impossible.

    A link stays, and what is not a file, such as a pipe or /dev/null, is written to as it is.
    """
    from traymon.storage.files import write_atomically

    try:
        if file.exists() and not file.is_file():
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        else:
            write_atomically(file.resolve(), content)
    except OSError as error:
        usage_error(f"{file} cannot be written: {error}")
