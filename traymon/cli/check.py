"""One look, the pages, and the settings."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer
from platformdirs import user_state_path
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
    usage_error,
)
from traymon.core.model import Evidence
from traymon.core.vocabulary import Light


def check(
    test: Annotated[
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
    from traymon.storage.own_programs import OwnPrograms
    from traymon.ui import status_json, terminal
    from traymon.ui.web import render

    settings = load(env, host, port, timeout)
    tests = [step.name for step in check_steps(Evidence(settings.target, now=0.0))]
    if test == "ids" and test not in tests:
        usage_error("No client IDs are set. Write IB_CLIENT_ID=10 into the .env of your project.")
    if test is not None and test not in tests:
        usage_error(f"There is no test {test!r}; the tests are {', '.join(tests)}.")
    status = run_once(settings.target, OwnPrograms(user_state_path("traymon")).all)
    steps = {step.name: step for step in check_steps(status.evidence)}
    console = new_console()
    if as_json:
        print(json.dumps(status_json.as_json(status, steps.get(test or "")), indent=2))
    elif report:
        print(render.report(status, time.time()), end="")
    else:
        where = f"{status.target.name}, {status.target.address}"
        console.print(f"traymon check: {escape(where)}\n", highlight=False)
        console.print(terminal.check_results(status, test))
        if test != "port" and steps["handshake"].passed:
            print("\n✓ IB API handshake completed successfully!")
        found = steps[test].light if test else status.diagnosis.light
        if found is not Light.GREEN and status.diagnosis.light is not Light.GREEN:
            console.print()
            console.print(terminal.fix_steps(status, time.time()))
    light = status.diagnosis.light if test is None else steps[test].light
    raise Exit(EXIT_OF_LIGHT[light])
