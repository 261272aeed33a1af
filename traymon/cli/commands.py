"""The command line: the list of its commands."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from traymon import __version__
from traymon.cli import (
    autostart,
    calendar,
    check,
    completion,
    config,
    control,
    demo,
    drill,
    events,
    explain,
    gate,
    history,
    incident,
    logs,
    mute,
    notify_test,
    push,
    quit_restart,
    report,
    run,
    simulate,
    wait,
)
from traymon.cli.common import Add, Envs, Exit, Host, NoTray, Port, Targets, Timeout, usage_error
from traymon.cli.help_pages import CommandGroup, OneCommand
from traymon.cli.main import EXIT_INTERRUPTED

WATCH, DIAGNOSE, SET_UP, TRY = "Watch", "Diagnose", "Set up", "Try"  # headings of the help
ALIASES = {"help": "--help", "version": "--version"}


class Commands(CommandGroup):
    """Runs commands; lets neither Ctrl-C nor an error end with exit code 1, which means red."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take `help`, `help COMMAND` and `version` for the options that do the same."""
        if args and args[0] in ALIASES:
            args = [*args[1:], ALIASES[args[0]]]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command of a command line. Raises Exit, or what the command raises."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Exit(EXIT_INTERRUPTED) from None
        except OSError as error:  # the library takes some for its own, and exits with 1
            raise RuntimeError(str(error)) from error


app = typer.Typer(
    cls=Commands,
    help="Watches the API of TWS / IB Gateway, and says what to do when it fails.",
    epilog="traymon help <command> shows the options of a command.",
    rich_markup_mode=None,  # frames and colours help neither a pipe nor a light terminal
    pretty_exceptions_enable=False,
    no_args_is_help=False,
    add_completion=False,  # its scripts would start a Python for each Tab
    context_settings={"help_option_names": ["-h", "--help"]},
)
one = partial(app.command, cls=OneCommand)
watch, diagnose = partial(one, rich_help_panel=WATCH), partial(one, rich_help_panel=DIAGNOSE)
set_up, try_out = partial(one, rich_help_panel=SET_UP), partial(one, rich_help_panel=TRY)
watch()(run.run)
watch("open")(control.open_page)
watch()(control.status)
watch()(control.snooze)
watch()(mute.mute)
watch()(mute.unmute)
watch("restart")(quit_restart.restart)
watch("quit")(quit_restart.quit_traymon)
watch("calendar")(calendar.show_calendar)
watch("history")(history.show_history)
watch("events")(events.show_events)
watch("report")(report.write_period_report)
watch("incident")(incident.show_incident)
diagnose()(check.check)
diagnose("wait")(wait.wait_until_good)
diagnose()(gate.gate)
diagnose()(explain.explain)
diagnose("logs")(logs.open_tws_logs)
set_up("config")(config.show_config)
set_up("autostart")(autostart.start_at_login)
set_up("test-notify")(notify_test.send_test_notification)
set_up("completion")(completion.print_completion)
app.add_typer(push.app, name="push", rich_help_panel=SET_UP)
app.add_typer(drill.app, name="drill", rich_help_panel=SET_UP)
try_out()(demo.demo)
try_out()(simulate.simulate)


@app.callback(invoke_without_command=True)
def _default(
    context: typer.Context,
    env: Envs = None,
    targets: Targets = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    no_tray: NoTray = False,
    add: Add = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        print(f"traymon {__version__}")
        raise Exit(0)
    command = context.invoked_subcommand
    if command is None:
        run.run(env, targets, host, port, timeout, no_tray, add)
    elif any((env, targets, host, port, timeout, no_tray, add)):
        usage_error(f"Options go after the command: traymon {command} ...")
