"""The words for a diagnosis: assets/fixes/<code>.md with the facts filled in.

Facts may come from the wire, so they are untrusted. They are cleaned here. They enter HTML escaped
and only after the Markdown was rendered, so that no fact can be read as Markdown or HTML.
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
from traymon.diagnosis.formatting import duration
from traymon.errors import FixPageError

SECTIONS = (
    "In short",
    "What it means",
    "Fix",
    "How to check",
    "If that did not help",
)
DASH = "—"  # stands for a fact that was not found
MAX_VALUE_LENGTH = 300  # characters of one fact on a page

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
# Text that needs a fact, `{?fact: words?}`, or that needs it to be missing, `{!fact: words!}`.
# One of the first kind may hold some of the second.
_CONDITIONAL = re.compile(r"\{([?!])([a-z_]+): (.*?)\1\}", re.DOTALL)
_CONDITION = re.compile(r"\{[?!]([a-z_]+):")
_MARKDOWN_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_\[\]<>#|!&~])")


@dataclass(frozen=True, slots=True)
class Page:
    """One page as written: the headline and the five sections, with their placeholders."""

    code: str
    headline: str
    sections: dict[str, str]

    @property
    def in_short(self) -> str:
        """The section that a notification carries, as one line."""
        return " ".join(self.sections["In short"].splitlines())

    @property
    def markdown(self) -> str:
        """The whole page without the headline, as Markdown."""
        return "\n\n".join(f"## {title}\n\n{text}" for title, text in self.sections.items())


@cache
def notification_text(name: str) -> tuple[str, str]:
    """Return title and body from assets/notifications/<name>.md."""
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
    named = {*_PLACEHOLDER.findall(text), *_CONDITION.findall(text)}
    unknown = named - FACTS.keys()
    if unknown:
        raise FixPageError(f"{path}: names facts that do not exist: {', '.join(sorted(unknown))}")
    return Page(code, headline, sections)


def fill(text: str, facts: Facts) -> str:
    """Return plain text with its facts filled in; a fact that was not found becomes a dash."""
    text = _resolve_conditionals(text, facts)
    return _PLACEHOLDER.sub(lambda match: _value(match[1], facts), text)


def to_markdown(markdown: str, facts: Facts) -> str:
    """Return Markdown with its facts filled in; no fact is ever rendered as markup."""
    parts = _MARKDOWN_CODE.split(_resolve_conditionals(markdown, facts))  # text, code, text, ...

    def fill_part(part: str, escape_value: Callable[[str], str]) -> str:
        return _PLACEHOLDER.sub(lambda match: escape_value(_value(match[1], facts)), part)

    return "".join(
        fill_part(part, literal_in_code if i % 2 else literal) for i, part in enumerate(parts)
    )


def literal(text: str) -> str:
    """Escape one line of text so that Markdown shows it verbatim."""
    return _MARKDOWN_SPECIAL.sub(r"\\\1", text)


def literal_in_code(text: str) -> str:
    """Change one line of text so that it cannot end the Markdown code around it."""
    return text.replace("`", "'")


def to_html(markdown: str, facts: Facts) -> str:
    """Return Markdown as HTML, with its facts filled in and escaped."""
    markdown = _resolve_conditionals(markdown, facts)
    rendered: str = MarkdownIt("commonmark", {"html": False}).render(markdown)
    return _PLACEHOLDER.sub(lambda match: escape(_value(match[1], facts)), rendered)


def _resolve_conditionals(text: str, facts: Facts) -> str:
    """Keep the words whose condition holds, and drop the others."""

    def words(match: re.Match[str]) -> str:
        sign, name, inner = match.groups()
        return (
            _resolve_conditionals(inner, facts) if (FACTS[name] in facts) is (sign == "?") else ""
        )

    return _CONDITIONAL.sub(words, text)


def _value(name: str, facts: Facts) -> str:
    fact = FACTS[name]
    value = facts.get(fact)
    return DASH if value is None or value == "" else clean(show(fact, value))


def show(fact: FactKey[Any], value: Any) -> str:
    """Return a fact's value as users read it: `12 ms`, `10, 11`, `7497`."""
    if fact.shown_as is ShownAs.DURATION:
        return duration(abs(value))
    if fact.several and not isinstance(value, str):  # programs may be formatted already
        return ", ".join(str(item) for item in value)
    return str(value)


def clean(text: str) -> str:
    """Return untrusted text as one short line without control or bidirectional characters."""
    line = mask_accounts(" ".join(text.split()))
    line = "".join("?" if unicodedata.category(char)[0] == "C" else char for char in line)
    return line if len(line) <= MAX_VALUE_LENGTH else line[: MAX_VALUE_LENGTH - 1] + "…"
