"""Reads alerts.toml: who is told of a fault beside the desktop.

A mistake costs the entry that it is in; the others are in force. Knows neither how a message gets
anywhere nor when.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TypeVar

from traymon.config import push_services
from traymon.config.hook_command import COMMAND, as_command, why_distrusted
from traymon.config.in_force import PING_VARIABLE, PUSH_VARIABLES, AlertsFile
from traymon.config.push_services import SERVICES, Service
from traymon.config.toml_file import Table, TomlFile, as_text, as_texts
from traymon.config.web_address import WEB_ADDRESS, web_address
from traymon.core import drill, time_windows
from traymon.core.alerts import (
    ALARMING,
    HOOK_TIMEOUT,
    NO_SECRET,
    PING_INTERVAL,
    PING_KINDS,
    Alerts,
    Drill,
    Hooks,
    Ping,
    PushChannel,
    Secret,
)
from traymon.core.time_windows import Schedule
from traymon.core.vocabulary import Light
from traymon.errors import Mistake
from traymon.storage.files import read_file

MAX_SECRET = 4_000  # bytes of a file that holds one
MAX_NAME = 40  # characters, so that it fits into the icon's menu
KINDS = ("ntfy", "webhook", *SERVICES)
TOKEN = "a text of ASCII letters, digits and signs without a blank"  # it becomes a header
MAX_DAYS = 365  # without a proof of a channel
KUMA_PATH = "/api/push/"  # of Uptime Kuma's push monitors
T = TypeVar("T")
_VARIABLE = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)
LIGHTS = {("red",): frozenset({Light.RED}), ("amber", "red"): ALARMING}


def load(path: Path, environ: Mapping[str, str], *, is_users_choice: bool = True) -> AlertsFile:
    """Return the alerts of a file, which need not be there, and of the environment.

    `is_users_choice`: no project's `.env` has named it, so that it may name programs to run.
    Raises ConfigError if the file as a whole cannot be used.
    """
    try:
        file = TomlFile(path)
    except FileNotFoundError:
        return _with_environment(AlertsFile(), environ)
    distrust = why_distrusted(path, is_users_choice=is_users_choice)
    reader = _Reader(environ, path.parent, distrust)
    root = file.root
    push = tuple(filter(None, map(reader.push, root.tables("push"))))
    alerts = Alerts(
        push=push,
        ping=_section(root, "ping", reader.ping),
        hooks=_section(root, "hooks", reader.hooks),
        drill=_section(root, "drill", reader.drill),
        page_url=root.get("page_url", WEB_ADDRESS, web_address, ""),
    )
    root.refuse_others()
    warnings = _may_be_read_by_others(path) if reader.holds_secrets else ()
    return _with_environment(AlertsFile(alerts, tuple(file.mistakes), warnings), environ)


def _section(root: Table, key: str, read: Callable[[Table], T | None]) -> T | None:
    table = root.table(key)
    return None if table is None else read(table)


class _Reader:
    """Makes an entry of each table; None of one with a mistake in it."""

    def __init__(self, environ: Mapping[str, str], folder: Path, distrust: str) -> None:
        """`folder` is that of the file, from which relative paths count.

        `distrust`: why no program may be run that the file names; "" if it may.
        """
        self._environ, self._folder, self._distrust = environ, folder, distrust
        self._names: set[str] = set()
        self.holds_secrets = False  # the file itself, and not another one or the environment

    def push(self, table: Table) -> PushChannel | None:
        """Read a `[[push]]`."""
        kind = table.word("kind", KINDS, "")
        service = SERVICES.get(kind)
        channel = PushChannel(
            name=table.get("name", f"at most {MAX_NAME} characters", _as_name, "") or kind,
            kind=kind if service is None else push_services.APPRISE,
            url=self._address(table, service),
            token=self.secret(table, "token", TOKEN, _as_token) if service is None else NO_SECRET,
            lights=table.get("lights", '["red"] or ["red", "amber"]', _as_lights, ALARMING),
            hours=table.get("hours", time_windows.HOW_WRITTEN, _as_schedule, None),
            quiet=table.get("quiet", time_windows.HOW_WRITTEN, _as_schedule, None),
            targets=frozenset(table.texts("targets")),
            recovery=table.flag("recovery", default=True),
        )
        table.refuse_others()
        if table.is_good:
            self._check_push(table, channel)
        return channel if table.is_good else None

    def _address(self, table: Table, service: Service | None) -> Secret:
        """Read where the messages of a `[[push]]` go; of a service, from the keys that it has."""
        if service is None:
            return self.secret(table, "url", WEB_ADDRESS, web_address)
        values: dict[str, str] = {}
        for key in service.keys:
            if key.secret:
                values[key.name] = self.secret(table, key.name, key.allowed, key.parse).reveal()
            else:
                values[key.name] = table.get(key.name, key.allowed, key.parse, "")
            if key.needed and not values[key.name] and table.is_good:
                table.note(key.name, f"must be {key.allowed}")
        if not push_services.is_installed():
            table.note("kind", "needs the package apprise", push_services.how_to_install())
        return Secret(service.address(values)) if table.is_good else NO_SECRET

    def _check_push(self, table: Table, channel: PushChannel) -> None:
        if not channel.kind:
            table.note("kind", f"must be one of {', '.join(KINDS)}")
        if not channel.url:
            table.note("url", f"must be {WEB_ADDRESS}")
        if channel.name.lower() == drill.DESKTOP:
            table.note("name", "stands for the notifications of the desktop", value=channel.name)
        if channel.name.lower() in self._names:
            table.note("name", "another [[push]] has this name", value=channel.name)
        self._names.add(channel.name.lower())

    def ping(self, table: Table) -> Ping | None:
        """Read `[ping]`."""
        url = self.secret(table, "url", WEB_ADDRESS, web_address)
        ping = Ping(
            url=url,
            every=table.number("every", least=15, most=86_400, default=PING_INTERVAL),
            kind=table.word("kind", PING_KINDS, kind_of(url)),
        )
        table.refuse_others()
        if table.is_good and not ping.url:
            table.note("url", f"must be {WEB_ADDRESS}")
        return ping if table.is_good else None

    def hooks(self, table: Table) -> Hooks | None:
        """Read `[hooks]`."""
        hooks = Hooks(
            on_red=table.get("on_red", COMMAND, as_command, ()),
            on_green=table.get("on_green", COMMAND, as_command, ()),
            on_flip=table.get("on_flip", COMMAND, as_command, ()),
            timeout=table.number("timeout", least=1, most=3600, default=HOOK_TIMEOUT),
        )
        table.refuse_others()
        if why := self._distrust:
            table.note("hooks", f"are not run, since {why}")
        return hooks if table.is_good else None

    def drill(self, table: Table) -> Drill | None:
        """Read `[drill]`."""
        wanted = Drill(
            weekly=table.get("weekly", drill.HOW_WRITTEN, _as_weekly_time, drill.USUAL_TIME),
            amber_after=table.number("amber_after", least=1, most=MAX_DAYS, default=inf),
        )
        table.refuse_others()
        return wanted if table.is_good else None

    def secret(
        self,
        table: Table,
        key: str,
        allowed: str,
        parse: Callable[[object], str],
    ) -> Secret:
        """Return a secret from `key`, or from where `key_env` or `key_file` say that it is."""
        inline = table.get(key, allowed, parse, "")
        self.holds_secrets |= bool(inline)
        variable = table.get(f"{key}_env", "the name of a variable", _as_variable, "")
        file = table.get(f"{key}_file", "the path of a file", as_text, "")
        if sum(map(bool, (inline, variable, file))) > 1:
            table.note(key, f"write one of {key}, {key}_env and {key}_file")
            return Secret()
        where, read = (f"{key}_file", self._content) if file else (f"{key}_env", self._variable)
        if not file and not variable:
            return Secret(inline)
        try:
            return Secret(parse(read(file or variable)))
        except ValueError as error:
            table.note(where, str(error) or f"what is there must be {allowed}")
        except OSError as error:
            table.note(where, f"cannot be read: {error.strerror or error}")
        return Secret()

    def _variable(self, name: str) -> str:
        try:
            return self._environ[name]
        except KeyError:
            raise ValueError(f"there is no variable {name} in the environment") from None

    def _content(self, path: str) -> str:
        """Return the first line of a file that holds a secret. Raises OSError or ValueError."""
        data = read_file(self._folder / os.path.expanduser(path), MAX_SECRET)
        return data.decode("utf-8-sig").strip().partition("\n")[0].strip()


def _as_variable(value: object) -> str:
    name = as_text(value)
    if not _VARIABLE.fullmatch(name):  # the secret itself, perhaps
        raise ValueError
    return name


def _as_token(value: object) -> str:
    token = as_text(value)
    if not token.isascii() or " " in token:
        raise ValueError
    return token


def kind_of(ping: Secret) -> str:
    """Return what kind of address a ping goes to, by the address."""
    return "kuma" if KUMA_PATH in ping.reveal() else "healthchecks"


def _as_name(value: object) -> str:
    name = as_text(value)
    if len(name) > MAX_NAME:
        raise ValueError
    return name


def _as_lights(value: object) -> frozenset[Light]:
    lights = LIGHTS.get(tuple(sorted(as_texts(value))))
    if lights is None:
        raise ValueError
    return lights


def _as_schedule(value: object) -> Schedule | None:
    return time_windows.parse(as_text(value))


def _as_weekly_time(value: object) -> drill.WeeklyTime:
    return drill.parse_weekly(as_text(value))


def _may_be_read_by_others(path: Path) -> tuple[Mistake, ...]:
    """Return a warning if other users of this computer may read the file."""
    if sys.platform == "win32":  # the profile that it is in belongs to the user alone
        return ()
    if not os.stat(path).st_mode & 0o077:
        return ()
    problem = "holds secrets, and other users of this computer may read it"
    return (Mistake(str(path), "", "", problem, f"chmod 600 {path}"),)


def _with_environment(found: AlertsFile, environ: Mapping[str, str]) -> AlertsFile:
    """Add the channels that single variables ask for. A `[ping]` of the file beats the variable."""
    mistakes, alerts = [*found.mistakes], found.alerts
    taken = {channel.name.lower() for channel in alerts.push}
    for variable, kind in PUSH_VARIABLES.items():
        url = _address_in(environ, variable, mistakes)
        if url:
            name = kind if kind not in taken else variable
            alerts = replace(alerts, push=(*alerts.push, PushChannel(name, kind, url)))
    url = _address_in(environ, PING_VARIABLE, mistakes)
    if url and alerts.ping is None:
        alerts = replace(alerts, ping=Ping(url, kind=kind_of(url)))
    return replace(found, alerts=alerts, mistakes=tuple(mistakes))


def _address_in(environ: Mapping[str, str], variable: str, mistakes: list[Mistake]) -> Secret:
    text = environ.get(variable, "")
    try:
        return Secret(web_address(text)) if text.strip() else Secret()
    except ValueError as error:
        problem = str(error) or f"must be {WEB_ADDRESS}"
        mistakes.append(Mistake("environment", variable, "", problem))
        return Secret()
