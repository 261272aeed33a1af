"""The pages of assets/fixes: their form, and facts put into them as text and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from markdown_it import MarkdownIt

from traymon import assets
from traymon.core.facts import FACTS, NO_FACTS, Fact, FactKey, Facts, ShownAs
from traymon.diagnosis import fix_pages, formatting
from traymon.diagnosis.catalogue import ENTRIES
from traymon.errors import FixPageError

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example/)",
    "![](https://evil.example/x.png)",
    "[a]: https://evil.example/",
    "`code` **bold** _it_ ~~no~~",
    "``` fence",
    "# heading",
    "a | b",
    "&lt;b&gt; &#60;",
    "\\[not\\](x) \\",
    "{port}",
    "a\n\n# b\n\n- c",
]


@pytest.mark.parametrize("code", ENTRIES)
def test_every_code_has_a_page_with_a_headline_and_all_sections(code: str) -> None:
    page = fix_pages.page(code)
    assert page.headline
    assert tuple(page.sections) == fix_pages.SECTIONS
    assert all(page.sections.values())
    assert "\n" not in page.in_short


GOOD = "".join(f"\n## {title}\nWords on {{port}}.\n" for title in fix_pages.SECTIONS)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A page that a test writes, under the code `written`."""
    (tmp_path / "fixes").mkdir()
    monkeypatch.setattr(assets, "folder", lambda: tmp_path)
    yield tmp_path / "fixes" / "written.md"
    fix_pages.page.cache_clear()


def test_a_page_is_read_as_it_is_written(written: Path) -> None:
    written.write_text(f"# Port {{port}}\n{GOOD}")
    page = fix_pages.page("written")
    assert page.headline == "Port {port}"
    assert page.sections["Fix"] == "Words on {port}."
    assert page.markdown.startswith("## In short\n\nWords on {port}.\n\n## What it means\n\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "no page for written"),
        (GOOD, "wants a headline"),
        (f"# One\nand more\n{GOOD}", "wants a headline"),
        (f"# One\n{GOOD.replace('## Fix', '## Fixes')}", "the sections In short, What it means"),
        (f"# One\n{GOOD}\n## More\n", "the sections In short"),
        (f"# One {{prot}}\n{GOOD}", "facts that do not exist: prot"),
        (f"# One {{!prot: x!}}\n{GOOD}", "facts that do not exist: prot"),
    ],
)
def test_a_malformed_page_is_an_error_that_names_what_is_wrong(
    written: Path, text: str | None, told: str
) -> None:
    if text is not None:
        written.write_text(text)
    with pytest.raises(FixPageError, match=told):
        fix_pages.page("written")


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({}, "Port. No app. No program."),
        ({Fact.APP: "TWS"}, "Port. TWS, nobody's. No program."),
        ({Fact.APP: "TWS", Fact.PROGRAM: "java"}, "Port. TWS."),
        ({Fact.PROGRAM: "java"}, "Port. No app."),
    ],
)
def test_words_can_need_a_fact_or_its_absence_also_one_in_the_other(
    facts: Facts, shown: str
) -> None:
    text = "Port.{?app:  {app}{!program: , nobody's!}.?}{!app:  No app.!}{!program:  No program.!}"
    assert fix_pages.fill(text, facts) == shown


@pytest.mark.parametrize(
    ("fact", "value", "shown"),
    [
        (Fact.PORT, 7497, "7497"),
        (Fact.CLIENT_IDS, (10, 11), "10, 11"),
        (Fact.TOOK, 0.0124, "12 ms"),
        (Fact.OUTAGE, 250, "4 min 10 s"),
        (Fact.LOOKS, 3, "3"),
        (Fact.HALF_CLOSED, 0, "0"),
        (Fact.PROGRAM, "", "PROGRAM"),
        (Fact.PROGRAM, None, "PROGRAM"),
    ],
)
def test_a_fact_reads_as_people_write_it(fact: Fact, value: object, shown: str) -> None:
    facts = {} if value is None else {fact: value}
    assert fix_pages.fill(f"({{{fact}}})", facts) == f"({shown})"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "under 1 ms"),
        (0, "under 1 ms"),
        (0.001, "1 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (2.64, "2.6 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3_599.6, "1 h"),
        (7_500, "2 h 5 min"),
        (86_399.9, "1 d"),
        (273_600, "3 d 4 h"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds: float, shown: str) -> None:
    assert formatting.duration(seconds) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\n\tb  c ", "a b c"),
        ("\x1b[31mred\x07\0", "?[31mred??"),
        ("abc\u202egpj.exe", "abc?gpj.exe"),
        ("\u2066a\u2069\u200bb\ufeff\ue000\udc80", "?a??b???"),
        ("Börse 取引 ✓", "Börse 取引 ✓"),
        ("x" * 301, "x" * 299 + "…"),
    ],
)
def test_text_from_outside_becomes_one_short_printable_line(text: str, shown: str) -> None:
    assert fix_pages.clean(text) == shown


PLACES = "Text {detail} here.\n\n- item {detail}\n\n`code {detail}`\n\n```\nfence {detail}\n```\n"


@pytest.mark.parametrize("value", HOSTILE)
def test_a_fact_stays_text_in_html(value: str) -> None:
    shown = fix_pages.to_html(PLACES, {Fact.DETAIL: value, Fact.PORT: 7497})
    harmless = fix_pages.to_html(PLACES, {Fact.DETAIL: "harmless"})
    assert tags(shown) == tags(harmless)
    assert "7497" not in shown


@pytest.mark.parametrize("value", HOSTILE)
def test_a_fact_stays_text_in_markdown_wherever_that_is_rendered(value: str) -> None:
    rendered = render(fix_pages.to_markdown(PLACES, {Fact.DETAIL: value, Fact.PORT: 7497}))
    assert tags(rendered) == tags(render(fix_pages.to_markdown(PLACES, {Fact.DETAIL: "harmless"})))
    words = fix_pages.clean(value)
    for sign, entity in {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}.items():
        words = words.replace(sign, entity)
    assert rendered.count(words) >= 2, "in text it reads as it is"
    assert rendered.count(words.replace("`", "'")) >= (4 if "`" not in words else 2)


def render(markdown: str) -> str:
    """Render as the most generous reader of a report would: HTML, tables and strikethrough."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return str(parser.render(markdown))


def tags(html: str) -> list[str]:
    return [part.partition(">")[0] for part in html.split("<")[1:]]


def test_words_can_stand_for_a_fact_that_is_not_known() -> None:
    text = "Listens: {?app: {app} itself.?}{!app: {program}, a stranger.!}"
    known = {Fact.APP: "TWS", Fact.PROGRAM: "java"}
    assert fix_pages.fill(text, known) == "Listens: TWS itself."
    assert fix_pages.fill(text, {Fact.PROGRAM: "httpd"}) == "Listens: httpd, a stranger."


@pytest.mark.parametrize("code", ENTRIES)
def test_no_page_shows_a_raw_placeholder_however_little_is_known(code: str) -> None:
    page = fix_pages.page(code)
    for text in (
        fix_pages.fill(page.headline, NO_FACTS),
        fix_pages.fill(page.in_short, NO_FACTS),
        fix_pages.to_html(page.markdown, NO_FACTS),
        fix_pages.to_markdown(page.markdown, NO_FACTS),
    ):
        assert "{" not in text
        assert "}" not in text


@pytest.mark.parametrize("code", ENTRIES)
def test_no_section_points_above_or_below_itself(code: str) -> None:
    # the live page shows the steps before what was seen; terminal and report the other way round
    sections = fix_pages.page(code).sections
    assert not re.search(r"\babove\b(?! all\b| \{)", sections["Fix"])
    assert not re.search(r"\bbelow\b(?! five minutes)", sections["What it means"])


# What is known of every target; every other fact may be missing from a page.
KNOWN: Facts = {
    **fix_pages.general_facts(),
    Fact.HOST: "127.0.0.1",
    Fact.PORT: 7497,
    Fact.SINCE: "14:02",
    Fact.LOOKS: 3,
}
NAMED = re.compile(r"\{[?!]?([a-z_]+)(?:: |\})")
MISSING = re.compile("|".join(rf"\b{name.upper()}\b" for name in FACTS.keys() - {"pid", "host"}))
DOZENS = 16  # combinations of missing facts tried per page; all of them where there are fewer


def value(fact: FactKey[Any]) -> object:
    """A value as the presenter hands it over: programs, moments and lists are text by then."""
    return 7.0 if fact.shown_as is ShownAs.DURATION else "X"


def combinations(code: str) -> Iterator[Facts]:
    """Yield KNOWN with no, one, all and many mixtures of the other facts that a page names."""
    page = fix_pages.page(code)
    names = sorted({*NAMED.findall(page.headline + page.markdown)} - {f.name for f in KNOWN})
    optional = [FACTS[name] for name in names]
    masks = {0, 2 ** len(optional) - 1, *(1 << i for i in range(len(optional)))}
    masks |= {~mask & (2 ** len(optional) - 1) for mask in masks}
    masks |= set(Random(code).choices(range(2 ** len(optional)), k=DOZENS))
    for mask in sorted(masks):
        yield {**KNOWN, **{fact: value(fact) for i, fact in enumerate(optional) if mask >> i & 1}}


@pytest.mark.parametrize("code", ENTRIES)
def test_whatever_is_missing_each_page_reads_as_if_nothing_were(code: str) -> None:
    page = fix_pages.page(code)
    for facts in combinations(code):
        parts = (page.headline, page.in_short, *page.sections.values())
        texts = [fix_pages.fill(part, facts) for part in parts]
        for text in texts:
            prose = re.sub(r"```.*?```|`[^`]*`", "code", text, flags=re.DOTALL)
            assert not re.findall(r".{0,30}[\u2014{}].{0,10}", prose), "a dash or a brace"
            assert not re.findall(r".{0,30}[^ \n] {2,}\S.{0,10}", prose), "two spaces"
            assert not re.findall(r".{0,30}\( *\).{0,10}", prose), "empty brackets"
            assert not re.findall(r".{0,30} [,.;:)](?:\s|$).{0,10}", prose), "a space before a mark"
            assert not re.findall(r".{0,30}[a-z)][.?!][A-Z].{0,10}", prose), "no space after"
            assert not re.findall(r".{0,30}[,;] *[.;,].{0,10}", prose), "two marks"
            assert not re.findall(r"(?m)^ *(?:-|\d+\.) *$", text), "an empty item"
            assert not MISSING.findall(prose), "a fact that is missing"
        assert all(texts)


@pytest.mark.parametrize("code", ENTRIES)
def test_steps_are_numbered_without_a_gap_whatever_is_missing(code: str) -> None:
    for facts in combinations(code):
        fix = fix_pages.fill(fix_pages.page(code).sections["Fix"], facts)
        numbers = [int(number) for number in re.findall(r"(?m)^(\d+)\. ", fix)]
        assert numbers == list(range(1, len(numbers) + 1))


HANDSHAKE: Facts = {Fact.HOST: "127.0.0.1", Fact.PORT: 7497, Fact.SINCE: "14:02"}
ANSWERED: Facts = {**HANDSHAKE, Fact.TOOK: 0.003, Fact.SERVER_VERSION: 176}
IN_SESSION: Facts = {
    **ANSWERED,
    Fact.OWN_CLIENT_ID: 9100,
    Fact.ROUND_TRIP: 0.002,
    Fact.ACCOUNTS: ("DU1234567",),
}


@pytest.mark.parametrize(
    ("facts", "says", "says_not"),
    [
        (HANDSHAKE, ["No session was tested", "A session. None is held"], ["answers them"]),
        (ANSWERED, ["in 3 ms, with API version 176"], []),
        (
            IN_SESSION,
            [
                "TWS accepts programs and answers them.",
                "not compared: IB_ACCOUNT is not set",
                "client IDs (none set)",
                "TWS was asked only for the time",
            ],
            ["No session", "None is held"],
        ),
        (
            {
                **IN_SESSION,
                Fact.ACCOUNT: "DU1234567",
                Fact.CLIENT_IDS: (10, 11),
                Fact.UNCHECKED_IDS: (11,),
                Fact.HOURS: ("20261123:0930-20261123:1600",),
            },
            ["client IDs 11.", "paper and live are not mixed up", "TWS answered a request"],
            ["not compared", "none is set", "only for the time"],
        ),
    ],
)
def test_green_says_what_was_tested_and_names_what_was_not(
    facts: Facts, says: list[str], says_not: list[str]
) -> None:
    page = fix_pages.page("healthy")
    seen = [fix_pages.fill(page.in_short, facts), fix_pages.fill(page.markdown, facts)]
    text = "\n".join(seen)
    assert [words for words in says if words not in text] == []
    assert [words for words in says_not if words in text] == []
