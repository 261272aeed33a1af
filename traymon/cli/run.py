"""`traymon run`: monitor from the system tray."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from traymon.autostart.login_start import was_started_at_login
from traymon.cli import second_start, watch_too
from traymon.cli.common import (
    EXIT_USAGE,
    Envs,
    Exit,
    Host,
    NoTray,
    Port,
    Targets,
    Timeout,
    current_folder,
    load,
    request_of,
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
from traymon.cli.own_command import own_command, own_commands
from traymon.cli.settings_process import SettingsRequest
from traymon.cli.streams import print_error
from traymon.diagnosis import fix_pages

if TYPE_CHECKING:
    from traymon.config.in_force import Config, OwnSettings, TargetConfig
    from traymon.core.releases import Releases
    from traymon.storage.single_instance import Instance, InstanceInfo

END_TIMEOUT = 15.0  # seconds for a traymon that was asked to end
TRAY_TIMEOUT = 20.0  # seconds that a desktop may take after login to bring up its tray


def run(
    env: Envs = None,
    targets: Targets = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    no_tray: NoTray = False,
    add: Annotated[
        bool,
        typer.Option("--add", help="If traymon runs already, let it watch this too, unasked."),
    ] = False,
    at_login: Annotated[bool, typer.Option("--at-login", hidden=True)] = False,
) -> None:
    """Watch from the system tray (same as traymon alone)."""
    from traymon.cli.resident import Plan, become_resident

    at_login = at_login or was_started_at_login()
    unseen = at_login or sys.__stdout__ is None  # nobody sees what is printed
    if unseen:
        start_log("info")
    try:
        config = load(env, host, port, timeout, targets)
        folder = current_folder(targets or next(iter(env or ()), None), port)
        request = request_of(folder, env, host, port, timeout, targets)
    except Exit:
        if unseen:
            _notify("cannot-start")
        raise
    config = name_settings(config, request)
    instance = _take_place(config, at_login=at_login, want_tray=not no_tray, add=add)
    plan = Plan(
        config=config,
        request=request,
        want_tray=not no_tray,
        patience=TRAY_TIMEOUT if at_login else 0.0,
        unseen=unseen,
        has_place=instance is not None,
        releases=_releases(config.settings),
    )
    become_resident(plan, instance)
    raise Exit(0)


def _releases(settings: OwnSettings) -> Releases | None:
    """Return where to ask for newer releases; None if that is not wanted, or not known."""
    if settings.update_hint == "off":
        return None
    from traymon.cli.published import published

    releases = published()
    if releases is None:
        print_error("TRAYMON_UPDATE_HINT: this build does not know where releases are published.")
    return releases


def name_settings(config: Config, request: SettingsRequest) -> Config:
    """Return the settings of a traymon that stays: what it prints is typed in any folder."""
    config = replace(config, login_options=_login_options(config, request))
    if config.lists_several:
        return config  # whose commands name their files
    (one,) = config.targets
    options = settings_options(one.target.env_file, request.host, request.port)
    target = replace(one.target, commands=own_commands(options, request.timeout))
    return replace(config, targets=(replace(one, target=target),))


def _login_options(config: Config, request: SettingsRequest) -> tuple[str, ...]:
    """Return the options with which `run`, started at login in any folder, monitors the same."""
    if config.targets_file is not None:
        files = ["--targets", str(config.targets_file.absolute())]
    else:
        named = request.envs if config.lists_several else [config.targets[0].target.env_file]
        files = [part for env in named if env for part in ("--env", env)]
    return (*files, *settings_options(None, request.host, request.port, request.timeout))


def _take_place(config: Config, *, at_login: bool, want_tray: bool, add: bool) -> Instance | None:
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
    for one in config.targets:
        if new := second_start.not_watched(one.target, watched):
            _offer(new, one, config, info, watched, add=add)
    if not at_login:  # there, nobody asked for the page
        _show_page(instance, second_start.describe(info.pid, watched))
    raise Exit(0)


def _offer(
    new: str,
    wanted: TargetConfig,
    config: Config,
    info: InstanceInfo,
    watched: Sequence[second_start.Watched],
    *,
    add: bool,
) -> NoReturn:
    """Let the running one watch what this start is for too, if the user wants that, and exit."""
    facts = {"new": new, "pid": info.pid, "watched": second_start.addresses(watched)}
    facts["add"] = own_command("run", *config.login_options, "--add")
    can_add = not config.lists_several  # whose targets are in a list already
    name = "not-watched" if can_add else "list-not-watched"
    title, body = (text.format(**facts) for text in fix_pages.notification_text(name))
    if can_add and add:
        watch_too.watch_too(info, wanted)
    print_error(f"{title}. {body}")
    if can_add and watch_too.may_ask() and watch_too.says_yes(f"Watch {new} too?"):
        watch_too.watch_too(info, wanted)
    if not sys.stderr.isatty():  # started by a click, or at login
        _notify(name, facts)
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
