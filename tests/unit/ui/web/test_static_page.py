"""The page's file: whole or not at all, for its owner's eyes."""

from __future__ import annotations

import re
import sys
import threading
from pathlib import Path

import pytest

from traymon.core.model import Change, Evidence, Reading, Status
from traymon.core.target import Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.diagnosis.catalogue import diagnose
from traymon.storage.files import write_atomically
from traymon.ui.web.static_page import StaticPages

NOW = 1_795_000_000.0


def status(name: str = "bot", symptom: Symptom = Symptom.SILENT) -> Status:
    evidence = Evidence(Target(name), NOW).with_reading(
        Reading(SensorName.HANDSHAKE, symptom, at=NOW)
    )
    return Status(evidence.target, diagnose(evidence), NOW, NOW, evidence, NOW)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights in another way")
def test_a_page_is_for_its_owner_only_also_where_a_readable_one_stood(tmp_path: Path) -> None:
    pages = StaticPages(tmp_path / "state", lambda: NOW)
    path = pages.write([status()])
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    pages.write([status()])
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_page_is_renewed_in_place(tmp_path: Path) -> None:
    pages = StaticPages(tmp_path, lambda: NOW)
    path = pages.write([status()])
    assert "TWS does not answer programs" in path.read_text(encoding="utf-8")
    assert pages.write([status(symptom=Symptom.OK)]) == path
    assert "Programs can connect to port" in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_is_renewed_within_the_minute_so_that_its_age_tells_of_traymons_end(
    tmp_path: Path,
) -> None:
    now = NOW
    pages = StaticPages(tmp_path, lambda: now)
    pages.write([status()])
    written = pages.path("bot").read_text(encoding="utf-8")
    now += 10
    pages.show([status()], {})
    assert pages.path("bot").read_text(encoding="utf-8") == written
    now += 50
    pages.show([status()], {})
    assert f'data-at="{int(now)}"' in pages.path("bot").read_text(encoding="utf-8")


def test_an_opened_page_is_renewed_with_every_new_headline(tmp_path: Path) -> None:
    pages = StaticPages(tmp_path, lambda: NOW)
    path = pages.write([status()])
    pages.show([status(symptom=Symptom.OK)], {"bot": Change.HEADLINE})
    assert "Programs can connect to port" in path.read_text(encoding="utf-8")


def test_a_page_that_nobody_has_opened_is_not_written(tmp_path: Path) -> None:
    pages = StaticPages(tmp_path, lambda: NOW)
    pages.show([status()], {"bot": Change.HEADLINE})
    pages.end()
    assert list(tmp_path.iterdir()) == []


def test_every_opened_page_says_that_traymon_has_ended(tmp_path: Path) -> None:
    pages = StaticPages(tmp_path, lambda: NOW)
    both = [status(), status("other")]
    overview = pages.write(both)
    pages.show(both, {})
    pages.end()
    for path in (overview, pages.path("bot"), pages.path("other")):
        assert "traymon ended at" in path.read_text(encoding="utf-8")


def test_of_several_targets_a_page_lists_them_all_and_leads_to_each_and_back(
    tmp_path: Path,
) -> None:
    pages = StaticPages(tmp_path, lambda: NOW)
    names = ["a b", "a-b", "A/B"]
    targets = [status(name) for name in names]
    overview = pages.write(targets)
    links = re.findall(r'href="(fix-[^"]+)"', overview.read_text(encoding="utf-8"))
    assert len(set(links)) == 3
    for link in links:
        assert f'href="{overview.name}"' in (tmp_path / link).read_text(encoding="utf-8")
    assert pages.write(targets, targets[1]) == pages.path("a-b")
    alone = StaticPages(tmp_path / "alone", lambda: NOW).write([status()])
    assert "All targets" not in alone.read_text(encoding="utf-8")


def test_the_page_of_all_follows_each_target(tmp_path: Path) -> None:
    pages = StaticPages(tmp_path, lambda: NOW)
    overview = pages.write([status("a"), status("b")])
    assert "All 2 red" in overview.read_text(encoding="utf-8")
    fixed = [status("a"), status("b", Symptom.OK)]
    pages.show(fixed, {"b": Change.HEADLINE})
    assert "1 of 2 red" in overview.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a\\b:c", "CON", "", "取引", "x" * 40, "."]
)
def test_a_target_of_any_name_has_its_page_in_the_folder(tmp_path: Path, name: str) -> None:
    path = StaticPages(tmp_path, lambda: NOW).write([status(name)])
    assert path.resolve().parent == tmp_path.resolve()
    assert path.is_file()


def test_what_cannot_be_written_whole_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "x" * 100_000 + "\udc80")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(OSError, match="state"):
        StaticPages(tmp_path / "state", lambda: NOW).write([status()])


@pytest.mark.skipif(sys.platform == "win32", reason="a reader there holds up the one who replaces")
def test_a_reader_never_sees_half_a_page(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    texts = {sign * 300_000 for sign in "ab"}
    write_atomically(path, "a" * 300_000)
    ended = threading.Event()

    def write() -> None:
        for _ in range(100):
            for text in sorted(texts):
                write_atomically(path, text)
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = set()
        while not ended.is_set():
            seen.add(path.read_text())
    finally:
        writer.join(60)
    assert seen <= texts
