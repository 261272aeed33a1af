"""A service is named by the keys that its users know, and reached by Apprise's address of it."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from support.repository import ROOT
from traymon.config import alerts_file, push_services
from traymon.config.push_services import SERVICES
from traymon.core.alerts import PushChannel
from traymon.errors import Mistake

BOT = "123456789:abcdefghijklmnopqrstuvwxyz123456789"
MAIL = 'to = "me@b.de"\nfrom = "bot+x@b.de"\nhost = "mail.b.de"\n'


def load(folder: Path, entry: str) -> tuple[tuple[PushChannel, ...], tuple[Mistake, ...]]:
    path = folder / "alerts.toml"
    path.write_text(f"[[push]]\n{entry}\n", encoding="utf-8")
    found = alerts_file.load(path, {"VARIABLE": BOT})
    return found.alerts.push, found.mistakes


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        (f'kind = "telegram"\ntoken = "{BOT}"\nchat = -100', f"tgram://{BOT}/-100/"),
        ('kind = "telegram"\ntoken_env = "VARIABLE"\nchat = "@c"', f"tgram://{BOT}/%40c/"),
        ('kind = "pushover"\ntoken = "abc"\nuser = "def"', "pover://def@abc/"),
        ('kind = "pushover"\ntoken = "abc"\nuser = "def"\ndevice = "d-1"', "pover://def@abc/d-1"),
        (
            f'kind = "email"\n{MAIL}',
            "mailtos://mail.b.de/?smtp=mail.b.de&from=bot%2Bx%40b.de&to=me%40b.de&mode=starttls",
        ),
        (
            f'kind = "email"\n{MAIL}port = 2525\nsecurity = "none"',
            "mailto://mail.b.de:2525/"
            "?smtp=mail.b.de&from=bot%2Bx%40b.de&to=me%40b.de&mode=insecure",
        ),
        (
            f'kind = "email"\n{MAIL}user = "a@b.de"\npassword = "p:/?#%"\nsecurity = "tls"',
            "mailtos://a%40b.de:p%3A%2F%3F%23%25@mail.b.de/"
            "?smtp=mail.b.de&from=bot%2Bx%40b.de&to=me%40b.de&mode=ssl",
        ),
        ('kind = "apprise"\nurl = "gotify://host/token"', "gotify://host/token"),
    ],
)
def test_the_address_that_apprise_knows_is_made_of_the_keys(
    entry: str, address: str, tmp_path: Path
) -> None:
    (channel,), mistakes = load(tmp_path, entry)
    assert mistakes == ()
    assert (channel.kind, channel.url.reveal()) == ("apprise", address)
    assert channel.name == entry.split('"')[1]


@pytest.mark.parametrize(
    ("entry", "line", "key"),
    [
        ('kind = "telegram"\ntoken = "abc"\nchat = 1', 3, "token"),
        (f'kind = "telegram"\ntoken = "{BOT}"', 1, "chat"),
        (f'kind = "telegram"\ntoken = "{BOT}"\nchat = true', 4, "chat"),
        ('kind = "discord"\nurl = "https://example.com/api/webhooks/1/a"', 3, "url"),
        ('kind = "slack"\nurl = "http://hooks.slack.com/services/a/b/c"', 3, "url"),
        (f'kind = "email"\n{MAIL}port = "smtp"', 6, "port"),
        (f'kind = "email"\n{MAIL}chat = 1', 6, "chat"),
        ('kind = "email"\nto = "a@b.de,c@d.de"', 3, "to"),
    ],
)
def test_a_mistake_names_line_and_key_and_shows_no_value(
    entry: str, line: int, key: str, tmp_path: Path
) -> None:
    channels, mistakes = load(tmp_path, entry)
    assert channels == ()
    assert (mistakes[0].where.rpartition(" ")[2], mistakes[0].key) == (str(line), key)
    assert mistakes[0].value == ""
    assert BOT not in str(mistakes)


def test_without_apprise_the_entry_names_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_services, "find_spec", lambda name: None)
    channels, (mistake,) = load(tmp_path, 'kind = "pushover"\ntoken = "abc"\nuser = "def"')
    assert channels == ()
    assert mistake.problem == "needs the package apprise"
    assert mistake.hint == push_services.how_to_install()
    channels, mistakes = load(tmp_path, 'kind = "ntfy"\nurl = "https://ntfy.sh/t"')
    assert (len(channels), mistakes) == (1, ())


@pytest.mark.parametrize(
    ("mark", "command"),
    [
        ("pipx_metadata.json", r"pipx inject traymon apprise"),
        ("uv-receipt.toml", r"uv pip install --python \S.* apprise"),
        ("pyvenv.cfg", r"\S.* -m pip install apprise"),
    ],
)
def test_the_command_is_that_of_what_has_installed_traymon(
    mark: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = tmp_path / "traymon"
    environment.mkdir()
    (environment / mark).touch()
    monkeypatch.setattr(sys, "prefix", str(environment))
    assert re.fullmatch(command, push_services.how_to_install())


def test_the_built_program_says_that_nothing_can_be_added_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert "cannot be extended" in push_services.how_to_install()


def test_the_package_of_a_system_says_that_nothing_can_be_added_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "system-package").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert "cannot be extended" in push_services.how_to_install()


def test_the_documentation_names_every_key_and_its_example_can_be_used(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "push.md").read_text(encoding="utf-8")
    for kind, service in SERVICES.items():
        row = re.search(rf'^\| `"{kind}"` \|(.+)\|$', text, re.MULTILINE)
        assert row
        assert [key.name for key in service.keys if f"`{key.name}`" not in row[1]] == []
    (example,) = re.findall(r'```toml\n(\[\[push\]\]\nkind = "telegram".+?)```', text, re.DOTALL)
    assert [entry["kind"] for entry in tomllib.loads(example)["push"]] == ["telegram", "email"]
    password = tmp_path / "password"
    password.write_text("secret", encoding="utf-8")
    path = tmp_path / "alerts.toml"
    mine = re.sub(r"~/\S+/mail-password", password.as_posix(), example)
    path.write_text(mine, encoding="utf-8")
    found = alerts_file.load(path, {"TELEGRAM_TOKEN": BOT})
    assert found.mistakes == ()
    assert [channel.name for channel in found.alerts.push] == ["telegram", "email"]
