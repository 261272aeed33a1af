from __future__ import annotations

import pytest

from traymon.core.releases import WEEK, is_due, is_newer, version_of


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        *[("v0.3.0", "0.3.0"), ("0.3.0", "0.3.0"), ("1.2", "1.2"), ("v1.2.3.4", "1.2.3.4")],
        *[("v0.3.0rc1", ""), ("0.3.0-beta", ""), ("1", ""), ("", ""), ("latest", "")],
        *[("0.3.0\n", ""), ("0.3.0 <b>", ""), ("1." + "9" * 9, ""), ("٣.٣", "")],
        *[(None, ""), (3.1, ""), (["0.3.0"], "")],
    ],
)
def test_only_a_plain_version_is_taken_for_one(tag: object, version: str) -> None:
    assert version_of(tag) == version


@pytest.mark.parametrize(
    ("version", "own", "newer"),
    [
        *[("0.3.0", "0.2.9", True), ("0.3.0", "0.3.0", False), ("0.2.9", "0.3.0", False)],
        *[("0.10.0", "0.9.0", True), ("1.0", "1.0.0", False), ("1.0.1", "1.0", True)],
        *[("0.3.0", "0.3.0.dev1", True), ("0.3.0", "0.3.0rc2", True), ("0.2.9", "0.3.0rc2", False)],
        *[("", "0.1.0", False), ("0.3.0", "unknown", False)],
    ],
)
def test_a_release_is_newer_by_its_numbers(version: str, own: str, newer: bool) -> None:
    assert is_newer(version, own) is newer


@pytest.mark.parametrize(
    ("asked_at", "now", "due"),
    [
        *[(0.0, 1e9, True), (1e9, 1e9, False), (1e9, 1e9 + WEEK - 1, False)],
        *[(1e9, 1e9 + WEEK, True), (1e9, 1e9 - 60, True)],
    ],
)
def test_it_is_asked_once_a_week_and_after_a_clock_was_set_back(
    asked_at: float, now: float, due: bool
) -> None:
    assert is_due(asked_at, now) is due
