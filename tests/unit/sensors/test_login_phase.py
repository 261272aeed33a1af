"""What a launcher log says of a login: the right phase, or that it is unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from support.login_logs import (
    APPROVED,
    AUTH_PASSWORD,
    AUTH_SAVED,
    AUTH_SAVED_REFUSED,
    AUTH_TWO_DEVICES,
    ENCRYPTED,
    LONG_THROTTLE,
    NO_ANSWER,
    NO_TLS,
    NOT_APPROVED,
    NOT_DAILY,
    OTHER_REASON,
    PASSKEY,
    SECRETS,
    START,
    STARTED,
    T0,
    WEEKLY,
    line,
    log,
)
from traymon.core.facts import Fact, FactKey
from traymon.core.vocabulary import Symptom
from traymon.sensors.login_log_forms import FORMS
from traymon.sensors.login_log_lines import read_lines
from traymon.sensors.login_phase import (
    IB_KEY,
    NO_SECURE_CONNECTION,
    SAVED_LOGIN_ENDED,
    WEEKLY_LOGIN,
    WRONG_PASSWORD,
    Phase,
    read_phase,
)
from traymon.sensors.login_phase import NO_ANSWER as NOT_ANSWERED
from traymon.sensors.login_phase import (
    PASSKEY as PASSKEY_WANTED,
)
from traymon.sensors.login_runs import time_of_daily_restart
from traymon.sim.launcher_log import (
    AUTH_IB_KEY,
    AUTO_RESTART,
    CHALLENGE,
    CLOSED,
    HEARTBEAT,
    LOGIN,
    OLD_VERSION,
    RESTART,
    RESTARTS_DAILY,
    THROTTLED,
    WAITS,
)
from traymon.sim.launcher_log import (
    STARTED as STARTED_ON,
)
from traymon.sim.launcher_log import WRONG_PASSWORD as WRONG

S = Symptom
PENDING = (*START, (3.0, LOGIN), (5.0, AUTH_IB_KEY), (5.1, CHALLENGE))
RESUMED = (*START, (1.0, AUTO_RESTART), (2.0, LOGIN), (3.0, AUTH_SAVED))
EUROPE_SUMMER, EUROPE_WINTER = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))


def phase(data: bytes, after: float, started: float = STARTED) -> Phase:
    """Return the phase so many seconds after the process began."""
    read = read_lines(data)
    return read_phase(read, started, STARTED + after, STARTED + after)


def waits(*lines: float) -> tuple[tuple[float, str], ...]:
    return tuple((after, WAITS) for after in lines)


CASES: dict[str, tuple[tuple[tuple[float, str], ...], float, Symptom, dict[FactKey[Any], Any]]] = {
    "just started": (START, 30, S.UNKNOWN, {}),
    "nobody logs in": ((*START, *waits(200)), 220, S.LOGIN_IDLE, {Fact.LOGIN_SINCE: STARTED}),
    "logging in": ((*START, (3, LOGIN)), 10, S.LOGGING_IN, {}),
    "pending": (
        PENDING,
        20,
        S.TWO_FACTOR_PENDING,
        {Fact.LOGIN_SINCE: STARTED + 5.1, Fact.SECOND_FACTOR: IB_KEY},
    ),
    "pending, another connection begins": (
        (*PENDING, (15, LOGIN)),
        20,
        S.TWO_FACTOR_PENDING,
        {Fact.LOGIN_SINCE: STARTED + 5.1},
    ),
    "pending for long, with heartbeats": (
        (*PENDING, *((float(after), HEARTBEAT) for after in range(25, 400, 20))),
        400,
        S.TWO_FACTOR_PENDING,
        {Fact.LOGIN_SINCE: STARTED + 5.1},
    ),
    "pending, with one of two devices": (
        (*START, (5, AUTH_TWO_DEVICES), (5.1, CHALLENGE)),
        20,
        S.TWO_FACTOR_PENDING,
        {Fact.SECOND_FACTOR: None},
    ),
    "pending, then silent": (PENDING, 200, S.UNKNOWN, {Fact.LOGIN_SINCE: None}),
    "approved": (
        (*PENDING, (60, APPROVED), (60.2, ENCRYPTED)),
        3600 * 20,
        S.LOGGED_IN,
        {Fact.LOGGED_IN_AT: STARTED + 60.2},
    ),
    "approved a moment ago": ((*PENDING, (60, APPROVED)), 61, S.LOGGING_IN, {}),
    "not authenticated": ((*PENDING, (60, NOT_APPROVED)), 61, S.LOGGING_IN, {}),
    "lapsed": (
        (*PENDING, (185, CLOSED), *waits(300, 600)),
        650,
        S.TWO_FACTOR_LAPSED,
        {Fact.LOGIN_SINCE: STARTED + 185},
    ),
    "lapsed and asked again": (
        (*PENDING, (185, CLOSED), (190, LOGIN), (191, AUTH_IB_KEY), (191.5, CHALLENGE)),
        200,
        S.TWO_FACTOR_PENDING,
        {Fact.LOGIN_SINCE: STARTED + 191.5},
    ),
    "closed before a challenge": ((*START, (5, AUTH_PASSWORD), (9, CLOSED)), 20, S.UNKNOWN, {}),
    "closed before a challenge, and no retry": (
        (*START, (5, AUTH_PASSWORD), (9, CLOSED), *waits(300)),
        310,
        S.LOGIN_IDLE,
        {Fact.LOGIN_SINCE: STARTED + 9},
    ),
    "throttled": (
        (*START, (5, WRONG), (10, THROTTLED)),
        20,
        S.LOGIN_THROTTLED,
        {Fact.LOGIN_RETRY_AT: STARTED + 10 + 295},
    ),
    "throttled for an hour": (
        (*START, (10, LONG_THROTTLE), *waits(*range(300, 3000, 300))),
        2800,
        S.LOGIN_THROTTLED,
        {Fact.LOGIN_RETRY_AT: STARTED + 10 + 3723},
    ),
    "the wait is over": ((*START, (10, THROTTLED), *waits(300)), 330, S.UNKNOWN, {}),
    "the wait is over, and nobody tries": (
        (*START, (10, THROTTLED), *waits(300, 600)),
        610,
        S.LOGIN_IDLE,
        {Fact.LOGIN_SINCE: STARTED + 305},
    ),
    "wrong password": (
        (*START, (3, LOGIN), (4, AUTH_PASSWORD), (5, WRONG), (5.1, OTHER_REASON), *waits(300)),
        400,
        S.LOGIN_REFUSED,
        {Fact.LOGIN_REFUSED_WHY: WRONG_PASSWORD, Fact.LOGIN_SINCE: STARTED + 5},
    ),
    "saved login refused": (
        (*START, (1, AUTO_RESTART), (2, AUTH_SAVED_REFUSED), (3, WRONG), *waits(300)),
        400,
        S.LOGIN_REFUSED,
        {Fact.LOGIN_REFUSED_WHY: SAVED_LOGIN_ENDED},
    ),
    "refused for another reason": (
        (*START, (5, OTHER_REASON)),
        20,
        S.LOGIN_REFUSED,
        {Fact.LOGIN_REFUSED_WHY: None},
    ),
    "old version": (
        (*START, (5, OLD_VERSION)),
        20,
        S.VERSION_REFUSED,
        {Fact.TWS_VERSION: "10.45.1c"},
    ),
    "refused, and tried again": ((*START, (5, WRONG), (60, LOGIN)), 70, S.LOGGING_IN, {}),
    "no answer": (
        (*START, (3, LOGIN), (40, NO_ANSWER)),
        50,
        S.LOGGING_IN,
        {Fact.LOGIN_TROUBLE: NOT_ANSWERED},
    ),
    "no answer to a second connection": (
        (*START, (4, AUTH_PASSWORD), (40, NO_ANSWER)),
        50,
        S.LOGGING_IN,
        {Fact.LOGIN_TROUBLE: None},
    ),
    "no secure connection": (
        (*START, (3, LOGIN), (4, NO_TLS)),
        50,
        S.LOGGING_IN,
        {Fact.LOGIN_TROUBLE: NO_SECURE_CONNECTION},
    ),
    "weekly login": (
        (*START, (1, AUTO_RESTART), (4, WEEKLY)),
        50,
        S.LOGGING_IN,
        {Fact.LOGIN_TROUBLE: WEEKLY_LOGIN},
    ),
    "stalled": ((*START, (3, LOGIN), *waits(300, 600, 900)), 910, S.UNKNOWN, {}),
    "restarting itself": (RESUMED, 20, S.RESTARTING_ITSELF, {Fact.LOGIN_SINCE: STARTED}),
    "restarting itself, about to be in": ((*RESUMED, (9, APPROVED)), 20, S.RESTARTING_ITSELF, {}),
    "restarted itself": ((*RESUMED, (9, ENCRYPTED)), 9_999, S.LOGGED_IN, {}),
    "restarting itself for too long": ((*RESUMED, *waits(300)), 320, S.UNKNOWN, {}),
    "restarting itself, and a challenge": (
        (*START, (1, AUTO_RESTART), (3, AUTH_SAVED_REFUSED), (4, CHALLENGE)),
        20,
        S.TWO_FACTOR_PENDING,
        {},
    ),
    "silent for long": ((*START, (5, WRONG)), 430, S.UNKNOWN, {Fact.LOGIN_REFUSED_WHY: None}),
    "written in the future": ((*START, (500, WRONG)), 20, S.UNKNOWN, {}),
    "restarts daily": (
        (*START, (1, RESTARTS_DAILY)),
        20,
        S.UNKNOWN,
        {Fact.AUTO_RESTART_ON: STARTED + 1},
    ),
    "restarts no more": (
        (*START, (1, RESTARTS_DAILY), (2, NOT_DAILY)),
        20,
        S.UNKNOWN,
        {Fact.AUTO_RESTART_OFF: STARTED + 2, Fact.AUTO_RESTART_ON: None},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_log_gives_the_phase_that_its_lines_and_the_time_say(name: str) -> None:
    lines, after, symptom, facts = CASES[name]
    found = phase(log(*lines), after)
    assert found.symptom is symptom
    for fact, value in facts.items():
        if isinstance(value, float):
            assert found.facts.get(fact) == pytest.approx(value, abs=0.01), fact
        else:
            assert found.facts.get(fact) == value, fact


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "told",
    [
        pytest.param(lambda data: data.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda data: data.replace(b" INFO ", b" [AB] INFO "), id="a tag"),
        pytest.param(lambda data: data.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(lambda data: b"\xff\xfe\x00garbage\n" * 50 + data, id="garbage before"),
        pytest.param(lambda data: data + b"\xe4\xf6\xfc\x80 not UTF-8\n", id="another encoding"),
        pytest.param(lambda data: data + b"2026-11-27 23:59:59.999 INFO  [JTS-", id="half a line"),
        pytest.param(
            lambda data: data + line(T0, ENCRYPTED).encode().rstrip(b"\n"), id="a line in writing"
        ),
        pytest.param(lambda data: data + b"x" * 100_000 + b"\n", id="an endless line"),
    ],
)
def test_however_a_log_is_written_it_says_the_same(name: str, told: Any) -> None:
    lines, after, symptom, _ = CASES[name]
    assert phase(told(log(*lines)), after).symptom is symptom


@pytest.mark.parametrize("name", CASES)
def test_a_log_without_the_begin_of_a_process_says_nothing(name: str) -> None:
    lines, after, _, _ = CASES[name]
    found = phase(log(*(one for one in lines if one not in START)), after)
    assert (found.symptom, dict(found.facts)) == (S.UNKNOWN, {})


def test_only_the_newest_of_several_processes_counts() -> None:
    again = [(after + 600.0, message) for after, message in START]
    failed = (*PENDING, (185.0, CLOSED), *again)
    assert phase(log(*failed), 620).symptom is S.UNKNOWN
    assert phase(log(*failed, *waits(900)), 910).symptom is S.LOGIN_IDLE
    pending = phase(log(*failed, (605.0, AUTH_IB_KEY), (605.5, CHALLENGE)), 610)
    assert pending.symptom is S.TWO_FACTOR_PENDING
    assert pending.facts[Fact.LOGIN_SINCE] == pytest.approx(STARTED + 605.5)


def test_a_process_that_only_says_when_it_began_has_begun_too() -> None:
    without = [one for one in START if one[1] != RESTART]
    assert phase(log(*PENDING, (600.0, STARTED_ON), *waits(850)), 860).symptom is S.LOGIN_IDLE
    assert phase(log(*without, (5.0, CHALLENGE)), 10).symptom is S.TWO_FACTOR_PENDING


def test_the_log_of_an_earlier_process_says_nothing_of_this_one() -> None:
    data = log(*PENDING)
    assert phase(data, 40, started=STARTED + 30).symptom is S.UNKNOWN
    logged_in = log(*PENDING, (60, ENCRYPTED))
    assert phase(logged_in, 400, started=STARTED + 300).symptom is S.UNKNOWN


def test_the_last_of_many_waits_is_the_one_that_counts() -> None:
    one_try = ((5.0, AUTH_IB_KEY), (6.0, CHALLENGE), (90.0, CLOSED))
    tries = [(n * 100.0 + after, message) for n in range(20) for after, message in one_try]
    found = phase(log(*START, *tries), 20 * 100.0)
    assert found.symptom is S.TWO_FACTOR_LAPSED
    assert found.facts[Fact.LOGIN_SINCE] == pytest.approx(STARTED + 1990)


@pytest.mark.parametrize("minutes", [-720, -570, -210, 0, 60, 330, 345, 525, 765, 840])
def test_the_zone_of_tws_does_not_matter(minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    found = phase(log(*PENDING, zone=zone), 20)
    assert found.symptom is S.TWO_FACTOR_PENDING
    assert found.facts[Fact.LOGIN_SINCE] == pytest.approx(STARTED + 5.1)


@pytest.mark.parametrize(
    "impossible",
    ["20261127-02:00:00", "20261127-17:05:00", "20261399-99:99:99", "19700101-00:00:00"],
)
def test_a_start_that_fits_no_zone_gives_no_times(impossible: str) -> None:
    utc = "{utc:%Y%m%d-%H:%M:%S}"
    lines = [(after, message.replace(utc, impossible)) for after, message in PENDING]
    assert phase(log(*lines), 20).symptom is S.UNKNOWN


AUTUMN = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)  # ten minutes before the clocks go back
SPRING = datetime(2027, 3, 28, 0, 50, tzinfo=UTC)  # ten minutes before they go forward


def across(change: datetime, lines: list[tuple[float, str]], later: float) -> Phase:
    """Return the phase in a log whose local times change after ten minutes."""
    before, after = (EUROPE_SUMMER, EUROPE_WINTER)
    if change is SPRING:
        before, after = after, before
    data = b"".join(
        log(one, begin=change, zone=before if one[0] < 600 else after, noise=False) for one in lines
    )
    begin, changed = change.timestamp(), change.timestamp() + lines[-1][0]
    return read_phase(read_lines(data), begin, changed, begin + later)


@pytest.mark.parametrize("change", [AUTUMN, SPRING])
def test_a_night_in_which_the_clocks_change_gives_the_right_phase_or_none(change: datetime) -> None:
    idle = [*START, *((float(after), WAITS) for after in range(300, 7500, 300))]
    pending = [*START, (590.0, AUTH_IB_KEY), (595.0, CHALLENGE)]
    beats = [(float(after), HEARTBEAT) for after in range(615, 760, 20)]
    for later in range(0, 7500, 50):
        so_far = [one for one in idle if one[0] <= later]
        expected = {S.UNKNOWN} if later <= 90 else {S.UNKNOWN, S.LOGIN_IDLE}
        assert across(change, so_far, later).symptom in expected
    for later in range(600, 760, 10):
        found = across(change, [one for one in [*pending, *beats] if one[0] <= later], later)
        assert found.symptom in (S.TWO_FACTOR_PENDING, S.UNKNOWN)
        since = found.facts.get(Fact.LOGIN_SINCE, change.timestamp() + 595.0)
        assert since == pytest.approx(change.timestamp() + 595.0)
    assert across(change, [*pending, *beats], 760).symptom is S.TWO_FACTOR_PENDING


def test_a_login_in_the_hour_that_comes_twice_gets_the_right_time_or_none() -> None:
    start = log(*START, begin=AUTUMN, zone=EUROPE_SUMMER, noise=False)
    for minutes in range(15, 70, 5):
        at = AUTUMN + timedelta(minutes=minutes)
        data = start + line(at, ENCRYPTED, EUROPE_WINTER).encode()
        found = read_phase(
            read_lines(data), AUTUMN.timestamp() - 7200, at.timestamp(), at.timestamp() + 60
        )
        assert (found.symptom, found.facts.get(Fact.LOGGED_IN_AT)) == (S.UNKNOWN, None)
        anchored = line(at, f"### startLogin startTime={at.timestamp() * 1000:.0f}", EUROPE_WINTER)
        data = start + anchored.encode() + line(at, ENCRYPTED, EUROPE_WINTER).encode()
        found = read_phase(
            read_lines(data), AUTUMN.timestamp(), at.timestamp(), at.timestamp() + 60
        )
        assert found.facts[Fact.LOGGED_IN_AT] == pytest.approx(at.timestamp())


def test_the_daily_restart_is_expected_at_the_time_of_the_last_one() -> None:
    lines = read_lines(log(*RESUMED, (9.0, ENCRYPTED)))
    day = 86_400.0
    begin = STARTED + 1.0
    assert time_of_daily_restart(lines, begin + day + 120) == pytest.approx(begin + day)
    assert time_of_daily_restart(lines, begin + day - 30) == pytest.approx(begin + day)
    assert time_of_daily_restart(lines, begin + 3 * day + 299) == pytest.approx(begin + 3 * day)
    for now in (begin + day + 301, begin + day - 61, begin + day / 2, begin + 9 * day, begin - day):
        assert time_of_daily_restart(lines, now) is None
    assert time_of_daily_restart(read_lines(log(*PENDING)), STARTED + day) is None


MESSAGES = [
    *(message for lines, *_ in CASES.values() for _, message in lines),
    "### startLogin startTime=1787981403368",
]


def test_every_form_of_line_names_its_source_and_is_tested() -> None:
    utc = "{utc:%Y%m%d-%H:%M:%S}"
    messages = [message.strip().replace(utc, "20261127-17:00:00") for message in MESSAGES]
    for form in FORMS:
        assert form.source
        assert any(form.pattern.match(message) for message in messages), form


# All that a fact of the login can be, apart from times and version numbers.
REASONS = {
    *(IB_KEY, WRONG_PASSWORD, SAVED_LOGIN_ENDED, PASSKEY_WANTED),
    *(NOT_ANSWERED, NO_SECURE_CONNECTION, WEEKLY_LOGIN),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_of_a_line_gets_out(name: str) -> None:
    lines, after, *_ = CASES[name]
    data = log(*lines)
    assert all(secret.encode() in data for secret in SECRETS)
    found = phase(data, after)
    for value in found.facts.values():
        assert isinstance(value, float) or value in REASONS or value == "10.45.1c"
    assert not [secret for secret in SECRETS if secret in found.detail]


def test_the_reason_may_be_in_the_lines_that_follow() -> None:
    refused = log(*START, (5, PASSKEY)) + b"passkey for the login of peter.trader.</html>\n"
    found = phase(refused + line(T0 + timedelta(seconds=6), "passkey").encode(), 20)
    assert found.facts[Fact.LOGIN_REFUSED_WHY] == PASSKEY_WANTED
    other = log(*START, (5, PASSKEY)) + line(T0 + timedelta(seconds=6), "passkey").encode()
    assert Fact.LOGIN_REFUSED_WHY not in phase(other, 20).facts
