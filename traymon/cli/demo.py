"""Trying traymon out: notices, the story, a simulated Gateway."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Annotated, Any

import typer
from rich.table import Table

from traymon.cli.common import NoTray, Outcome, misuse, new_console

CLICK_WITHIN = 30.0  # seconds that `test-notify` waits for a click


def test_notify() -> None:
    """Send a test notice through every channel, and say which came out and which can be clicked."""
    from traymon.ui.notify.notifier import Notifier
    from traymon.ui.tray.tray import icon_for_balloons

    logging.captureWarnings(True)  # plyer's are for packagers; what failed is said below
    clicked = threading.Event()
    notifier = Notifier(lambda key: clicked.set(), lambda why: None)
    icon = icon_for_balloons(lambda key: clicked.set())
    came_out: list[bool] = []

    def test() -> None:
        came_out.append(_test_notices(notifier, clicked))

    if icon is None:
        test()
    else:
        notifier.prefer("balloon", icon.deliver)
        icon.run_beside(test)
    notifier.stop()
    raise Outcome(0 if any(came_out) else 1)


def _test_notices(notifier: Any, clicked: threading.Event) -> bool:
    """Send them and say what came of it; return whether any came out."""
    from traymon.diagnosis import fix_pages
    from traymon.ui.presenter import NoticeText

    results = notifier.test(NoticeText(*fix_pages.notice("test"), urgent=False))
    for name, fault, clickable in results:
        clicks = "clicks arrive" if clickable else "clicks do not arrive"
        print(f"{name}: " + (f"failed: {fault}" if fault else f"sent; {clicks}"), flush=True)
    if any(clickable for _, _, clickable in results):
        print(
            f"Click on the notice within {CLICK_WITHIN:.0f} s to see a click arrive; Ctrl-C ends.",
            flush=True,
        )
        print("The click has arrived." if clicked.wait(CLICK_WITHIN) else "No click has arrived.")
    return any(not fault for _, fault, _ in results)


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the story.")] = False,
    speed: Annotated[
        float, typer.Option("--speed", min=0.1, max=20, help="2 is twice as fast.")
    ] = 1.0,
    no_tray: NoTray = False,
) -> None:
    """Play a story against a simulated Gateway: no TWS, no account, no settings needed."""
    from traymon.cli import story
    from traymon.storage.paths import Folders, start_log

    start_log(Folders.of_this_user().logs, "info")
    went_well = story.play(console=new_console(), want_tray=not no_tray, once=once, speed=speed)
    raise Outcome(0 if went_well or not once else 1)


def simulate(
    scenario: Annotated[str | None, typer.Argument(help="What to play.")] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65_535)] = 7497,
    listed: Annotated[bool, typer.Option("--list", help="List the scenarios.")] = False,
) -> None:
    """Run a simulated Gateway alone, until Ctrl-C."""
    from traymon.sim.scenarios import SCENARIOS

    if listed or scenario is None:
        table = Table(box=None, pad_edge=False)
        for column in ("Scenario", "Shows as", "What is played"):
            table.add_column(column)
        for known in SCENARIOS.values():
            table.add_row(known.name, known.code, known.says)
        new_console().print(table)
        return
    if scenario not in SCENARIOS:
        misuse(f"There is no scenario {scenario!r}; `traymon simulate --list` lists them.")
    try:
        asyncio.run(_simulate(SCENARIOS[scenario], port))
    except KeyboardInterrupt:
        raise Outcome(0) from None
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        misuse(f"It cannot be played: {error}")


async def _simulate(scenario: Any, port: int) -> None:
    from traymon.sim.scenarios import perform

    async with perform(scenario, port) as stage:
        print(scenario.says)
        settings = "".join(f"{key}={value} " for key, value in stage.scenario.env.items())
        where = f"--host {stage.host} --port {stage.port}"
        if stage.env_file is not None:
            where += f" --env {stage.env_file}"
        print(f"See it with: {settings}traymon check {where}")
        print("Ctrl-C ends it.", flush=True)
        await asyncio.Event().wait()
