"""The command line: its commands, which are in `commands/`, and how it starts and leaves.

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

PLAIN = {"✓": "+", "✗": "x", "…": "...", "→": "->", "·": "-"}

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
    codecs.register_error("traymon", _in_its_letters)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what is piped on Windows is cp1252, without a tick
            stream.reconfigure(errors="traymon")
    try:
        app()
    except Exit:
        raise
    except SystemExit as error:  # 2, the libraries' code for misuse, means amber here
        raise SystemExit(EXIT_USAGE if error.code == 2 else error.code) from None
    finally:
        _leave_quietly()


def _in_its_letters(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that a stream's encoding lacks; an error handler."""
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in lacking), error.end


def _leave_quietly() -> None:
    """Flush what was printed; where its reader has left, Python shall not complain at its end."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # as the documentation of the module `signal` has it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main_tray() -> None:
    """Run the tray without a console; the gui script `traymon-tray`."""
    if sys.stdout is None:
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    main()
