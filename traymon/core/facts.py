"""Every named value that a sensor can find or a fix page can use: one row per fact.

A row gives the value's type, how it is shown, and its maximum length where space is short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from traymon.core.client_library import LibraryResult
from traymon.core.target import IdUse, Program, SeenProgram
from traymon.core.tws_settings import TwsSettings

T = TypeVar("T")


class ShownAs(Enum):
    """How a value is shown to the user."""

    TEXT = auto()
    DURATION = auto()  # seconds: `12 ms`, `4 min 10 s`
    MOMENT = auto()  # epoch seconds: `14:02`
    PROGRAMS = auto()  # `run_live.py (pid 4711, since 09:12)`
    COMMAND = auto()  # never cut or masked, since it is typed in a terminal


@dataclass(frozen=True, slots=True, eq=False)
class FactKey(Generic[T]):
    """A fact's name and the type of its values."""

    name: str  # as on fix pages and in JSON; never renamed
    type: type | tuple[type, ...]  # of the value, or of each item if there are several
    several: bool = False
    shown_as: ShownAs = ShownAs.TEXT
    max_length: int | None = None  # in a tooltip or notification; pages have room for any length

    def of(self, facts: Facts) -> T | None:
        """Return this fact's value; None if it was not found."""
        return cast("T | None", facts.get(self))

    def accepts(self, value: object) -> bool:
        """Tell whether a value has this fact's type."""
        if not self.several:
            return isinstance(value, self.type)
        return isinstance(value, tuple) and all(isinstance(item, self.type) for item in value)

    def __str__(self) -> str:
        return self.name


Facts = Mapping[FactKey[Any], Any]
NO_FACTS: Facts = MappingProxyType({})


def _text(name: str, max_length: int | None = None) -> FactKey[str]:
    return FactKey(name, str, max_length=max_length)


def _command(name: str) -> FactKey[str]:
    return FactKey(name, str, shown_as=ShownAs.COMMAND)


def _number(name: str) -> FactKey[int]:
    return FactKey(name, int)


def _duration(name: str) -> FactKey[float]:
    return FactKey(name, (int, float), shown_as=ShownAs.DURATION)


def _moment(name: str) -> FactKey[float]:
    return FactKey(name, (int, float), shown_as=ShownAs.MOMENT)


def _numbers(name: str, max_length: int | None = None) -> FactKey[tuple[int, ...]]:
    return FactKey(name, int, several=True, max_length=max_length)


def _texts(name: str, max_length: int | None = None) -> FactKey[tuple[str, ...]]:
    return FactKey(name, str, several=True, max_length=max_length)


def _programs(name: str, max_length: int) -> FactKey[tuple[Program, ...]]:
    return FactKey(name, Program, several=True, shown_as=ShownAs.PROGRAMS, max_length=max_length)


class Fact:
    """All facts. A fix page may use these names and no others."""

    # the target
    HOST = _text("host", 15)
    PORT = _number("port")
    ENV_FILE = _text("env_file")  # the .env file that describes the target
    PAPER_MEANT = _text("paper_meant", 26)  # the setting that means paper: `TRADING_MODE=paper`
    LIVE_MEANT = _text("live_meant", 26)  # the setting that means live
    CLIENT_IDS = _numbers("client_ids", 14)  # the configured client IDs: `10, 11`
    # the handshake
    DETAIL = _text("detail", 60)  # the raw evidence, in words
    TOOK = _duration("took")  # how long the answer took
    TIMEOUT = _duration("timeout")  # how long traymon waits for an answer
    SLOW_BOUND = _duration("slow_bound")  # an answer that takes longer is slow
    SERVER_VERSION = _number("server_version")  # its API version, as a new client is told
    TWS_LINE = _text("tws_line", 14)  # the line of TWS that has it, if known: `10.45`
    MIN_VERSION = _number("min_version")  # the lowest server version that client libraries accept
    OPEN_PORT = _number("open_port")  # another port of this machine that does answer as IB
    OPEN_PORT_KIND = _text("open_port_kind")  # what IB uses that port for: `TWS paper`
    LED_TO = _text("led_to", 15)  # where a name of this machine led, if not to 127.0.0.1: `::1`
    # the listener
    PROGRAM = _text("program", 24)  # the program that listens on the port
    PID = _number("pid")  # its process ID
    APPS = _number("apps")  # how many TWS / Gateway processes run here, if that is known
    APP = _text("app", 16)  # the first TWS / Gateway process found: `IB Gateway`
    APP_PID = _number("app_pid")
    APP_PORTS = _numbers("app_ports", 18)  # the other ports that it listens on: `4000, 4002`
    OTHER_APP_PIDS = _numbers("other_app_pids")  # TWS / Gateway processes with a port of their own
    CANDIDATE_PORTS = _numbers("candidate_ports")  # other ports in use here that may be IB's
    HALF_CLOSED = _number("half_closed")  # connections that only their client has closed
    CLIENTS = _number("clients")  # connections to the port that are not traymon's
    OWN_PROGRAMS: FactKey[tuple[SeenProgram, ...]] = FactKey(
        "own_programs", SeenProgram, several=True
    )  # the user's that run; not given where it cannot be seen who is connected
    # the session
    OWN_CLIENT_ID = _number("own_client_id")  # the ID of traymon's own session
    SESSION_VERSION = _number("session_version")  # the API version that this session speaks
    ACCOUNTS = _texts("accounts", 24)  # the session's accounts; masked wherever they are shown
    ACCOUNT = _text("account", 10)  # IB_ACCOUNT; masked wherever it is shown
    LINK_LOST = _moment("link_lost")  # when TWS reported 1100, if the session dropped soon after
    ROUND_TRIP = _duration("round_trip")  # how long the last heartbeat took
    CLOCK_SKEW = _duration(
        "clock_skew"
    )  # this clock is ahead by at least so much; negative: behind
    FARMS = _text("farms", 40)  # the broken data farms: `market data (usfarm)`
    FARMS_SINCE = _moment("farms_since")  # when the one broke that is broken for longest
    SESSION_BEGAN = _moment("session_began")
    HELD = _duration("held")  # how long the last session held before it was dropped
    SHORT_SESSIONS = _number("short_sessions")  # in a row that ended soon after they began
    DEAD_BEFORE = _moment("dead_before")  # connections from before then are not answered any more
    TWS_WORDS = _text("tws_words", 60)  # the last messages of TWS, newest first: `10141: Paper …`
    TWS_VERSION = _text("tws_version", 8)  # as TWS itself names it: `10.45.1`
    SUPPORT_ENDS = _text("support_ends", 10)  # when IBKR stops supporting it: `2026-12-15`
    MIN_TWS_VERSION = _text("min_tws_version", 8)  # the lowest version supported from then on
    # the login of TWS
    LOGIN_SINCE = _moment("login_since")  # since when it waits, or when it was refused
    SECOND_FACTOR = _text("second_factor", 26)  # the device: `IBKR Mobile on your phone`
    LOGIN_REFUSED_WHY = _text("login_refused_why", 40)  # `wrong user name or password`
    LOGIN_RETRY_AT = _moment("login_retry_at")  # until when IBKR makes it wait
    LOGIN_TROUBLE = _text("login_trouble", 60)  # what keeps it from IBKR's login servers
    LOGGED_IN_AT = _moment("logged_in_at")
    AUTO_RESTART_ON = _moment("auto_restart_on")  # when TWS logged that it restarts every day
    AUTO_RESTART_OFF = _moment("auto_restart_off")  # when it logged that it does not
    WINDOW = _text("window", 28)  # the title of a window of TWS, without what is private in it
    SETTINGS_WINDOW = _text("settings_window", 28)  # of TWS, while it is open
    # client libraries
    LIBRARIES: FactKey[tuple[LibraryResult, ...]] = FactKey(
        "libraries", LibraryResult, several=True
    )
    INTERPRETER = _text("interpreter")  # the trading program's Python; not given for traymon's own
    PYTHON_VERSION = _text("python_version")  # that Python's
    # client IDs
    ID_USES: FactKey[tuple[IdUse, ...]] = FactKey("id_uses", IdUse, several=True)
    CLIENT_ID = _number("client_id")  # the configured ID that the trading program cannot use
    HOLDER = _programs("holder", 60)  # who holds it; several if it may be any of them
    NEWER = _programs("newer", 40)  # a later run of the user's program, kept out by an earlier one
    FREE_CLIENT_ID = _number("free_client_id")  # an ID that was free when it was tried
    UNCHECKED_IDS = _numbers("unchecked_ids", 14)  # configured IDs whose use is not known
    OWN_IDS = _numbers("own_ids", 24)  # the IDs of traymon's own that were refused in a row
    TURNED_AWAY = _programs("turned_away", 40)  # the user's, of which one is turned away
    TIMES = _number("times")  # how many new connections the Gateway has ended
    TIMES_IN = _duration("times_in")  # within how long
    BYSTANDERS = _programs("bystanders", 60)  # the user's, taken for no trading programs
    # TWS's own settings
    TWS_SETTINGS: FactKey[TwsSettings] = FactKey("tws_settings", TwsSettings)
    MASTER_CLIENT_ID = _number("master_client_id")  # the Master API client ID, if one is set
    # trading hours
    HOURS = _texts("hours")  # as IB gives them: `20261123:0930-20261123:1600`, `20261126:CLOSED`
    HOURS_ZONE = _text("hours_zone")
    # time
    SINCE = _text("since")  # when this cause was first seen: `14:02`
    LOOKS = _number("looks")  # how many consecutive readings showed it
    PORT_OPENED = _duration("port_opened")  # how long before the reading the port opened
    PORT_OPENED_AT = _moment("port_opened_at")  # when the port opened
    OUTAGE = _duration("outage")  # how long an ended fault lasted
    CAUSE = _text("cause", 80)  # the headline of a fault, ended or not
    SLEPT = _duration("slept")  # how long this machine was asleep, or by how much its clock was set
    WINDOW_ENDS = _moment("window_ends")  # when the expected window is over
    LOGIN_LAPSED = _moment("login_lapsed")  # when IB dropped saved logins this week
    # notifications
    IN_SHORT = _text("in_short", 230)  # the first steps, from the page of the diagnosis
    FLIPS = _number("flips")  # how often the diagnosis changed in a short time
    CODES = _text("codes", 90)  # the codes between which it changed
    MISSED = _text("missed", 190)  # what was not announced during a mute
    OPENS = _text("opens")  # when the market opens
    OWN_PROGRAM = _text("own_program", 24)  # the script's name of a program of the user's
    OWN_PROGRAM_LIST = _text("own_program_list", 150)  # several of them
    GONE_SINCE = _text("gone_since")  # since when it is not connected: `Mon 03:14`
    STILL_RUNS = _number("still_runs")  # given if it runs without a connection
    LAST_ID = _number("last_id")  # the client ID that it used last
    MISSING_COUNT = _number("missing_count")  # how many programs a notification is about
    ABSENT = _text("absent", 60)  # the programs that usually are connected before the opening
    TARGET_COUNT = _number("target_count")  # how many targets a notification is about
    TARGET_TOTAL = _number("target_total")  # of how many
    TARGET_LIST = _text("target_list", 130)  # their names
    # traymon
    TRAYMON = _command("traymon")  # the command that starts this traymon
    CHECK = _command("check")  # `traymon check`, with the options that name the settings
    WAIT = _command("wait")  # `traymon wait`, likewise
    SENSOR = _text("sensor", 10)  # the sensor that crashed
    LOG_FILE = _text("log_file")


FACTS: Mapping[str, FactKey[Any]] = MappingProxyType(
    {key.name: key for key in vars(Fact).values() if isinstance(key, FactKey)}
)
