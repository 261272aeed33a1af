"""The closed vocabularies: lights, symptoms, sensor names, uses of a client ID.

These names appear in JSON and on fix pages, so they are never renamed.
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
    """Everything that a sensor can see. Never a cause: those are in the catalogue."""

    OK = "ok"
    UNKNOWN = "unknown"  # could not be seen, or was seen too long ago to count
    CRASHED = "crashed"  # the sensor itself failed, which is a bug of traymon
    # handshake: the connection could not be opened
    REFUSED = "refused"
    TIMED_OUT = "timed-out"
    FORBIDDEN = "forbidden"  # by this machine's own firewall or policy
    UNRESOLVED = "unresolved"
    UNREACHABLE = "unreachable"
    # handshake: the connection was opened
    CLOSED = "closed"  # end of stream before a byte
    RESET = "reset"  # connection reset before a byte
    SILENT = "silent"  # nothing until the deadline
    UNFINISHED = "unfinished"  # began an answer, but did not complete the version reply
    NOT_IB = "not-ib"
    TLS = "tls"  # answers a TLS hello and not the plain one
    TOO_OLD = "too-old"
    SLOW = "slow"
    # listener
    NOBODY_LISTENS = "nobody-listens"
    NOT_HERE = "not-here"  # the host is another machine, whose socket table cannot be read
    # session
    LOST = "lost"  # the connection dropped
    MUTE = "mute"  # it is open, but answers no more; a new session was not tried yet
    HUNG = "hung"  # the same, and a new session is not answered either
    GARBLED = "garbled"  # ended by us: what arrived is no message of TWS
    START_SILENT = "start-silent"  # answered the version; then no account list or next order ID
    START_REJECTED = "start-rejected"  # closed after startApi without error 326
    CLIENT_ID_TAKEN = "client-id-taken"  # error 326
    CLIENT_ID_REFUSED = "client-id-refused"  # a configured ID gets no session, and no error 326
    TURNED_AWAY = "turned-away"  # the Gateway ends one new connection after the other
    NO_ACCOUNTS = "no-accounts"
    # what TWS reports over the session: link, farms, calls
    LINK_DOWN = "link-down"  # TWS has lost IB's servers
    DATA_LOST = "data-lost"  # the link is back, but every data subscription is gone
    FARM_DOWN = "farm-down"
    PORT_MOVED = "port-moved"
    PAPER_NOT_ACKNOWLEDGED = "paper-not-acknowledged"
    COMPETING_SESSION = "competing-session"
    CLIENT_OUTDATED = "client-outdated"
    VERSION_ENDS = "version-ends"  # IBKR stops supporting this version of TWS at a date
    # what TWS's login waits for
    LOGGING_IN = "logging-in"
    LOGGED_IN = "logged-in"
    LOGIN_IDLE = "login-idle"  # nobody has begun the login
    TWO_FACTOR_PENDING = "two-factor-pending"
    TWO_FACTOR_LAPSED = "two-factor-lapsed"  # nobody approved it in time
    LOGIN_REFUSED = "login-refused"
    LOGIN_THROTTLED = "login-throttled"  # IBKR makes it wait before the next try
    VERSION_REFUSED = "version-refused"  # IBKR no longer lets this version of TWS log in
    RESTARTING_ITSELF = "restarting-itself"  # the daily restart, with the saved login
    # the windows of TWS
    NO_DIALOG = "no-dialog"  # they were seen, and none of them waits for the user
    SESSION_ELSEWHERE = "session-elsewhere"  # it asks which of two logins stays
    RELOGIN_REQUIRED = "relogin-required"
    WRITE_ACCESS_ASKED = "write-access-asked"  # a program's orders meet a ticked Read-Only API
    DIALOG_OPEN = "dialog-open"  # another window that may wait for the user
    # hours
    UNANSWERED = "unanswered"  # a question of ours, twice
    # client library
    NOT_LET_IN = "not-let-in"  # a client library gets no session, or could not be tried
    # internet
    OFFLINE = "offline"  # no default route, or no reply from the name server
    # monitor
    PAUSED = "paused"
    RESUMED = "resumed"  # the machine just woke from sleep
    # calendar
    RESET_WINDOW = "reset-window"  # IB resets its servers at this time of day
    MAINTENANCE = "maintenance"  # the user's own window: TWS restarts itself


# The connection could not be opened, so nothing is known about the program that listens.
NOT_ACCEPTED = frozenset(
    {
        Symptom.REFUSED,
        Symptom.TIMED_OUT,
        Symptom.FORBIDDEN,
        Symptom.UNRESOLVED,
        Symptom.UNREACHABLE,
    }
)

# The connection was opened, and nothing at all was answered.
WITHOUT_A_BYTE = frozenset({Symptom.SILENT, Symptom.CLOSED, Symptom.RESET})

# A handshake that shows the API in service.
SERVED = frozenset({Symptom.OK, Symptom.SLOW})


# What TWS's login waits for, or is doing. Nothing of it is seen while the API is served.
LOGIN_PHASES = frozenset(
    {
        Symptom.LOGGING_IN,
        Symptom.LOGGED_IN,
        Symptom.LOGIN_IDLE,
        Symptom.TWO_FACTOR_PENDING,
        Symptom.TWO_FACTOR_LAPSED,
        Symptom.LOGIN_REFUSED,
        Symptom.LOGIN_THROTTLED,
        Symptom.VERSION_REFUSED,
        Symptom.RESTARTING_ITSELF,
    }
)


# What only a look at TWS's windows can show, which is taken only while the API is not served.
DIALOGS = frozenset(
    {
        Symptom.NO_DIALOG,
        Symptom.SESSION_ELSEWHERE,
        Symptom.RELOGIN_REQUIRED,
        Symptom.WRITE_ACCESS_ASKED,
        Symptom.DIALOG_OPEN,
    }
)


class SensorName(StrEnum):
    """The sensors, and the monitor itself as the source of a reading."""

    LISTENER = "listener"
    HANDSHAKE = "handshake"
    TLS = "tls"  # whether a port that does not answer the plain hello answers a TLS hello
    INTERNET = "internet"
    SESSION = "session"
    LINK = "link"  # what TWS reports about its connection to IB, over the session
    FARMS = "farms"  # what TWS reports about its data farms
    CALLS = "calls"  # whatever else TWS reports that the user has to act on
    SUPPORT = "support"  # until when IBKR supports this version of TWS, as TWS reports it
    HOURS = "hours"  # the trading hours that IB gives for a contract
    LOGIN_LOG = "login_log"  # what TWS's own log says of its login, while the API is not served
    TWS_WINDOWS = "tws_windows"  # the titles of TWS's windows, while the API is not served
    CLIENT_LIBRARY = "client_library"  # whether a client library gets in; on a command alone
    CLIENT_IDS = "client_ids"
    TWS_SETTINGS = "tws_settings"  # what TWS says of its own settings; on the user's word alone
    CALENDAR = "calendar"
    MONITOR = "monitor"  # traymon's own state: paused, or resumed after sleep


class CutKind(StrEnum):
    """What is planned to interrupt programs at a time that is known beforehand."""

    MAINTENANCE = "maintenance"  # TWS restarts itself, as the user has configured it
    RESET_WINDOW = "reset-window"  # IB resets its servers
    WEEKLY_LOGIN = "weekly-login"  # IB drops saved logins


class StartAtLogin(StrEnum):
    """Whether traymon starts at login."""

    OFF = "off"
    ON = "on"  # with the settings that are in force
    OTHER_SETTINGS = "other-settings"


class SettingsNews(StrEnum):
    """How the files of the settings compare with the settings in force."""

    IN_FORCE = "in force"  # they say the same
    CHANGED = "changed"
    FLAWED = "flawed"  # in force, without those of traymon itself that have mistakes
    INCOMPLETE = "incomplete"  # in force, without the targets that have mistakes
    UNUSABLE = "unusable"  # changed, and with mistakes
    GONE = "gone"  # the file that the settings came from is no longer there


class Use(StrEnum):
    """How a configured client ID is used."""

    FREE = "free"
    YOURS = "yours"  # held by one of the user's own programs
    CLASH = "clash"  # held by another program
    STUCK = "stuck"  # the Gateway refuses it, though no connected program can hold it
    REFUSED = "refused"  # the Gateway gives it no session, and does not say that it is in use
    UNKNOWN = "unknown"  # not checked, or not recently

    @property
    def word(self) -> str:
        """How users read it; JSON keeps `unknown`."""
        return "not checked" if self is Use.UNKNOWN else self.value
