"""One look, the pages, and the settings."""

from __future__ import annotations

import difflib
import json
import time
from typing import Annotated

import typer
from platformdirs import user_config_path, user_state_path
from rich.markup import escape
from rich.table import Table

from traymon.cli.common import (
    EXIT_OF_LIGHT,
    Env,
    Host,
    Outcome,
    Port,
    Timeout,
    load,
    misuse,
    new_console,
)
from traymon.config import ib_resets, loader
from traymon.core.model import Evidence, Light, Target


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
    from traymon.diagnosis.checks import ladder
    from traymon.monitoring import check as checking
    from traymon.sensors import OwnPrograms
    from traymon.ui import terminal
    from traymon.ui.web import render

    settings = load(env, host, port, timeout)
    tests = [rung.name for rung in ladder(Evidence(settings.target, now=0.0))]
    if test == "ids" and test not in tests:
        misuse("No client IDs are set. Write IB_CLIENT_ID=10 into the .env of your project.")
    if test is not None and test not in tests:
        misuse(f"There is no test {test!r}; the tests are {', '.join(tests)}.")
    status = checking.check(settings.target, OwnPrograms(user_state_path("traymon")))
    rungs = {rung.name: rung for rung in ladder(status.evidence)}
    console = new_console()
    if as_json:
        print(json.dumps(checking.as_json(status, rungs.get(test or "")), indent=2))
    elif report:
        print(render.report(status, time.time()), end="")
    else:
        where = f"{status.target.name}, {status.target.address}"
        console.print(f"traymon check: {escape(where)}\n", highlight=False)
        console.print(terminal.test_results(status, test))
        if test != "port" and rungs["handshake"].passed:
            print("\n✓ IB API handshake completed successfully!")
        found = rungs[test].light if test else status.diagnosis.light
        if found is not Light.GREEN and status.diagnosis.light is not Light.GREEN:
            console.print()
            console.print(terminal.fix(status, time.time()))
    light = status.diagnosis.light if test is None else rungs[test].light
    raise Outcome(EXIT_OF_LIGHT[light])


def explain(
    code: Annotated[str | None, typer.Argument(help="A code, such as wrong-port.")] = None,
) -> None:
    """Print the page of a diagnosis, or the list of all of them."""
    from traymon.diagnosis import fix_pages
    from traymon.diagnosis.catalogue import ENTRIES
    from traymon.ui import terminal

    console = new_console()
    if code is None:
        table = Table(box=None, pad_edge=False)
        for column in ("Code", "Light", "Headline"):
            table.add_column(column)
        for entry in ENTRIES.values():
            style = terminal.STYLES[entry.light]
            headline = fix_pages.fill(fix_pages.page(entry.code).headline, {})
            table.add_row(entry.code, f"[{style}]{entry.light.word}[/]", escape(headline))
        console.print(table)
        return
    if code not in ENTRIES:
        near = difflib.get_close_matches(code, ENTRIES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        misuse(f"There is no diagnosis {code!r}.{hint} `traymon explain` lists all of them.")
    console.print(terminal.explained(code))


def show_config(
    env: Env = None,
    example: Annotated[bool, typer.Option("--example", help="Print an example .env.")] = False,
    not_mine: Annotated[
        int | None, typer.Option("--not-mine", help="Forget the program with this number.")
    ] = None,
) -> None:
    """Print every setting in force with where it comes from, and the programs that are yours."""
    from traymon.config.schema import example as example_file
    from traymon.sensors import OwnPrograms

    if example:
        print(example_file(), end="")
        return
    own_programs = OwnPrograms(user_state_path("traymon"))
    if not_mine is not None:
        try:
            exe, script = own_programs.forget(not_mine)
        except IndexError:
            misuse(f"There is no program {not_mine}; `traymon config` lists them.")
        except OSError as error:
            misuse(f"It cannot be forgotten: {error}")
        print(f"Not yours any more: {script or exe}")
        return
    settings = load(env, None, None, None)
    table = Table(box=None, pad_edge=False)
    for column in ("Setting", "Value", "From"):
        table.add_column(column, overflow="fold")
    for key, value, source in loader.listing(settings):
        if key == "IB_PORT" and settings.target.discovered:
            value, source = _discovered(settings.target)
        table.add_row(key, escape(value), escape(source))
    console = new_console()
    console.print(table)
    folder = user_config_path("traymon")
    console.print(
        f"\nIB's reset times: {escape(str(ib_resets.path(folder)))}\n"
        f"A copy of your own: {escape(str(folder / ib_resets.NAME))}",
        soft_wrap=True,
    )
    for number, (exe, script) in enumerate(own_programs.all(), 1):
        program = f"{script} ({exe})" if script and exe else script or exe
        console.print(
            f"\nYours, as you said: {number}. {escape(program)}\n"
            f"`traymon config --not-mine {number}` takes it back."
        )


def _discovered(target: Target) -> tuple[str, str]:
    """Return the port that would be watched, and how it was chosen."""
    from traymon.sensors.listener import listening_ports
    from traymon.sensors.port_discovery import discover

    port = discover(target).port
    found = port in (listening_ports() or ())
    return str(port), "discovered" if found else "default: no usual port of IB's listens yet"
