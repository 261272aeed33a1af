"""The traymon that stays, with nothing in memory but what watching takes.

Reading the command line and the settings takes libraries that would be a third of a tray's memory.
So `traymon run`, once it has read them, lets its process begin again with the same command line
(exec): the process ID, the terminal and the signals stay the same, and what was found out waits in
a pipe. So far on Linux alone; elsewhere the process goes on as it is.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from traymon.cli.log import set_log_level, start_log
from traymon.cli.settings_process import SettingsReader, SettingsRequest

if TYPE_CHECKING:
    from traymon.config.in_force import Config
    from traymon.core.releases import Releases
    from traymon.storage.single_instance import Instance

log = logging.getLogger(__name__)

PLAN = "TRAYMON_RESIDENT_PLAN"  # in the environment: the descriptor of the pipe with the plan
# For glibc's malloc, which reads it when a process begins: one pool of memory for all threads, and
# what is free goes back to the system (mallopt(3)). It saves 1 MiB, and 2 while the page is open.
MALLOC = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "65536"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the command line and the settings mean for the traymon that stays."""

    config: Config
    request: SettingsRequest  # by which the settings are read again
    want_tray: bool
    patience: float  # seconds to wait for a tray that may still start
    unseen: bool  # nobody sees what is printed
    has_place: bool  # is this user's traymon; False: there is no folder for the lock
    releases: Releases | None  # where to ask for newer ones; None: nowhere


def become_resident(plan: Plan, instance: Instance | None) -> None:
    """Run the traymon that stays, until it ends, in place of this process or in it.

    `instance` is this process's place; whoever takes it between the two wins.
    """
    pipe = _pipe_with(plan)
    if pipe is not None:
        if instance is not None:
            instance.release()
        _begin_again({**MALLOC, **os.environ, PLAN: str(pipe)})
    run_resident(plan, instance)


def inherited_plan() -> Plan | None:
    """Return what this process found out before it began again; None if it has just begun."""
    try:
        with open(int(os.environ[PLAN]), "rb") as pipe:
            plan = pickle.load(pipe)
    except (KeyError, ValueError, OSError, EOFError, pickle.UnpicklingError):
        return None  # not ours: the settings warn of it
    del os.environ[PLAN]
    for name, value in MALLOC.items():  # not for the programs that traymon starts
        if os.environ.get(name) == value:
            del os.environ[name]
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
    if logging.getLogger().handlers:
        set_log_level(plan.config.settings.log)
    else:
        start_log(plan.config.settings.log)
    folders = Folders.of_this_user()
    folders.make_private()
    from traymon.app import App
    from traymon.config.alerts_watch import AlertsWatch
    from traymon.config.settings_watch import SettingsWatch
    from traymon.ui.terminal_lines import TerminalLines
    from traymon.wiring import Options

    config = plan.config
    out = None if plan.unseen else sys.stdout
    targets = [one.target for one in config.targets]
    watched = "; ".join(f"{target.name}, {target.address}" for target in targets)
    page = f"Its page: {targets[0].commands.traymon} open"
    TerminalLines(out).print_line(f"traymon is watching {watched}. {page}")
    options = Options(
        targets=config.targets,
        terminal=partial(TerminalLines, out),
        want_tray=plan.want_tray,
        notify=config.settings.notify,
        folders=folders,
        instance=instance,
        page_port=config.settings.page_port,
        patience=plan.patience,
        settings=SettingsWatch(config, SettingsReader(plan.request)),
        history=config.settings.history == "on",
        alerts=AlertsWatch.of(config.settings, os.environ),
        metrics=config.settings.metrics_access,
        releases=plan.releases,
    )
    app = App(options)
    try:
        app.run()
    finally:
        if instance is not None:
            instance.release()
    if app.restarts:
        log.info("starting again")
        _begin_again(os.environ)


def _pipe_with(plan: Plan) -> int | None:
    """Return a pipe to read a plan from after an exec; None where that is impossible."""
    if sys.platform != "linux" or not sys.executable:
        return None
    content = pickle.dumps(replace(plan, config=_without_values(plan.config)))
    reader, writer = os.pipe()
    with open(writer, "wb", buffering=0) as file:
        os.set_blocking(writer, False)  # nobody reads yet
        if file.write(content) == len(content):
            os.set_inheritable(reader, True)
            return reader
    os.close(reader)
    log.warning("%d bytes fit into no pipe: the memory of the start is kept", len(content))
    return None


def _without_values(config: Config) -> Config:
    """Return the settings without their texts, which are for messages about them alone."""
    return replace(config, targets=tuple(replace(one, values={}) for one in config.targets))


def _begin_again(env: Mapping[str, str]) -> NoReturn:
    """Let this process start once more with its command line; on Windows, another one."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    command = [sys.executable, *sys.orig_argv[1:]]
    if sys.platform != "win32":
        os.execve(sys.executable, command, env)
    # there, exec would leave the terminal to two programs at once
    started = subprocess.Popen(command, env=dict(env))
    os._exit(0 if sys.__stdout__ is None else started.wait())
