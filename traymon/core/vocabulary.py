"""The closed vocabularies: what a sensor can see, what it can find, which light shows.

Imports nothing of ours. A name here may appear in JSON and on fix pages: it is never renamed.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


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


class Use(StrEnum):
    """How a configured client ID is used."""

    FREE = "free"
    YOURS = "yours"  # a program of the user's own holds it
    CLASH = "clash"  # another program holds it
    STUCK = "stuck"  # the Gateway refuses it, and nobody that is connected can hold it
    UNKNOWN = "unknown"  # not tried, or not lately
