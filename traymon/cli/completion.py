"""`traymon completion`: what a shell needs to complete traymon's commands and options.

A script holds all of them, so that to press Tab starts no traymon and costs no time.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from traymon.cli.common import usage_error

if TYPE_CHECKING:
    from traymon.cli.command_line import Command

SHELLS = ("bash", "zsh", "fish", "powershell")
QUOTES = {  # what a shell reads as a quote within '...', and as a backslash
    "bash": (r"'\''", "\\"),
    "zsh": (r"'\''", "\\"),
    "fish": (r"\'", r"\\"),
    "powershell": ("''", "\\"),
}


def print_completion(
    shell: Annotated[
        str,
        typer.Argument(
            help="Your shell.",
            metavar="|".join(SHELLS),
            autocompletion=lambda: list(SHELLS),
        ),
    ],
) -> None:
    """Print a script that lets your shell complete commands and options."""
    from traymon.cli.command_line import describe
    from traymon.cli.commands import app

    if shell not in SHELLS:
        usage_error(f"Unknown shell {shell!r}. Use {', '.join(SHELLS)}.")
    sys.stdout.write(script(shell, describe(app)))


def script(shell: str, traymon: Command) -> str:
    """Return the script for a shell."""
    import jinja2

    from traymon import assets

    quote, backslash = QUOTES[shell]

    def quoted(text: str) -> str:
        return "'" + text.replace("\\", backslash).replace("'", quote) + "'"

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(assets.folder() / "completion"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = quoted
    return environment.get_template(f"{shell}.j2").render(commands=[*traymon.with_all_below()])
