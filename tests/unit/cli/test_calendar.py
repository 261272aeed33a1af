"""What `traymon calendar` refuses, before it looks at anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from traymon.cli.calendar import show_calendar


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"days": 0}, "--days must be a whole number from 1 to 400."),
        ({"days": 401}, "--days must be a whole number from 1 to 400."),
        ({"file": Path("week.ics")}, "To write a calendar file, use: calendar --ics week.ics"),
        ({"ics": True, "as_json": True}, "Use only one of --json, --ics, --address"),
        ({"address": True, "new_address": True}, "Use only one of"),
    ],
)
def test_what_cannot_be_meant_is_said(
    options: dict[str, Any], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        show_calendar(**options)
    out, err = capsys.readouterr()
    assert (exit_.value.code, out) == (3, "")
    assert says in err
