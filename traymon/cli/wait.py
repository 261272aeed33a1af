"""`traymon wait`: wait until the API can be used, then start a program."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NoReturn, Self

import typer

from traymon.cli.common import Envs, Exit, Host, Port, Targets, load, open_state, usage_error
from traymon.cli.streams import print_error
from traymon.cli.target_choice import TargetName, choose_one
from traymon.core.gate import PLANNED, GateOptions
from traymon.core.model import Status
from traymon.core.target import Target
from traymon.gate import MAX_MARGIN

if TYPE_CHECKING:
    from rich.console import Console

    from traymon.config.in_force import TargetConfig
    from traymon.monitoring.one_shot import StartRule
    from traymon.storage.state import StateStore

OUTPUT_TIMEOUT = 1.0  # seconds that a terminal which hangs may hold up the command
MINUTE = 60.0  # seconds
NEEDS = ("port", "handshake", "session", "ids")


def wait_until_good(
    command: Annotated[
        list[str] | None,
        typer.Argument(help="What to start: -- python live/run_live.py", metavar="<command>"),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout", min=1, help="When to give up.", metavar="<seconds>", show_default=True
        ),
    ] = 300.0,
    need: Annotated[
        str,
        typer.Option(
            "--need",
            help="The last check that must pass: port, handshake, session, ids.",
            metavar="<check>",
            autocompletion=lambda: list(NEEDS),
        ),
    ] = "ids",
    market: Annotated[
        bool, typer.Option("--market", help="Also wait until the market is open.")
    ] = False,
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin",
            min=0,
            max=MAX_MARGIN,
            help="Do not start this shortly before a planned restart or reset.",
            metavar="<minutes>",
        ),
    ] = None,
    then_watch: Annotated[
        bool,
        typer.Option("--then-watch", help="Say whether the program has connected."),
    ] = False,
    grace: Annotated[
        float,
        typer.Option(
            "--grace",
            min=0,
            help="With --then-watch: how long it may take.",
            metavar="<minutes>",
            show_default=True,
        ),
    ] = 5.0,
    env: Envs = None,
    targets: Targets = None,
    host: Host = None,
    port: Port = None,
    target: TargetName = None,
) -> None:
    """Wait until the API is ready, then start a command."""
    from rich.markup import escape

    from traymon.monitoring.one_shot import run_until, run_without_waiting_for_threads
    from traymon.sensors.client_library import ClientLibrary
    from traymon.sensors.interpreters import own_interpreter
    from traymon.ui.console import new_console

    if need not in NEEDS:
        usage_error(f"Unknown check {need!r} for --need. Use {', '.join(NEEDS)}.")
    if then_watch and not command:
        usage_error("--then-watch needs a command to start.")
    program = shutil.which(command[0]) if command else None
    if command and program is None:
        usage_error(f"Command not found: {command[0]}")
    config = choose_one(load(env, host, port, None, targets), target)
    watched = config.target
    library = None
    if need not in ("port", "handshake") and watched.own_client_id is not None:
        library = ClientLibrary([own_interpreter()])
    if command and program:
        watched = replace(watched, starting=_starting_program(command, program))
    console = new_console(stderr=True)  # stdout is the command's
    state = open_state()
    rule = _start_rule(need, market, margin, config, state)
    with _Progress(console, watched.address, rule) as progress:
        good, status = run_without_waiting_for_threads(
            run_until(watched, rule, timeout, state.own_programs, progress.show, library)
        )
    if not good:
        _give_up(console, status, rule, timeout, command)
    progress.print_last(f"✓ {escape(watched.address)} is ready.")
    if command and program and then_watch:
        _run_and_watch(command, program, watched, grace * MINUTE)
    if command and program:
        _replace_process(command, program)
    raise Exit(0)


def _give_up(
    console: Console,
    status: Status | None,
    rule: StartRule,
    timeout: float,
    command: list[str] | None,
) -> NoReturn:
    """Say what was waited for in vain, and that the command is not started."""
    from rich.markup import escape

    from traymon.ui import check_text

    waited = f"Gave up after {timeout:g} s"
    if status is not None:
        console.print(check_text.check_results(status, None))
        console.print()
        console.print(check_text.verdict(status, time.time()))
        planned = _planned_text(status, rule)
        waited += f": {planned}" if planned else ""
    console.print(f"\n{waited}. Not started: {escape(' '.join(command))}" if command else waited)
    raise Exit(1)


def _start_rule(
    need: str, market: bool, margin: float | None, config: TargetConfig, state: StateStore
) -> StartRule:
    """Return what must hold before the program is started; `margin` in minutes."""
    from traymon.monitoring.one_shot import StartRule
    from traymon.storage.state_keeper import calendar_with_hours

    calendar = calendar_with_hours(config.calendar, state, config.target)
    seconds = None if margin is None else margin * MINUTE
    return StartRule(need, calendar, GateOptions(None, market, seconds))


class _Progress:
    """Says what is waited for, in a thread of its own: a terminal that hangs holds nothing up."""

    def __init__(self, console: Console, address: str, rule: StartRule) -> None:
        from rich.markup import escape

        from traymon.ui.worker import TaskQueue

        self._console, self._address, self._rule = console, address, rule
        self._began = time.monotonic()
        self._line = ""
        self._spinner = console.status(f"waiting for {escape(address)}")
        self._tasks = TaskQueue("progress")

    def __enter__(self) -> Self:
        self._tasks.post(self._spinner.start)
        return self

    def __exit__(self, *_error: object) -> None:
        done = threading.Event()
        self._tasks.post(self._spinner.stop)  # shows the cursor again
        self._tasks.post(done.set)
        done.wait(OUTPUT_TIMEOUT)

    def show(self, status: Status) -> None:
        """Show what is waited for; returns at once."""
        self._tasks.post(lambda: self._show(status))

    def print_last(self, line: str) -> None:
        """Print a line, and give it a moment to be printed."""
        self._tasks.post(lambda: self._console.print(line))
        self._tasks.stop(OUTPUT_TIMEOUT)

    def _show(self, status: Status) -> None:
        from rich.markup import escape

        from traymon.ui import presenter

        line = _planned_text(status, self._rule) or presenter.blocking_text(status)
        self._spinner.update(f"{escape(line)} · {time.monotonic() - self._began:.0f} s")
        if line != self._line and not self._console.is_terminal:
            self._console.print(escape(line), soft_wrap=True)
        self._line = line


def _planned_text(status: Status, rule: StartRule) -> str:
    """Return what the calendar has against starting a program now; "" if nothing."""
    from traymon.ui.gate_json import text_of

    planned = (reason for reason in rule.closings(status) if reason.why in PLANNED)
    return next((text_of(status, reason, rule.options) for reason in planned), "")


def _starting_program(command: list[str], program: str) -> str:
    """Return the script that the command runs, or else the program itself."""
    from traymon.sensors.program_identity import script_of

    try:
        folder = os.getcwd()
    except FileNotFoundError:  # it is gone, and no script lies in it
        folder = os.sep
    return script_of(command, folder) or os.path.realpath(program)


def _run_and_watch(command: list[str], program: str, target: Target, grace: float) -> NoReturn:
    """Run the command as a child, and say on stderr whether it connects."""
    from traymon.cli.started_program import run_and_watch

    _restore_signals()
    try:
        code = run_and_watch(command, program, target, grace, print_error)
    except OSError as error:
        usage_error(f"Cannot start {command[0]}: {error}")
    raise Exit(code)


def _replace_process(command: list[str], program: str) -> None:
    """Replace this process with the command; Windows cannot, so there it is run as a child."""
    if sys.platform == "win32":
        raise Exit(subprocess.call(command, executable=program))
    sys.stdout.flush()
    _restore_signals()
    try:
        os.execv(program, command)
    except OSError as error:
        usage_error(f"Cannot start {command[0]}: {error}")


def _restore_signals() -> None:
    """Stop ignoring what Python and we ignore: the command would inherit that."""
    if sys.platform != "win32":
        for name in ("SIGPIPE", "SIGXFSZ", "SIGTTOU"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
