"""The words for a diagnosis: assets/fixes/<code>.md with the facts filled in.

Facts may come from the wire, so they are untrusted. They are cleaned here. They enter HTML escaped
and only after the Markdown was rendered, so that no fact can be read as Markdown or HTML.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from traymon import assets
from traymon.core.facts import FACTS, Fact, FactKey, Facts, ShownAs
from traymon.core.target import USUAL_COMMANDS, Commands, Limits, mask_accounts
from traymon.diagnosis.formatting import duration
from traymon.errors import FixPageError

if TYPE_CHECKING:  # loaded with the first page, which most traymons never show
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

SECTIONS = (
    "In short",
    "What it means",
    "Fix",
    "How to check",
    "If that did not help",
)
MAX_VALUE_LENGTH = 300  # characters of one fact on a page

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
# Text that needs a fact, `{?fact: words?}`, or that needs it to be missing, `{!fact: words!}`.
# Such text may hold more of it.
_CONDITION = re.compile(r"\{([?!])([a-z_]+): |([?!])\}")
_PHRASE = re.compile(r"\{>([a-z_]+)\}")  # a phrase of assets/phrases.md, `{>orders_stay}`
_MARKDOWN_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_NUMBERED = re.compile(r"^\d+\. +(.*?)(?=^\d+\. |\Z)", re.DOTALL | re.MULTILINE)
# Marks of Markdown with what they enclose: bold, a link (of which its words stay), code.
_MARKUP = re.compile(r"\*\*|\[([^\]\n]+)\]\([^)\n]+\)|```\w*\n?|`([^`\n]+)`")
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_\[\]<>#|!&~])")


@dataclass(frozen=True, slots=True)
class Page:
    """One page as written: the headline and the five sections, with their placeholders."""

    code: str
    headline: str
    sections: dict[str, str]
    facts: frozenset[FactKey[Any]]  # that it names

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
    return title.removeprefix("# ").strip(), " ".join(body.strip().splitlines())


@cache
def _phrases() -> Mapping[str, str]:
    """Return the phrases that several pages share, by name; they may name other phrases."""
    text = (assets.folder() / "phrases.md").read_text(encoding="utf-8")
    parts = (part.partition("\n") for part in re.split(r"^## +", text, flags=re.MULTILINE)[1:])
    return {name.strip(): " ".join(words.strip().splitlines()) for name, _, words in parts}


def _expand_phrases(text: str) -> str:
    """Put the shared phrases into a page. Raises FixPageError for one that does not exist."""

    def words(match: re.Match[str]) -> str:
        try:
            return _expand_phrases(_phrases()[match[1]])
        except KeyError:
            raise FixPageError(f"no phrase {match[1]} in assets/phrases.md") from None

    return _PHRASE.sub(words, text)


@cache
def page(code: str) -> Page:
    """Return the page of a code. Raises FixPageError if it is missing or malformed."""
    path = assets.folder() / "fixes" / f"{code}.md"
    try:
        text = _expand_phrases(path.read_text(encoding="utf-8"))
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
    named = {*_PLACEHOLDER.findall(text), *(m[2] for m in _CONDITION.finditer(text) if m[2])}
    unknown = named - FACTS.keys()
    if unknown:
        raise FixPageError(f"{path}: names facts that do not exist: {', '.join(sorted(unknown))}")
    return Page(code, headline, sections, frozenset(FACTS[name] for name in named))


def fill(text: str, facts: Facts) -> str:
    """Return plain text with its facts filled in; a missing fact becomes its name: `PORT`."""
    text = _resolve_conditionals(text, facts)
    return _PLACEHOLDER.sub(lambda match: _value(match[1], facts), text)


def first_step(page: Page, facts: Facts) -> str:
    """Return the first step of a page's fix as Markdown with placeholders: what to do next."""
    blocks = _steps(page, facts)[0].split("\n\n")
    # what a colon announces is in the next block
    count = 2 if blocks[0].rstrip().endswith(":") else 1
    return "\n\n".join(textwrap.dedent(block).strip("\n") for block in blocks[:count])


def steps_as_text(page: Page, facts: Facts) -> list[str]:
    """Return all steps of a page's fix as plain text, for where no Markdown is shown."""
    return [_as_text(step, facts) for step in _steps(page, facts)]


def _as_text(step: str, facts: Facts) -> str:
    first, _, others = _MARKUP.sub(r"\1\2", step).partition("\n")
    lines = (line.rstrip() for line in (first, *textwrap.dedent(others).splitlines()))
    return fill("\n".join(filter(None, lines)), facts)


def _steps(page: Page, facts: Facts) -> list[str]:
    """Return the numbered steps of a page's fix; all of it as one if it has no numbers."""
    fix = _resolve_conditionals(page.sections["Fix"], facts)
    return _NUMBERED.findall(fix) or [fix]


def general_facts(commands: Commands = USUAL_COMMANDS) -> Facts:
    """Return what a page says of no target in particular: the default limits, no host, no port."""
    limits = Limits()
    return {
        Fact.TIMEOUT: limits.timeout,
        Fact.SLOW_BOUND: limits.slow,
        Fact.MIN_VERSION: limits.min_version,
        **command_facts(commands),
    }


def command_facts(commands: Commands) -> Facts:
    """Return the commands that a page may tell the user to type."""
    return {
        Fact.TRAYMON: commands.traymon,
        Fact.CHECK: commands.check,
        Fact.WAIT: commands.wait,
    }


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
    rendered: str = _html_renderer().render(markdown)
    return _PLACEHOLDER.sub(lambda match: escape(_value(match[1], facts)), rendered)


@cache
def _html_renderer() -> MarkdownIt:
    """Return a Markdown renderer whose links open beside the page and do not name it."""
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("commonmark", {"html": False})

    def open_link(_: object, tokens: Sequence[Token], index: int, *rest: object) -> str:
        address = escape(str(tokens[index].attrs["href"]))
        return f'<a href="{address}" rel="noreferrer" target="_blank">'

    renderer.add_render_rule("link_open", open_link)
    return renderer


def _resolve_conditionals(text: str, facts: Facts) -> str:
    """Keep the words whose condition holds, and drop the others."""
    kept: list[str] = []
    open_signs: list[tuple[str, bool]] = []  # each with whether its words are kept
    end = 0
    for match in _CONDITION.finditer(text):
        sign, name, closing = match.groups()
        if closing and (not open_signs or open_signs[-1][0] != closing):
            continue  # an ordinary question or exclamation mark
        if all(is_kept for _, is_kept in open_signs):
            kept.append(text[end : match.start()])
        end = match.end()
        if closing:
            open_signs.pop()
        else:
            open_signs.append((sign, (FACTS[name] in facts) is (sign == "?")))
    return "".join(kept) + text[end:]


def _value(name: str, facts: Facts) -> str:
    fact = FACTS[name]
    value = facts.get(fact)
    if value is None or value == "":
        return name.upper()
    # a command that is cut or masked would not work
    return printable(value) if fact.shown_as is ShownAs.COMMAND else clean(show(fact, value))


def show(fact: FactKey[Any], value: Any) -> str:
    """Return a fact's value as users read it: `12 ms`, `10, 11`, `7497`."""
    if isinstance(value, str):  # whatever its type, it may be in words already
        return value
    if fact.shown_as is ShownAs.DURATION:
        return duration(abs(value))
    return ", ".join(str(item) for item in value) if fact.several else str(value)


def clean(text: str) -> str:
    """Return untrusted text as one short line without control or bidirectional characters."""
    line = mask_accounts(" ".join(text.split()))
    line = printable(line)
    return line if len(line) <= MAX_VALUE_LENGTH else line[: MAX_VALUE_LENGTH - 1] + "…"


def printable(text: str) -> str:
    """Return text with a question mark for each control or bidirectional character."""
    return "".join("?" if unicodedata.category(char)[0] == "C" else char for char in text)
