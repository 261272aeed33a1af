"""`traymon check`: check the target once, and print what is wrong and how to fix it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from traymon.cli.common import (
    EXIT_OF_LIGHT,
    Env,
    Exit,
    Host,
    Port,
    Timeout,
    load_target,
    new_console,
    open_state,
    usage_error,
)
from traymon.core.model import Status
from traymon.core.target import Target
from traymon.core.vocabulary import Light

if TYPE_CHECKING:
    from traymon.sensors.client_library import ClientLibrary

STEP_NAMES = ("port", "handshake", "session", "library", "ids", "settings")
CHOICE = "port, handshake, session, library, ids or settings"
SETTINGS = "settings"  # of TWS itself, asked for in one more session on the user's word alone
WITH_LIBRARY = (None, "session", "library")  # the checks that let a client library in


def check(
    step: Annotated[
        str | None,
        typer.Argument(
            help=f"One check only: {CHOICE}.",
            metavar="<check>",
            autocompletion=lambda: list(STEP_NAMES),
        ),
    ] = None,
    env: Env = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Print a Markdown report.")] = False,
    brief: Annotated[
        bool, typer.Option("--brief", help="Print only the verdict and the first step.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Print the whole page.")] = False,
    python: Annotated[
        str | None,
        typer.Option(
            "--python",
            help="Your trading program's Python, to test its client libraries.",
            metavar="<path>",
        ),
    ] = None,
) -> None:
    """Check once: what works, what is wrong, how to fix it."""
    if [as_json, report, brief, full].count(True) > 1:
        usage_error("Use only one of --json, --report, --brief and --full.")
    target = load_target(env, host, port, timeout).target
    library = _library_to_let_in(target, step, python)
    from traymon.diagnosis.checks import light_of_check
    from traymon.ui import status_json
    from traymon.ui.web import render

    try:
        status = _look(target, step, library)
    finally:
        if library is not None:
            library.close()
    if as_json:
        print(json.dumps(status_json.as_json(status, step), indent=2))
    elif report:
        print(render.report(status, time.time()), end="")
    else:
        _print(status, step, brief=brief, full=full)
    raise Exit(EXIT_OF_LIGHT[light_of_check(status, step)])


def _library_to_let_in(
    target: Target, step: str | None, python: str | None
) -> ClientLibrary | None:
    """Return the sensor of the client library, with its process started; None where it has none.

    It is started before all else, since importing a library takes longer than everything else.
    """
    if step not in WITH_LIBRARY or target.own_client_id is None:
        if python is not None:
            usage_error("--python applies only to the checks session and library.")
        return None
    from traymon.sensors.client_library import ClientLibrary
    from traymon.sensors.interpreters import find_interpreters

    try:
        library = ClientLibrary(find_interpreters(target.env_file, python))
    except FileNotFoundError:
        usage_error(f"--python {python}: no Python found there.")
    library.start_early()
    return library


def _look(target: Target, step: str | None, library: ClientLibrary | None) -> Status:
    """Run the checks once; exit if there is no such check, or the settings leave it out."""
    from traymon.monitoring.one_shot import run_once

    if step is not None and step not in STEP_NAMES:
        usage_error(f"There is no check {step!r}. Use {CHOICE}.")
    if step == "ids" and not target.client_ids:
        usage_error("No client IDs are set. Add a line such as IB_CLIENT_ID=10 to your .env file.")
    if step in ("session", "library", SETTINGS) and target.own_client_id is None:
        usage_error(f"TRAYMON_SESSION=off leaves out the check {step}. Set TRAYMON_SESSION=hold.")
    if step == SETTINGS:
        target = replace(target, tws_settings=True)
    return run_once(target, open_state().own_programs, library)


def _print(status: Status, step: str | None, *, brief: bool, full: bool) -> None:
    """Print the result; the verdict comes last, where a small window still shows it."""
    from rich.markup import escape

    from traymon.diagnosis.checks import light_of_check
    from traymon.ui import check_text

    console, now = new_console(), time.time()
    if not brief:
        where = f"{status.target.name}, {status.target.address}"
        console.print(f"traymon check: {escape(where)}\n")
        console.print(check_text.check_results(status, step))
        console.print()
        cause, light = status.diagnosis.light, light_of_check(status, step)
        if full:
            console.print(check_text.whole_page(status, now))
            console.print()
        elif cause is Light.RED or Light.GREEN not in (light, cause):
            console.print(check_text.fix_steps(status, now))
            console.print()
        if step in (None, "handshake") and light_of_check(status, None) is Light.GREEN:
            print("✓ IB API handshake completed successfully!")
    console.print(check_text.verdict(status, now, step))
