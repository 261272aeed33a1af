"""`traymon logs`: open the folder of TWS's own logs, and say how to read them."""

from __future__ import annotations

from typing import Annotated

import typer

from traymon.cli.common import EXIT_USAGE, Env, Exit, Host, Port, load_target
from traymon.cli.streams import print_error

TEXT = "tws-logs"  # in assets/notifications/


def open_tws_logs(
    env: Env = None,
    host: Host = None,
    port: Port = None,
    print_only: Annotated[
        bool, typer.Option("--print", help="Print where it is, and open nothing.")
    ] = False,
) -> None:
    """Open the folder of TWS's own logs, and say how to export the encrypted ones."""
    from traymon.diagnosis import fix_pages
    from traymon.sensors.tws_folder import settings_folders
    from traymon.ui.openers import CannotOpen, open_folder

    target = load_target(env, host, port, None).target
    folders = settings_folders(target.port)
    if not folders:
        print_error("No folder with TWS's logs was found on this computer.")
        raise Exit(EXIT_USAGE)
    print(*folders, sep="\n")
    print(f"\n{fix_pages.notification_text(TEXT)[1]}")
    if len(folders) > 1 or print_only:
        return
    try:
        open_folder(folders[0])
    except CannotOpen as error:
        print_error(f"The folder cannot be opened here: {error}")
