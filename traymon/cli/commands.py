"""The command line: the list of its commands."""

from __future__ import annotations

from typing import Annotated, Any

import typer
import typer.core

from traymon import __version__
from traymon.cli import (
    autostart,
    check,
    config,
    control,
    demo,
    explain,
    notify_test,
    run,
    simulate,
    wait,
)
from traymon.cli.common import Env, Exit, Host, NoTray, Port, Timeout
from traymon.cli.main import EXIT_INTERRUPTED


class Commands(typer.core.TyperGroup):
    """Runs commands; lets neither Ctrl-C nor an error end with exit code 1, which means red."""

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
    help="Watches the API of TWS / IB Gateway and says what to do when it fails.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run.run)
app.command("open")(control.open_page)
app.command()(control.status)
app.command()(check.check)
app.command("wait")(wait.wait_until_good)
app.command()(control.snooze)
app.command("test-notify")(notify_test.test_notify)
app.command("autostart")(autostart.start_at_login)
app.command()(explain.explain)
app.command("config")(config.show_config)
app.command()(demo.demo)
app.command()(simulate.simulate)


@app.callback(invoke_without_command=True)
def _default(
    context: typer.Context,
    env: Env = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    no_tray: NoTray = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(f"traymon {__version__}")
        raise Exit(0)
    if context.invoked_subcommand is None:
        run.run(env, host, port, timeout, no_tray)
