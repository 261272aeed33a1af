"""`traymon gate`: may a program send orders now? `quick_gate` answers the usual command lines."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from traymon.cli.common import Exit, usage_error
from traymon.cli.quick_gate import EXIT_CLOSED, EXIT_OPEN, as_text
from traymon.cli.streams import print_error
from traymon.gate import DEFAULT_MARGIN, MAX_MARGIN, Gate, wait_until_open
from traymon.gate import gate as ask_gate


def gate(
    client_id: Annotated[
        int | None,
        typer.Option("--client-id", min=0, help="The ID of your program.", metavar="<id>"),
    ] = None,
    market: Annotated[
        bool, typer.Option("--market", help="The market must be open (TRAYMON_HOURS).")
    ] = False,
    margin: Annotated[
        float,
        typer.Option(
            "--margin",
            min=0,
            max=MAX_MARGIN,
            help="Closed this long before a planned restart or reset.",
            metavar="<minutes>",
            show_default=True,
        ),
    ] = DEFAULT_MARGIN,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is open.")] = False,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0, help="With --wait: when to give up.", metavar="<seconds>"),
    ] = None,
    env: Annotated[
        Path | None,
        typer.Option("--env", help="Closed unless this .env is the watched one.", metavar="<file>"),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option("--host", help="Closed unless this host is watched.", metavar="<host>"),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=1,
            max=65_535,
            help="Closed unless this port is watched.",
            metavar="<port>",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", help="Closed unless a target of this name is watched.", metavar="<name>"
        ),
    ] = None,
) -> None:
    """Ask the running traymon whether a program may send orders now (0 open, 1 closed)."""
    if timeout is not None and not wait:
        usage_error("--timeout belongs to --wait.")
    if env is not None and not env.is_file():
        usage_error(f"There is no file {env}.")
    question: dict[str, Any] = {
        "client_id": client_id,
        "market": market,
        "margin_minutes": margin,
        "env": env,
        "host": host,
        "port": port,
        "target": target,
    }
    ask = partial(wait_until_open, timeout, _print_reasons) if wait else ask_gate
    answer = ask(**question)
    print(as_text(answer, as_json))
    raise Exit(EXIT_OPEN if answer else EXIT_CLOSED)


def _print_reasons(answer: Gate) -> None:
    """Say on stderr what is waited for: stdout is for the last answer."""
    if not answer:
        print_error(str(answer))
