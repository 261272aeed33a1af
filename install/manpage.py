"""Writes traymon's man page, with all commands, options and settings: `python install/manpage.py`.

For who packages traymon; prints it. SOURCE_DATE_EPOCH sets its date.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from traymon import __version__
from traymon.cli.command_line import Command, Parameter, describe
from traymon.cli.commands import app
from traymon.config.schema import FIELDS, summary

EXIT_CODES = (
    ("0", "green"),
    ("1", "red"),
    ("2", "amber"),
    ("3", "the settings or the command line cannot be used, or traymon has failed"),
)


def main() -> None:
    moment = float(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    sys.stdout.write(page(describe(app), datetime.fromtimestamp(moment, UTC)))


def page(traymon: Command, day: datetime) -> str:
    """Return the page, in the form that `man` reads."""
    return "\n".join([*_lines(traymon, day), ""])


def _lines(traymon: Command, day: datetime) -> Iterator[str]:
    yield f'.TH TRAYMON 1 "{day:%Y-%m-%d}" "traymon {__version__}" "User Commands"'
    yield ".SH NAME"
    yield rf"traymon \- {escaped(traymon.says[0].lower() + traymon.says[1:].rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield r"\fBtraymon\fR [\fIoptions\fR]"
    yield ".br"
    yield r"\fBtraymon\fR \fIcommand\fR [\fIoptions\fR]"
    yield ".SH OPTIONS"
    yield from _parameters(traymon.options)
    yield ".SH COMMANDS"
    for command in [*traymon.with_all_below()][1:]:
        yield f".SS {escaped(command.line)}"
        yield escaped(command.says)
        yield from _parameters((*command.arguments, *command.options))
    yield ".SH EXIT STATUS"
    yield "Of check and status:"
    for code, says in EXIT_CODES:
        yield from _entry(code, says)
    yield ".SH ENVIRONMENT"
    yield r"The same names set all this in a trading project's \fI.env\fR file."
    for key in FIELDS:
        yield from _entry(rf"\fB{key}\fR", _upper_first(summary(key).replace("`", "")))


def _parameters(parameters: Sequence[Parameter]) -> Iterator[str]:
    for one in parameters:
        value = rf"\fI{escaped(one.value)}\fR" if one.value else ""
        name = rf"\fB{escaped(', '.join(one.names))}\fR" if one.names else ""
        yield from _entry(" ".join(filter(None, (name, value))), one.says)


def _entry(title: str, says: str) -> Iterator[str]:
    yield ".TP"
    yield title
    yield escaped(says) or r"\&"


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def escaped(text: str) -> str:
    r"""Return a text in one line of which `man` takes nothing for its own language.

    A hyphen is that of the keyboard, so that a command can be copied from the page.
    """
    line = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{line}" if line.startswith((".", "'")) else line


if __name__ == "__main__":
    main()
