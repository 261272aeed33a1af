"""The forms of the lines in TWS's `launcher.log` that say how its login goes, as one table.

Pure. IBKR documents none of them, so each form names where it was seen and how sure it is. What is
not in the table is never guessed at. No text of a line goes on from here: a line becomes an event,
a number or one of a few fixed reasons.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

SECONDS = {"hour": 3600, "minute": 60, "second": 1}


class Event(Enum):
    """What a line says."""

    PROCESS_STARTED = auto()  # a new process began to write
    STARTED_IN_UTC = auto()  # the same process says when, so that its local times can be read
    TIME_IN_UTC = auto()
    VERSION = auto()
    SAVED_LOGIN_RESUMED = auto()  # the daily restart, without the user
    AUTO_RESTART_ON = auto()
    AUTO_RESTART_OFF = auto()
    LOGIN_BEGAN = auto()
    IBKR_ANSWERED = auto()  # and names what it wants: password, second factor
    CHALLENGE = auto()  # the second factor was asked for
    CLOSED_BY_IBKR = auto()  # without a message: a challenge that nobody answered, for one
    WRONG_PASSWORD = auto()
    REFUSED = auto()
    THROTTLED = auto()
    NO_ANSWER = auto()  # from IBKR's login servers
    NO_SECURE_CONNECTION = auto()
    SAVED_LOGIN_ENDED = auto()  # the weekly login is due
    AUTHENTICATED = auto()
    NOT_AUTHENTICATED = auto()
    LOGGED_IN = auto()  # from here on the log is encrypted, and this one is silent


class Sure(Enum):
    """How well a form is known."""

    OFFICIAL = auto()  # quoted by IBKR
    SEVERAL = auto()  # several independent reports, or code in use that relies on it
    ONE = auto()  # one report with excerpts of real logs
    SOURCE = auto()  # the source of a program that drives TWS


class Reason(Enum):
    """Why IBKR refused a login, as far as its words are known."""

    OTHER = auto()
    PASSKEY = auto()
    VERSION = auto()


@dataclass(frozen=True, slots=True)
class Asked:
    """What IBKR asks for at a login."""

    saved_login_refused: (
        bool  # TWS offered its saved login, and the password is wanted all the same
    )
    by_ib_key: bool  # IBKR Mobile approves it, and nothing else does


@dataclass(frozen=True, slots=True)
class Utc:
    """A time in UTC, without a zone."""

    time: datetime


Value = float | str | Reason | Asked | Utc | None


def _nothing(match: re.Match[str], rest: str) -> Value:
    return None


def _utc(match: re.Match[str], rest: str) -> Value:
    return Utc(datetime.strptime(match[1], "%Y%m%d-%H:%M:%S"))


def _epoch(match: re.Match[str], rest: str) -> Value:
    return Utc(datetime.fromtimestamp(int(match[1]) / 1000, UTC).replace(tzinfo=None))


def _version(match: re.Match[str], rest: str) -> Value:
    return match[1]


def _seconds(match: re.Match[str], rest: str) -> Value:
    parts = re.findall(r"(\d{1,4}) (hour|minute|second)", rest)
    return float(sum(int(number) * SECONDS[unit] for number, unit in parts))


def _asked(match: re.Match[str], rest: str) -> Value:
    password, tokens, offered = match.groups()
    devices = re.findall(r"\[([^\[\]]+)\]", tokens)
    return Asked(password == "1" and offered in ("SOFT", "TST"), devices == ["IB Key"])


def _reason(match: re.Match[str], rest: str) -> Value:
    words = " ".join(rest.lower().split())
    if re.search(r"no longer supported|desupported|minimum supported version", words):
        return Reason.VERSION
    return Reason.PASSKEY if "passkey" in words else Reason.OTHER


@dataclass(frozen=True, slots=True)
class Form:
    """One form of line."""

    event: Event
    pattern: re.Pattern[str]
    source: str
    sure: Sure
    value: Callable[[re.Match[str], str], Value]


_EXCERPTS = "ib-gateway-mcp, tests on excerpts of real logs (Gateway 10.45, 10.50)"
_AUTOMATER = "QuantConnect IBAutomater, TraceIbLauncherLogFile"
_CONTROLLER = "ibg-controller, _diagnose_login_failure"


def _form(
    event: Event,
    pattern: str,
    source: str,
    sure: Sure,
    value: Callable[[re.Match[str], str], Value] = _nothing,
) -> Form:
    return Form(event, re.compile(pattern), source, sure, value)


# A line is what the first matching form says. A pattern applies to the message behind the thread's
# name, without blanks around it.
FORMS = (
    _form(Event.PROCESS_STARTED, r"-{5,} IB GATEWAY RESTART -{5,}$", _EXCERPTS, Sure.SEVERAL),
    _form(Event.STARTED_IN_UTC, r"Started on (\d{8}-\d\d:\d\d:\d\d)$", _EXCERPTS, Sure.ONE, _utc),
    _form(
        Event.TIME_IN_UTC,
        r"Sent NS_HEART_BEAT:.{0,200};(\d{8}-\d\d:\d\d:\d\d);$",
        _EXCERPTS + ": every 20 s while a second factor is pending",
        Sure.ONE,
        _utc,
    ),
    _form(
        Event.TIME_IN_UTC,
        r"### startLogin .{0,200}\bstartTime=([12]\d{12})\b",
        _EXCERPTS,
        Sure.ONE,
        _epoch,
    ),
    _form(
        Event.VERSION,
        r"Build (\d{2}\.\d{1,2}\.\d{1,2}[a-z]?)\b",
        "field reports",
        Sure.ONE,
        _version,
    ),
    _form(Event.SAVED_LOGIN_RESUMED, r"Running in auto-restart mode\b", _EXCERPTS, Sure.ONE),
    _form(
        Event.AUTO_RESTART_ON, r"Daily auto-restart is enabled\b", "six repositories", Sure.SEVERAL
    ),
    _form(
        Event.AUTO_RESTART_OFF,
        r"Daily auto-restart is not enabled\b",
        "six repositories; one report that it then speaks of the session before",
        Sure.SEVERAL,
    ),
    _form(Event.LOGIN_BEGAN, r"LauncherLoginThread\.runLoginWithUI\(\)\[", _EXCERPTS, Sure.ONE),
    _form(
        Event.IBKR_ANSWERED,
        r"NS_AUTH_START version=\d+ pwd=(\d) .{0,200}?token\(s\)=\[(.{0,400})\] "
        r"initialTokenType=(\w+)",
        _EXCERPTS + "; " + _CONTROLLER,
        Sure.SEVERAL,
        _asked,
    ),
    _form(Event.CHALLENGE, r"Received CHALLENGE$", _EXCERPTS + "; " + _CONTROLLER, Sure.SEVERAL),
    _form(
        Event.CLOSED_BY_IBKR, r"Authorization failed: SUPPRESS_MESSAGE_BOX\b", _EXCERPTS, Sure.ONE
    ),
    _form(
        Event.WRONG_PASSWORD,
        r"AUTH_RESULT indicates wrong password|"
        r"Authorization failed: Invalid username or password\b",
        _EXCERPTS + "; " + _CONTROLLER,
        Sure.SEVERAL,
    ),
    _form(
        Event.REFUSED,
        r"Authorization failed: ",
        _AUTOMATER + "; " + _CONTROLLER,
        Sure.SEVERAL,
        _reason,
    ),
    _form(
        Event.THROTTLED,
        r"Too many failed login attempts\. Please wait (.{0,80}?\b(?:hour|minute|second)s?\b)",
        "IBC, TooManyFailedLoginAttemptsDialogHandler; " + _EXCERPTS,
        Sure.SEVERAL,
        _seconds,
    ),
    _form(
        Event.NO_ANSWER,
        r"Authentication timeout$|SPLASH Attempt \d+: (?:network|server) error\b|"
        r"AuthTimeoutMonitor-CCP: Timeout!",
        _EXCERPTS + "; " + _CONTROLLER,
        Sure.SEVERAL,
    ),
    _form(
        Event.NO_SECURE_CONNECTION,
        r".{0,300}\b(?:SSLHandshakeException|Remote host terminated)\b",
        _CONTROLLER,
        Sure.SOURCE,
    ),
    _form(
        Event.SAVED_LOGIN_ENDED,
        r"Soft token=0 received instead of expected permanent\b",
        "IBKR, TWS release notes and support pages",
        Sure.OFFICIAL,
    ),
    _form(
        Event.AUTHENTICATED,
        r"### onAuthenticationCompleted .{0,100}\bauthenticated=true\b",
        _EXCERPTS,
        Sure.ONE,
    ),
    _form(
        Event.NOT_AUTHENTICATED,
        r"### onAuthenticationCompleted .{0,100}\bauthenticated=false\b",
        _EXCERPTS,
        Sure.ONE,
    ),
    _form(Event.LOGGED_IN, r"Switching to a new encrypted log\b", _EXCERPTS, Sure.SEVERAL),
)
