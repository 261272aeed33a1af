"""`traymon autostart`: start at login, on or off."""

from __future__ import annotations

from typing import Annotated

import typer

from traymon import autostart
from traymon.cli.common import (
    Envs,
    Exit,
    Host,
    Port,
    Targets,
    Timeout,
    current_folder,
    load,
    request_of,
    usage_error,
)
from traymon.cli.run import name_settings
from traymon.cli.streams import print_error


def start_at_login(
    action: Annotated[
        str,
        typer.Argument(
            help="on (with the settings of this folder), off, or status, the default.",
            metavar="on|off|status",
            autocompletion=lambda: ["on", "off", "status"],
        ),
    ] = "status",
    env: Envs = None,
    targets: Targets = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    systemd: Annotated[
        bool,
        typer.Option("--systemd", help="Linux: use a systemd user unit, not the desktop's entry."),
    ] = False,
) -> None:
    """Start at login: on (with the settings in effect here), off, or status (exit code 0: on)."""
    if action not in ("on", "off", "status"):
        usage_error(f"Unknown action {action!r}. Use on, off or status.")
    try:
        if action == "on":
            folder = current_folder(targets or next(iter(env or ()), None), port)
            request = request_of(folder, env, host, port, timeout, targets)
            config = load(env, host, port, timeout, targets)
            options = name_settings(config, request).login_options
            autostart.turn_on(options, systemd=systemd)
            values = {key: value for one in config.targets for key, value in one.values.items()}
            lost = [key for key, value in values.items() if value.source == "environment"]
            if lost:
                names = ", ".join(lost)
                print_error(f"Set only in this terminal, so it will not apply at login: {names}")
        elif action == "off":
            autostart.turn_off()
        state = autostart.state()
    except (OSError, ValueError) as error:
        usage_error(f"Cannot change or read start at login: {error}")
    print(state.says)
    raise Exit(0 if state.on or action == "off" else 1)
