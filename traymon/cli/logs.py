"""`traymon logs`: open the folder of TWS's own logs, and say how to read them."""

from __future__ import annotations

from itertools import chain
from typing import Annotated

import typer

from traymon.cli.common import EXIT_USAGE, Envs, Exit, Host, Port, Targets, load
from traymon.cli.streams import print_error
from traymon.cli.target_choice import TargetName, choose

TEXT = "tws-logs"  # in assets/notifications/


def open_tws_logs(
    env: Envs = None,
    targets: Targets = None,
    host: Host = None,
    port: Port = None,
    target: TargetName = None,
    print_only: Annotated[
        bool, typer.Option("--print", help="Print where it is, and open nothing.")
    ] = False,
) -> None:
    """Open the folder of TWS's own logs, and say how to export the encrypted ones."""
    from traymon.diagnosis import fix_pages
    from traymon.sensors.tws_folder import settings_folders
    from traymon.ui.openers import CannotOpen, open_folder

    ports = {one.target.port for one in choose(load(env, host, port, None, targets), target)}
    folders = list(dict.fromkeys(chain.from_iterable(map(settings_folders, sorted(ports)))))
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
