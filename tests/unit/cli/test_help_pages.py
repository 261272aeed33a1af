from __future__ import annotations

import pytest
from typer.testing import CliRunner

from traymon.cli.commands import app


def help_of(*command: str) -> str:
    result = CliRunner().invoke(app, [*command, "--help"], prog_name="traymon")
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("mute", "<target>"),
        ("snooze", "<how long>..."),
        ("wait", "[<command>]..."),
        ("explain", "[<code>]"),
        ("completion", "bash|zsh|fish|powershell"),
    ],
)
def test_arguments_are_shown_as_they_are_typed(command: str, usage: str) -> None:
    shown = help_of(command).splitlines()
    assert shown[0] == f"Usage: traymon {command} [OPTIONS] {usage}"
    argument = usage.strip("[].")
    assert [line for line in shown if line.startswith(f"  {argument}  ")]
    assert "  -h, --help" in "\n".join(shown)


def test_no_help_cuts_what_a_command_is_for() -> None:
    for command in ((), ("drill",), ("push",)):
        assert "..." not in help_of(*command).replace("ARGS]...", "")
