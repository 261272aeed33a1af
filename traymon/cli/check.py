"""`traymon check`: check every target once, and print what is wrong and how to fix it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from traymon.cli.common import (
    EXIT_OF_LIGHT,
    EXIT_USAGE,
    Envs,
    Exit,
    Host,
    Port,
    Targets,
    Timeout,
    load,
    new_console,
    open_state,
    print_json,
    usage_error,
)
from traymon.cli.streams import print_error
from traymon.cli.target_choice import TargetName, choose
from traymon.core.model import Status
from traymon.core.target import Target
from traymon.core.vocabulary import Light
from traymon.diagnosis.fix_pages import clean

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
    env: Envs = None,
    targets: Targets = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    target: TargetName = None,
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
    if step is not None and step not in STEP_NAMES:
        usage_error(f"There is no check {step!r}. Use {CHOICE}.")
    config = load(env, host, port, timeout, targets)
    chosen = _that_have_it([one.target for one in choose(config, target)], step)
    libraries = [_library_to_let_in(one, step, python) for one in chosen]
    if python is not None and not any(libraries):
        usage_error("--python applies only to the checks session and library.")
    if len(libraries) == 1 and libraries[0] is not None:
        libraries[0].start_early()  # importing a library takes longer than all that follows
    from traymon.ui import status_json
    from traymon.ui.web.reports import diagnosis_markdown

    try:
        statuses = _look(chosen, step, libraries)
    finally:
        for library in filter(None, libraries):
            library.close()
    if as_json:
        values = [status_json.as_json(status, step) for status in statuses]
        print_json(values, as_list=target is None and chosen[0].one_of_many)
    elif report:
        now, worst_first = time.time(), reversed(muted_first_worst_last(statuses, step))
        print("\n".join(diagnosis_markdown(status, now) for status in worst_first), end="")
    else:
        _print_all(statuses, step, brief=brief, full=full)
    light = light_of_all(statuses, step)
    is_whole = target is not None or not config.left_out  # green says that all was looked at
    raise Exit(EXIT_OF_LIGHT[light] if is_whole or light is not Light.GREEN else EXIT_USAGE)


def _that_have_it(targets: Sequence[Target], step: str | None) -> list[Target]:
    """Return the targets whose settings do not leave the check out; exit if it is none of them."""
    reasons = [_why_left_out(target, step) for target in targets]
    if all(reasons):
        usage_error(reasons[0])
    for target, why in zip(targets, reasons, strict=True):
        if why:
            print_error(f"{clean(target.name)}: {why}")
    return [target for target, why in zip(targets, reasons, strict=True) if not why]


def _why_left_out(target: Target, step: str | None) -> str:
    if step == "ids" and not target.client_ids:
        return "No client IDs are set. Add a line such as IB_CLIENT_ID=10 to your .env file."
    if step in ("session", "library", SETTINGS) and target.own_client_id is None:
        return f"TRAYMON_SESSION=off leaves out the check {step}. Set TRAYMON_SESSION=hold."
    return ""


def _library_to_let_in(
    target: Target, step: str | None, python: str | None
) -> ClientLibrary | None:
    """Return the sensor of the target's client library; None where none is to be let in."""
    if step not in WITH_LIBRARY or target.own_client_id is None:
        return None
    from traymon.sensors.client_library import ClientLibrary
    from traymon.sensors.interpreters import find_interpreters

    try:
        return ClientLibrary(find_interpreters(target.env_file, python))
    except FileNotFoundError:
        usage_error(f"--python {python}: no Python found there.")


def _look(
    targets: Sequence[Target], step: str | None, libraries: Sequence[ClientLibrary | None]
) -> list[Status]:
    """Run the checks of every target once."""
    from traymon.monitoring.one_shot import run_each_once

    state = open_state()
    if step == SETTINGS:
        targets = [replace(target, tws_settings=True) for target in targets]
    statuses = run_each_once(zip(targets, libraries, strict=True), state.own_programs)
    return [
        replace(status, muted=target.muted or state.is_muted(target))
        for status, target in zip(statuses, targets, strict=True)
    ]


def light_of_all(statuses: Sequence[Status], step: str | None) -> Light:
    """Return the worst light of the targets that are not muted; of all if every one is."""
    from traymon.diagnosis.checks import light_of_check

    return light_of_check(muted_first_worst_last(statuses, step)[-1], step)


def muted_first_worst_last(statuses: Sequence[Status], step: str | None) -> list[Status]:
    """Return the statuses in the order in which they are printed: the last one says most."""
    from traymon.diagnosis.checks import light_of_check
    from traymon.ui.presenter import WORST_FIRST

    def standing(status: Status) -> tuple[bool, int]:
        return status.muted, WORST_FIRST.index(light_of_check(status, step))

    return sorted(statuses, key=standing, reverse=True)


def _print_all(statuses: Sequence[Status], step: str | None, *, brief: bool, full: bool) -> None:
    """Print the results, each under its target's name."""
    for number, status in enumerate(muted_first_worst_last(statuses, step)):
        if number:
            print()
        if brief and len(statuses) > 1:
            new_console().print(_heading(status))
        _print(status, step, brief=brief, full=full)


def _heading(status: Status) -> str:
    from rich.markup import escape

    muted = ", muted" if status.muted and status.target.one_of_many else ""
    return f"traymon check: {escape(f'{status.target.name}, {status.target.address}')}{muted}"


def _print(status: Status, step: str | None, *, brief: bool, full: bool) -> None:
    """Print the result; the verdict comes last, where a small window still shows it."""
    from traymon.diagnosis.checks import light_of_check
    from traymon.ui import check_text

    console, now = new_console(), time.time()
    if not brief:
        console.print(f"{_heading(status)}\n")
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
