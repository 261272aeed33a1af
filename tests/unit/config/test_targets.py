"""Several targets, from targets.toml or several .env files; a mistake costs one target alone."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from traymon.config import loader, targets_file
from traymon.config.in_force import Config
from traymon.config.names import Wish, distinct_names
from traymon.config.schema import FIELDS, OWN
from traymon.config.targets_file import SHORT_NAMES, appended
from traymon.errors import ConfigError

Load = Callable[..., Config]

BOTH = """\
[[target]]
env = "live/.env"

[[target]]
env = "paper/.env"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two trading projects."""
    monkeypatch.setattr(loader, "user_config_path", lambda _: tmp_path / "of-the-user")
    for name, port in (("live", 4001), ("paper", 4002)):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".env").write_text(f"IB_PORT={port}\n")
    (tmp_path / "of-the-user").mkdir()
    return tmp_path


@pytest.fixture
def load(folder: Path) -> Load:
    """Load a targets.toml of the given text."""

    def load(text: str = BOTH, environ: dict[str, str] | None = None, **options: Any) -> Config:
        (folder / "targets.toml").write_text(text, encoding="utf-8")
        return loader.load(environ=environ or {}, folder=folder, options=options)

    return load


def told(config: Config) -> list[str]:
    """Return the mistakes, each without the folder of its file."""
    assert config.targets_file is not None
    folder = f"{config.targets_file.parent}{os.sep}"
    return [str(one).replace(folder, "") for one in config.mistakes]


def ports(config: Config) -> dict[str, int]:
    return {one.target.name: one.target.port for one in config.targets}


# --- what is read


def test_a_list_names_a_project_each_and_every_one_is_one_of_many(load: Load) -> None:
    config = load()
    assert ports(config) == {"live": 4001, "paper": 4002}
    assert config.mistakes == ()
    assert all(one.target.one_of_many for one in config.targets)
    assert not any(one.target.muted or one.target.discovered for one in config.targets)


def test_an_entry_beats_its_env_file_and_every_setting_has_a_short_name(
    load: Load, folder: Path
) -> None:
    (folder / "paper" / ".env").write_text("IB_PORT=1\nTRAYMON_INTERVAL=9\nIB_ACCOUNT=DU123456\n")
    config = load(
        BOTH
        + """\
port = 4003
muted = true
quiet = "22:00-07:00 UTC"
tws_settings = true
client_ids = [10, "12-13"]
own_client_id = 77
slow = 1.5
"""
    )
    target = config.targets[1].target
    assert (target.port, target.account, target.muted) == (4003, "DU123456", True)
    assert (target.client_ids, target.own_client_id) == ((10, 12, 13), 77)
    assert (target.limits.interval, target.limits.slow) == (9.0, 1.5)
    assert target.tws_settings
    assert config.targets[1].calendar.quiet != config.targets[0].calendar.quiet
    assert config.targets[1].values["IB_PORT"].source.endswith("targets.toml, line 6")
    assert {*SHORT_NAMES} >= {*FIELDS}


def test_traymons_own_settings_stand_in_a_table_of_their_own(load: Load, folder: Path) -> None:
    (folder / "live" / ".env").write_text("IB_PORT=4001\nTRAYMON_NOTIFY=plyer\nTRAYMON_LOG=debug\n")
    config = load(
        '[traymon]\nnotify = "off"\npage_port = 8000\n' + BOTH, {"TRAYMON_RELOAD": "auto"}
    )
    own = config.settings
    assert (own.notify, own.page_port, own.reload, own.log) == ("off", 8000, "auto", "debug")
    assert config.mistakes == ()


@pytest.mark.parametrize("flaw", ['metrics_token = "too short"', 'log = "loud"'])
def test_metrics_are_never_open_to_others_because_of_another_mistake(load: Load, flaw: str) -> None:
    config = load(f'[traymon]\nmetrics = "0.0.0.0:9464"\n{flaw}\n{BOTH}')
    assert config.settings.metrics == "off"
    assert [line.partition(": ")[0] for line in told(config)] == [
        *("targets.toml, line 3", "targets.toml, line 2"),
    ]


def test_two_env_files_that_disagree_on_traymons_own_settings_are_told(
    load: Load, folder: Path
) -> None:
    for name, log in (("live", "debug"), ("paper", "info")):
        with (folder / name / ".env").open("a") as file:
            file.write(f"TRAYMON_LOG={log}\n")
    config = load()
    assert config.settings.log == "debug"  # the first one's
    (mistake,) = config.mistakes
    assert mistake.where.endswith(f"paper{os.sep}.env, line 2")
    assert "does not count, as " in mistake.problem
    assert [*ports(config)] == ["live", "paper"]
    assert load(BOTH, {"TRAYMON_LOG": "info"}).mistakes == ()
    assert load('[traymon]\nlog = "info"\n' + BOTH).mistakes == ()


def test_the_environment_speaks_for_all_targets_or_for_none(load: Load) -> None:
    config = load(BOTH, {"IB_PORT": "1", "TRAYMON_NAME": "x", "TRAYMON_INTERVAL": "7"})
    assert ports(config) == {"live": 4001, "paper": 4002}
    assert {one.target.limits.interval for one in config.targets} == {7.0}
    with pytest.raises(ConfigError, match="IB_PORT=7: names one target, and here are several"):
        loader.load(
            targets=config.targets_file, environ={}, folder=Path(), options={"IB_PORT": "7"}
        )


def test_an_endpoint_on_the_command_line_is_no_list(load: Load) -> None:
    load()
    config = load(BOTH, IB_PORT="7000")
    assert [one.target.port for one in config.targets] == [7000]
    assert config.targets_file is None


def test_several_env_files_are_a_list_too(folder: Path) -> None:
    files = [folder / name / ".env" for name in ("live", "paper")]
    config = loader.load(files, environ={}, folder=folder)
    assert ports(config) == {"live": 4001, "paper": 4002}
    assert config.lists_several


@pytest.mark.parametrize(
    ("here", "of_the_user", "several"),
    [
        ((".env", "targets.toml"), (), True),
        ((".env",), ("targets.toml",), False),
        ((), (".env", "targets.toml"), True),
        (("targets.toml",), (".env",), True),
    ],
)
def test_the_nearest_file_is_read_and_a_list_before_a_env(
    folder: Path, here: tuple[str, ...], of_the_user: tuple[str, ...], several: bool
) -> None:
    for place, names in ((folder, here), (folder / "of-the-user", of_the_user)):
        for name in names:
            content = "[[target]]\nport = 1\n[[target]]\nport = 2\n"
            (place / name).write_text("IB_PORT=3\n" if name == ".env" else content)
    config = loader.load(environ={}, folder=folder)
    assert [one.target.port for one in config.targets] == ([1, 2] if several else [3])


# --- names


@pytest.mark.parametrize(
    ("wishes", "names"),
    [
        ([Wish("", ("home", "bot")), Wish("", ("srv", "bot"))], ["bot", "srv/bot"]),
        ([Wish("", ("a", "bot")), Wish("", ("a", "bot"))], ["bot", "a/bot"]),
        (
            [Wish("", ("bot",)), Wish("", ("bot",)), Wish("", ("bot",))],
            ["bot", "bot (2)", "bot (3)"],
        ),
        ([Wish("", ("a", "bot")), Wish("BOT")], ["a/bot", "BOT"]),
        ([Wish("bot"), Wish("Bot", ("x",))], ["bot", "Bot (2)"]),
        ([], []),
    ],
)
def test_every_target_has_a_name_of_its_own(wishes: list[Wish], names: list[str]) -> None:
    assert distinct_names(wishes) == names


def test_a_target_that_is_added_changes_no_name(load: Load, folder: Path) -> None:
    (folder / "x" / "live").mkdir(parents=True)
    (folder / "x" / "live" / ".env").write_text("IB_PORT=1\n")
    added = BOTH + '[[target]]\nenv = "x/live/.env"\n[[target]]\nport = 5\n'
    assert [*ports(load(added))] == ["live", "paper", "x/live", "127.0.0.1:5"]


def test_a_name_that_is_given_twice_is_a_mistake_whatever_its_case(load: Load) -> None:
    config = load('[[target]]\nname = "bot"\nport = 1\n[[target]]\nport = 2\nname = "BOT"\n')
    assert told(config) == ["targets.toml, line 6: name=BOT: another target has this name"]
    assert ports(config) == {"bot": 1}


# --- mistakes


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        ("port = 74970", "line 6: port=74970: must be a whole number from 1 to 65535"),
        ("prot = 1", "line 6: prot: no such key (did you mean port?)"),
        ('\nTRAYMON_QUIET = "x"', "line 7: TRAYMON_QUIET: no such key"),
        ("port = [1]", "line 6: port: must be a whole number from 1 to 65535"),
        ("port = 1979-05-27", "line 6: port: must be a whole number from 1 to 65535"),
        ("client_ids = [1, [2]]", "line 6: client_ids: must be a number, a list like [10, 11]"),
        ('client_ids = "x"', "line 6: client_ids=x: must be a number"),
        ('notify = "off"', "line 6: notify: does not belong here (write it under [traymon])"),
        ('muted = "yes"', "line 6: muted: must be true or false"),
        ('host = "10.0.0.1:4001"', "line 6: host=10.0.0.1:4001: must be a host name"),
        ('hours = "auto"\nsession = "off"', "line 6: hours=auto: auto needs traymon's session"),
        ("own_client_id = 10\nclient_ids = 10", "line 6: own_client_id=10: must not be"),
        ("slow = inf", "line 6: slow=inf: must be a number of seconds"),
    ],
)
def test_a_mistake_names_file_line_and_key_and_the_other_target_goes_on(
    load: Load, lines: str, mistake: str
) -> None:
    config = load(BOTH + lines + "\n")
    assert ports(config) == {"live": 4001}
    assert config.left_out == ("paper",)
    assert [one.startswith(f"targets.toml, {mistake}") for one in told(config)] == [True], told(
        config
    )


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('[[target]]\nenv = "none/.env"\n', "line 2: env: none/.env: there is no such file"),
        ('[[target]]\nname = "x"\n', "line 1: port: must be set in a list of targets"),
        (
            '[traymon]\nquiet = "x"\n',
            "line 2: quiet: does not belong here (write it in a [[target]])",
        ),
        ('[traymon]\nnotify = "loud"\n', "line 2: notify=loud: must be auto, plyer or off"),
        ("[tramon]\n", "line 1: tramon: no such key (did you mean traymon?)"),
    ],
)
def test_other_mistakes_cost_nobody_else_a_thing(load: Load, text: str, mistake: str) -> None:
    config = load(text + BOTH)
    assert ports(config) == {"live": 4001, "paper": 4002}
    assert len(config.mistakes) == 1
    assert told(config) == [f"targets.toml, {mistake}"]


def test_a_mistake_in_a_env_names_its_line_there(load: Load, folder: Path) -> None:
    (folder / "paper" / ".env").write_text("IB_PORT=4002\nTRAYMON_QUIK=3\n")
    config = load()
    (mistake,) = config.mistakes
    assert str(mistake).endswith(
        f"paper{os.sep}.env, line 2: TRAYMON_QUIK=3: no such setting (did you mean TRAYMON_QUICK?)"
    )
    assert ports(config) == {"live": 4001}


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "targets.toml, line 1: target: has no entry; write [[target]] and its keys below"),
        ("target = 1\n", "targets.toml, line 1: target: must be written as [[target]]"),
        ("[[target]\n", "targets.toml, line 1: is no TOML: "),
        ("[[target]]\nport = 0\n", "targets.toml, line 2: port=0: must be"),
    ],
)
def test_where_no_target_is_left_every_mistake_is_told(load: Load, text: str, mistake: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text)
    first = str(caught.value.mistakes[0])
    assert mistake in first


# --- adding


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_is_added_leaves_the_rest_as_it_was(newline: str) -> None:
    before = f'# mine{newline}[[target]]{newline}port = 1  # "{newline}'.encode()
    path = "C:\\bots\\new\\.env"
    after = appended(before, [{"name": 'a "b" \u00e9', "env": path, "port": "4002"}])
    assert after.startswith(before)
    assert after.count(b"\n") == after.count(newline.encode())
    added = tomllib.loads(after.decode())["target"][1]
    assert added == {"name": 'a "b" \u00e9', "env": path, "port": 4002}


def test_a_new_list_says_what_it_is(folder: Path) -> None:
    text = appended(b"", [{"port": "1"}, {"port": "2"}]).decode()
    assert text.startswith("# The targets that traymon watches")
    (folder / "targets.toml").write_text(text)
    assert len(targets_file.read(folder / "targets.toml").entries) == 2


def test_a_file_to_which_nothing_can_be_added_is_refused() -> None:
    with pytest.raises(ValueError, match="overwrite"):
        appended(b"target = 1\n", [{"port": "1"}])


def test_only_traymons_own_settings_belong_to_no_target() -> None:
    assert {"TRAYMON_NOTIFY", "TRAYMON_PAGE_PORT", "TRAYMON_HISTORY"} <= OWN
    assert not {"IB_PORT", "TRAYMON_QUIET", "TRAYMON_NAME"} & OWN
