"""`traymon check`: check the target once, and print what is wrong and how to fix it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from traymon.cli.common import (
    EXIT_OF_LIGHT,
    Env,
    Exit,
    Host,
    Port,
    Timeout,
    load,
    new_console,
    open_state,
    usage_error,
)
from traymon.core.model import Evidence, Status
from traymon.core.target import Target
from traymon.core.vocabulary import Light

if TYPE_CHECKING:
    from traymon.sensors.client_library import ClientLibrary

WITH_LIBRARY = (None, "session", "library")  # the tests that let a client library in


def check(
    step: Annotated[
        str | None,
        typer.Argument(
            help="One test alone: port, handshake, session, library or ids.", metavar="[TEST]"
        ),
    ] = None,
    env: Env = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Print a Markdown report.")] = False,
    python: Annotated[
        str | None,
        typer.Option(
            "--python",
            help="The trading program's Python, whose client libraries are let in.",
            metavar="PATH",
        ),
    ] = None,
) -> None:
    """Look once: the tests in order, the root cause and the fix."""
    target = load(env, host, port, timeout).target
    library = _library_to_let_in(target, step, python)
    try:
        status = _look(target, step, library)
    finally:
        if library is not None:
            library.close()
    _print(status, step, as_json=as_json, report=report)


def _library_to_let_in(
    target: Target, step: str | None, python: str | None
) -> ClientLibrary | None:
    """Return the sensor of the client library, with its process started; None where it has none.

    It is started before all else, since importing a library takes longer than everything else.
    """
    if step not in WITH_LIBRARY or target.own_client_id is None:
        if python is not None:
            usage_error("--python concerns the tests session and library, which take a session.")
        return None
    from traymon.sensors.client_library import ClientLibrary
    from traymon.sensors.interpreters import find_interpreters

    try:
        library = ClientLibrary(find_interpreters(target.env_file, python))
    except FileNotFoundError:
        usage_error(f"--python {python}: there is no such Python.")
    library.start_early()
    return library


def _look(target: Target, step: str | None, library: ClientLibrary | None) -> Status:
    """Run the tests once; exit if there is no such test."""
    from traymon.diagnosis.checks import check_steps
    from traymon.monitoring.one_shot import run_once

    names = [known.name for known in check_steps(Evidence(target, now=0.0))]
    if "session" in names:
        names.insert(names.index("session") + 1, "library")
    if step == "ids" and step not in names:
        usage_error("No client IDs are set. Write IB_CLIENT_ID=10 into the .env of your project.")
    if step is not None and step not in names:
        usage_error(f"There is no test {step!r}; the tests are {', '.join(names)}.")
    return run_once(target, open_state().own_programs, library)


def _print(status: Status, step: str | None, *, as_json: bool, report: bool) -> NoReturn:
    """Print the result and exit with its light."""
    from rich.markup import escape

    from traymon.diagnosis.checks import light_of_check
    from traymon.ui import status_json, terminal

    light, overall = light_of_check(status, step), light_of_check(status, None)
    console = new_console()
    if as_json:
        print(json.dumps(status_json.as_json(status, step), indent=2))
    elif report:
        from traymon.ui.web import render

        print(render.report(status, time.time()), end="")
    else:
        where = f"{status.target.name}, {status.target.address}"
        console.print(f"traymon check: {escape(where)}\n", highlight=False)
        console.print(terminal.check_results(status, step))
        if step in (None, "handshake") and overall is Light.GREEN:
            print("\n✓ IB API handshake completed successfully!")
        cause = status.diagnosis.light
        if cause is Light.RED or Light.GREEN not in (light, cause):
            console.print()
            console.print(terminal.fix_steps(status, time.time()))
    raise Exit(EXIT_OF_LIGHT[light])
