"""`traymon autostart`: start at login, on or off."""

from __future__ import annotations

from typing import Annotated

import typer

from traymon import autostart
from traymon.cli.common import (
    Env,
    Exit,
    Host,
    Port,
    Timeout,
    load_target,
    usage_error,
)
from traymon.cli.run import login_options
from traymon.cli.streams import print_error


def start_at_login(
    action: Annotated[
        str,
        typer.Argument(
            help="on uses the settings of this folder.",
            metavar="on|off|status",
            autocompletion=lambda: ["on", "off", "status"],
        ),
    ] = "status",
    env: Env = None,
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
            config = load_target(env, host, port, timeout)
            options = login_options(config.target, host, port, timeout)
            autostart.turn_on(options, systemd=systemd)
            lost = [key for key, value in config.values.items() if value.source == "environment"]
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
