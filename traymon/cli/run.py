"""Watching from the tray, and starting that at login."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer
from rich.markup import escape

from traymon.cli.common import (
    Env,
    Exit,
    Host,
    NoTray,
    Port,
    Timeout,
    begin_log,
    load,
    new_console,
)
from traymon.cli.control import ask_the_running_one, instance_of_this_user
from traymon.core.target import Target

TRAY_WITHIN = 20.0  # seconds after login in which a desktop brings up its tray


def run(
    env: Env = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    no_tray: NoTray = False,
    at_login: Annotated[bool, typer.Option("--at-login", hidden=True)] = False,
) -> None:
    """Watch from the system tray; what `traymon` alone does."""
    unread = at_login or sys.__stdout__ is None  # nobody sees what is printed
    if unread:
        begin_log("info")
    try:
        settings = load(env, host, port, timeout)
    except Exit:
        if unread:
            _tell_on_the_desktop("cannot-start")
        raise
    instance = instance_of_this_user()
    if not instance.acquire():
        if at_login:
            raise Exit(0)  # the page is not to open by itself
        ask_the_running_one(instance, "POST", "/open-page")
        print("traymon runs already; its page is opened.")
        raise Exit(0)
    from traymon.app import App
    from traymon.storage.paths import Folders

    if unread:
        logging.getLogger("traymon").setLevel(settings.settings.log.upper())
    else:
        begin_log(settings.settings.log)
    console = new_console(quiet=unread)
    target = settings.target
    console.print(f"traymon watches {escape(target.name)}, {target.address}.", highlight=False)
    try:
        App(
            [target],
            console=console,
            want_tray=not no_tray,
            notify=settings.settings.notify,
            folders=Folders.of_this_user(),
            instance=instance,
            page_port=settings.settings.page_port,
            calendar=settings.calendar,
            login_options=_login_options(target, host, port, timeout),
            patience=TRAY_WITHIN if at_login else 0.0,
        ).run()
    finally:
        instance.release()
    raise Exit(0)


def _tell_on_the_desktop(name: str) -> None:
    """Tell the notice of this name, where there is no terminal to say it in."""
    from traymon.diagnosis import fix_pages
    from traymon.storage.paths import Folders
    from traymon.ui import presenter
    from traymon.ui.notification_text import NotificationText
    from traymon.ui.notify.channel import Clicks
    from traymon.ui.notify.notifier import Notifier

    title, body = fix_pages.notification_text(name)
    body = f"{body} Log: {Folders.of_this_user().logs}"
    if sys.platform == "win32":  # its notices belong to an icon
        from traymon.ui.desktop import show_error_dialog

        show_error_dialog(title, body)
        return
    body = presenter.clip(body, presenter.MAX_BODY)
    text = NotificationText(title, body, urgent=True, clickable=False)
    notifier = Notifier(Clicks(lambda key: None), lambda why: None)
    notifier.notify("traymon", lambda: text)
    notifier.stop()


def _login_options(
    target: Target, host: str | None, port: str | None, timeout: str | None
) -> list[str]:
    """Return the options of `run` that at login, elsewhere, watch the same as here."""
    options = {"--env": target.env_file, "--host": host, "--port": port, "--timeout": timeout}
    return [part for option, value in options.items() if value for part in (option, value)]
