"""`traymon completion`, in real shells at a terminal: Tab completes, and starts no traymon."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.interactive_shell import COMMANDS, InteractiveShell
from support.traymon_process import IsolatedTraymon
from traymon.cli.completion import SHELLS

LOADED = {  # what a user runs to have a script at work
    "bash": "source {script}",
    "zsh": "autoload -Uz compinit; compinit -u; source {script}",
    "fish": "source {script}",
}


def script(home: Path, shell: str) -> str:
    home.mkdir(exist_ok=True)
    done = IsolatedTraymon(home).run("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("shell", COMMANDS)
def test_tab_completes_commands_options_values_and_files_and_starts_no_traymon(
    shell: str, tmp_path: Path
) -> None:
    file = tmp_path / "completion"
    file.write_text(script(tmp_path / "user", shell))
    (tmp_path / "project.env").touch()
    with InteractiveShell(shell, tmp_path) as terminal:
        terminal.run(LOADED[shell].format(script=file))
        for number, (typed, completed) in enumerate(
            {
                "traymon ch\t": "check",
                "traymon check hands\t": "check handshake",
                "traymon check --py\t": "check --python",
                "traymon push t\t": "push test",
                "traymon wait --need sess\t": "wait --need session",
                "traymon check --env proj\t": "check --env project.env",
                "traymon calendar --ics proj\t": "calendar --ics project.env",
                "traymon wait -- proj\t": "wait -- project.env",
                "traymon nosuch\t": "nosuch",
            }.items()
        ):
            terminal.type(f"{typed}\r")
            assert terminal.next_start(number + 1).rstrip() == completed
        terminal.type("traymon push test --\t\t")  # several are possible, so it lists them
        terminal.wait_for_text("--targets")
        assert len(terminal.starts()) == number + 1


def test_a_script_for_powershell_names_every_command(tmp_path: Path) -> None:
    printed = script(tmp_path, "powershell")
    assert "Register-ArgumentCompleter -Native -CommandName traymon" in printed
    assert ", @('check', 'Check once:" in printed
    assert "'traymon wait --need' = @('port', 'handshake', 'session', 'ids')" in printed
    assert printed.count("{") == printed.count("}")


def test_an_unknown_shell_is_an_error_that_names_the_known_ones(tmp_path: Path) -> None:
    done = IsolatedTraymon(tmp_path).run("completion", "tcsh")
    assert done.returncode == 3
    assert done.stderr == f"Unknown shell 'tcsh'. Use {', '.join(SHELLS)}.\n"


def test_the_help_names_the_command_alone(tmp_path: Path) -> None:
    printed = IsolatedTraymon(tmp_path).run("--help").stdout
    assert "\n  completion " in printed
    assert "-completion" not in printed
