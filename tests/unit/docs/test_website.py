"""What a page says when it is moved to the website."""

from __future__ import annotations

from pathlib import Path

import build_website
import pytest
from website.diagnoses import CODES, gallery, page
from website.links import Links

from support.repository import ROOT

PAGES = {
    "README.md": "index.md",
    "docs/push.md": "push.md",
    "docs/fleet/README.md": "fleet/index.md",
}


@pytest.fixture
def links(tmp_path: Path) -> Links:
    (tmp_path / ".env.example").touch()
    return Links(tmp_path, PAGES)


@pytest.mark.parametrize(
    ("source", "link", "moved"),
    [
        ("README.md", "docs/push.md#the-json", "push.md#the-json"),
        ("docs/push.md", "../README.md", "index.md"),
        ("docs/push.md", "fleet/README.md", "fleet/index.md"),
        ("docs/fleet/README.md", "../push.md", "../push.md"),
        ("docs/fleet/README.md", "../../.env.example", "../files/env.example"),
        ("README.md", "#use-it", "#use-it"),
        ("README.md", "https://ntfy.sh", "https://ntfy.sh"),
    ],
)
def test_a_link_leads_to_the_same_page_or_file(
    links: Links, source: str, link: str, moved: str
) -> None:
    assert links.moved(f"see [it]({link}).", source, PAGES[source]) == f"see [it]({moved})."


def test_a_file_that_a_page_links_to_comes_along(links: Links) -> None:
    links.moved("[settings](.env.example)", "README.md", "index.md")
    assert links.files == {".env.example"}


def test_a_link_that_leads_nowhere_is_an_error(links: Links) -> None:
    with pytest.raises(FileNotFoundError, match=r"README\.md links to docs/gone\.md"):
        links.moved("[gone](docs/gone.md)", "README.md", "index.md")


def test_code_is_no_link(links: Links) -> None:
    text = "`[a](gone.md)` and\n```\n[b](gone.md)\n```\n"
    assert links.moved(text, "README.md", "index.md") == text


def test_every_page_of_the_documentation_is_on_the_website() -> None:
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert pages <= set(build_website.PAGES)


def test_the_gallery_shows_every_diagnosis_with_its_light_and_first_step() -> None:
    rows = [line for line in gallery().splitlines() if "(fix/" in line]
    assert len(rows) == len(CODES)
    assert all(row.count(" | ") == 2 and row.endswith(" |") for row in rows)
    (closed,) = (row for row in rows if "`api-port-closed`" in row)
    assert closed.startswith("| ![red](icons/red.svg)")
    assert "Finish the login" in closed


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_its_facts_filled_in(code: str) -> None:
    text = page(code)
    assert text.startswith("# ")
    assert f"`{code}`" in text
    assert not any(sign in text for sign in ("{?", "{!", "{>", "{port}"))
