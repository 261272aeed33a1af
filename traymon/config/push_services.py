"""The services that traymon reaches through Apprise, by the keys that their users know.

Apprise names each of them by an address of its own kind, which is made here: one row a service.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlencode

from traymon.core.shell import typed

APPRISE = "apprise"  # the package, and the kind of channel that is sent by it
SYSTEM_PACKAGE = "system-package"  # a file that install/debian/build.py puts into what it builds


@dataclass(frozen=True, slots=True)
class Key:
    """A key of alerts.toml that a service takes."""

    name: str
    allowed: str  # `the token of the bot, 123456:ABC...`
    pattern: str  # that a value matches as a whole
    secret: bool = False  # it may also come from `name_env` or `name_file`
    needed: bool = True

    def parse(self, value: object) -> str:
        """Return a value as text. Raises ValueError without any text: it may be a secret."""
        text = str(value).strip() if isinstance(value, str | int) else ""
        if isinstance(value, bool) or not re.fullmatch(self.pattern, text, re.ASCII):
            raise ValueError
        return text


@dataclass(frozen=True, slots=True)
class Service:
    """A service with its keys, and how its address is made of their values (missing ones: "")."""

    keys: tuple[Key, ...]
    address: Callable[[Mapping[str, str]], str]


def _telegram(of: Mapping[str, str]) -> str:
    return f"tgram://{of['token']}/{quote(of['chat'], safe='')}/"


def _pushover(of: Mapping[str, str]) -> str:
    return f"pover://{of['user']}@{of['token']}/{of['device']}"


def _email(of: Mapping[str, str]) -> str:
    login = ":".join(quote(of[key], safe="") for key in ("user", "password") if of[key])
    port = f":{of['port']}" if of["port"] else ""
    mode = {"tls": "ssl", "none": "insecure"}.get(of["security"], "starttls")
    scheme = "mailto" if mode == "insecure" else "mailtos"
    more = {"smtp": of["host"], "from": of["from"], "to": of["to"], "mode": mode}
    host = f"{login}@{of['host']}" if login else of["host"]
    return f"{scheme}://{host}{port}/?{urlencode(more)}"


def _as_it_is(of: Mapping[str, str]) -> str:
    return of["url"]


_MAIL = r"[^\s@,<>]+@[^\s@,<>]+"

SERVICES: Mapping[str, Service] = {
    "telegram": Service(
        (
            Key("token", "the token of your bot, 123456:ABC-...", r"\d+:[\w-]+", secret=True),
            Key("chat", "the number of a chat, or @channel", r"-?\d+|@\w+"),
        ),
        _telegram,
    ),
    "pushover": Service(
        (
            Key("token", "the API token of your application", r"\w+", secret=True),
            Key("user", "your user key", r"\w+", secret=True),
            Key("device", "the name of one of your devices", r"[\w-]+", needed=False),
        ),
        _pushover,
    ),
    "discord": Service(
        (
            Key(
                "url",
                "the address of a webhook, https://discord.com/api/webhooks/...",
                r"https://discord(app)?\.com/api/webhooks/\d+/[\w-]+",
                secret=True,
            ),
        ),
        _as_it_is,
    ),
    "slack": Service(
        (
            Key(
                "url",
                "the address of a webhook, https://hooks.slack.com/services/...",
                r"https://hooks\.slack\.com/(services|workflows|triggers)/[\w/-]+",
                secret=True,
            ),
        ),
        _as_it_is,
    ),
    "email": Service(
        (
            Key("to", "an e-mail address", _MAIL),
            Key("from", "an e-mail address", _MAIL),
            Key("host", "the name of a mail server", r"[\w.:\[\]-]+"),
            Key("port", "a whole number", r"\d{1,5}", needed=False),
            Key("user", "a text", r"[^\r\n]+", secret=True, needed=False),
            Key("password", "a text", r"[^\r\n]+", secret=True, needed=False),
            Key("security", "starttls, tls or none", "starttls|tls|none", needed=False),
        ),
        _email,
    ),
    "apprise": Service(
        (Key("url", "an address that Apprise knows", r"[a-z][\w+.-]*://\S+", secret=True),),
        _as_it_is,
    ),
}


def is_installed() -> bool:
    """Tell whether Apprise is here; loads nothing of it."""
    return find_spec(APPRISE) is not None


def how_to_install() -> str:
    """Return the command that adds Apprise to this traymon, by what has installed it."""
    environment = Path(sys.prefix)
    if getattr(sys, "frozen", False) or (environment / SYSTEM_PACKAGE).is_file():
        return "this program cannot be extended: install traymon with uv, pipx or pip instead"
    command = [sys.executable, "-m", "pip", "install", APPRISE]
    if (environment / "pipx_metadata.json").is_file():
        command = ["pipx", "inject", environment.name, APPRISE]
    elif (environment / "uv-receipt.toml").is_file():  # such an environment has no pip
        command = ["uv", "pip", "install", "--python", sys.executable, APPRISE]
    return typed(command, for_powershell=sys.platform == "win32")
