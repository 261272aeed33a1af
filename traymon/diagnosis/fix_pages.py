"""The words for a diagnosis: assets/fixes/<code>.md with the facts filled in.

Facts may come from the wire: they are cleaned here, and put into HTML only escaped and only after
the Markdown was rendered, so that no fact can be read as Markdown or HTML.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt

from traymon import assets
from traymon.core.facts import FACTS, FactKey, Facts, ShownAs
from traymon.core.target import mask_accounts
from traymon.errors import FixPageError

SECTIONS = (
    "In short",
    "What it means",
    "Fix",
    "How to check",
    "If that did not help",
)
DASH = "—"  # what a fact that nobody found reads as
LONGEST_VALUE = 300  # characters of one fact on a page

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_WHERE_FOUND = re.compile(r"\{\?([a-z_]+): (.*?)\?\}", re.DOTALL)  # words that need a fact
_MARKDOWN_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_MARKDOWN_SIGN = re.compile(r"([\\`*_\[\]<>#|!&~])")


@dataclass(frozen=True, slots=True)
class Page:
    """One page as written: the headline and the five sections, placeholders and all."""

    code: str
    headline: str
    sections: dict[str, str]

    @property
    def in_short(self) -> str:
        """The section that a notice carries, as one line."""
        return " ".join(self.sections["In short"].split())

    @property
    def markdown(self) -> str:
        """The whole page without the headline, as Markdown."""
        return "\n\n".join(f"## {title}\n\n{text}" for title, text in self.sections.items())


@cache
def notification_text(name: str) -> tuple[str, str]:
    """Return title and body of a notification: assets/notifications/<name>.md."""
    text = (assets.folder() / "notifications" / f"{name}.md").read_text(encoding="utf-8")
    title, _, body = text.partition("\n")
    return title.removeprefix("# ").strip(), " ".join(body.split())


@cache
def page(code: str) -> Page:
    """Return the page of a code. Raises FixPageError if it is missing or malformed."""
    path = assets.folder() / "fixes" / f"{code}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FixPageError(f"no page for {code}: {error}") from error
    head, *parts = re.split(r"^## +", text, flags=re.MULTILINE)
    headline = head.strip().removeprefix("# ").strip()
    sections = {}
    for part in parts:
        title, _, body = part.partition("\n")
        sections[title.strip()] = body.strip()
    if not head.startswith("# ") or "\n" in headline or tuple(sections) != SECTIONS:
        raise FixPageError(f"{path}: wants a headline and the sections {', '.join(SECTIONS)}")
    named = {*_PLACEHOLDER.findall(text), *(name for name, _ in _WHERE_FOUND.findall(text))}
    unknown = named - FACTS.keys()
    if unknown:
        raise FixPageError(f"{path}: names facts that do not exist: {', '.join(sorted(unknown))}")
    return Page(code, headline, sections)


def fill(text: str, facts: Facts) -> str:
    """Return plain text with its facts; one that nobody found reads as a dash."""
    text = _where_found(text, facts)
    return _PLACEHOLDER.sub(lambda match: _value(match[1], facts), text)


def to_markdown(markdown: str, facts: Facts) -> str:
    """Return Markdown with its facts, which are nothing but text wherever it is rendered."""
    parts = _MARKDOWN_CODE.split(_where_found(markdown, facts))  # text and code by turns

    def put_in(part: str, as_it_is: Callable[[str], str]) -> str:
        return _PLACEHOLDER.sub(lambda match: as_it_is(_value(match[1], facts)), part)

    return "".join(put_in(part, (literal, literal_in_code)[i % 2]) for i, part in enumerate(parts))


def literal(text: str) -> str:
    """Return one line of text so that Markdown shows it as it is."""
    return _MARKDOWN_SIGN.sub(r"\\\1", text)


def literal_in_code(text: str) -> str:
    """Return one line of text that cannot end the Markdown code in which it stands."""
    return text.replace("`", "'")


def to_html(markdown: str, facts: Facts) -> str:
    """Return Markdown as HTML with its facts, which are escaped and nothing but text."""
    markdown = _where_found(markdown, facts)
    rendered: str = MarkdownIt("commonmark", {"html": False}).render(markdown)
    return _PLACEHOLDER.sub(lambda match: escape(_value(match[1], facts)), rendered)


def _where_found(text: str, facts: Facts) -> str:
    """Return the text, with `{?fact: words?}` only where the fact was found."""
    return _WHERE_FOUND.sub(lambda m: m[2] if FACTS[m[1]] in facts else "", text)


def _value(name: str, facts: Facts) -> str:
    fact = FACTS[name]
    value = facts.get(fact)
    return DASH if value is None or value == "" else clean(show(fact, value))


def show(fact: FactKey[Any], value: Any) -> str:
    """Return a fact as users read it: `12 ms`, `10, 11`, `7497`."""
    if fact.shown_as is ShownAs.DURATION:
        return duration(abs(value))
    if fact.several and not isinstance(value, str):  # a text stands in place of programs
        return ", ".join(str(item) for item in value)
    return str(value)


def clean(text: str) -> str:
    """Return untrusted text as one short line without control or direction-changing characters."""
    line = mask_accounts(" ".join(text.split()))
    line = "".join("?" if unicodedata.category(char)[0] == "C" else char for char in line)
    return line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 1] + "…"


def duration(seconds: float) -> str:
    """Return a duration as users read it: `12 ms`, `2.6 s`, `4 min 10 s`, `2 h 5 min`, `3 d`."""
    if seconds < 0.9995:
        return f"{max(round(seconds * 1000), 0)} ms" if seconds >= 0.001 else "under 1 ms"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    for unit, name, part, part_name in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= unit:
            count, rest = whole // unit, whole % unit // part
            return f"{count} {name} {rest} {part_name}" if rest else f"{count} {name}"
    return f"{whole} s"
