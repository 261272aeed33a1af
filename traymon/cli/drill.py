"""`traymon drill`: the weekly test alarm, run now, answered, and what it has proven."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from traymon.cli.control import ask_running, this_users_instance
from traymon.cli.help_pages import CommandGroup, OneCommand
from traymon.cli.own_command import own_command

app = typer.Typer(cls=CommandGroup, no_args_is_help=True)


@app.callback()
def drill() -> None:
    """Send the test alarm, answer it, or show what it has proven."""


@app.command("status", cls=OneCommand)
def show_status(
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show when an alarm was last proven to arrive, and by which channel."""
    shown = _ask("GET", "")
    if as_json:
        print(json.dumps(shown, indent=2))
        return
    print(f"{shown['summary']}. {shown['next_text']}.")
    for channel in shown["channels"]:
        print(f"{channel['name']}: {channel['text']}")
    if shown["why_not"]:
        print(f"No drill can run now. {shown['why_not']}")


@app.command("run", cls=OneCommand)
def run_now() -> None:
    """Send a test alarm through every channel now, unless a real one could be mistaken for it."""
    _ask("POST", "/run")
    answered = own_command("drill", "answer")
    print(f"A test alarm is on its way to every channel. Once it is there: {answered}")


@app.command("answer", cls=OneCommand)
def answer(
    channel: Annotated[
        str | None,
        typer.Argument(help="Where it arrived: desktop, phone, ...", metavar="<channel>"),
    ] = None,
) -> None:
    """Say that the test alarm arrived."""
    _ask("POST", "/answer" if channel is None else f"/answer/{quote(channel, safe='')}")
    print(f"{_ask('GET', '')['summary']}.")


def _ask(method: str, path: str) -> Any:
    """Ask the running traymon; exit with why it does not do it."""
    return ask_running(this_users_instance(), method, f"/drill{path}")
