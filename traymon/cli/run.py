"""`traymon run`: monitor from the system tray."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from traymon.autostart.login_start import was_started_at_login
from traymon.cli import second_start
from traymon.cli.common import (
    EXIT_USAGE,
    Env,
    Exit,
    Host,
    NoTray,
    Port,
    Timeout,
    current_folder,
    load,
    settings_options,
)
from traymon.cli.control import (
    START_TIMEOUT,
    TRY_INTERVAL,
    NoAnswer,
    Refused,
    exit_without_answer,
    request,
    show_page,
    this_users_instance,
)
from traymon.cli.log import start_log
from traymon.cli.own_command import own_commands
from traymon.cli.streams import print_error
from traymon.core.target import Target
from traymon.diagnosis import fix_pages

if TYPE_CHECKING:
    from traymon.config.in_force import Config
    from traymon.storage.single_instance import Instance, InstanceInfo

END_TIMEOUT = 15.0  # seconds for a traymon that was asked to end
TRAY_TIMEOUT = 20.0  # seconds that a desktop may take after login to bring up its tray


def run(
    env: Env = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    no_tray: NoTray = False,
    at_login: Annotated[bool, typer.Option("--at-login", hidden=True)] = False,
) -> None:
    """Watch from the system tray (same as traymon alone)."""
    from traymon.cli.resident import Plan, become_resident
    from traymon.cli.settings_process import SettingsRequest
    from traymon.config.settings_watch import dates_of

    at_login = at_login or was_started_at_login()
    unseen = at_login or sys.__stdout__ is None  # nobody sees what is printed
    if unseen:
        start_log("info")
    try:
        folder = current_folder(env, port)
        files = _settings_files(env, folder)
        dates = dates_of(files)  # a change from here on is seen
        config = name_settings(load(env, host, port, timeout), host, port, timeout)
    except Exit:
        if unseen:
            _notify("cannot-start")
        raise
    instance = _take_place(config.target, at_login=at_login, want_tray=not no_tray)
    named = None if env is None else str(folder / env)
    plan = Plan(
        config=config,
        request=SettingsRequest(named, host, port, timeout, str(folder)),
        files=files,
        dates=dates,
        login_options=login_options(config.target, host, port, timeout),
        want_tray=not no_tray,
        patience=TRAY_TIMEOUT if at_login else 0.0,
        unseen=unseen,
        has_place=instance is not None,
    )
    become_resident(plan, instance)
    raise Exit(0)


def _settings_files(env: Path | None, folder: Path) -> Sequence[Path]:
    from traymon.config import loader

    return loader.files(env and folder / env, folder)


def name_settings(
    config: Config, host: str | None, port: str | None, timeout: str | None
) -> Config:
    """Return the settings with commands that name their file, for terminals in any folder."""
    options = settings_options(config.target.env_file, host, port)
    return replace(config, target=replace(config.target, commands=own_commands(options, timeout)))


def _take_place(target: Target, *, at_login: bool, want_tray: bool) -> Instance | None:
    """Become the traymon that runs; if another one does, say what it watches and exit.

    One whose desktop is gone makes room for one that has a desktop. Returns None if there is no
    place to take: then nothing keeps a second traymon from starting.
    """
    instance = this_users_instance()
    deadline, other_ends, reason = time.monotonic() + START_TIMEOUT, False, ""
    while True:
        try:
            if instance.acquire():
                return instance
        except OSError as error:
            print_error(f"No folder is writable, so a second traymon goes unnoticed: {error}")
            return None
        info = instance.find_info()
        try:
            if info is not None and not other_ends:
                other_ends = want_tray and _ask_for_room(info)
                if not other_ends and (statuses := request(info, "GET", "/status")):
                    break
                deadline = time.monotonic() + END_TIMEOUT
        except (NoAnswer, Refused) as error:  # just ended, just starting, or left by a crash
            reason = str(error)
        if time.monotonic() > deadline:
            exit_without_answer(info, reason)
        time.sleep(TRY_INTERVAL)
    watched = [status["target"] for status in statuses]
    if new := second_start.not_watched(target, watched):
        _refuse(new, info, watched)
    if not at_login:  # there, nobody asked for the page
        _show_page(instance, second_start.describe(info.pid, watched))
    raise Exit(0)


def _refuse(new: str, info: InstanceInfo, watched: Sequence[second_start.Watched]) -> NoReturn:
    """Say that what this start is for is not watched, and exit."""
    facts = {"new": new, "pid": info.pid, "watched": second_start.addresses(watched)}
    title, body = (text.format(**facts) for text in fix_pages.notification_text("not-watched"))
    print_error(f"{title}. {body}")
    if not sys.stderr.isatty():  # started by a click, or at login
        _notify("not-watched", facts)
    raise Exit(EXIT_USAGE)


def _ask_for_room(info: InstanceInfo) -> bool:
    """Ask the running traymon to end if its desktop is gone and ours is not.

    Returns whether it ends. Raises NoAnswer.
    """
    if sys.platform != "linux":  # elsewhere a program ends with its session
        return False
    from traymon.ui.tray.backend import NoTray, check_screen

    try:
        check_screen()
    except NoTray:
        return False
    try:
        return bool(request(info, "POST", "/make-room")["ends"])
    except Refused:  # an older one, which does not know the question
        return False


def _show_page(instance: Instance, running: str) -> None:
    """Open the running traymon's page, and say so where somebody can see it."""
    way_out = show_page(instance)
    if not way_out:
        print(f"{running}. Opening its page.")
        return
    print(f"{running}. {way_out}")
    if not sys.stdout.isatty():  # started by a click
        _notify("page-not-opened")


def _notify(name: str, facts: Mapping[str, object] = MappingProxyType({})) -> None:
    """Send a notification of assets, in place of a message in the terminal."""
    from traymon.storage.paths import Folders
    from traymon.ui import presenter
    from traymon.ui.notification_text import NotificationText
    from traymon.ui.notify.channel import Clicks
    from traymon.ui.notify.notifier import Notifier

    values = {"traymon": own_commands().traymon, **facts}
    title, body = (text.format(**values) for text in fix_pages.notification_text(name))
    body = f"{body} Log: {Folders.of_this_user().logs}"
    if sys.platform == "win32":  # its notifications need an icon
        from traymon.ui.desktop import show_error_dialog

        show_error_dialog(title, body)
        return
    body = presenter.clip(body, presenter.MAX_BODY)
    title = presenter.clip(title, presenter.MAX_TITLE)
    text = NotificationText(title, body, urgent=True, clickable=False)
    notifier = Notifier(Clicks(lambda key: None), lambda why: None)
    notifier.notify("traymon", lambda: text)
    notifier.stop()


def login_options(
    target: Target, host: str | None, port: str | None, timeout: str | None
) -> list[str]:
    """Return the options with which `run`, started at login in any folder, monitors the same."""
    return settings_options(target.env_file, host, port, timeout)
