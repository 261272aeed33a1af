"""`traymon demo`: play a story of faults against a simulated Gateway.

The story is in a module of its own, since it imports the whole application.
"""

from __future__ import annotations

from typing import Annotated

import typer

from traymon.cli.common import EXIT_USAGE, Exit, NoTray, new_console
from traymon.cli.log import start_log


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after one round, without asking.")
    ] = False,
    speed: Annotated[
        float,
        typer.Option(
            "--speed", min=0.1, max=20, help="2 plays it twice as fast.", metavar="<factor>"
        ),
    ] = 1.0,
    no_tray: NoTray = False,
) -> None:
    """Show typical faults with a simulated Gateway (no TWS needed)."""
    from traymon.cli import story

    start_log("info")
    all_shown = story.play(console=new_console(), want_tray=not no_tray, once=once, speed=speed)
    raise Exit(0 if all_shown else EXIT_USAGE)
