"""The traymon that stays, with nothing in memory but what watching takes.

Reading the command line and the settings takes libraries that would be a third of a tray's memory.
So `traymon run`, once it has read them, lets its process begin again with the same command line
(exec): the process ID, the terminal and the signals stay the same, and what was found out lies in a
file in memory. Only Linux has that; elsewhere the process goes on as it is.
"""

from __future__ import annotations

import logging
import os
import pickle
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from traymon.cli.log import start_log
from traymon.cli.settings_process import SettingsRequest, read_settings_again

if TYPE_CHECKING:
    from traymon.config.in_force import Config
    from traymon.storage.single_instance import Instance

PLAN = "TRAYMON_RESIDENT_PLAN"  # in the environment: the descriptor of the file with the plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the command line and the settings mean for the traymon that stays."""

    config: Config
    request: SettingsRequest  # by which the settings are read again
    files: Sequence[Path]  # that the settings come from, be they there or not
    dates: object  # of these files, from before they were read
    login_options: Sequence[str]
    want_tray: bool
    patience: float  # seconds to wait for a tray that may still start
    unseen: bool  # nobody sees what is printed
    has_place: bool  # is this user's traymon; False: there is no folder for the lock


def become_resident(plan: Plan, instance: Instance | None) -> None:
    """Run the traymon that stays, until it ends, in place of this process or in it.

    `instance` is this process's place; whoever takes it between the two wins.
    """
    if sys.platform == "linux" and sys.executable:
        descriptor = os.memfd_create("traymon", 0)  # no MFD_CLOEXEC: it outlives the exec
        with open(descriptor, "wb", closefd=False) as file:
            pickle.dump(plan, file)
        if instance is not None:
            instance.release()
        _begin_again({**os.environ, PLAN: str(descriptor)})
    run_resident(plan, instance)


def inherited_plan() -> Plan | None:
    """Return what this process found out before it began again; None if it has just begun."""
    try:
        with open(int(os.environ[PLAN]), "rb") as file:
            file.seek(0)
            plan = pickle.load(file)
    except (KeyError, ValueError, OSError, EOFError, pickle.UnpicklingError):
        return None  # somebody else's variable; it is no setting, which is then said
    del os.environ[PLAN]
    return plan if isinstance(plan, Plan) else None


def run_resident(plan: Plan, instance: Instance | None = None) -> None:
    """Watch until the user or a signal ends it."""
    from traymon.storage.paths import Folders
    from traymon.storage.single_instance import Instance

    if instance is None and plan.has_place:
        instance = Instance()
        if not instance.acquire():  # another traymon was quicker
            _begin_again(os.environ)
    logging.captureWarnings(True)  # libraries' warnings go to the log, not to the user
    if not logging.getLogger().handlers:
        start_log(plan.config.settings.log)
    folders = Folders.of_this_user()
    folders.make_private()
    from traymon.app import App
    from traymon.config.settings_watch import SettingsWatch
    from traymon.ui.terminal_lines import TerminalLines

    config, target = plan.config, plan.config.target
    read_again = partial(read_settings_again, plan.request)
    out = None if plan.unseen else sys.stdout
    TerminalLines(out).print_line(f"traymon watches {target.name}, {target.address}.")
    try:
        App(
            [target],
            terminal=partial(TerminalLines, out),
            want_tray=plan.want_tray,
            notify=config.settings.notify,
            folders=folders,
            instance=instance,
            page_port=config.settings.page_port,
            calendar=config.calendar,
            login_options=plan.login_options,
            patience=plan.patience,
            settings=SettingsWatch(config, plan.files, read_again, plan.dates),
        ).run()
    finally:
        if instance is not None:
            instance.release()


def _begin_again(env: Mapping[str, str]) -> NoReturn:
    """Let this process start once more with its command line."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], env)
