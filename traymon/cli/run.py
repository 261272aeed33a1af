"""`traymon run`: monitor from the system tray."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.markup import escape

from traymon.autostart.login_start import was_started_at_login
from traymon.cli.common import (
    Env,
    Exit,
    Host,
    NoTray,
    Port,
    Timeout,
    load,
    new_console,
)
from traymon.cli.control import ask_running, this_users_instance
from traymon.cli.log import set_log_level, start_log
from traymon.core.target import Target

TRAY_TIMEOUT = 20.0  # seconds that a desktop may take after login to bring up its tray


def run(
    env: Env = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    no_tray: NoTray = False,
    at_login: Annotated[bool, typer.Option("--at-login", hidden=True)] = False,
) -> None:
    """Watch from the system tray; what `traymon` alone does."""
    at_login = at_login or was_started_at_login()
    unseen = at_login or sys.__stdout__ is None  # nobody sees what is printed
    if unseen:
        start_log("info")
    try:
        config = load(env, host, port, timeout)
    except Exit:
        if unseen:
            _notify("cannot-start")
        raise
    instance = this_users_instance()
    if not instance.acquire():
        if at_login:
            raise Exit(0)  # nobody asked for the page
        ask_running(instance, "POST", "/open-page")
        print("traymon runs already; its page is opened.")
        raise Exit(0)
    from traymon.app import App
    from traymon.storage.paths import Folders

    if unseen:
        set_log_level(config.settings.log)
    else:
        start_log(config.settings.log)
    console = new_console(quiet=unseen)
    target = config.target
    console.print(f"traymon watches {escape(target.name)}, {target.address}.", highlight=False)
    try:
        App(
            [target],
            console=console,
            want_tray=not no_tray,
            notify=config.settings.notify,
            folders=Folders.of_this_user(),
            instance=instance,
            page_port=config.settings.page_port,
            calendar=config.calendar,
            login_options=login_options(target, host, port, timeout),
            patience=TRAY_TIMEOUT if at_login else 0.0,
        ).run()
    finally:
        instance.release()
    raise Exit(0)


def _notify(name: str) -> None:
    """Send a notification of assets, in place of a message in the terminal."""
    from traymon.diagnosis import fix_pages
    from traymon.storage.paths import Folders
    from traymon.ui import presenter
    from traymon.ui.notification_text import NotificationText
    from traymon.ui.notify.channel import Clicks
    from traymon.ui.notify.notifier import Notifier

    title, body = fix_pages.notification_text(name)
    body = f"{body} Log: {Folders.of_this_user().logs}"
    if sys.platform == "win32":  # its notifications need an icon
        from traymon.ui.desktop import show_error_dialog

        show_error_dialog(title, body)
        return
    body = presenter.clip(body, presenter.MAX_BODY)
    text = NotificationText(title, body, urgent=True, clickable=False)
    notifier = Notifier(Clicks(lambda key: None), lambda why: None)
    notifier.notify("traymon", lambda: text)
    notifier.stop()


def login_options(
    target: Target, host: str | None, port: str | None, timeout: str | None
) -> list[str]:
    """Return the options with which `run`, started at login in any folder, monitors the same."""
    options = {"--env": target.env_file, "--host": host, "--port": port, "--timeout": timeout}
    return [part for option, value in options.items() if value for part in (option, value)]
