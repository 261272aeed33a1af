"""The client ID of traymon's own session: chosen once, remembered, and never in the way."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from traymon.storage.own_client_id import HIGHEST, LOWEST, load_or_create_client_id


def test_the_id_is_chosen_once_and_remembered(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    chosen = load_or_create_client_id(folder)
    assert LOWEST <= chosen <= HIGHEST
    assert {load_or_create_client_id(folder) for _ in range(20)} == {chosen}
    assert (folder / "client-id").read_text(encoding="ascii") == f"{chosen}\n"


def test_two_installations_choose_for_themselves(tmp_path: Path) -> None:
    assert len({load_or_create_client_id(tmp_path / str(number)) for number in range(50)}) > 25


@pytest.mark.parametrize(
    "text", ["", "abc", "0", "1", str(LOWEST - 1), str(HIGHEST + 1), "-9100", "9e3", "9100 9200"]
)
def test_what_is_no_usable_id_is_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "client-id"
    path.write_text(text, encoding="ascii")
    chosen = load_or_create_client_id(tmp_path)
    assert LOWEST <= chosen <= HIGHEST
    assert int(path.read_text(encoding="ascii")) == chosen


def test_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "client-id").write_bytes(b"\xff\xfe9\x001\x00")
    assert load_or_create_client_id(tmp_path) == load_or_create_client_id(tmp_path)


@pytest.mark.parametrize("id_", [LOWEST, HIGHEST])
def test_the_first_and_the_last_id_may_be_kept(tmp_path: Path, id_: int) -> None:
    (tmp_path / "client-id").write_text(str(id_), encoding="ascii")
    assert load_or_create_client_id(tmp_path) == id_


def test_a_folder_that_cannot_be_written_costs_a_warning_and_nothing_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="ascii")
    with caplog.at_level(logging.WARNING):
        assert LOWEST <= load_or_create_client_id(tmp_path / "file") <= HIGHEST
    assert "cannot be remembered" in caplog.text
