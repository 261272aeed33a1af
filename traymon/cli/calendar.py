"""`traymon calendar`: what comes next, as a table, as JSON or as a calendar file."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from traymon.cli.alerts import read_alerts
from traymon.cli.common import (
    Envs,
    Targets,
    load,
    new_console,
    open_state,
    usage_error,
    write_file,
)
from traymon.cli.control import (
    WATCHES,
    NoAnswer,
    Refused,
    ask_running,
    request,
    this_users_instance,
)
from traymon.cli.streams import print_error
from traymon.cli.target_choice import TargetName, choose, find_name
from traymon.core.drill import DrillRecord, OffLimits, next_drill

if TYPE_CHECKING:
    from traymon.config.in_force import OwnSettings, TargetConfig
    from traymon.ui.coming_up import Planned


def show_calendar(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="With --ics: the file to write; without it, it is printed.", metavar="<file>"
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--days", help="How far to look ahead (7; with --ics 35).", metavar="<n>"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    ics: Annotated[bool, typer.Option("--ics", help="Write a calendar file.")] = False,
    address: Annotated[
        bool,
        typer.Option("--address", help="Print the address for a calendar program."),
    ] = False,
    new_address: Annotated[
        bool, typer.Option("--new-address", help="Print a new address; the old one stops working.")
    ] = False,
    env: Envs = None,
    targets: Targets = None,
    target: TargetName = None,
) -> None:
    """Show what comes next: restarts, IB's resets, the weekly login, market holidays."""
    from traymon.core.week_ahead import MAX_DAYS
    from traymon.ui import coming_up

    if address + new_address + as_json + ics > 1:
        usage_error("Use only one of --json, --ics, --address and --new-address.")
    if file is not None and not ics:
        usage_error(f"To write a calendar file, use: calendar --ics {file}")
    if days is not None and not 1 <= days <= MAX_DAYS:
        usage_error(f"--days must be {coming_up.DAYS_ALLOWED}.")
    if address or new_address:
        _print_address(new_address)
        return
    days = days or (coming_up.FILE_DAYS if ics else coming_up.SHOWN_DAYS)
    plan = _plan(days, env, targets, target)
    if ics:
        _write_file(plan, file)
    elif as_json:
        print(json.dumps(coming_up.as_json(plan, days), indent=2))
    else:
        _print_table(plan)


def _plan(
    days: int, env: list[Path] | None, targets: Path | None, target: str | None
) -> list[Planned]:
    """Return what comes next for the running traymon, else by the settings.

    Only a running traymon knows when IBKR stops supporting this version of TWS.
    """
    plan = None if env or targets else _plan_of_running(days, target)
    if plan is not None:
        return plan
    config = load(env, None, None, None, targets)
    return _plan_of_settings(days, choose(config, target), config.settings)


def _plan_of_running(days: int, target: str | None) -> list[Planned] | None:
    """Return what the running traymon plans; None if there is none, or if it does not say."""
    from traymon.ui import coming_up

    instance = this_users_instance()
    info = instance.find_info()
    if info is None:
        return None
    try:
        plan = coming_up.from_json(request(info, "GET", f"/calendar?days={days}"))
        if target is None:
            return plan
        names = [one["target"]["name"] for one in request(info, "GET", "/status")]
    except (NoAnswer, Refused, ValueError) as error:
        if instance.is_held():
            print_error(
                f"The running traymon does not answer ({error}). What follows is by the settings."
            )
        return None
    return coming_up.only_of(find_name(target, names, WATCHES), plan)


def _plan_of_settings(
    days: int, configs: Sequence[TargetConfig], settings: OwnSettings
) -> list[Planned]:
    from traymon.core.week_ahead import upcoming
    from traymon.storage.state_keeper import calendar_with_hours
    from traymon.ui.coming_up import join, with_drill

    state, now = open_state(), time.time()
    calendars = {
        one.target.name: calendar_with_hours(one.calendar, state, one.target) for one in configs
    }
    plan = join({name: upcoming(calendar, now, days) for name, calendar in calendars.items()})
    alerts = read_alerts(settings).alerts
    if alerts.drill is None:
        return plan
    record = state.drill() or DrillRecord(now)
    quiet = (one.quiet for one in alerts.push if one.quiet is not None)
    off_limits = OffLimits.of(calendars.values(), quiet)
    return with_drill(plan, next_drill(record, alerts.drill.weekly, off_limits, now), now, days)


def _print_table(plan: list[Planned]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from traymon.ui.coming_up import rows

    console = new_console()
    if not plan:
        console.print("Nothing is planned in this time.")
        return
    table = Table.grid(padding=(0, 2))
    day = ""
    for row in rows(plan, time.time()):
        table.add_row(row["day"] if row["day"] != day else "", row["time"], escape(row["title"]))
        day = row["day"]
    console.print(table)


def _write_file(plan: list[Planned], file: Path | None) -> None:
    from traymon.ui.ics import calendar_file

    data = calendar_file(plan, time.time())
    if file is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)  # its lines end with CR LF on every platform
        sys.stdout.buffer.flush()
        return
    write_file(file, data)
    count = len(plan)
    print(f"{count} event{'' if count == 1 else 's'} written to {file}")


def _print_address(is_new: bool) -> None:
    """Print the address that the running traymon serves the calendar file at."""
    path = "/calendar-address/new" if is_new else "/calendar-address"
    answer = ask_running(this_users_instance(), "POST", path)
    print(answer["url"])
    if not answer["lasts"]:
        print_error(
            "This address works until traymon restarts. For one that lasts, set TRAYMON_PAGE_PORT "
            "to a free port and restart traymon."
        )
