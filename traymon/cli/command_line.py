"""What can be typed after `traymon`, as plain values for what completes or documents it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import typer
from typer.main import get_command

FILES = {"<file>", "<path>"}  # the values that a shell completes with names of files
MAX_SAYS = 200  # characters; longer ones would be cut


@dataclass(frozen=True, slots=True)
class Parameter:
    """An option with its names, or an argument without."""

    names: tuple[str, ...]
    value: str  # as the help shows it: `<file>`; "" for a switch
    says: str
    choices: tuple[str, ...]  # the values it may have, as far as they are known

    @property
    def takes_file(self) -> bool:
        """Whether its value is a file."""
        return self.value in FILES


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or traymon itself."""

    line: str  # how it is typed: `traymon push test`
    says: str
    options: tuple[Parameter, ...]
    arguments: tuple[Parameter, ...]
    commands: tuple[Command, ...]

    @property
    def word(self) -> str:
        """The last word of how it is typed."""
        return self.line.rpartition(" ")[2]

    @property
    def offers(self) -> Sequence[tuple[str, str]]:
        """What may follow besides options, each with what it says."""
        commands = [(one.word, one.says) for one in self.commands]
        return commands + [(choice, "") for one in self.arguments for choice in one.choices]

    @property
    def takes_file(self) -> bool:
        """Whether a file may follow."""
        return any(one.takes_file for one in self.arguments)

    def with_all_below(self) -> Iterator[Command]:
        """Yield this command and all of its own."""
        yield self
        for command in self.commands:
            yield from command.with_all_below()


def describe(app: typer.Typer, line: str = "traymon") -> Command:
    """Return what can be typed to run an app."""
    return _command(get_command(app), line)


def _command(found: Any, line: str) -> Command:
    context = typer.Context(found)
    shown = [one for one in found.params if not getattr(one, "hidden", False)]
    subcommands = getattr(found, "commands", {}).items()
    return Command(
        line=line,
        says=found.get_short_help_str(MAX_SAYS),
        options=tuple(_parameter(one, context) for one in shown if _is_option(one)),
        arguments=tuple(_parameter(one, context) for one in shown if not _is_option(one)),
        commands=tuple(
            _command(one, f"{line} {name}") for name, one in subcommands if not one.hidden
        ),
    )


def _is_option(found: Any) -> bool:
    return bool(found.param_type_name == "option")


def _parameter(found: Any, context: typer.Context) -> Parameter:
    is_option = _is_option(found)
    return Parameter(
        names=tuple(found.opts) if is_option else (),
        value="" if is_option and found.is_flag else found.metavar or found.name.upper(),
        says=found.help or "",
        choices=tuple(item.value for item in found.shell_complete(context, "")),
    )
