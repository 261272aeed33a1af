"""A console for output with colours: plain whole lines into a pipe, fixed width on a screen."""

from __future__ import annotations

import sys
from typing import Any, ClassVar, TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Markdown
from rich.text import Text
from rich.theme import Theme

PIPE_WIDTH = 5000  # columns: no paragraph is longer, so that a pipe gets it as one line
# No colours that vanish on a light or a dark background; rich's own code is cyan on black.
THEME = Theme(
    {
        "markdown.code": "bold",
        "markdown.code_block": "bold",
        "markdown.h2": "bold",
        "markdown.link": "underline",
        "markdown.link_url": "underline",
        "markdown.item.number": "bold",
        "markdown.item.bullet": "bold",
    }
)
BLANKS = " \t"


def new_console(*, quiet: bool = False, stderr: bool = False) -> Console:
    """Return a console on stdout, or on stderr."""
    file: TextIO = sys.stderr if stderr else sys.stdout
    console = Console(file=file, theme=THEME, highlight=False, quiet=quiet)
    if console.is_terminal:
        return console
    unpadded: Any = UnpaddedFile(file)
    return Console(file=unpadded, theme=THEME, highlight=False, quiet=quiet, width=PIPE_WIDTH)


class UnpaddedFile:
    """A text file whose lines end without blanks: rich pads them to the width."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._held = ""  # blanks that end their line, unless something follows them

    def write(self, text: str) -> int:
        """Write the text without the blanks at the ends of its lines, in whatever parts it comes.

        On Windows rich writes a line in several parts.
        """
        *lines, last = (self._held + text).split("\n")
        begun = last.rstrip(BLANKS)
        self._held = last[len(begun) :]
        self._file.write("\n".join([*(line.rstrip(BLANKS) for line in lines), begun]))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _CommandBlock(CodeBlock):
    """A block of code as plain indented lines, so that it can be read and copied anywhere."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = str(self.text).rstrip().splitlines()
        yield Text("\n".join(f"    {line}" for line in lines), "markdown.code_block", no_wrap=True)


class PageMarkdown(Markdown):
    """The Markdown of fix pages."""

    elements: ClassVar = {**Markdown.elements, "fence": _CommandBlock, "code_block": _CommandBlock}

    def __init__(self, markup: str) -> None:
        super().__init__(markup, hyperlinks=False)  # shows the addresses, which can be copied
