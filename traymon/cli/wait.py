"""`traymon wait`: wait until the API can be used, then start a program."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import Annotated

import typer

from traymon.cli.common import Env, Exit, Host, Port, load, open_state, usage_error
from traymon.core.model import Status
from traymon.core.vocabulary import Light

NEEDS = ("port", "handshake", "session", "ids")


def wait_until_good(
    command: Annotated[
        list[str] | None, typer.Argument(help="What to start then: -- python live/run_live.py")
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, help="Seconds after which to give up.")
    ] = 300.0,
    need: Annotated[
        str, typer.Option("--need", help="Up to which test: port, handshake, session or ids.")
    ] = "ids",
    env: Env = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Wait until the API, the session and the client IDs are good; then start a command."""
    from rich.console import Console
    from rich.markup import escape

    from traymon.monitoring.one_shot import run_until
    from traymon.sensors.client_library import ClientLibrary
    from traymon.sensors.interpreters import own_interpreter
    from traymon.ui import presenter, terminal

    if need not in NEEDS:
        usage_error(f"--need {need}: allowed are {', '.join(NEEDS)}.")
    program = shutil.which(command[0]) if command else None
    if command and program is None:
        usage_error(f"There is no program {command[0]!r}, so that nothing could be started.")
    target = load(env, host, port, None).target
    library = None
    if need not in ("port", "handshake") and target.own_client_id is not None:
        library = ClientLibrary([own_interpreter()])
    if command and program:
        target = replace(target, starting=_starting_program(command, program))
    console = Console(highlight=False, stderr=True)  # stdout is the command's
    began = time.monotonic()
    with console.status(f"waiting for {escape(target.address)}") as progress:
        printed = ""

        def show(status: Status) -> None:
            nonlocal printed
            line = presenter.blocking_text(status)
            progress.update(f"{escape(line)} · {time.monotonic() - began:.0f} s")
            if line != printed and not console.is_terminal:
                console.print(escape(line), soft_wrap=True)
            printed = line

        own_programs = open_state().own_programs
        try:
            waiting = run_until(target, need, timeout, own_programs, show, library)
            good, status = asyncio.run(waiting)
        except KeyboardInterrupt:
            raise Exit(130) from None  # what shells use for Ctrl-C
    if not good:
        if status is not None:
            console.print(terminal.check_results(status, None))
            if status.diagnosis.light is not Light.GREEN:
                console.print()
                console.print(terminal.fix_steps(status, time.time()))
        waited = f"Waited {timeout:g} s"
        console.print(
            f"\n{waited}; not started: {escape(' '.join(command))}" if command else waited
        )
        raise Exit(1)
    console.print(f"✓ {escape(target.address)} is ready.")
    if command and program:
        _replace_process(command, program)
    raise Exit(0)


def _starting_program(command: list[str], program: str) -> str:
    """Return the script that the command runs, or else the program itself."""
    from traymon.sensors.program_identity import script_of

    return script_of(command, os.getcwd()) or os.path.realpath(program)


def _replace_process(command: list[str], program: str) -> None:
    """Replace this process with the command; Windows cannot, so there it is run as a child."""
    if sys.platform == "win32":
        raise Exit(subprocess.call(command, executable=program))
    sys.stdout.flush()
    for name in ("SIGPIPE", "SIGXFSZ"):  # Python ignores them; the command would inherit that
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execv(program, command)
    except OSError as error:
        usage_error(f"{command[0]} cannot be started: {error}")
