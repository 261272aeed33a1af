"""What TWS's login is doing or waiting for, by the lines of its log and the time that has passed.

Pure. Where the lines do not say it, or the log has been silent for too long, it is unknown. The
limits are those that ib-gateway-mcp found to work with Gateway 10.45 and 10.50.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from traymon.core.facts import Fact, FactKey, Facts
from traymon.core.vocabulary import Symptom
from traymon.sensors.login_log_forms import Asked, Event, Reason, Value
from traymon.sensors.login_log_lines import Line, LogLines
from traymon.sensors.login_runs import (
    MAX_RESTART,
    is_an_hour_off,
    last_time,
    read_restart_facts,
    split_runs,
    times_of,
)

IDLE_AFTER = 90.0  # seconds without a try, after which nobody is about to log in
PENDING_SILENCE = 90.0  # seconds; while a challenge is pending a line comes every 20 s
SILENCE = 420.0  # seconds; before a login a line comes every 3 to 5 minutes
MAX_LOGIN = 600.0  # seconds that one try may take without any progress
BEFORE = 10.0  # seconds by which the log may end before its process began
AHEAD = 60.0  # seconds by which a time in the log may be ahead of now

IB_KEY = "IBKR Mobile on your phone"
WRONG_PASSWORD = "wrong user name or password"
SAVED_LOGIN_ENDED = "the saved login is no longer valid"
PASSKEY = "a passkey is required"
NO_ANSWER = "IBKR's login servers did not answer"
NO_SECURE_CONNECTION = "no secure connection to IBKR's servers"
WEEKLY_LOGIN = "IBKR asks for the weekly login"


@dataclass(frozen=True, slots=True)
class Phase:
    """What is known of the login now."""

    symptom: Symptom
    detail: str  # in traymon's own words
    facts: Facts


@dataclass(frozen=True, slots=True)
class _Login:
    """The login of one process, as far as its lines have been read."""

    symptom: Symptom = Symptom.UNKNOWN  # unknown: nobody has tried since then
    since: float = 0.0
    progress: float = 0.0  # when something about the login was written last
    answered: bool = False  # IBKR has, in this try
    asked: Asked | None = None
    why: str = ""  # it was refused
    retry_at: float = 0.0
    trouble: str = ""  # on the way to IBKR
    version: str = ""


def read_phase(log: LogLines, started: float, changed: float, now: float) -> Phase:
    """Return what a TWS waits for now. It has run since `started`; `changed` is when its log was.

    All in epoch seconds.
    """
    facts = read_restart_facts(log)
    runs = split_runs(log)
    times = times_of(runs[-1]) if runs else None
    last = last_time(log, runs)
    if times is None or last is None:
        return Phase(Symptom.UNKNOWN, "its log does not say when it started", facts)
    login = _Login(since=times[0], progress=times[0])
    for line, at in zip(runs[-1], times, strict=True):
        login = _after(login, line, at)
    if last < started - BEFORE:
        return Phase(Symptom.UNKNOWN, "its log ends before it started", facts)
    if last > now + AHEAD or is_an_hour_off(last, changed):
        return Phase(Symptom.UNKNOWN, "the times in its log and this clock do not agree", facts)
    symptom, since, detail = _evaluate(login, last, now)
    return Phase(symptom, detail, facts | _login_facts(login, symptom, since))


def _after(login: _Login, line: Line, at: float) -> _Login:
    """Return the login after one more line."""
    change = _CHANGES.get(line.event)
    if change is None:
        return login
    return replace(change(login, line.value, at), progress=at)


def _to(login: _Login, symptom: Symptom, at: float) -> _Login:
    """Return the login in another phase; one that goes on keeps its beginning."""
    return login if login.symptom is symptom else replace(login, symptom=symptom, since=at)


def _on_version(login: _Login, value: Value, at: float) -> _Login:
    return replace(login, version=value if isinstance(value, str) else "")


def _on_resumed(login: _Login, value: Value, at: float) -> _Login:
    return replace(login, symptom=Symptom.RESTARTING_ITSELF)


def _on_login_began(login: _Login, value: Value, at: float) -> _Login:
    login = replace(login, answered=False)
    if login.symptom in (Symptom.RESTARTING_ITSELF, Symptom.TWO_FACTOR_PENDING):
        return login  # by itself; or another connection of the same login
    return _to(login, Symptom.LOGGING_IN, at)


def _on_answer(login: _Login, value: Value, at: float) -> _Login:
    asked = value if isinstance(value, Asked) else None
    login = replace(login, answered=True, asked=asked, why="", trouble="")
    goes_on = login.symptom is Symptom.RESTARTING_ITSELF
    if goes_on and asked is not None and not asked.saved_login_refused:
        return login
    return _to(login, Symptom.LOGGING_IN, at)


def _on_challenge(login: _Login, value: Value, at: float) -> _Login:
    return replace(login, symptom=Symptom.TWO_FACTOR_PENDING, since=at, why="", trouble="")


def _on_closed(login: _Login, value: Value, at: float) -> _Login:
    pending = login.symptom is Symptom.TWO_FACTOR_PENDING
    ended = Symptom.TWO_FACTOR_LAPSED if pending else Symptom.UNKNOWN
    return replace(login, symptom=ended, since=at)


def _on_wrong_password(login: _Login, value: Value, at: float) -> _Login:
    saved = login.asked is not None and login.asked.saved_login_refused
    return _refuse(login, Symptom.LOGIN_REFUSED, SAVED_LOGIN_ENDED if saved else WRONG_PASSWORD, at)


def _on_refused(login: _Login, value: Value, at: float) -> _Login:
    if value is Reason.VERSION:
        return _refuse(login, Symptom.VERSION_REFUSED, "", at)
    why = PASSKEY if value is Reason.PASSKEY else ""
    return _refuse(login, Symptom.LOGIN_REFUSED, why, at)


def _refuse(login: _Login, symptom: Symptom, why: str, at: float) -> _Login:
    """Return the login as refused. Two lines may say it; the one with a reason counts."""
    login = _to(login, symptom, at)
    return replace(login, why=login.why or why)


def _on_throttled(login: _Login, value: Value, at: float) -> _Login:
    wait = value if isinstance(value, float) else 0.0
    return replace(_to(login, Symptom.LOGIN_THROTTLED, at), retry_at=at + wait)


def _on_no_answer(login: _Login, value: Value, at: float) -> _Login:
    return login if login.answered else _with_trouble(login, NO_ANSWER, at)


def _on_no_secure_connection(login: _Login, value: Value, at: float) -> _Login:
    return _with_trouble(login, NO_SECURE_CONNECTION, at)


def _on_saved_login_ended(login: _Login, value: Value, at: float) -> _Login:
    return replace(_to(login, Symptom.LOGGING_IN, at), trouble=WEEKLY_LOGIN)


def _with_trouble(login: _Login, trouble: str, at: float) -> _Login:
    login = replace(login, trouble=trouble)
    goes_on = login.symptom is not Symptom.UNKNOWN
    return login if goes_on else _to(login, Symptom.LOGGING_IN, at)


def _on_authenticated(login: _Login, value: Value, at: float) -> _Login:
    login = replace(login, why="", trouble="")
    goes_on = login.symptom is Symptom.RESTARTING_ITSELF
    return login if goes_on else _to(login, Symptom.LOGGING_IN, at)


def _on_not_authenticated(login: _Login, value: Value, at: float) -> _Login:
    pending = login.symptom is Symptom.TWO_FACTOR_PENDING
    return _to(login, Symptom.LOGGING_IN, at) if pending else login


def _on_logged_in(login: _Login, value: Value, at: float) -> _Login:
    return replace(login, symptom=Symptom.LOGGED_IN, since=at, why="", trouble="")


_CHANGES: Mapping[Event, Callable[[_Login, Value, float], _Login]] = MappingProxyType(
    {
        Event.VERSION: _on_version,
        Event.SAVED_LOGIN_RESUMED: _on_resumed,
        Event.LOGIN_BEGAN: _on_login_began,
        Event.IBKR_ANSWERED: _on_answer,
        Event.CHALLENGE: _on_challenge,
        Event.CLOSED_BY_IBKR: _on_closed,
        Event.WRONG_PASSWORD: _on_wrong_password,
        Event.REFUSED: _on_refused,
        Event.THROTTLED: _on_throttled,
        Event.NO_ANSWER: _on_no_answer,
        Event.NO_SECURE_CONNECTION: _on_no_secure_connection,
        Event.SAVED_LOGIN_ENDED: _on_saved_login_ended,
        Event.AUTHENTICATED: _on_authenticated,
        Event.NOT_AUTHENTICATED: _on_not_authenticated,
        Event.LOGGED_IN: _on_logged_in,
    }
)

# What is said of a phase, in few words.
_WORDS: Mapping[Symptom, str] = MappingProxyType(
    {
        Symptom.LOGGING_IN: "TWS's log: it is logging in",
        Symptom.LOGGED_IN: "TWS's log: the login succeeded",
        Symptom.LOGIN_IDLE: "TWS's log: nobody has tried to log in",
        Symptom.TWO_FACTOR_PENDING: "TWS's log: a second factor was asked for and not given yet",
        Symptom.TWO_FACTOR_LAPSED: "TWS's log: the request for a second factor ended unanswered",
        Symptom.LOGIN_REFUSED: "TWS's log: IBKR refused the login",
        Symptom.LOGIN_THROTTLED: "TWS's log: too many failed logins",
        Symptom.VERSION_REFUSED: "TWS's log: IBKR refused the login because of the version",
        Symptom.RESTARTING_ITSELF: "TWS's log: it is restarting with its saved login",
    }
)
_SILENT = "TWS's log has been silent for too long; it may be stuck"
_UNCLEAR = "TWS's log does not say what the login is waiting for"

_Found = tuple[Symptom, float, str]


def _evaluate(login: _Login, last: float, now: float) -> _Found:
    """Return the phase at this moment, since when, and what is said of it.

    `last` is when the last line was written. After a login nothing is written any more.
    """
    symptom, since = _with_time(login, now)
    if symptom is Symptom.LOGGED_IN:
        return symptom, since, _WORDS[symptom]
    limit = PENDING_SILENCE if symptom is Symptom.TWO_FACTOR_PENDING else SILENCE
    if now - last > limit:
        return Symptom.UNKNOWN, since, _SILENT
    return symptom, since, _WORDS.get(symptom, _UNCLEAR)


def _with_time(login: _Login, now: float) -> tuple[Symptom, float]:
    """Return the phase as the time that has passed since makes it."""
    symptom, since = login.symptom, login.since
    if symptom is Symptom.UNKNOWN:
        return (Symptom.LOGIN_IDLE if now - since > IDLE_AFTER else symptom), since
    if symptom is Symptom.LOGIN_THROTTLED and now > login.retry_at:
        over = now - login.retry_at > IDLE_AFTER
        return (Symptom.LOGIN_IDLE if over else Symptom.UNKNOWN), login.retry_at
    stalled = symptom is Symptom.LOGGING_IN and now - login.progress > MAX_LOGIN
    stuck = symptom is Symptom.RESTARTING_ITSELF and now - since > MAX_RESTART
    return (Symptom.UNKNOWN if stalled or stuck else symptom), since


def _login_facts(login: _Login, symptom: Symptom, since: float) -> dict[FactKey[Any], Any]:
    """Return the facts of a phase, and what is known of the way to it."""
    facts: dict[FactKey[Any], Any] = {}
    if login.version:
        facts[Fact.TWS_VERSION] = login.version
    if symptom is Symptom.LOGGED_IN:
        facts[Fact.LOGGED_IN_AT] = since
    elif symptom not in (Symptom.UNKNOWN, Symptom.LOGGING_IN):
        facts[Fact.LOGIN_SINCE] = since
    if symptom is Symptom.LOGIN_THROTTLED:
        facts[Fact.LOGIN_RETRY_AT] = login.retry_at
    if symptom is Symptom.LOGIN_REFUSED and login.why:
        facts[Fact.LOGIN_REFUSED_WHY] = login.why
    if login.trouble:
        facts[Fact.LOGIN_TROUBLE] = login.trouble
    if login.asked is not None and login.asked.by_ib_key and symptom in _OF_SECOND_FACTOR:
        facts[Fact.SECOND_FACTOR] = IB_KEY
    return facts


_OF_SECOND_FACTOR = (Symptom.TWO_FACTOR_PENDING, Symptom.TWO_FACTOR_LAPSED)
