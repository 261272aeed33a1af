"""Whether an entry at login has the settings of this traymon."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from traymon.autostart.entry import OFF, State, command, judge


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    file = tmp_path / ".env"
    file.touch()
    return file


def entry(options: Sequence[str]) -> State:
    """Return the state of an entry that was written with these options."""
    return judge("the entry", [sys.executable, *command(options)[1:]])


def test_an_entry_has_the_settings_that_it_was_written_with(env_file: Path) -> None:
    for options in ([], ["--env", str(env_file)], ["--host", "::1", "--port", "4002"]):
        assert entry(options).has(options)
        assert entry(options).has(tuple(options))


def test_another_project_another_port_or_none_are_other_settings(
    env_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.env"
    other.touch()
    ours = ["--env", str(env_file)]
    for options in ([], ["--env", str(other)], [*ours, "--port", "4002"], ["--port", "4002"]):
        assert entry(options).on
        assert not entry(options).has(ours)
        assert not entry(ours).has(options)


def test_one_file_has_many_spellings(env_file: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    spelled = f"{tmp_path}/sub/../.env"
    assert entry(["--env", spelled]).has(["--env", str(env_file)])


def test_what_does_not_start_has_no_settings(tmp_path: Path) -> None:
    assert not OFF.has([])
    gone = ["--env", str(tmp_path / "gone.env")]
    assert not entry(gone).has(gone)


@pytest.mark.parametrize("options", [("--targets",), ("--env", "--env")])
def test_every_file_of_settings_is_named_and_has_to_exist(
    options: Sequence[str], tmp_path: Path
) -> None:
    files = [tmp_path / f"{number}.file" for number in range(len(options))]
    line = [
        word for option, file in zip(options, files, strict=True) for word in (option, str(file))
    ]
    for file in files:
        missing = entry(line)
        assert not missing.on
        assert str(file) in missing.says
        file.touch()
    named = " and ".join(map(str, files))
    assert f"is on, with the settings in {named} (" in entry(line).says
