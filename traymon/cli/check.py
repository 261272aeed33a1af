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
    from traymon.diagnosis.checks import check_steps
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
    steps = {known.name: known for known in check_steps(status.evidence)}
    light = status.diagnosis.light if step is None else steps[step].light
    console = new_console()
    if as_json:
        print(json.dumps(status_json.as_json(status, steps.get(step or "")), indent=2))
    elif report:
        print(render.report(status, time.time()), end="")
    else:
        where = f"{status.target.name}, {status.target.address}"
        console.print(f"traymon check: {escape(where)}\n", highlight=False)
        console.print(terminal.check_results(status, step))
        if step != "port" and steps["handshake"].passed:
            print("\n✓ IB API handshake completed successfully!")
        if light is not Light.GREEN and status.diagnosis.light is not Light.GREEN:
            console.print()
            console.print(terminal.fix_steps(status, time.time()))
    raise Exit(EXIT_OF_LIGHT[light])
