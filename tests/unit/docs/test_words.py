"""Users read plain English: phrases that once cost them time and trust do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.repository import ROOT

# Each with what to write in its place.
BANNED = {
    r"look(?:s|ed)? whether": "check whether",
    r"stays? so": "if nothing changes",
    r"quiet moment": "when nothing depends on the connection",
    r"anew": "again",
    r"mend(?:s|ed|ing)?": "fix",
    r"IB already has": "already sent to IB",
    r"word for word": "Raw result",
    r"looks in a row": "checks in a row",
    r"a dash means": "leave the sentence out",
    r"no part in this": "do not matter here",
    r"makers of traymon": "the traymon developers",
    r"say goodbye": "disconnect cleanly",
    r"what is so|so it is|so a notice": "the current state",
    r"hangs? up without a word": "closes the connection",
    r"the next look|last look|a fresh look|first look (?:at|is|has)": "check",
    r"notices are|no notices|send notices|one notice|(?:each|every) notice": "notification",
}
DOCUMENTS = [
    *(ROOT / "assets").glob("*.j2"),
    *(ROOT / "assets").glob("*.js"),
    *(ROOT / "assets").glob("*.toml"),
    *(ROOT / "assets").rglob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "install").glob("*.sh"),
    *(ROOT / "install").glob("*.ps1"),
    ROOT / "README.md",
    ROOT / ".env.example",
]
SOURCES = [*(ROOT / "traymon").rglob("*.py"), *(ROOT / "install").glob("*.py")]


def strings(path: Path) -> Iterator[str]:
    """Yield the strings of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield node.value if isinstance(node.value, str) else ""


def banned_in(text: str) -> list[str]:
    pattern = rf"\b(?:{'|'.join(BANNED)})\b"
    return [match[0] for match in re.finditer(pattern, " ".join(text.split()), re.IGNORECASE)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_text_for_users_is_in_plain_english(path: Path) -> None:
    assert banned_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_the_program_prints_is_in_plain_english(path: Path) -> None:
    assert banned_in("\n".join(strings(path))) == []


def test_a_banned_phrase_is_found_wherever_a_line_breaks() -> None:
    assert banned_in("Look\n whether TWS") == ["Look whether"]
    assert banned_in("a manew; amended") == []
