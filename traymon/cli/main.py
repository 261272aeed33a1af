"""The command line: the list of its commands, and how the process starts and ends.

Exit codes: 0 green, 1 red, 2 amber, 3 the settings or the command line cannot be used.
"""

from __future__ import annotations

import codecs
import os
import sys
from typing import Annotated

import typer

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
from traymon.cli.common import EXIT_USAGE, Env, Exit, Host, NoTray, Port, Timeout

ASCII = {"✓": "+", "✗": "x", "…": "...", "→": "->", "·": "-"}

app = typer.Typer(
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


def main() -> None:
    """Run the command line; the console script `traymon`."""
    codecs.register_error("traymon", _replace_unencodable)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a pipe on Windows is cp1252, which has no tick
            stream.reconfigure(errors="traymon")
    try:
        app()
    except Exit:
        raise
    except SystemExit as error:  # 2 is the libraries' code for misuse; here it means amber
        raise SystemExit(EXIT_USAGE if error.code == 2 else error.code) from None
    finally:
        _flush_stdout()


def _replace_unencodable(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that a stream's encoding lacks; an error handler for codecs."""
    assert isinstance(error, UnicodeEncodeError)
    missing = error.object[error.start : error.end]
    return "".join(ASCII.get(character, "?") for character in missing), error.end


def _flush_stdout() -> None:
    """Flush stdout now, so that Python does not complain at exit if its reader has left."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the recipe in the documentation of the module signal
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main_tray() -> None:
    """Run the tray without a console; the GUI script `traymon-tray`."""
    if sys.stdout is None:
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    main()
