"""`traymon quit` and `traymon restart`: end the running traymon in good order, or begin it anew."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import NoReturn

from traymon.cli.common import usage_error
from traymon.cli.control import (
    TRY_INTERVAL,
    NoAnswer,
    NotRunning,
    Refused,
    ask_if_running,
    ask_running,
    by_force,
    exit_not_running,
    exit_without_answer,
    request,
    this_users_instance,
)
from traymon.storage.single_instance import Instance, InstanceInfo

END_TIMEOUT = 15.0  # seconds for it to end; it ends by force after nine
START_TIMEOUT = 60.0  # seconds for it to watch again, on a slow computer


def quit_traymon() -> None:
    """End the running traymon, with or without a window (exit code 0 also if none runs)."""
    instance = this_users_instance()
    if not instance.is_held():
        print("traymon is not running.")
        return
    with suppress(NotRunning):  # another `quit` was quicker
        ask_if_running(instance, "POST", "/quit")
    if not _wait_for_end(instance):
        _exit_still_running(instance.find_info())
    print("traymon has ended.")


def restart() -> None:
    """End the running traymon and start it again with the same options."""
    instance = this_users_instance()
    if not instance.is_held():  # another program may have the port of one that crashed
        exit_not_running()
    ask_running(instance, "GET", "/status")  # waits for one that is just starting
    before = instance.find_info()
    ask_running(instance, "POST", "/restart")
    deadline, reason = time.monotonic() + START_TIMEOUT, ""
    while time.monotonic() < deadline:
        info = instance.find_info()
        if info is not None and info != before:
            try:
                if request(info, "GET", "/status"):
                    print(f"traymon has restarted (pid {info.pid}).")
                    return
            except (NoAnswer, Refused) as error:  # it is still starting
                reason = str(error)
        time.sleep(TRY_INTERVAL)
    if not instance.is_held():
        usage_error("traymon has ended, and has not started again. Its log says why.")
    exit_without_answer(instance.find_info(), reason)


def _wait_for_end(instance: Instance) -> bool:
    deadline = time.monotonic() + END_TIMEOUT
    while instance.is_held():
        if time.monotonic() > deadline:
            return False
        time.sleep(TRY_INTERVAL)
    return True


def _exit_still_running(info: InstanceInfo | None) -> NoReturn:
    """Say how to end a traymon that was asked to and still runs, and exit."""
    if info is None:
        usage_error("traymon is still ending. Try again in a moment.")
    usage_error(f"traymon (pid {info.pid}) has not ended. {by_force(info)}")
