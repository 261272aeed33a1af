from __future__ import annotations

from pathlib import Path

import pytest

from traymon.cli.published import published
from traymon.core.releases import Releases

LATEST = "Project-URL: Latest release, https://git.example/api/releases/latest"
PAGE = "Project-URL: Releases, https://git.example/releases"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (
            [PAGE, LATEST],
            Releases("https://git.example/api/releases/latest", "https://git.example/releases"),
        ),
        ([PAGE], None),
        ([LATEST], None),
        ([], None),
    ],
)
def test_the_package_says_where_releases_are_published(
    lines: list[str], found: Releases | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "published_one-1.0.dist-info"
    folder.mkdir()
    text = "\n".join(["Metadata-Version: 2.1", "Name: published-one", "Version: 1.0", *lines, ""])
    (folder / "METADATA").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert published("published-one") == found


def test_a_copy_that_is_no_package_does_not_know(tmp_path: Path) -> None:
    assert published("no-such-package-here") is None
