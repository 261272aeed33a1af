"""What TWS says in its messages, as bounded plain text: untrusted, in any language and encoding.

No sockets, no clock, no meaning: what a code means is in `system_messages`.
"""

from __future__ import annotations

import re
import unicodedata

MAX_TEXT_LENGTH = 2_000  # characters of one message: lists of farms are long
MAX_SHOWN_LENGTH = 140  # characters of one message among others
MAX_SHOWN = 3  # messages
# Sent at every start of a session and all day: the states of the data farms when all is well.
ROUTINE = frozenset({2104, 2106, 2107, 2108, 2119, 2158})


class TwsWords:
    """The last few messages of one connection; routine ones only while there are no others."""

    def __init__(self) -> None:
        self._routine: list[str] = []
        self._others: list[str] = []

    def add(self, code: int, text: str) -> None:
        """Add a message, in place of an earlier one with the same words."""
        words = f"{code}: {text}"
        if len(words) > MAX_SHOWN_LENGTH:
            words = words[: MAX_SHOWN_LENGTH - 1] + "…"
        kept = self._routine if code in ROUTINE else self._others
        if words in kept:
            kept.remove(words)
        kept.append(words)
        del kept[:-MAX_SHOWN]

    @property
    def text(self) -> str:
        """The messages, newest first: `10141: Paper trading disclaimer … / 2104: …`."""
        return " / ".join(reversed(self._others or self._routine))

    @property
    def notable(self) -> str:
        """The same without routine messages."""
        return " / ".join(reversed(self._others))


def plain(text: str) -> str:
    r"""Return a message's text as one bounded line without control characters.

    A localised TWS sends letters as `\uXXXX` from version 153 on (@stoqey/ib, `decoder.js`).
    """
    text = unescape(text[: 6 * MAX_TEXT_LENGTH])  # an escaped letter has six characters
    line = " ".join(text.split())
    if not (line.isascii() and line.isprintable()):
        line = "".join("?" if unicodedata.category(c)[0] == "C" else c for c in line)
    return line[:MAX_TEXT_LENGTH]


def unescape(text: str) -> str:
    r"""Return text with each `\uXXXX` decoded."""
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
