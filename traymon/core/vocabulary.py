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

# A handshake that shows the API in service.
SERVED = frozenset({Symptom.OK, Symptom.SLOW})


class SensorName(StrEnum):
    """Whose reading it is. The names are public: they stand in JSON."""

    LISTENER = "listener"
    HANDSHAKE = "handshake"
    INTERNET = "internet"
    SESSION = "session"
    LINK = "link"  # what TWS says of its link to IB, over the session
    FARMS = "farms"  # what TWS says of its data farms
    CALLS = "calls"  # what else TWS says that calls for the user
    HOURS = "hours"  # the trading hours that IB gave
    CLIENT_IDS = "client_ids"
    CALENDAR = "calendar"
    MONITOR = "monitor"  # traymon's own state: paused, woken


class Use(StrEnum):
    """How a configured client ID is used."""

    FREE = "free"
    YOURS = "yours"  # a program of the user's own holds it
    CLASH = "clash"  # another program holds it
    STUCK = "stuck"  # the Gateway refuses it, and nobody that is connected can hold it
    UNKNOWN = "unknown"  # not tried, or not lately
