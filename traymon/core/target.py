"""One API endpoint of one trading project, and the programs that use it.

Frozen values only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from traymon.core.vocabulary import Use

# The ports that IB gives its programs by default (TWS API documentation, "Initial Setup").
USUAL_PORTS: Mapping[int, str] = MappingProxyType(
    {7497: "TWS paper", 7496: "TWS live", 4002: "Gateway paper", 4001: "Gateway live"}
)

NEWEST_API_VERSION = 226  # what IBKR's newest client offers (ibapi 10.51.1, `server_versions.py`)
SETTINGS_VERSION = 219  # the first of which TWS gives its own settings (likewise)
# The line of TWS that an API version means: that of the ibapi with this highest version, or the
# one that brought the feature which the version stands for (rust-ibapi, `CHANGELOG.md`).
TWS_LINES: Mapping[int, str] = MappingProxyType(
    {
        203: "10.37",
        219: "10.43",
        221: "10.44",
        223: "10.45",
        225: "10.46",
        NEWEST_API_VERSION: "10.50 or newer",  # TWS never answers more than it is offered
    }
)


@dataclass(frozen=True, slots=True)
class Program:
    """A process that is connected to the API port, or that may be about to be."""

    name: str = ""  # of its executable: `python.exe`; "" if this machine does not show it
    pid: int | None = None
    script: str = ""  # the path of the file that an interpreter runs
    exe: str = ""
    since: float | None = None  # when it was started
    own: bool = False  # the user's: it is in the trading project's folder, or marked as theirs
    address: str = ""  # where it runs, if not on this machine

    @property
    def label(self) -> str:
        """The name that the user knows: the script's file name, else the program's."""
        return re.split(r"[\\/]", self.script)[-1] or self.name


@dataclass(frozen=True, slots=True)
class SeenProgram:
    """One of the user's own programs that runs, and whether it is connected."""

    program: Program
    connected: bool


@dataclass(frozen=True, slots=True)
class OwnProgram:
    """A program that the user has marked as their own."""

    exe: str
    script: str = ""  # "" unless an interpreter runs it


@dataclass(frozen=True, slots=True)
class IdUse:
    """A configured client ID, how it is used and by whom."""

    client_id: int
    use: Use
    programs: tuple[Program, ...] = ()  # who holds it; several if it may be any of them
    detail: str = ""  # why it was not tried, or how it was refused


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a target is polled, and when a value is a symptom. Seconds unless noted."""

    interval: float = 30.0  # between polls while all is well
    quick: float = 5.0  # between polls while something is wrong or a change is pending
    backoff: float = 60.0  # the longest interval while an open port does not answer
    timeout: float = 5.0  # for connecting, saying hello and reading the answer, together
    slow: float = 2.0  # a slower answer is a symptom
    min_version: int = 157  # a server version; ib_insync 0.9.86 refuses lower ones
    just_started: float = 60.0  # the API needs 5 to 60 s after login
    half_closed: int = 5  # so many half-closed connections are a pile-up


@dataclass(frozen=True, slots=True)
class Commands:
    """What to type in a terminal to start this traymon, quoted for its shell."""

    traymon: str = "traymon"
    check: str = "traymon check"  # with the options that name the settings
    wait: str = "traymon wait"  # likewise


USUAL_COMMANDS = Commands()  # where it is on PATH and finds its settings


@dataclass(frozen=True, slots=True)
class Target:
    """One API endpoint to monitor, as one trading project's `.env` describes it."""

    name: str  # the trading project's folder, for menus and notifications
    host: str = "127.0.0.1"
    port: int = 7497
    discovered: bool = False  # no port is set: it is the first usual one that is in use
    forwarded: bool = False  # the port leads elsewhere (tunnel, container): no TWS runs here
    client_ids: tuple[int, ...] = ()
    account: str = ""
    trading_mode: str = ""  # TRADING_MODE, a setting of others: `paper` or `live`; "": not set
    own_client_id: int | None = None  # the first ID for traymon's own session; None: no session
    others_ids: frozenset[int] = frozenset()  # client IDs of other targets at the same address
    try_ids: bool = True  # try the configured client IDs where the rules allow it
    try_ids_every: float = 0.0  # seconds, if this machine does not show who connects; 0: never
    hours_contract: str = ""  # the contract whose trading hours IB is asked for; "": none
    program_grace: float | None = None  # seconds to reconnect; None: programs are not watched
    tws_settings: bool = False  # TWS is asked for its own settings
    starting: str = ""  # the script or program that `traymon wait` is about to start
    env_file: str = ""
    muted: bool = False  # seen but not heard: it never raises the icon and sends no notification
    one_of_many: bool = False  # several are watched: whatever is said of it names it
    commands: Commands = USUAL_COMMANDS
    demo: bool = False  # a simulated Gateway that `traymon demo` shows
    limits: Limits = Limits()

    @property
    def address(self) -> str:
        """Host and port: `127.0.0.1:7497`, with an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def updated_from(self, other: Target) -> Target:
        """Return this target with those values of another that make no sensor begin anew.

        They say how it is spoken of, and which IDs its neighbours use.
        """
        return replace(
            self,
            muted=other.muted,
            one_of_many=other.one_of_many,
            others_ids=other.others_ids,
            commands=other.commands,
        )


_ACCOUNT = re.compile(r"\b(?:D[UF][A-Z]?|[UF])\d{5,10}\b")  # DU, DF, also DUP and DUR


def mask_accounts(text: str) -> str:
    """Return the text with every account number masked."""
    return _ACCOUNT.sub(lambda match: mask_account(match[0]), text)


def mask_account(account: str) -> str:
    """Return `DU***456` for `DU123456`: enough to recognise it, not enough to give it away."""
    letters = account[: len(account) - len(account.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))]
    return account if len(account) < 6 else f"{letters[:2]}***{account[-3:]}"
