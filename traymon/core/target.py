"""What is watched, and the programs around it: one API endpoint of one trading project.

Frozen values only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from traymon.core.vocabulary import Use

# The ports that IB gives its programs by default (TWS API documentation, "Initial Setup").
USUAL_PORTS: Mapping[int, str] = MappingProxyType(
    {7497: "TWS paper", 7496: "TWS live", 4002: "Gateway paper", 4001: "Gateway live"}
)


@dataclass(frozen=True, slots=True)
class Program:
    """A process that is connected to the API port, or that may be about to be."""

    name: str = ""  # of its executable: `python.exe`; "" where this machine does not show it
    pid: int | None = None
    script: str = ""  # the file that an interpreter runs, with its folder
    exe: str = ""
    since: float | None = None  # when it was started
    own: bool = False  # the user's own: it lies in the trading project's folder, or he said so
    address: str = ""  # where it runs, if not on this machine

    @property
    def label(self) -> str:
        """What a user knows it by: its script's file name, else its own name."""
        return re.split(r"[\\/]", self.script)[-1] or self.name


@dataclass(frozen=True, slots=True)
class OwnProgram:
    """A program that the user has marked as their own."""

    exe: str
    script: str = ""  # "" where it is no interpreter's script


@dataclass(frozen=True, slots=True)
class IdUse:
    """A configured client ID, how it is used and by whom."""

    client_id: int
    use: Use
    programs: tuple[Program, ...] = ()  # who holds it; several where it may be any of them
    detail: str = ""  # why it was not tried


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a target is looked at and where the bounds lie. Seconds unless said otherwise."""

    interval: float = 30.0  # between looks while all is well
    quick: float = 5.0  # between looks while something leans or is wrong
    backoff: float = 60.0  # the longest pause while an open port is not served
    timeout: float = 5.0  # one deadline over connect, hello and answer
    slow: float = 2.0  # a slower answer is a symptom
    min_version: int = 157  # server version; ib_insync 0.9.86 refuses lower ones
    just_started: float = 60.0  # the API needs 5 to 60 s after login
    half_closed: int = 5  # connections; so many half-closed ones are a pile-up


@dataclass(frozen=True, slots=True)
class Target:
    """One API endpoint to watch: what one trading project's `.env` says of it."""

    name: str  # the trading project's folder, for menus and notices
    host: str = "127.0.0.1"
    port: int = 7497
    discovered: bool = False  # no port was set: it is the first usual one that listens
    forwarded: bool = False  # the port leads elsewhere (tunnel, container): do not look here
    client_ids: tuple[int, ...] = ()
    account: str = ""
    own_client_id: int | None = None  # the first ID for traymon's own session; None: hold none
    try_ids: bool = True  # try the configured client IDs where the rules allow it
    try_ids_every: float = 0.0  # seconds, where this machine does not show who connects; 0: never
    hours_contract: str = ""  # ask IB for the trading hours of this contract; "": do not ask
    starting: str = ""  # the script or program that `traymon wait` is about to start
    env_file: str = ""
    limits: Limits = Limits()

    @property
    def address(self) -> str:
        """`127.0.0.1:7497`, with an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_ACCOUNT = re.compile(r"\b(?:DU|DF|U|F)\d{5,10}\b")


def mask_accounts(text: str) -> str:
    """Return text in which every account number is masked."""
    return _ACCOUNT.sub(lambda match: mask_account(match[0]), text)


def mask_account(account: str) -> str:
    """Return `DU***456` for `DU123456`: enough to recognise it, not enough to give it away."""
    letters = account[: len(account) - len(account.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))]
    return account if len(account) < 6 else f"{letters[:2]}***{account[-3:]}"
