"""What a release changes in the changelog, the version and the README."""

from __future__ import annotations

from datetime import date

import pytest
import release_texts
from release_texts import for_an_index, with_release, with_version

CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n- A.\n\n## [0.1.0] - 2026-11-26\n"
DAY = date(2026, 11, 28)


def test_what_was_unreleased_gets_a_dated_heading_and_an_empty_one_stays_above_it() -> None:
    assert with_release(CHANGELOG, "0.2.0", DAY) == (
        "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-28\n\n### Added\n- A.\n"
        "\n## [0.1.0] - 2026-11-26\n"
    )


@pytest.mark.parametrize(
    ("changelog", "version", "mistake"),
    [
        (CHANGELOG, "0.1.0", "has 0.1.0 already"),
        ("# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-11-26\n- A\n", "0.2.0", "nothing"),
        ("# Changelog\n", "0.2.0", "nothing"),
    ],
)
def test_a_changelog_that_has_nothing_for_this_version_is_left_alone(
    changelog: str, version: str, mistake: str
) -> None:
    with pytest.raises(ValueError, match=mistake):
        with_release(changelog, version, DAY)


def test_the_version_is_replaced_and_nothing_else() -> None:
    module = '"""It."""\n\n__version__ = "0.1.0"\n'
    assert with_version(module, "0.2.0") == '"""It."""\n\n__version__ = "0.2.0"\n'


@pytest.mark.parametrize("version", ["", "1.2", "v1.2.3", "1.2.3rc1", '1.2.3"'])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        with_version('__version__ = "0.1.0"\n', version)


README = (
    "![red](docs/icon.png) [push](docs/push.md#json), [here](#use-it), [ntfy](https://ntfy.sh),"
    " `[a](b.md)`\n```\n[c](d.md)\n```\n"
)
UNTOUCHED = "[here](#use-it), [ntfy](https://ntfy.sh), `[a](b.md)`\n```\n[c](d.md)\n```\n"


def test_an_index_is_led_to_the_repository() -> None:
    assert for_an_index(README, "https://example.org/o/traymon", "c0ffee") == (
        "![red](https://example.org/o/traymon/raw/c0ffee/docs/icon.png)"
        " [push](https://example.org/o/traymon/blob/c0ffee/docs/push.md#json), " + UNTOUCHED
    )


def test_without_an_address_the_words_stay() -> None:
    assert for_an_index(README, "", "c0ffee") == "*red* push, " + UNTOUCHED


def test_no_link_of_our_readme_leads_nowhere_on_an_index() -> None:
    from support.repository import ROOT

    text = for_an_index((ROOT / "README.md").read_text(encoding="utf-8"), "", "c0ffee")
    for pattern in (release_texts._LINK, release_texts._PICTURE):
        targets = [match[2] for match in pattern.finditer(text)]
        assert all(target.startswith(("https://", "#")) for target in targets), targets
