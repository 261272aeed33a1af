"""Tells whether the desktop has started this process at login, by an entry of whatever kind.

An entry that traymon has not written lacks `--at-login`, and nobody asked for the page then.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

# What starts the entries where systemd does not, as /proc names it: 15 characters at most. No
# program that also starts what the user clicks on.
SESSION_MANAGERS = {
    "budgie-session-",
    "cinnamon-sessio",
    "gnome-session-b",
    "ksmserver",
    "lxqt-session",
    "lxsession",
    "mate-session",
    "plasma_session",
    "xfce4-session",
}


def was_started_at_login() -> bool:
    """Tell whether a session manager has started this process; False where none is known."""
    return is_login_entry(os.environ, os.getpid(), _read("self/cgroup")) or (
        _read(f"{os.getppid()}/comm").strip() in SESSION_MANAGERS
    )


def is_login_entry(environ: Mapping[str, str], pid: int, cgroup: str) -> bool:
    """Tell whether systemd has started this very process from an entry (systemd.exec(5)).

    The programs that such a process starts are in the same control group: the user may have clicked
    on them.
    """
    return "@autostart.service" in cgroup and environ.get("SYSTEMD_EXEC_PID") == str(pid)


def _read(name: str) -> str:
    try:
        return Path("/proc", name).read_text(errors="replace")
    except OSError:  # not on Linux
        return ""
