"""The command line: the list of its commands."""

from __future__ import annotations

from typing import Annotated, Any

import typer
import typer.core

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
from traymon.cli.main import EXIT_INTERRUPTED

WATCH, DIAGNOSE, SET_UP, TRY = "Watch", "Diagnose", "Set up", "Try"  # headings of the help
MAX_SHORT_HELP = 200  # characters; longer ones would be cut
ALIASES = {"help": "--help", "version": "--version"}


class Commands(typer.core.TyperGroup):
    """Runs commands; lets neither Ctrl-C nor an error end with exit code 1, which means red."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take `help`, `help COMMAND` and `version` for the options that do the same."""
        if args and args[0] in ALIASES:
            args = [*args[1:], ALIASES[args[0]]]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands, under a heading for what each is for."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            if not command.hidden:
                row = (name, command.get_short_help_str(MAX_SHORT_HELP))
                groups.setdefault(str(getattr(command, "rich_help_panel", "")), []).append(row)
        column = max(len(name) for name in self.commands)
        for heading, rows in groups.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:{column}}", says) for name, says in rows])

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
app.command(rich_help_panel=WATCH)(run.run)
app.command("open", rich_help_panel=WATCH)(control.open_page)
app.command(rich_help_panel=WATCH)(control.status)
app.command(rich_help_panel=WATCH)(control.snooze)
app.command(rich_help_panel=WATCH)(mute.mute)
app.command(rich_help_panel=WATCH)(mute.unmute)
app.command("restart", rich_help_panel=WATCH)(quit_restart.restart)
app.command("quit", rich_help_panel=WATCH)(quit_restart.quit_traymon)
app.command("calendar", rich_help_panel=WATCH)(calendar.show_calendar)
app.command("history", rich_help_panel=WATCH)(history.show_history)
app.command("events", rich_help_panel=WATCH)(events.show_events)
app.command("report", rich_help_panel=WATCH)(report.write_period_report)
app.command("incident", rich_help_panel=WATCH)(incident.show_incident)
app.command(rich_help_panel=DIAGNOSE)(check.check)
app.command("wait", rich_help_panel=DIAGNOSE)(wait.wait_until_good)
app.command(rich_help_panel=DIAGNOSE)(gate.gate)
app.command(rich_help_panel=DIAGNOSE)(explain.explain)
app.command("logs", rich_help_panel=DIAGNOSE)(logs.open_tws_logs)
app.command("config", rich_help_panel=SET_UP)(config.show_config)
app.command("autostart", rich_help_panel=SET_UP)(autostart.start_at_login)
app.command("test-notify", rich_help_panel=SET_UP)(notify_test.send_test_notification)
app.command("completion", rich_help_panel=SET_UP)(completion.print_completion)
app.add_typer(push.app, name="push", rich_help_panel=SET_UP)
app.add_typer(drill.app, name="drill", rich_help_panel=SET_UP)
app.command(rich_help_panel=TRY)(demo.demo)
app.command(rich_help_panel=TRY)(simulate.simulate)


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
        usage_error(f"Options stand after the command: traymon {command} ...")
