"""What is seen of files that change while traymon runs, and what of them comes into force."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from support.pipes import make_pipe
from traymon.config import ib_resets, loader
from traymon.config.in_force import Config, OwnSettings
from traymon.config.settings_watch import NEEDS_RESTART, NewSettings, SettingsWatch
from traymon.core.model import SettingsState
from traymon.core.vocabulary import SettingsNews
from traymon.errors import ConfigError

IN_FORCE, CHANGED, FLAWED, INCOMPLETE, UNUSABLE, GONE = SettingsNews


class Project:
    """A trading project whose settings are watched; also where they come from."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.env = folder, folder / ".env"
        self.loaded = 0
        self._named: list[Path] = []

    def watch(self, text: str | None, *named: Path) -> SettingsWatch:
        """Watch settings that were read while the .env held this text; None: there was none."""
        self._named = [*named]
        if text is not None:
            self.env.write_text(text)
        watch = SettingsWatch(self.load(), self)
        self.loaded = 0
        return watch

    def load(self) -> Config:
        self.loaded += 1
        return loader.load(self._named, environ={"IB_HOST": "127.0.0.1"}, folder=self.folder)

    def add(self, entry: Mapping[str, str]) -> Config:
        raise AssertionError(entry)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(loader, "user_config_path", lambda _: tmp_path / "of the user")
    (tmp_path / "bot").mkdir()
    (tmp_path / "of the user").mkdir()
    return Project(tmp_path / "bot")


def test_a_changed_port_is_seen_and_used_when_it_is_asked_for(project: Project) -> None:
    watch = project.watch("IB_PORT=4001\n")
    assert watch.look() == SettingsState()
    project.env.write_text("IB_PORT=4002\n")
    assert watch.look() == watch.look() == SettingsState(CHANGED)
    new = watch.use_new()
    assert new is not None
    assert (new.config.targets[0].target.port, new.need_restart) == (4002, ())
    assert watch.look() == SettingsState()
    assert watch.use_new() is None


@pytest.mark.parametrize(
    "text",
    [
        *("IB_PORT=4001\n", "# a note\n\nIB_PORT = '4001'\n", "TOKEN=other\nIB_PORT=4001\n"),
        "IB_PORT=1\nIB_PORT=4001\n",
    ],
)
def test_what_means_the_same_is_no_news(project: Project, text: str) -> None:
    watch = project.watch("IB_PORT=4001\n")
    watch.look()
    project.env.write_text(text)
    os.utime(project.env, ns=(1, 1))
    assert watch.look() == SettingsState()


def test_files_that_have_not_changed_are_read_once(project: Project) -> None:
    watch = project.watch("IB_PORT=4001\n")
    for _ in range(10):
        watch.look()
    assert project.loaded == 0


def test_a_change_between_reading_and_watching_is_seen(project: Project) -> None:
    watch = project.watch("IB_PORT=4001\n")
    project.env.write_text("IB_PORT=4002\n")
    assert watch.look() == SettingsState(CHANGED)


def test_mistakes_are_said_and_what_was_in_force_stays_so(project: Project) -> None:
    watch = project.watch("IB_PORT=4001\n")
    project.env.write_text("IB_PORT=x\nTRAYMON_QUICK=y\n")
    state = watch.look()
    assert state.news is UNUSABLE
    assert state.problem.endswith(
        "line 1: IB_PORT=x: must be a whole number from 1 to 65535 (and 1 more)"
    )
    with pytest.raises(ConfigError):
        watch.use_new()
    assert watch.look() == state
    project.env.write_text("IB_PORT=4001\n")
    assert watch.look() == SettingsState()


def test_a_file_that_is_gone_is_said_until_it_is_back(project: Project) -> None:
    watch = project.watch("IB_PORT=4001\n")
    project.env.rename(project.folder / "kept")
    assert watch.look() == SettingsState(GONE)
    (project.folder / "kept").rename(project.env)
    assert watch.look() == SettingsState()


def test_a_named_file_that_is_gone_is_said_and_cannot_be_used(project: Project) -> None:
    watch = project.watch("IB_PORT=4001\n", project.env)
    project.env.unlink()
    assert watch.look().news is GONE
    with pytest.raises(ConfigError, match="there is no such file"):
        watch.use_new()


def test_a_folder_that_is_gone_with_its_file_is_said(project: Project) -> None:
    watch = project.watch("IB_PORT=4001\n")
    project.folder.rename(project.folder.with_name("moved"))
    assert watch.look().news is GONE


@pytest.mark.parametrize("where", ["bot", "of the user"])
def test_a_file_that_comes_where_there_was_none_is_seen(project: Project, where: str) -> None:
    watch = project.watch(None)
    assert watch.look() == SettingsState()
    (project.folder.parent / where / ".env").write_text("IB_PORT=4002\n")
    assert watch.look() == SettingsState(CHANGED)


def test_reset_times_of_the_users_own_are_settings_too(project: Project) -> None:
    watch = project.watch("IB_PORT=4001\n")
    assert watch.look() == SettingsState()
    own = project.folder.parent / "of the user" / ib_resets.NAME
    own.write_text('[[window]]\nregion = "all"\nwhen = "23:45-23:50 UTC"\n')
    assert watch.look() == SettingsState(CHANGED)
    own.write_text("[" * 5000)
    assert watch.look().news is UNUSABLE


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_what_becomes_no_file_is_said_and_never_waited_for(project: Project) -> None:
    watch = project.watch("IB_PORT=4001\n")
    project.env.unlink()
    make_pipe(project.env)
    assert watch.look().problem.endswith("is not a file")
    project.env.unlink()
    project.env.symlink_to("none")
    assert watch.look().problem.endswith("is a link that leads nowhere")


def test_what_waits_for_the_restart_is_said(project: Project) -> None:
    watch = project.watch("IB_PORT=4001\nTRAYMON_NAME=bot\n")
    project.env.write_text("TRAYMON_NAME=other\nTRAYMON_PAGE_PORT=2000\nTRAYMON_RELOAD=auto\n")
    assert watch.look() == SettingsState(CHANGED)
    assert not watch.reloads
    new = watch.use_new()
    assert new is not None
    assert [one.target.name for one in new.config.targets] == ["other"]
    assert new.need_restart == ("TRAYMON_PAGE_PORT",)
    assert watch.reloads
    assert watch.look() == SettingsState()


def test_every_own_setting_is_used_at_once_or_waits_for_the_restart() -> None:
    at_once = {"reload", "log"}
    assert {*NEEDS_RESTART.values()} == {row.name for row in fields(OwnSettings)} - at_once


# --- several targets


class Listed(Project):
    """A user whose targets.toml is watched."""

    def write(self, text: str) -> None:
        (self.folder / "targets.toml").write_text(text)


@pytest.fixture
def listed(project: Project) -> Listed:
    return Listed(project.folder)


def ports(new: NewSettings | None) -> dict[str, int]:
    assert new is not None
    return {one.target.name: one.target.port for one in new.config.targets}


def test_an_env_that_a_list_names_is_watched_with_it(listed: Listed) -> None:
    listed.env.write_text("IB_PORT=4001\n")
    two = '[[target]]\nenv = ".env"\n[[target]]\nname = "c"\nport = 3\n'
    listed.write(two)
    watch = listed.watch(None)
    assert watch.look() == SettingsState()
    assert listed.loaded == 0
    listed.write(two + '[[target]]\nname = "b"\nenv = "b.env"\nport = 2\n')
    state, b = watch.look(), frozenset({"b"})
    assert (state.news, state.left_out) == (INCOMPLETE, b)  # there is no b.env yet
    (listed.folder / "b.env").write_text("")
    assert watch.look() == SettingsState(CHANGED, untouched=frozenset({"bot", "c"}), left_out=b)
    assert ports(watch.use_new()) == {"bot": 4001, "c": 3, "b": 2}
    (listed.folder / "b.env").write_text("IB_ACCOUNT=DU123456\n")
    assert watch.look() == SettingsState(CHANGED, untouched=frozenset({"bot", "c"}))


def test_a_target_that_is_spoilt_stays_as_it_was_and_the_others_change(listed: Listed) -> None:
    listed.write('[[target]]\nname = "a"\nport = 1\n[[target]]\nname = "b"\nport = 2\n')
    watch = listed.watch(None)
    spoilt = '[[target]]\nname = "a"\nport = 0\n[[target]]\nname = "b"\nport = {}\n'
    listed.write(spoilt.format(2))
    state = watch.look()
    assert (state.news, state.untouched) == (UNUSABLE, frozenset({"b"}))
    assert "targets.toml, line 3: port=0: must be" in state.problem
    listed.write(spoilt.format(3))
    assert watch.look() == SettingsState(CHANGED, state.problem)  # a is spoilt, b another one
    assert ports(watch.use_new()) == {"b": 3, "a": 1}
    assert watch.look() == state
    listed.write('[[target]]\nname = "b"\nport = 3\n')
    assert ports(watch.use_new()) == {"b": 3}
    assert watch.look() == SettingsState()


def test_a_target_that_is_left_out_is_said_whatever_else_is_new(listed: Listed) -> None:
    two = '[[target]]\nname = "a"\nport = {}\n[[target]]\nname = "b"\nport = {}\n'
    listed.write(two.format(1, 0))
    watch, b = listed.watch(None), frozenset({"b"})
    assert watch.state.left_out == b
    for text, news in ((two.format(2, 0), CHANGED), ("[", UNUSABLE), (two.format(1, 2), CHANGED)):
        listed.write(text)
        state = watch.look()
        assert (state.news, state.left_out) == (news, b)
    watch.use_new()
    assert watch.state == SettingsState()
    listed.write(two.format(1, 0))  # it is spoilt, and watched as it was
    assert watch.look().left_out == frozenset()


def test_a_target_that_is_taken_away_is_not_left_out(listed: Listed) -> None:
    a = '[[target]]\nname = "a"\nport = 1\n'
    listed.write(a + '[[target]]\nname = "b"\nport = 0\n')
    watch = listed.watch(None)
    listed.write(a)
    assert watch.look().left_out == frozenset()


def test_a_mistake_of_traymons_own_settings_leaves_out_no_target(listed: Listed) -> None:
    listed.write('[traymon]\nntify = "off"\n[[target]]\nname = "a"\nport = 1\n')
    state = listed.watch(None).look()
    assert state.news is FLAWED
    assert "ntify: no such key" in state.problem


def test_a_list_in_which_no_target_is_left_is_not_used(listed: Listed) -> None:
    listed.write('[[target]]\nname = "a"\nport = 1\n')
    watch = listed.watch(None)
    listed.write("[[target]\n")
    assert watch.look().news is UNUSABLE
    listed.write("")
    assert watch.look().news is UNUSABLE
    with pytest.raises(ConfigError):
        watch.use_new()
