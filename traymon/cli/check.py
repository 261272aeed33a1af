"""`traymon check`: check the target once, and print what is wrong and how to fix it."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer
from rich.markup import escape

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
from traymon.core.model import Evidence
from traymon.core.vocabulary import Light


def check(
    step: Annotated[
        str | None,
        typer.Argument(help="One test alone: port, handshake, session or ids.", metavar="[TEST]"),
    ] = None,
    env: Env = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Print a Markdown report.")] = False,
) -> None:
    """Look once: the tests in order, the root cause and the fix."""
    from traymon.diagnosis.checks import check_steps, light_of_check
    from traymon.monitoring.one_shot import run_once
    from traymon.ui import status_json, terminal
    from traymon.ui.web import render

    target = load(env, host, port, timeout).target
    names = [known.name for known in check_steps(Evidence(target, now=0.0))]
    if step == "ids" and step not in names:
        usage_error("No client IDs are set. Write IB_CLIENT_ID=10 into the .env of your project.")
    if step is not None and step not in names:
        usage_error(f"There is no test {step!r}; the tests are {', '.join(names)}.")
    status = run_once(target, open_state().own_programs)
    light, overall = light_of_check(status, step), light_of_check(status, None)
    console = new_console()
    if as_json:
        print(json.dumps(status_json.as_json(status, step), indent=2))
    elif report:
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
