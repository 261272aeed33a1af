"""The words of traymon as frozen values: what was seen, why, and what every surface shows.

Imports nothing of ours and does nothing: no I/O, no clock. Times are seconds since the epoch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from math import inf
from types import MappingProxyType


class Light(IntEnum):
    """What the icon shows. Ordered, so that `max` is the worst of several targets."""

    GREY = 0
    GREEN = 1
    AMBER = 2
    RED = 3

    @property
    def word(self) -> str:
        """The light's name as users read it: `green`."""
        return self.name.lower()


class Symptom(StrEnum):
    """Everything that a sensor can see. Never a cause: causes are the catalogue's."""

    OK = "ok"
    UNKNOWN = "unknown"  # could not look, or looked too long ago to count
    CRASHED = "crashed"  # the sensor itself failed; a fault of traymon's
    # handshake: before a connection stands
    REFUSED = "refused"
    TIMED_OUT = "timed-out"
    FORBIDDEN = "forbidden"  # this machine's own firewall or policy forbade the connect
    UNRESOLVED = "unresolved"
    UNREACHABLE = "unreachable"
    # handshake: after a connection stands
    CLOSED = "closed"  # end of stream before a byte
    RESET = "reset"  # connection reset before a byte
    SILENT = "silent"  # nothing until the deadline
    UNFINISHED = "unfinished"  # began an answer that never became the version reply
    NOT_IB = "not-ib"
    TLS = "tls"  # answers a TLS hello, not the plain one
    TOO_OLD = "too-old"
    SLOW = "slow"
    # listener
    NOBODY_LISTENS = "nobody-listens"
    NOT_HERE = "not-here"  # the host is not this machine: its socket table says nothing
    # session
    LOST = "lost"  # the connection dropped
    HUNG = "hung"  # it stands, and the heartbeat is not answered
    START_SILENT = "start-silent"  # version answered, then no account list and next order ID
    START_REJECTED = "start-rejected"  # closed after startApi without error 326
    CLIENT_ID_TAKEN = "client-id-taken"  # error 326
    NO_ACCOUNTS = "no-accounts"
    # what TWS says over the session: link, farms, calls
    LINK_DOWN = "link-down"  # TWS has lost IB's servers
    FARM_DOWN = "farm-down"
    PORT_MOVED = "port-moved"
    PAPER_NOT_ACKNOWLEDGED = "paper-not-acknowledged"
    COMPETING_SESSION = "competing-session"
    CLIENT_OUTDATED = "client-outdated"
    # internet
    OFFLINE = "offline"  # no default route, or no name server answers
    # monitor
    PAUSED = "paused"
    RESUMED = "resumed"  # the machine just woke from sleep
    # calendar
    RESET_WINDOW = "reset-window"  # IB resets its servers at this time
    MAINTENANCE = "maintenance"  # the user's own window: TWS restarts itself


# No connection came to stand: whoever listens there was not even asked.
NOT_ACCEPTED = frozenset(
    {
        Symptom.REFUSED,
        Symptom.TIMED_OUT,
        Symptom.FORBIDDEN,
        Symptom.UNRESOLVED,
        Symptom.UNREACHABLE,
    }
)


class Fact(StrEnum):
    """A named value that a sensor found. These are the only names that a fix page may use."""

    # the target
    HOST = "host"
    PORT = "port"
    ENV_FILE = "env_file"  # the .env that the target came from
    CLIENT_IDS = "client_ids"  # the configured client IDs: `10, 11`
    # the handshake
    DETAIL = "detail"  # the raw evidence, in words
    TOOK = "took"  # seconds that the answer took
    TIMEOUT = "timeout"  # seconds that traymon waits for an answer
    SLOW_BOUND = "slow_bound"  # seconds; above this an answer is slow
    SERVER_VERSION = "server_version"
    MIN_VERSION = "min_version"  # the lowest server version that client libraries accept
    OPEN_PORT = "open_port"  # another port of this machine that does answer as IB
    OPEN_PORT_KIND = "open_port_kind"  # what IB uses that port for: `TWS paper`
    # the listener
    PROGRAM = "program"  # name of the program that listens on the port
    PID = "pid"  # its process ID
    APPS = "apps"  # how many TWS / Gateway processes run here; missing where that cannot be seen
    APP = "app"  # the first TWS / Gateway process found: `IB Gateway`
    APP_PID = "app_pid"
    APP_PORTS = "app_ports"  # the ports that the TWS / Gateway process listens on: `4000, 4002`
    CANDIDATE_PORTS = "candidate_ports"  # other listening ports here that may be IB's
    HALF_CLOSED = "half_closed"  # connections that the listener has not closed after its peer did
    CLIENTS = "clients"  # connections to the port that are not traymon's
    # the session
    OWN_CLIENT_ID = "own_client_id"  # the ID of traymon's own session
    ACCOUNTS = "accounts"  # the session's accounts; masked wherever they are shown
    ACCOUNT = "account"  # IB_ACCOUNT; masked wherever it is shown
    ROUND_TRIP = "round_trip"  # seconds that the last heartbeat took
    CLOCK_SKEW = "clock_skew"  # seconds that this clock is surely ahead of IB's; negative: behind
    FARMS = "farms"  # the broken data farms: `market data (usfarm)`
    # client IDs
    ID_USES = "id_uses"  # each configured client ID and who uses it
    CLIENT_ID = "client_id"  # the configured ID that the trading program cannot have
    HOLDER = "holder"  # the program that holds it; several where the Gateway does not tell which
    NEWER = "newer"  # the user's own program that was started while an earlier one holds the ID
    FREE_CLIENT_ID = "free_client_id"  # an ID that nobody held when it was tried
    # trading hours
    HOURS = "hours"  # as IB gives them: `20261123:0930-20261123:1600`, `20261126:CLOSED`
    HOURS_ZONE = "hours_zone"
    # time
    SINCE = "since"  # when this cause was first seen: `14:02`
    LOOKS = "looks"  # how many looks in a row saw it
    PORT_OPENED = "port_opened"  # seconds since the port opened
    OUTAGE = "outage"  # seconds that an ended fault lasted
    CAUSE = "cause"  # the headline of a fault, ended or not
    SLEPT = "slept"  # seconds for which this machine was asleep, or its clock was set
    WINDOW_ENDS = "window_ends"  # when the expected window is over; epoch seconds
    LOGIN_LAPSED = "login_lapsed"  # when IB dropped saved logins this week; epoch seconds
    # notices
    IN_SHORT = "in_short"  # the first steps, from the page of the diagnosis
    FLIPS = "flips"  # how often the diagnosis changed in a short time
    CODES = "codes"  # the codes between which it changed
    MISSED = "missed"  # what was not told while it was quiet
    OPENS = "opens"  # when the market opens
    # traymon
    SENSOR = "sensor"  # the sensor that crashed
    LOG_FILE = "log_file"


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


class Use(StrEnum):
    """How a configured client ID is used."""

    FREE = "free"
    YOURS = "yours"  # a program of the user's own holds it
    CLASH = "clash"  # another program holds it
    STUCK = "stuck"  # the Gateway refuses it, and nobody that is connected can hold it
    UNKNOWN = "unknown"  # not tried, or not lately


@dataclass(frozen=True, slots=True)
class IdUse:
    """A configured client ID, how it is used and by whom."""

    client_id: int
    use: Use
    programs: tuple[Program, ...] = ()  # who holds it; several where it may be any of them
    detail: str = ""  # why it was not tried


FactValue = (
    str | int | float | tuple[int, ...] | tuple[str, ...] | tuple[Program, ...] | tuple[IdUse, ...]
)
Facts = Mapping[Fact, FactValue]
NO_FACTS: Facts = MappingProxyType({})


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


@dataclass(frozen=True, slots=True)
class Reading:
    """What one sensor saw in one look. Who asked for the look stamps `at` and `good_for`."""

    sensor: str
    symptom: Symptom
    detail: str = ""  # the raw evidence in words, for the small print; untrusted text
    facts: Facts = field(default_factory=lambda: NO_FACTS)
    took: float = 0.0  # seconds
    cost: float = 0.0  # seconds of this machine's CPU, where a look is worth measuring
    at: float = 0.0  # when the look ended
    good_for: float = inf  # seconds for which it counts as evidence


@dataclass(frozen=True, slots=True)
class Evidence:
    """The newest reading of every sensor for one target, at one moment.

    A diagnosis is made from this and from nothing else. An expired reading reads as UNKNOWN.
    """

    target: Target
    now: float
    readings: Mapping[str, Reading] = field(default_factory=lambda: MappingProxyType({}))

    def with_reading(self, reading: Reading) -> Evidence:
        """Return the evidence in which `reading` replaces its sensor's last one."""
        readings = MappingProxyType({**self.readings, reading.sensor: reading})
        return replace(self, readings=readings)

    def fresh(self, sensor: str) -> Reading | None:
        """Return the sensor's reading while it counts, else None."""
        reading = self.readings.get(sensor)
        if reading is None or self.now > reading.at + reading.good_for:
            return None
        return reading

    def symptom(self, sensor: str) -> Symptom:
        """Return what the sensor sees now; UNKNOWN when it has not looked or not lately."""
        reading = self.fresh(sensor)
        return Symptom.UNKNOWN if reading is None else reading.symptom

    def fact(self, sensor: str, fact: Fact) -> FactValue | None:
        """Return one named value of the sensor's fresh reading, if it found it."""
        reading = self.fresh(sensor)
        return None if reading is None else reading.facts.get(fact)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why: a code of the catalogue with its light and the facts that its page may name."""

    code: str
    light: Light
    facts: Facts = field(default_factory=lambda: NO_FACTS)
    witnesses: frozenset[str] = frozenset()  # the sensors whose readings bear it
    seen_at: float = 0.0  # when the newest of those readings was taken
    patience: float = 0.0  # seconds it must hold before it shows
    announce: bool = True  # worth a notice

    def same_as(self, other: Diagnosis) -> bool:
        """Tell whether both say the same: the code in the same light; facts apart."""
        return self.code == other.code and self.light is other.light


@dataclass(frozen=True, slots=True)
class Flip:
    """The settled diagnosis of a target changed. The only thing that is notified and kept."""

    at: float
    before: Diagnosis
    after: Diagnosis


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A diagnosis that leans but has not settled: `look` of `needed`."""

    diagnosis: Diagnosis
    look: int
    needed: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure over the last hour; seconds."""

    last: float
    median: float
    p95: float
    count: int  # values that it is made from


@dataclass(frozen=True, slots=True)
class Status:
    """The snapshot of one target that every surface renders."""

    target: Target
    diagnosis: Diagnosis
    since: float  # this cause was first seen
    light_since: float  # the light last changed: "down for 40 minutes" counts from here
    evidence: Evidence
    checked_at: float | None  # when a sensor last looked
    looks: int = 0  # looks in a row that saw this cause
    suspicion: Suspicion | None = None
    paused: bool = False
    down_since: float | None = None  # not good since then, over all causes; sleep left out
    was_down: float | None = None  # seconds that the last fault lasted, once it is over
    snoozed_until: float | None = None  # no notices until then, as the user asked
    quiet_until: float | None = None  # no notices until then, by the settings
    closed: bool = False  # outside the trading hours
    opens_at: float | None = None  # when the market opens next, where hours are known
    figures: Mapping[str, Figure] = field(default_factory=lambda: MappingProxyType({}))
