from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime

import manpage
import pytest

from traymon.cli.command_line import describe
from traymon.cli.commands import app
from traymon.config.schema import FIELDS

DAY = datetime(2026, 11, 28, tzinfo=UTC)


def rendered() -> str:
    """Return the page as `man` shows it."""
    if shutil.which("man") is None:
        pytest.skip("needs man")
    done = subprocess.run(
        ["man", "--warnings", "--local-file", "-"],
        input=manpage.page(describe(app), DAY),
        capture_output=True,
        text=True,
        env={"MANWIDTH": "100", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def test_man_shows_every_command_option_and_setting_without_a_warning() -> None:
    shown = rendered()
    for command in describe(app).with_all_below():
        assert command.line in shown
        for option in command.options:
            assert f"{', '.join(option.names)} {option.value}".rstrip() in shown
    assert all(key in shown for key in FIELDS)
    assert "2026-11-28" in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--env <file>", r"\-\-env <file>"),
        (".env or\n 'this'", r"\&.env or 'this'"),
        ("'quoted'", r"\&'quoted'"),
        (r"C:\bot", r"C:\ebot"),
    ],
)
def test_no_text_is_taken_for_a_command_to_man(text: str, expected: str) -> None:
    assert manpage.escaped(text) == expected
