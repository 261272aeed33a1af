"""What `--help` prints.

The library shows arguments in the notation of Python, such as `<how long> <list[str]>`, and cuts
what a command is for.
"""

from __future__ import annotations

from typing import Any

import typer.core

MAX_SHORT_HELP = 200  # characters; longer ones would be cut


class OneCommand(typer.core.TyperCommand):
    """A command whose arguments are shown as they are typed: `<command>...`, or `[<code>]`."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what the first line of the help says after the command."""
        return ["[OPTIONS]", *map(_as_typed, self._arguments())]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the lists of arguments and of options."""
        arguments = [(one.metavar, one.help) for one in self._arguments()]
        options = [one for one in self.get_params(ctx) if one.param_type_name == "option"]
        records = [record for one in options if (record := one.get_help_record(ctx))]
        for heading, rows in (("Arguments", arguments), ("Options", records)):
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)

    def _arguments(self) -> list[Any]:
        return [one for one in self.params if one.param_type_name == "argument"]


class CommandGroup(typer.core.TyperGroup):
    """Commands that are listed under headings, each with all that it says."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands, under a heading for what each is for."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            if not command.hidden:
                row = (name, command.get_short_help_str(MAX_SHORT_HELP))
                heading = getattr(command, "rich_help_panel", None)
                groups.setdefault(heading or "Commands", []).append(row)
        column = max(len(name) for name in self.commands)
        for heading, rows in groups.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:{column}}", says) for name, says in rows])


def _as_typed(argument: Any) -> str:
    typed = argument.metavar if argument.required else f"[{argument.metavar}]"
    return typed if argument.nargs == 1 else f"{typed}..."
