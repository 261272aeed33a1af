from __future__ import annotations

import pytest

from traymon.cli.command_line import Command, describe
from traymon.cli.commands import app
from traymon.cli.completion import SHELLS, script

TRAYMON = describe(app)
EVERY = {command.line: command for command in TRAYMON.with_all_below()}


def test_commands_options_and_arguments_are_described() -> None:
    check = EVERY["traymon check"]
    assert check.takes_file is False
    assert ("handshake", "") in check.offers
    python = next(one for one in check.options if one.names == ("--python",))
    assert (python.value, python.takes_file, python.choices) == ("<path>", True, ())
    assert next(one for one in check.options if one.names == ("--json",)).value == ""
    assert EVERY["traymon calendar"].takes_file
    assert EVERY["traymon push"].commands == (EVERY["traymon push test"],)


def test_what_the_help_hides_is_left_out() -> None:
    assert not [one for one in EVERY["traymon run"].options if "--at-login" in one.names]


@pytest.mark.parametrize("command", EVERY.values(), ids=lambda command: command.line)
def test_everything_says_what_it_is_for(command: Command) -> None:
    assert command.says
    assert all(one.says for one in (*command.options, *command.arguments))


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_holds_every_command_and_option(shell: str) -> None:
    words = script(shell, TRAYMON).replace("'", " ").replace(":", " ").split()
    for command in EVERY.values():
        assert command.word in words
        for name in (name for one in command.options for name in one.names):
            assert name in words or (shell == "fish" and name.lstrip("-") in words)
