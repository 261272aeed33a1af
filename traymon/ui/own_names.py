"""The names of this computer and its user, which a report to others leaves out.

Reads the environment; asks no network.
"""

from __future__ import annotations

import getpass
import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from traymon.core.redaction import Removed


def own_names(*accounts: str) -> Mapping[Removed, frozenset[str]]:
    """Return the names of the user, the accounts, the home folder and this computer."""
    users: set[str] = set()
    homes: set[str] = set()
    with suppress(OSError, KeyError, ImportError):  # a user without an entry, or without a name
        users.add(getpass.getuser())
    with suppress(RuntimeError):  # there is no home folder
        home = Path.home()
        homes.add(str(home))
        users.add(home.name)
    node = platform.node()
    hosts = {node, node.partition(".")[0]}
    return {
        Removed.USER: frozenset(users),
        Removed.ACCOUNT: frozenset(accounts),
        Removed.PATH: frozenset(one for one in homes if one.strip("/\\")),
        Removed.HOST: frozenset(hosts),
    }
