"""What a pipe gets: whole lines without blanks at their ends."""

from __future__ import annotations

import io

import pytest

from traymon.ui.console import UnpaddedFile


@pytest.mark.parametrize(
    ("parts", "written"),
    [
        (["a  \nb \t\n"], "a\nb\n"),
        (["✓ ", "Test 1", "  \n", "  found  "], "✓ Test 1\n  found"),
        (["  ", "\n", " x"], "\n x"),
    ],
)
def test_only_blanks_that_end_a_line_are_left_out_in_whatever_parts_it_comes(
    parts: list[str], written: str
) -> None:
    file = io.StringIO()
    unpadded = UnpaddedFile(file)
    for part in parts:
        assert unpadded.write(part) == len(part)
    assert file.getvalue() == written
