"""What each surface shows of a status: the limits of length, the order, the wording of times.

Pure: no surface is needed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from traymon.core.facts import FACTS, NO_FACTS, Fact, Facts
from traymon.core.model import Diagnosis, Evidence, Flip, LatencyStats, Status, Suspicion
from traymon.core.notification import Kind, Notification, Unannounced
from traymon.core.target import IdUse, Program, Target
from traymon.core.vocabulary import Light, SensorName, StartAtLogin, Use
from traymon.diagnosis import fix_pages, formatting
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui import overview, presenter
from traymon.ui.notification_text import SIGNATURE, notification_text, sign
from traymon.ui.tooltip import tooltip
from traymon.ui.tray.appearance import appearance_of

NOON = datetime(2026, 11, 23, 12).timestamp()
LONG_AGO = datetime(2026, 9, 30, 23, 59).timestamp()

# The longest that each fact can be in a notification. Where there is no bound, much too long.
LONG_PROGRAMS = tuple(
    Program("program.exe" * 20, 4_294_967_295, "/home/" + "s" * 300, since=at)
    for at in (1_600_000_000.0, 1_600_000_001.0)
)
LONGEST: Facts = {
    Fact.HOST: "trading-" * 30,
    Fact.WINDOW_ENDS: LONG_AGO,
    Fact.LOGIN_LAPSED: LONG_AGO,
    Fact.PORT: 65_535,
    Fact.ENV_FILE: "/home/" + "x" * 300,
    Fact.CLIENT_IDS: tuple(range(2_147_483_000, 2_147_483_100)),
    Fact.DETAIL: "w" * 1000,
    Fact.TOOK: 59.4,
    Fact.TIMEOUT: 59.4,
    Fact.SLOW_BOUND: 59.4,
    Fact.SERVER_VERSION: 99_999,
    Fact.TWS_LINE: "10.50 or newer",
    Fact.SESSION_VERSION: 99_999,
    Fact.MIN_VERSION: 1000,
    Fact.OPEN_PORT: 65_535,
    Fact.OPEN_PORT_KIND: "TWS / IB Gateway",
    Fact.PROGRAM: "com.docker.backend.exe" * 20,
    Fact.PID: 4_294_967_295,
    Fact.APPS: 99,
    Fact.APP: "IB Gateway",
    Fact.APP_PID: 4_294_967_295,
    Fact.APP_PORTS: tuple(range(65_000, 65_100)),
    Fact.CANDIDATE_PORTS: tuple(range(65_000, 65_100)),
    Fact.HALF_CLOSED: 65_535,
    Fact.PORT_OPENED: 599.0,
    Fact.PORT_OPENED_AT: LONG_AGO,
    Fact.LED_TO: "fe80::1234:5678:9abc:def0%eth0",
    Fact.CLIENTS: 65_535,
    Fact.ID_USES: tuple(IdUse(i, Use.FREE) for i in range(2_147_483_000, 2_147_483_100)),
    Fact.CLIENT_ID: 2_147_483_647,
    Fact.UNCHECKED_IDS: tuple(range(2_147_483_000, 2_147_483_100)),
    Fact.HOLDER: LONG_PROGRAMS,
    Fact.NEWER: LONG_PROGRAMS[:1],
    Fact.FREE_CLIENT_ID: 2_147_483_647,
    Fact.OWN_IDS: tuple(range(2_147_483_600, 2_147_483_604)),
    Fact.TURNED_AWAY: LONG_PROGRAMS,
    Fact.TIMES: 99_999,
    Fact.TIMES_IN: 86_399.0,
    Fact.BYSTANDERS: LONG_PROGRAMS,
    Fact.OWN_CLIENT_ID: 2_147_483_647,
    Fact.ACCOUNTS: tuple(f"DU{n}" for n in range(1_000_000, 1_000_100)),
    Fact.ACCOUNT: "DU123456789",
    Fact.PAPER_MEANT: "IB_PORT=7497 (Gateway paper)",
    Fact.LIVE_MEANT: "IB_PORT=7496 (Gateway live)",
    Fact.LINK_LOST: LONG_AGO,
    Fact.ROUND_TRIP: 59.4,
    Fact.CLOCK_SKEW: -86_399.0,
    Fact.FARMS: "market data (usfarm), historical data (ushmds), " * 5,
    Fact.FARMS_SINCE: LONG_AGO,
    Fact.SESSION_BEGAN: LONG_AGO,
    Fact.HELD: 59.4,
    Fact.SHORT_SESSIONS: 99_999,
    Fact.DEAD_BEFORE: LONG_AGO,
    Fact.TWS_WORDS: "10141: Paper trading disclaimer must first be accepted / " * 9,
    Fact.TWS_VERSION: "10.45.1",
    Fact.SUPPORT_ENDS: "2026-12-15",
    Fact.MIN_TWS_VERSION: "10.50.1",
    Fact.LOGIN_SINCE: LONG_AGO,
    Fact.SECOND_FACTOR: "IBKR Mobile on your phone, or another device",
    Fact.LOGIN_REFUSED_WHY: "wrong user name or password, and more",
    Fact.LOGIN_RETRY_AT: LONG_AGO,
    Fact.LOGIN_TROUBLE: "no secure connection to IBKR's login servers " * 2,
    Fact.LOGGED_IN_AT: LONG_AGO,
    Fact.WINDOW: "Ein Fenster, das auf eine Antwort wartet, mit langem Titel " * 2,
    Fact.SETTINGS_WINDOW: "Trader Workstation Configuration (Simulated Trading) " * 2,
    Fact.OTHER_APP_PIDS: tuple(range(4_294_967_000, 4_294_967_100)),
    Fact.AUTO_RESTART_ON: LONG_AGO,
    Fact.AUTO_RESTART_OFF: LONG_AGO,
    Fact.MASTER_CLIENT_ID: 2_147_483_647,
    Fact.SENSOR: "handshake",
    Fact.LOG_FILE: "/home/" + "x" * 300,
    Fact.TRAYMON: "/home/" + "x" * 300,
}
BY_OTHERS = {
    *(Fact.CHECK, Fact.WAIT),  # in code of a page
    Fact.SLEPT,
    Fact.HOURS,
    Fact.HOURS_ZONE,
    Fact.IN_SHORT,
    Fact.OWN_PROGRAMS,  # for the tracker, on no page
    *(Fact.OWN_PROGRAM, Fact.OWN_PROGRAM_LIST, Fact.GONE_SINCE, Fact.STILL_RUNS, Fact.LAST_ID),
    *(Fact.MISSING_COUNT, Fact.ABSENT),
    *(Fact.TARGET_COUNT, Fact.TARGET_TOTAL, Fact.TARGET_LIST),
    Fact.FLIPS,
    Fact.CODES,
    Fact.MISSED,
    Fact.OPENS,
    Fact.SINCE,
    Fact.LOOKS,
    Fact.OUTAGE,
    Fact.CAUSE,
    Fact.TWS_SETTINGS,  # of the check, on no page
    *(Fact.LIBRARIES, Fact.INTERPRETER, Fact.PYTHON_VERSION),  # of `traymon check`, on no page
}  # what the view itself puts in
codes = pytest.mark.parametrize("code", ENTRIES)


def status(code: str, facts: Facts = NO_FACTS, target: Target | None = None) -> Status:
    target = target or Target("bot", port=65_535)
    diagnosis = Diagnosis(code, ENTRIES[code].light, facts)
    return Status(
        target, diagnosis, LONG_AGO, LONG_AGO, Evidence(target, NOON), NOON, streak=99_999
    )


def test_the_longest_facts_are_all_there_is() -> None:
    assert LONGEST.keys() | BY_OTHERS == set(FACTS.values())


@codes
def test_a_notification_fits_whole_with_the_longest_facts(code: str) -> None:
    shown = status(code, LONGEST)
    words = notification_text(Notification(Kind.FAULT, shown), NOON)
    assert presenter.utf16_length(words.title) <= presenter.MAX_TITLE
    assert presenter.utf16_length(words.body) <= presenter.MAX_BODY
    facts = presenter.short_facts(presenter.facts_of(shown, NOON))
    page = fix_pages.page(code)
    assert (
        words.title == presenter.headline(shown.diagnosis) == fix_pages.fill(page.headline, facts)
    )
    assert words.body == fix_pages.fill(page.in_short, facts)
    assert words.urgent is (ENTRIES[code].light is Light.RED)


@codes
def test_it_fits_too_where_something_is_not_known_and_other_words_stand_for_it(code: str) -> None:
    page = fix_pages.page(code)
    for name in re.findall(r"\{!([a-z_]+): ", page.in_short):
        facts = {fact: value for fact, value in LONGEST.items() if fact is not FACTS[name]}
        words = notification_text(Notification(Kind.FAULT, status(code, facts)), NOON)
        assert presenter.utf16_length(words.body) <= presenter.MAX_BODY
        assert not words.body.endswith("…")


@codes
def test_a_notification_fits_whole_however_little_is_known(code: str) -> None:
    page = fix_pages.page(code)
    known: Facts = {Fact.HOST: "x" * 15, Fact.PORT: 65_535}
    title, body = fix_pages.fill(page.headline, known), fix_pages.fill(page.in_short, known)
    assert presenter.utf16_length(title) <= presenter.MAX_TITLE
    assert presenter.utf16_length(body) <= presenter.MAX_BODY


@codes
def test_where_the_name_of_traymon_fits_it_ends_the_notification(code: str) -> None:
    words = notification_text(Notification(Kind.FAULT, status(code, LONGEST)), NOON)
    for body in (words.body, words.clickable_body):
        title, signed = sign(words.title, body)
        assert presenter.utf16_length(title) <= presenter.MAX_TITLE
        assert presenter.utf16_length(signed) <= presenter.MAX_BODY
        room = presenter.MAX_BODY - presenter.utf16_length(body) >= len(SIGNATURE)
        assert "traymon" in title + signed or not room
        assert signed in (body, body + SIGNATURE)


def test_the_name_goes_to_the_title_if_the_body_is_full_and_is_said_once() -> None:
    assert sign("title", "body") == ("title", "body · traymon")
    full = "b" * presenter.MAX_BODY
    assert sign("title", full) == ("title · traymon", full)
    longest = "t" * presenter.MAX_TITLE
    assert sign(longest, full) == (longest, full)
    assert sign("traymon could not start", "body") == ("traymon could not start", "body")


def test_a_demo_says_so_wherever_it_shows() -> None:
    real = status("handshake-silent", {Fact.PORT: 7497})
    shown = replace(real, target=replace(real.target, demo=True))
    appearance = appearance_of([shown], NOON, trouble="", start_at_login=StartAtLogin.OFF)
    title = notification_text(Notification(Kind.FAULT, shown), NOON).title
    for text in (appearance.tooltip, appearance.menu.headline, title):
        assert text.startswith("DEMO · ")
    assert presenter.status_line(shown, NOON).startswith("DEMO · ")
    assert "DEMO" not in tooltip([real], NOON)


@codes
def test_a_recovery_fits_whole_after_any_fault(code: str) -> None:
    ended = status(code, LONGEST).diagnosis
    healthy = replace(
        status("healthy", {Fact.PORT: 65_535}), was_down=400 * 86_400 - 3_700, down_since=None
    )
    words = notification_text(Notification(Kind.RECOVERY, healthy, ended), NOON)
    assert words.title == "The API works again on port 65535"
    assert presenter.utf16_length(words.body) <= presenter.MAX_BODY
    assert not words.body.endswith("…")
    assert "399 d 22 h" in words.body
    assert presenter.headline(ended) in words.body
    assert not words.urgent


@codes
@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.FAULT, Kind.RECOVERY}))
def test_every_other_notification_fits_whole_too(kind: Kind, code: str) -> None:
    shown = replace(
        status(code, LONGEST), opens_at=LONG_AGO, closed=True, down_since=NOON - 400 * 86_400
    )
    other = status("client-id-held-by-earlier-run", LONGEST).diagnosis
    missed = tuple(Unannounced(other, LONG_AGO, LONG_AGO + n) for n in range(50))
    flips = (Flip(NOON, other, shown.diagnosis),) * 1000
    words = notification_text(Notification(kind, shown, unannounced=missed, flips=flips), NOON)
    assert presenter.utf16_length(words.title) <= presenter.MAX_TITLE
    assert presenter.utf16_length(words.body) <= presenter.MAX_BODY
    assert presenter.headline(shown.diagnosis) in words.title + words.body or kind is Kind.PRE_OPEN
    if kind is Kind.UNSTABLE:
        assert "1000" in words.body
        assert words.body.endswith("5 minutes.")
    if kind is Kind.SUMMARY:
        assert "48 more" in words.body


@pytest.mark.parametrize("code", ["api-port-closed", "app-not-running"])
def test_a_login_that_may_have_been_made_since_is_not_called_missing(code: str) -> None:
    lapsed = status(code, {Fact.LOGIN_LAPSED: NOON - 86_400, Fact.APP: "IB Gateway", Fact.PORT: 1})
    page = fix_pages.page(code)
    facts = presenter.facts_of(lapsed, NOON)
    words = fix_pages.fill(page.in_short + page.sections["Fix"], facts)
    assert "Sun 12:00" in words
    assert "this one needs" not in words
    assert "Not this time of the week" not in words


def test_the_check_before_the_opening_names_what_was_not_told_before() -> None:
    ended = Unannounced(
        Diagnosis("port-refused", Light.RED, {Fact.PORT: 7497}), NOON - 600, NOON - 60
    )
    goes_on = Unannounced(Diagnosis("clock-skew", Light.AMBER), NOON - 30)
    for code in ("healthy", "clock-skew"):
        shown = replace(status(code, {Fact.PORT: 7497}), opens_at=NOON + 900, closed=True)
        words = notification_text(
            Notification(Kind.PRE_OPEN, shown, unannounced=(ended, goes_on)), NOON
        )
        assert f"you missed: {presenter.headline(ended.diagnosis)} (11:50 to 11:59)." in words.body
        assert "to now" not in words.body
        words = notification_text(Notification(Kind.PRE_OPEN, shown, unannounced=(goes_on,)), NOON)
        assert "not told" not in words.body


def test_what_has_held_names_faults_from_before_the_coming_and_going() -> None:
    ended = Unannounced(
        Diagnosis("port-refused", Light.RED, {Fact.PORT: 7497}), NOON - 6000, NOON - 5000
    )
    healthy, silent = status("healthy").diagnosis, status("handshake-silent").diagnosis
    flips = (Flip(NOON - 400, healthy, silent), Flip(NOON - 300, silent, healthy))
    within = Unannounced(silent, NOON - 400, NOON - 300)
    shown = status("healthy", {Fact.PORT: 7497})
    notification = Notification(Kind.STEADY, shown, unannounced=(ended, within), flips=flips)
    assert "7497 (10:20 to 10:36)." in notification_text(notification, NOON).body


@codes
def test_a_tooltip_fits_whole_with_the_longest_facts(code: str) -> None:
    for target in (
        Target("bot", "255.255.255.255", 65_535),
        Target("bot", port=7497, discovered=True),
    ):
        shown = status(code, LONGEST, target)
        text = tooltip([shown], NOON)
        assert presenter.utf16_length(text) <= presenter.MAX_TOOLTIP
        head, where = text.split("\n")
        assert head == presenter.headline(shown.diagnosis)
        assert where == f"{presenter.address(shown)} · since 30 Sep 23:59 · 59 s"


def test_a_tooltip_shows_the_suspicion_and_is_cut_at_its_end_where_it_is_too_long() -> None:
    shown = status("healthy", {Fact.PORT: 7497, Fact.TOOK: 0.012})
    leaning = Suspicion(Diagnosis("handshake-silent", Light.RED, {Fact.PORT: 7497}), 1, 2)
    assert tooltip([replace(shown, suspicion=leaning)], NOON).split("\n")[:2] == [
        "Programs can connect to port 7497",
        "1 of 2: TWS does not answer programs (port 7497)",
    ]
    long = status("wrong-port", LONGEST, Target("bot", "h" * 253, 65_535))
    long = replace(long, suspicion=leaning)
    cut = tooltip([long], NOON)
    assert presenter.utf16_length(cut) <= presenter.MAX_TOOLTIP
    assert cut.endswith("…")
    assert cut.startswith(presenter.headline(long.diagnosis) + "\n1 of 2: ")


# --- several targets


def one_of(name: str, code: str, *, muted: bool = False, paused: bool = False) -> Status:
    """Return the status of one of several targets."""
    target = Target(name, port=4001, one_of_many=True, muted=muted)
    facts: Facts = {Fact.PORT: 4001, Fact.HOST: "127.0.0.1"}
    return replace(status(code, facts, target), muted=muted, paused=paused)


GREEN, AMBER, RED = (
    one_of("green", "healthy"),
    one_of("amber", "handshake-slow"),
    one_of("red", "handshake-silent"),
)
UNKNOWN = one_of("lost", "stale")
PAUSED = one_of("paused", "paused", paused=True)
MUTED = one_of("muted", "handshake-silent", muted=True)


def test_the_worst_comes_first_and_a_muted_one_last_however_bad_it_is() -> None:
    ranked = [RED, AMBER, UNKNOWN, GREEN, PAUSED, MUTED]
    assert presenter.worst_first(ranked[::-1]) == ranked
    for worst, rest in (
        (RED, [AMBER, UNKNOWN, GREEN, PAUSED, MUTED]),
        (AMBER, [UNKNOWN, GREEN, PAUSED, MUTED]),
        (UNKNOWN, [GREEN, PAUSED, MUTED]),  # green beside what nobody knows would be a lie
        (GREEN, [PAUSED, MUTED]),
        (PAUSED, [MUTED]),
    ):
        assert presenter.worst_light([*rest, worst]) is worst.diagnosis.light
        assert presenter.worst_first([*rest, worst])[0] is worst
    assert presenter.worst_light([MUTED]) is Light.GREY


@pytest.mark.parametrize(
    ("statuses", "headline", "counts"),
    [
        (
            [GREEN, RED, MUTED],
            "✗ 1 of 3 red: red: TWS does not answer programs (port 4001)",
            "1 of 3 red, 1 muted",
        ),
        ([GREEN, one_of("b", "healthy")], "✓ All 2 green", "All 2 green"),
        ([GREEN, MUTED], "✓ 1 of 2 green, 1 muted", "1 of 2 green, 1 muted"),
        ([GREEN, PAUSED], "✓ 1 of 2 green", "1 of 2 green"),
        (
            [GREEN, UNKNOWN],
            "… 1 of 2 unknown: lost: traymon has stopped checking port 4001",
            "1 of 2 unknown",
        ),
        ([PAUSED, PAUSED], "… All 2 paused", "All 2 paused"),
        ([MUTED, MUTED], "… All 2 muted", "All 2 muted"),
    ],
)
def test_how_many_show_what_the_icon_shows_is_said_first(
    statuses: list[Status], headline: str, counts: str
) -> None:
    assert overview.headline(statuses) == headline
    assert overview.counts(statuses) == counts


def test_a_tooltip_of_several_has_a_line_for_each_as_far_as_whole_lines_fit() -> None:
    assert tooltip([GREEN, MUTED, RED], NOON).split("\n") == [
        "1 of 3 red, 1 muted",
        "✗ red: TWS does not answer programs (port 4001)",
        "✓ green",
        "✗ muted (muted)",
    ]
    many = [one_of(f"gateway {number}", "handshake-silent") for number in range(30)]
    lines = tooltip(many, NOON).split("\n")
    assert lines[0] == "All 30 red"
    assert len(lines) == 3
    assert all(line.endswith("(port 4001)") for line in lines[1:])


@codes
def test_the_worst_target_is_in_the_tooltip_whole_whatever_its_name_and_facts(code: str) -> None:
    target = Target("a project with 😀 in " + "a very long name " * 9, one_of_many=True)
    shown = status(code, LONGEST, target)
    text = tooltip([shown, *[replace(GREEN)] * 98, MUTED], NOON)
    assert presenter.utf16_length(text) <= presenter.MAX_TOOLTIP
    if shown.diagnosis.light is not Light.GREEN:
        assert f"{presenter.short_name(shown)}: {presenter.headline(shown.diagnosis)}\n" in text


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("live", "live"),
        ("x" * 24, "x" * 24),
        ("interactive-brokers-live-1", "interactive…okers-live-1"),
        ("interactive-brokers-live-2", "interactive…okers-live-2"),
        ("a\nb\u202e", "a b?"),
    ],
)
def test_a_long_name_is_cut_in_its_middle_for_names_differ_at_their_ends(
    name: str, short: str
) -> None:
    shown = presenter.short_name(one_of(name, "healthy"))
    assert shown == short
    assert presenter.utf16_length(shown) <= presenter.MAX_NAME
    assert presenter.utf16_length(presenter.short_name(one_of("😀" * 40, "healthy"))) <= 24


@codes
@pytest.mark.parametrize("kind", Kind)
def test_a_notification_of_one_of_several_names_it_and_fits(kind: Kind, code: str) -> None:
    target = Target("a trading project with a very long name", one_of_many=True)
    shown = replace(status(code, LONGEST, target), opens_at=LONG_AGO, closed=True)
    ended = status("port-refused", LONGEST).diagnosis
    words = notification_text(Notification(kind, shown, ended), NOON)
    assert words.title.startswith(f"{presenter.short_name(shown)}: ")
    assert presenter.utf16_length(words.title) <= presenter.MAX_TITLE
    assert presenter.utf16_length(words.body) <= presenter.MAX_BODY


def test_a_line_for_a_log_names_the_target_and_says_that_it_is_muted() -> None:
    line = presenter.status_line(MUTED, NOON)
    assert line.startswith("✗ muted: TWS does not answer programs (port 4001) · ")
    assert " · muted" in line


def test_nothing_watched_is_grey_and_has_a_tooltip_all_the_same() -> None:
    assert presenter.worst_light([]) is Light.GREY
    assert tooltip([], NOON) == "traymon"


@pytest.mark.parametrize(
    ("text", "limit", "clipped"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("ab cd", 4, "ab…"),
        ("😀😀", 4, "😀😀"),  # two units each
        ("😀😀😀", 4, "😀…"),
        ("a😀😀", 4, "a😀…"),
        ("", 3, ""),
    ],
)
def test_text_is_cut_by_utf_16_units_and_never_within_a_character(
    text: str, limit: int, clipped: str
) -> None:
    assert presenter.clip(text, limit) == clipped
    assert presenter.utf16_length(clipped) <= limit


@pytest.mark.parametrize("sign", ["😀", "\u202e", "\n", "<b>", "&amp;", "{port}", "\udc80"])
def test_odd_characters_in_a_fact_cannot_break_the_limits(sign: str) -> None:
    facts = {
        fact: sign * 300 if isinstance(value, str) else value for fact, value in LONGEST.items()
    }
    for code in ENTRIES:
        words = notification_text(Notification(Kind.FAULT, status(code, facts)), NOON)
        assert presenter.utf16_length(words.title) <= presenter.MAX_TITLE
        assert presenter.utf16_length(words.body) <= presenter.MAX_BODY
        assert "\n" not in words.title + words.body
        assert not {"\u202e", "\udc80"} & set(words.title + words.body)


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(), "12:00"),
        (timedelta(hours=12), "00:00"),
        (timedelta(hours=12, minutes=1), "Sun 23:59"),
        (timedelta(days=5, hours=23), "Tue 13:00"),
        (timedelta(days=6), "17 Nov 12:00"),
        (timedelta(days=-1), "Tue 12:00"),  # the clock was set back since
    ],
)
def test_a_moment_reads_as_short_as_it_is_clear(ago: timedelta, shown: str) -> None:
    noon = datetime.fromtimestamp(NOON)
    assert formatting.moment((noon - ago).timestamp(), NOON) == shown


def test_a_line_for_a_log_says_everything_in_one_line() -> None:
    target = Target("bot", "::1", 7497)
    shown = status("healthy", {Fact.PORT: 7497, Fact.TOOK: 0.0123}, target)
    leaning = Suspicion(Diagnosis("tls-expected", Light.RED, {Fact.PORT: 7497}), 1, 2)
    assert presenter.status_line(replace(shown, suspicion=leaning), NOON).split(" · ") == [
        "✓ Programs can connect to port 7497",
        "[::1]:7497",
        "since 30 Sep 23:59",
        "12 ms",
        "1 of 2: Port 7497 expects an encrypted connection (SSL)",
    ]


def test_the_tooltip_has_the_figures_of_the_last_hour_where_there_is_room() -> None:
    figures = {SensorName.SESSION: LatencyStats(0.0021, 0.0019, 0.0083, 700)}
    shown = replace(status("healthy"), figures=figures)
    assert "heartbeat 2 ms (median 2 ms, p95 8 ms)" in tooltip([shown], NOON)
