"""How a command is typed: in PowerShell on Windows, in a POSIX shell elsewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

# PowerShell takes these as they are; it has meanings for many others, such as `,` and `@`.
_PLAIN = re.compile(r"[\w.:\\/][\w.:\\/+-]*")
_PLAIN_OPTION = re.compile(r"--?[\w-]+")
# PowerShell replaces names after $ and takes typographic quotes for quotes.
_SPECIAL_IN_DOUBLE_QUOTES = re.compile('[$`"\u201c\u201d\u201e]')
_SINGLE_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


def typed(words: Sequence[str], *, for_powershell: bool) -> str:
    """Return a command as it is typed in PowerShell, or else in a POSIX shell."""
    if not for_powershell:
        return shlex.join(words)
    program, *arguments = map(_quote_for_powershell, words)
    # PowerShell takes a quoted word for a text, unless it is called
    called = program if program == words[0] else f"& {program}"
    return " ".join([called, *arguments])


def _quote_for_powershell(word: str) -> str:
    if _PLAIN.fullmatch(word) or _PLAIN_OPTION.fullmatch(word):
        return word
    if _SPECIAL_IN_DOUBLE_QUOTES.search(word):
        return "'" + _SINGLE_QUOTES.sub(r"\1\1", word) + "'"
    return f'"{word}"'
