"""alerts.toml: what it asks for, and every mistake with its line, at the cost of one entry."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from datetime import time
from math import inf
from pathlib import Path

import pytest

from traymon.config import alerts_file
from traymon.config.alerts_watch import AlertsWatch
from traymon.config.in_force import AlertsFile, OwnSettings
from traymon.core.alerts import ALARMING, Drill, Hooks, PushChannel, Secret
from traymon.core.drill import WeeklyTime
from traymon.core.time_windows import parse
from traymon.core.vocabulary import Light
from traymon.errors import ConfigError

TOPIC = "https://ntfy.sh/a-private-topic"
GOOD = f'[[push]]\nname = "phone"\nkind = "ntfy"\nurl = "{TOPIC}"\n'

Load = Callable[..., AlertsFile]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a file of the given text, with the environment that is given."""

    def load(text: str | bytes, **environ: str) -> AlertsFile:
        path = tmp_path / "alerts.toml"
        path.touch(mode=0o600)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return alerts_file.load(path, environ)

    return load


def said(found: AlertsFile) -> list[str]:
    """Return the mistakes, each without the folder of its file."""
    return [str(mistake).partition("alerts.toml, ")[2] for mistake in found.mistakes]


def test_a_channel_has_what_its_entry_says(load: Load) -> None:
    found = load(
        'page_url = "https://me.example/"\n'
        f'{GOOD}token = "tk_1"\nlights = ["red"]\nhours = "Mon-Fri 09:30-16:00 America/New_York"\n'
        'quiet = "22:00-07:00 Europe/Berlin"\ntargets = ["live", "paper"]\nrecovery = false\n'
    )
    assert found.alerts.push == (
        PushChannel(
            "phone",
            "ntfy",
            Secret(TOPIC),
            Secret("tk_1"),
            frozenset({Light.RED}),
            parse("Mon-Fri 09:30-16:00 America/New_York"),
            parse("22:00-07:00 Europe/Berlin"),
            frozenset({"live", "paper"}),
            recovery=False,
        ),
    )
    assert found.alerts.page_url == "https://me.example/"
    assert not found.mistakes
    assert not found.warnings


def test_what_is_left_out_is_as_on_the_desktop(load: Load) -> None:
    (channel,) = load(GOOD).alerts.push
    assert (channel.lights, channel.hours, channel.quiet) == (ALARMING, None, None)
    assert channel.targets == frozenset()
    assert channel.recovery


def test_ping_hooks_and_drill_are_read(load: Load) -> None:
    found = load(
        f'[ping]\nurl = "{TOPIC}"\nevery = 120\n[hooks]\non_red = ["/bin/stop", "--now"]\n'
        '[drill]\nweekly = "Sun 09:30"\namber_after = 14\n'
    )
    assert not found.mistakes
    ping, hooks, drill = found.alerts.ping, found.alerts.hooks, found.alerts.drill
    assert ping is not None
    assert (ping.url.reveal(), ping.every) == (TOPIC, 120.0)
    assert hooks == Hooks(on_red=("/bin/stop", "--now"))
    assert drill == Drill(WeeklyTime(6, time(9, 30)), 14.0)


def test_a_drill_is_on_saturday_morning_and_never_amber_if_nothing_else_is_said(load: Load) -> None:
    assert load("[drill]\n").alerts.drill == Drill(WeeklyTime(5, time(10)), inf)


def test_a_mistake_costs_its_entry_alone_and_names_its_line(load: Load) -> None:
    found = load(
        f"# {'a comment'}\n\n{GOOD}\n"
        '[[push]]\nname = "bot"\nkind = "webhook"\nurl = "ftp://secret"\nlights = [\n  "red",\n'
        '  "blue",\n]\n\nqiet = """\nlong\n"""\n[ping]\nevery = 1\n'
    )
    assert [channel.name for channel in found.alerts.push] == ["phone"]
    assert found.alerts.ping is None
    assert said(found) == [
        "line 11: url: must be an address that begins with https:// or http://",
        'line 12: lights: must be ["red"] or ["red", "amber"]',
        "line 17: qiet: no such key (did you mean quiet?)",
        "line 21: every: must be a number from 15 to 86400",
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('[[push]]\nkind = "ntfy"\n', "line 1: url: must be an address that begins with"),
        (f'[[push]]\nurl = "{TOPIC}"\n', "line 1: kind: must be one of ntfy, webhook"),
        ('[[push]]\nkind = "sms"\n', "line 2: kind: must be one of ntfy, webhook"),
        (f'{GOOD}[[push]]\nname = "Phone"\nkind = "ntfy"\nurl = "{TOPIC}"\n', "line 6: name=Phone"),
        (f'{GOOD}hours = "all day"\n', "line 5: hours: must be a window like"),
        (f'{GOOD}recovery = "no"\n', "line 5: recovery: must be true or false"),
        (f'{GOOD}targets = "live"\n', "line 5: targets: must be a list of texts"),
        (f'{GOOD}token_env = "NOT_SET"\n', "line 5: token_env: there is no variable NOT_SET"),
        (f'{GOOD}token_file = "/none/at/all"\n', "line 5: token_file: cannot be read: No such"),
        (f'{GOOD}token_file = "~nobody-there/t"\n', "line 5: token_file: cannot be read: No such"),
        (f'{GOOD}url_env = "X"\n', "line 4: url: write one of url, url_env and url_file"),
        (f'{GOOD}token = "tk_漢"\n', "line 5: token: must be a text of ASCII letters, digits"),
        ('page_url = "https://me.example/é"\n', "line 1: page_url: must be in ASCII, as a"),
        ('[ping]\nurl = "https://bücher.example"\n', "line 2: url: must be in ASCII, as a"),
        ("push = 1\n", "line 1: push: must be written as [[push]]"),
        ("[[ping]]\n", "line 1: ping: must be written as [ping]"),
        ('[hooks]\non_red = "x"\n', "line 2: on_red: must be a program and its arguments"),
        ('[hooks]\non_red = ["stop"]\n', "line 2: on_red: must be a program and its arguments"),
        ('[hooks]\non_red = ["/a.BAT"]\n', "line 2: on_red: must be no batch file"),
        ('[hooks]\non_red = ["/a", 1]\n', "line 2: on_red: must be a program and its arguments"),
        ('[ping]\nurl = "https://a"\nkind = "x"\n', "line 3: kind: must be one of healthchecks"),
        ('[drill]\nweekly = "daily"\n', "line 2: weekly: must be a day and a time"),
        ('[drill]\nweekly = "Foo 10:00"\n', "line 2: weekly: must be a day and a time"),
        ('[drill]\nweekly = "Sat 24:00"\n', "line 2: weekly: must be a day and a time"),
        ("[drill]\nweekly = 10\n", "line 2: weekly: must be a day and a time"),
        ("[drill]\namber_after = 0\n", "line 2: amber_after: must be a number from 1"),
        (f'{GOOD}[[push]]\nname = "Desktop"\nkind = "ntfy"\nurl = "{TOPIC}"\n', "line 6: name="),
        ("pages = 1\n", "line 1: pages: no such key (did you mean page_url?)"),
    ],
)
def test_every_mistake_says_what_to_write(load: Load, text: str, mistake: str) -> None:
    (only,) = said(load(text))
    assert only.startswith(mistake)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[push]\n", "line 1: is no TOML: "),
        ('[[push]]\nurl = "never closed\n', "line 2: is no TOML: "),
        (b"\xff\xfe", "cannot be used: "),
        ("a=" + "[" * 5_000, "cannot be used: "),
        ("#" * 70_000, "cannot be used: "),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(
    load: Load, text: str | bytes, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem.replace("(", r"\(")) as caught:
        load(text)
    assert len(caught.value.mistakes) == 1


def test_without_a_file_there_are_the_channels_of_the_environment(tmp_path: Path) -> None:
    environ = {"TRAYMON_NTFY": TOPIC, "TRAYMON_WEBHOOK": "http://10.0.0.1/x", "TRAYMON_PING": TOPIC}
    found = alerts_file.load(tmp_path / "none.toml", environ)
    assert [(one.name, one.kind) for one in found.alerts.push] == [
        ("ntfy", "ntfy"),
        ("webhook", "webhook"),
    ]
    assert found.alerts.ping is not None
    assert not found.mistakes


def test_secrets_come_from_the_environment_or_a_file_of_their_own(
    load: Load, tmp_path: Path
) -> None:
    secret = tmp_path / "topic"
    secret.write_text(f"{TOPIC}\n")
    found = load(
        f'[[push]]\nkind = "ntfy"\nurl_file = "{secret.as_posix()}"\ntoken_env = "MY_TOKEN"\n',
        MY_TOKEN="tk_2",
    )
    assert not found.mistakes
    (channel,) = found.alerts.push
    assert (channel.url.reveal(), channel.token.reveal()) == (TOPIC, "tk_2")


def test_the_file_of_a_secret_is_looked_for_beside_alerts_toml(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "topic").write_text(f"{TOPIC}\n")
    found = load('[ping]\nurl_file = "topic"\n')
    assert not found.mistakes
    assert found.alerts.ping is not None
    assert found.alerts.ping.url.reveal() == TOPIC


@pytest.mark.skipif(sys.platform == "win32", reason="there the profile is the user's alone")
def test_a_file_with_secrets_that_others_may_read_is_named(load: Load, tmp_path: Path) -> None:
    load(GOOD)
    os.chmod(tmp_path / "alerts.toml", 0o640)
    found = load(GOOD)
    assert found.alerts.push
    assert "other users of this computer may read it (chmod 600 " in str(found.warnings[0])
    assert not load('[[push]]\nkind = "ntfy"\nurl_env = "X"\n', X=TOPIC).warnings


def test_a_secret_shows_in_nothing_that_is_made_of_it(load: Load) -> None:
    found = load(f'{GOOD}token = "tk_geheim"\n')
    for text in (repr(found), str(found.alerts), f"{found.alerts.push[0].url}", repr(Secret("x"))):
        assert "private-topic" not in text
        assert "geheim" not in text
    assert pickle.loads(pickle.dumps(found)) == found


def test_no_mistake_repeats_a_secret(load: Load) -> None:
    text = (
        '[[push]]\nkind = "ntfy"\nurl = "htp://host/private-topic"\ntoken = "tk_\\u0007geheim"\n'
        '[ping]\nurl = "//private-topic"\n'
    )
    found = load(text, TRAYMON_NTFY="private-topic")
    assert len(found.mistakes) == 4
    for mistake in found.mistakes:
        assert "private-topic" not in str(mistake)
        assert "geheim" not in str(mistake)


def test_a_change_is_seen_and_the_last_good_file_stays_in_force(tmp_path: Path) -> None:
    path = tmp_path / "alerts.toml"
    watch = AlertsWatch(path, {})
    assert watch.look() == AlertsFile()
    assert watch.look() is None
    path.touch(mode=0o600)
    path.write_text(GOOD)
    found = watch.look()
    assert found is not None
    assert [channel.name for channel in found.alerts.push] == ["phone"]
    path.write_text("[[push]\n")
    broken = watch.look()
    assert broken is not None
    assert broken.alerts == found.alerts
    assert "line 1: is no TOML" in str(broken.mistakes[0])
    path.unlink()
    assert watch.look() == AlertsFile()


def test_no_program_is_run_that_a_dotenv_or_another_user_may_have_named(tmp_path: Path) -> None:
    path = tmp_path / "alerts.toml"
    path.write_text('[hooks]\non_red = ["/bin/true"]\n', encoding="utf-8")
    path.chmod(0o600)
    assert alerts_file.load(path, {}).alerts.hooks == Hooks(on_red=("/bin/true",))
    named_by_dotenv = alerts_file.load(path, {}, is_users_choice=False)
    assert named_by_dotenv.alerts.hooks is None
    assert "a .env or targets.toml names this file" in str(named_by_dotenv.mistakes[0])
    if sys.platform != "win32":
        path.chmod(0o620)
        may_be_changed = alerts_file.load(path, {})
        assert may_be_changed.alerts.hooks is None
        assert "other users of this computer may change this file" in str(
            may_be_changed.mistakes[0]
        )


def test_the_kind_of_a_ping_is_seen_by_its_address(load: Load) -> None:
    for url, kind in (
        ("https://hc.example/uuid", "healthchecks"),
        ("https://k/api/push/x", "kuma"),
    ):
        found = load(f'[ping]\nurl = "{url}"\n').alerts.ping
        assert found is not None
        assert found.kind == kind


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "named.toml"
    own = OwnSettings("auto", 0, "ask", "on", "info", alerts=str(path), ntfy=Secret(TOPIC))
    watch = AlertsWatch.of(own, {"TRAYMON_ALERTS": str(path)})
    found = watch.look()
    assert found is not None
    assert [channel.name for channel in found.alerts.push] == ["ntfy"], "it counts nonetheless"
    assert [str(one) for one in found.mistakes] == [
        f"{path}: there is no such file (TRAYMON_ALERTS names it)"
    ]
    path.touch(mode=0o600)
    found = watch.look()
    assert found is not None
    assert not found.mistakes
