"""How the process of a command starts and ends; the commands themselves are in `commands`.

Exit codes: 0 green, 1 red, 2 amber, 3 something cannot be used or has failed. Imports next to
nothing by itself, so that all of this is in place before anything slow or broken is imported.
"""

from __future__ import annotations

import os
import signal
import sys

from traymon import child_process

TYPE_CHECKING = False  # importing typing would take a while
if TYPE_CHECKING:
    from typing import Any

EXIT_FAILED = 3
EXIT_INTERRUPTED = 130  # what shells use for Ctrl-C
END_SIGNALS = ("SIGTERM", "SIGHUP")


class _Ended(SystemExit):
    """A signal asked for the end; raised so that the terminal is put in order on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


def main() -> None:
    """Run the command line and end the process; the scripts `traymon` and `traymon-tray`."""
    on_ctrl_c = signal.getsignal(signal.SIGINT)
    if on_ctrl_c is signal.default_int_handler:
        # while modules are imported, Ctrl-C ends the process without a word
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    _answer_gate_quickly()
    child_process.run_if_asked()
    import logging

    from traymon.cli.streams import flush_streams, protect_streams

    protect_streams()
    logging.raiseExceptions = False  # a full disk is no reason to fill the terminal
    logging.lastResort = None  # without a log, what is meant for it goes nowhere
    sys.unraisablehook = _log_unraisable
    number = None
    try:
        code = _run(on_ctrl_c)
    except _Ended as end:
        code, number = int(end.code or 0), end.number
    fault = flush_streams()
    if fault:
        print(f"The output is incomplete: {fault}", file=sys.stderr, flush=True)
    logging.shutdown()
    if number is not None:  # so that whoever started us sees what ended us
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(code)  # a plain exit waits for threads, even for one that a name server has hung


def _answer_gate_quickly() -> None:
    """End the process with the answer if it is to ask the gate: there milliseconds count."""
    if sys.argv[1:2] != ["gate"] or "TRAYMON_RESIDENT_PLAN" in os.environ:
        return
    from traymon.cli.quick_gate import run

    code = run(sys.argv[2:])
    if code is not None:
        os._exit(code)


def _run(on_ctrl_c: Any) -> int:
    """Run a command and return its exit code. Raises _Ended."""
    try:
        _import_and_run(on_ctrl_c)
    except _Ended:
        raise
    except SystemExit as end:
        return _exit_code(end)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:  # the last resort: a traceback tells users nothing
        _report_failure(error)
        return EXIT_FAILED
    return 0


def _import_and_run(on_ctrl_c: Any) -> None:
    command = _find_command()
    signal.signal(signal.SIGINT, on_ctrl_c)
    if sys.platform != "win32":
        for name in END_SIGNALS:
            if signal.getsignal(getattr(signal, name)) is signal.SIG_DFL:  # nohup ignores SIGHUP
                signal.signal(getattr(signal, name), _end)
    command()


def _find_command() -> Any:
    """Import and return what this process is to do: what the command line says, or stay."""
    from functools import partial

    if "TRAYMON_RESIDENT_PLAN" in os.environ:
        from traymon.cli.resident import inherited_plan, run_resident

        plan = inherited_plan()
        if plan is not None:
            return partial(run_resident, plan)
    from traymon.cli.commands import app

    return partial(app, prog_name="traymon")


def _end(number: int, frame: object) -> None:
    raise _Ended(number)


def _exit_code(end: SystemExit) -> int:
    """Return the code that a command chose; 1 and 2 of the parser's own become EXIT_FAILED."""
    from traymon.cli.common import Exit

    code = end.code if isinstance(end.code, int) else 0 if end.code is None else EXIT_FAILED
    return EXIT_FAILED if code in (1, 2) and not isinstance(end, Exit) else code


def _log_unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    """Log what fails where nobody can catch it, such as an object that Ctrl-C left half made."""
    import logging

    logging.getLogger(__name__).info(
        "ignored in %r", unraisable.object, exc_info=unraisable.exc_value
    )


def _report_failure(error: Exception) -> None:
    """Print one line, and write the traceback into the log."""
    what = str(error).strip() or type(error).__name__
    line = "".join(char if char.isprintable() else " " for char in what.splitlines()[0])
    try:
        from traymon.cli.log import log_failure

        details = log_failure(error)
    except Exception:  # a broken installation; the line has to do
        details = ""
    print(f"traymon failed: {line}{details}", file=sys.stderr)
