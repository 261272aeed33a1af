"""The catalogue: complete, reachable, causes before symptoms, and never more than was seen."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import inf
from typing import Any

import pytest

from traymon import assets
from traymon.core.facts import NO_FACTS, Fact, Facts
from traymon.core.model import Diagnosis, Evidence, Reading
from traymon.core.target import IdUse, Limits, Program, Target
from traymon.core.vocabulary import (
    DIALOGS,
    LOGIN_PHASES,
    NOT_ACCEPTED,
    Light,
    SensorName,
    Symptom,
    Use,
)
from traymon.diagnosis import fix_pages
from traymon.diagnosis.accounts import is_paper
from traymon.diagnosis.catalogue import CATALOGUE, ENTRIES, diagnose
from traymon.diagnosis.checks import check_steps
from traymon.sensors import (
    client_id_report,
    client_ids,
    client_library,
    handshake,
    held_session,
    internet,
    listener,
    login_log,
    login_phase,
    session,
    session_connection,
    socket_errors,
    system_messages,
    tls_probe,
    version_exchange,
    version_notice,
    window_titles,
)
from traymon.sim.scenarios import SCENARIOS

S = Symptom
Seen = Symptom | tuple[Symptom, Facts]
NOW = 1_000.0

# What each sensor can really see.
HANDSHAKE = (
    *(S.OK, S.CRASHED, S.SLOW, S.TOO_OLD, S.TLS, S.NOT_IB),
    *(S.CLOSED, S.RESET, S.SILENT, S.UNFINISHED, *NOT_ACCEPTED),
)
LISTENER = (S.OK, S.UNKNOWN, S.CRASHED, S.NOBODY_LISTENS, S.NOT_HERE)
SESSION = (
    *(S.OK, S.UNKNOWN, S.CRASHED, S.LOST, S.GARBLED, S.MUTE, S.HUNG),
    *(S.START_SILENT, S.START_REJECTED, S.NO_ACCOUNTS, S.CLIENT_ID_TAKEN),
)
LINK = (S.OK, S.UNKNOWN, S.LINK_DOWN, S.DATA_LOST)
FARMS = (S.OK, S.UNKNOWN, S.FARM_DOWN)
CALLS = (
    *(S.PORT_MOVED, S.PAPER_NOT_ACKNOWLEDGED, S.COMPETING_SESSION, S.CLIENT_OUTDATED),
    S.UNKNOWN,
)
SUPPORT = (S.UNKNOWN, S.VERSION_ENDS)
HOURS = (S.OK, S.UNKNOWN, S.UNANSWERED)
INTERNET = (S.OK, S.UNKNOWN, S.CRASHED, S.OFFLINE)
MONITOR = (S.PAUSED, S.RESUMED)
TLS = (S.OK, S.UNKNOWN, S.CRASHED, S.TLS)
CALENDAR = (S.OK, S.RESET_WINDOW, S.MAINTENANCE)
LOGIN_LOG = (S.UNKNOWN, S.CRASHED, *sorted(LOGIN_PHASES))
TWS_WINDOWS = (
    *(S.UNKNOWN, S.CRASHED, *sorted(DIALOGS)),
    *(S.TWO_FACTOR_PENDING, S.LOGIN_REFUSED, S.RESTARTING_ITSELF),
)
CLIENT_LIBRARY = (S.OK, S.UNKNOWN, S.CRASHED, S.NOT_LET_IN)
CLIENT_IDS = (
    *(S.OK, S.UNKNOWN, S.CRASHED),
    *(S.CLIENT_ID_TAKEN, S.CLIENT_ID_REFUSED, S.TURNED_AWAY),
)
SEEN_BY: Mapping[str, tuple[Symptom, ...]] = {
    "handshake": HANDSHAKE,
    "listener": LISTENER,
    "session": SESSION,
    "link": LINK,
    "farms": FARMS,
    "calls": CALLS,
    "support": SUPPORT,
    "hours": HOURS,
    "internet": INTERNET,
    "tls": TLS,
    "login_log": LOGIN_LOG,
    "tws_windows": TWS_WINDOWS,
    "client_ids": CLIENT_IDS,
    "client_library": CLIENT_LIBRARY,
    "monitor": MONITOR,
    "calendar": CALENDAR,
}

# States of traymon's own, which no Gateway can play; test_monitor produces them.
OWN = {"starting", "checking-session", "paused", "resumed", "stale", "sensor-crashed"}
# States of the time of day; test_quiet produces them.
OWN |= {"reset-window", "maintenance"}
# What no single look can meet, since something has to happen first to a session that is held;
# test_session_codes produces them.
STORIES = {
    "client-id-held-by-earlier-run",
    "client-id-held-by-itself",
    "program-turned-away",
    "new-clients-hang",
    "port-moved",
    "data-farm-down",
    "internet-down",
    "session-lost",
    "session-mute",
    "session-unstable",
    "session-garbled",
    "old-connections-dead",
    "questions-unanswered",
}
LOGIN_CODES = (
    *("two-factor-pending", "two-factor-lapsed", "login-idle", "login-refused"),
    *("login-throttled", "version-refused", "restarting-itself"),
)
# What a window of TWS alone shows.
WINDOW_CODES = ("session-elsewhere", "relogin-required", "dialog-open", "write-access-asked")

NO_APP: Facts = {Fact.APPS: 0}
AN_APP: Facts = {Fact.APPS: 1, Fact.APP: "IB Gateway"}
ELSEWHERE: Facts = {Fact.OPEN_PORT: 4002}
HELD_BY_OTHER: Facts = {Fact.CLIENT_ID: 10, Fact.HOLDER: (Program("other", 4711),)}
PILE_UP: Facts = {Fact.HALF_CLOSED: Limits().half_closed}
JUST_OPENED: Facts = {Fact.PORT_OPENED: 12.0}
LIVE: Facts = {Fact.ACCOUNTS: ("U1234567", "U7654321")}
PAPER: Facts = {Fact.ACCOUNTS: ("DU1234567",)}


TWS_SAYS = ("link", "farms", "calls", "support", "hours")


def evidence(age: float = 0.0, ttl: float = 60.0, account: str = "", **seen: Any) -> Evidence:
    """Return what `sensor=symptom` or `sensor=(symptom, facts)` say, `age` seconds ago.

    What TWS said of link, farms and calls stands until it is taken back.
    """
    gathered = Evidence(Target("project", account=account), NOW)
    what: Seen
    for sensor, what in seen.items():
        symptom, facts = what if isinstance(what, tuple) else (what, NO_FACTS)
        words = f"{sensor} says {symptom}"
        lasts = inf if sensor in TWS_SAYS else ttl
        reading = Reading(SensorName(sensor), symptom, words, facts, at=NOW - age, ttl=lasts)
        gathered = gathered.with_reading(reading)
    return gathered


def why(account: str = "", **seen: Any) -> Diagnosis:
    return diagnose(evidence(account=account, **seen))


@dataclass(frozen=True)
class TwsMessage:
    """What TWS says over a session that is served."""

    sensor: SensorName
    symptom: Symptom
    for_seconds: float = 0.0

    def among(self, **seen: Any) -> Evidence:
        said = Reading(self.sensor, self.symptom, "its words", at=NOW - self.for_seconds)
        return evidence(**{"handshake": S.OK, "session": S.OK, **seen}).with_reading(said)


IN_SESSION: Mapping[str, Any] = {"handshake": S.OK, "session": S.OK}

# The smallest evidence for a code. It need not list every code: what has a scenario is reached by
# playing it, in system/cli/test_scenarios.py; what needs time or an account has tests of its own.
SMALLEST: Mapping[str, Mapping[str, Any]] = {
    "paused": {"monitor": S.PAUSED},
    "resumed": {"monitor": S.RESUMED},
    "starting": {},
    "reset-window": {"handshake": S.REFUSED, "calendar": S.RESET_WINDOW},
    "maintenance": {"handshake": S.REFUSED, "calendar": S.MAINTENANCE},
    "host-unresolved": {"handshake": S.UNRESOLVED},
    "host-unreachable": {"handshake": S.UNREACHABLE},
    "port-filtered": {"handshake": S.TIMED_OUT},
    "wrong-port": {"handshake": (S.REFUSED, ELSEWHERE)},
    "api-port-closed": {"handshake": S.REFUSED, "listener": (S.NOBODY_LISTENS, AN_APP)},
    "app-not-running": {"handshake": S.REFUSED, "listener": (S.NOBODY_LISTENS, NO_APP)},
    "port-refused": {"handshake": S.REFUSED},
    "foreign-listener": {"handshake": S.NOT_IB},
    "just-started": {"handshake": (S.SILENT, JUST_OPENED)},
    "connection-rejected": {"handshake": S.CLOSED},
    "answer-unfinished": {"handshake": S.UNFINISHED},
    "listener-wedged": {"handshake": S.SILENT, "listener": (S.OK, PILE_UP)},
    "handshake-silent": {"handshake": S.SILENT},
    "tls-expected": {"handshake": S.TLS},
    "not-the-api-port": {"handshake": S.NOT_IB, "listener": (S.OK, AN_APP)},
    "server-too-old": {"handshake": S.TOO_OLD},
    "sensor-crashed": {"handshake": S.CRASHED},
    "handshake-slow": {"handshake": S.SLOW},
    "session-hung": {"handshake": S.OK, "session": S.HUNG},
    "session-mute": {"handshake": S.OK, "session": S.MUTE},
    "session-lost": {"handshake": S.OK, "session": S.LOST},
    "session-garbled": {"handshake": S.OK, "session": S.GARBLED},
    "session-unstable": {"handshake": S.OK, "session": (S.LOST, {Fact.SHORT_SESSIONS: 3})},
    "old-connections-dead": {"handshake": S.OK, "session": (S.OK, {Fact.DEAD_BEFORE: 900.0})},
    "paper-notice-unanswered": {
        "handshake": S.OK,
        "session": S.START_REJECTED,
        "calls": S.PAPER_NOT_ACKNOWLEDGED,
    },
    "data-lost": {**IN_SESSION, "link": S.DATA_LOST},
    "questions-unanswered": {**IN_SESSION, "hours": S.UNANSWERED},
    "version-ends": {**IN_SESSION, "support": (S.VERSION_ENDS, {Fact.SUPPORT_ENDS: "1970-01-20"})},
    "new-clients-hang": {"handshake": S.SILENT, "session": S.OK},
    "port-moved": {"handshake": S.REFUSED, "calls": S.PORT_MOVED},
    "start-silent": {"handshake": S.OK, "session": S.START_SILENT},
    "no-free-slot": {
        "handshake": S.OK,
        "session": S.START_REJECTED,
        "listener": (S.OK, {Fact.CLIENTS: 32}),
    },
    "client-id-clash": {**IN_SESSION, "client_ids": (S.CLIENT_ID_TAKEN, HELD_BY_OTHER)},
    "client-id-stuck": {**IN_SESSION, "client_ids": S.CLIENT_ID_TAKEN},
    "client-id-held-by-earlier-run": {
        **IN_SESSION,
        "client_ids": (S.CLIENT_ID_TAKEN, {**HELD_BY_OTHER, Fact.NEWER: (Program("b", 2),)}),
    },
    "client-id-refused": {**IN_SESSION, "client_ids": S.CLIENT_ID_REFUSED},
    "program-turned-away": {
        **IN_SESSION,
        "client_ids": (S.TURNED_AWAY, {Fact.TURNED_AWAY: (Program("bot", 4711),)}),
    },
    "client-id-held-by-itself": {**IN_SESSION, "client_ids": (S.TURNED_AWAY, HELD_BY_OTHER)},
    "all-client-ids-refused": {"handshake": S.OK, "session": S.CLIENT_ID_TAKEN},
    "start-rejected": {"handshake": S.OK, "session": S.START_REJECTED},
    "no-accounts": {"handshake": S.OK, "session": S.NO_ACCOUNTS},
    "internet-down": {**IN_SESSION, "link": S.LINK_DOWN, "internet": S.OFFLINE},
    "competing-session": {**IN_SESSION, "calls": S.COMPETING_SESSION},
    "paper-not-acknowledged": {**IN_SESSION, "calls": S.PAPER_NOT_ACKNOWLEDGED},
    "client-outdated": {**IN_SESSION, "calls": S.CLIENT_OUTDATED},
    "clock-skew": {"handshake": S.OK, "session": (S.OK, {Fact.CLOCK_SKEW: -2.1})},
    **{code: {"handshake": S.REFUSED, "login_log": Symptom(code)} for code in LOGIN_CODES},
    **{code: {"handshake": S.REFUSED, "tws_windows": Symptom(code)} for code in WINDOW_CODES},
    "healthy": {"handshake": S.OK},
    "stale": {"handshake": S.UNKNOWN},
}


def test_every_code_has_a_page_and_no_page_is_without_a_code() -> None:
    pages = {path.stem for path in (assets.folder() / "fixes").iterdir()}
    assert pages == ENTRIES.keys()
    assert all(fix_pages.page(code).code == code for code in ENTRIES)


def test_every_code_has_a_scenario_or_is_a_state_of_traymons_own() -> None:
    played = {scenario.code for scenario in SCENARIOS.values()}
    assert played == ENTRIES.keys() - OWN - STORIES


def test_no_code_is_listed_twice_in_one_light() -> None:
    listed = [(entry.code, entry.light, entry.once) for entry in CATALOGUE]
    assert len(listed) == len(set(listed))
    codes = [code for code, *_ in listed]
    twice = {"ib-link-down", "host-unresolved", "version-ends", "all-client-ids-refused"}
    assert {code for code in codes if codes.count(code) > 1} == twice


@pytest.mark.parametrize("code", SMALLEST)
def test_every_code_can_be_reached(code: str) -> None:
    found = why(**SMALLEST[code])
    assert (found.code, found.light) == (code, ENTRIES[code].light)


def test_no_code_is_left_without_a_test_that_reaches_it() -> None:
    by_scenario = {scenario.code for scenario in SCENARIOS.values()}
    by_time = {"ib-link-down", "data-farm-down", "checking-session"}
    by_account = {"wrong-account", "wrong-environment"}
    assert SMALLEST.keys() | by_time | by_account | by_scenario == ENTRIES.keys()


@pytest.mark.parametrize(
    ("told", "code", "light"),
    [
        (TwsMessage(SensorName.LINK, S.LINK_DOWN), "ib-link-down", Light.AMBER),
        (TwsMessage(SensorName.LINK, S.LINK_DOWN, 59.9), "ib-link-down", Light.AMBER),
        (TwsMessage(SensorName.LINK, S.LINK_DOWN, 60.0), "ib-link-down", Light.RED),
        (TwsMessage(SensorName.LINK, S.OK, 60.0), "healthy", Light.GREEN),
        (TwsMessage(SensorName.FARMS, S.FARM_DOWN), "healthy", Light.GREEN),
        (TwsMessage(SensorName.FARMS, S.FARM_DOWN, 299.9), "healthy", Light.GREEN),
        (TwsMessage(SensorName.FARMS, S.FARM_DOWN, 300.0), "data-farm-down", Light.AMBER),
    ],
)
def test_what_repeats_and_flaps_during_resets_is_given_time(
    told: TwsMessage, code: str, light: Light
) -> None:
    found = diagnose(told.among())
    assert (found.code, found.light) == (code, light)


WINDOWS = {"reset-window": S.RESET_WINDOW, "maintenance": S.MAINTENANCE}


@pytest.mark.parametrize("code", WINDOWS)
@pytest.mark.parametrize(
    "seen",
    [
        {"handshake": S.REFUSED},
        {"handshake": S.REFUSED, "listener": (S.NOBODY_LISTENS, NO_APP)},
        {"handshake": S.CLOSED},
        {"handshake": S.SILENT},
        {"handshake": S.OK, "session": S.HUNG},
        {"handshake": S.OK, "session": S.START_SILENT},
        {"handshake": S.OK, "session": S.OK, "link": S.LINK_DOWN},
        {"handshake": S.OK, "client_ids": S.CLIENT_ID_TAKEN},
    ],
)
def test_what_goes_by_is_expected_in_its_window_and_not_announced(
    code: str, seen: Mapping[str, Any]
) -> None:
    outside = why(**seen, calendar=S.OK)
    inside = why(**seen, calendar=WINDOWS[code])
    assert outside.code not in WINDOWS
    assert (inside.code, inside.light, inside.announce) == (code, Light.AMBER, False)
    assert inside.witnesses == outside.witnesses or inside.witnesses  # what was seen, not the time


# Where the API is not in service: what else is seen then, and what it is called without a login.
OUT_OF_SERVICE: Mapping[str, Mapping[str, Any]] = {
    "api-port-closed": {"handshake": S.REFUSED, "listener": (S.NOBODY_LISTENS, AN_APP)},
    "app-not-running": {"handshake": S.REFUSED, "listener": (S.NOBODY_LISTENS, NO_APP)},
    "wrong-port": {"handshake": (S.REFUSED, ELSEWHERE)},
    "handshake-silent": {"handshake": S.SILENT, "listener": S.OK},
    "connection-rejected": {"handshake": S.CLOSED, "session": S.LOST},
    "start-silent": {"handshake": S.OK, "session": S.START_SILENT},
}


@pytest.mark.parametrize("calendar", [S.OK, *WINDOWS.values()])
@pytest.mark.parametrize("seen", OUT_OF_SERVICE)
@pytest.mark.parametrize("code", LOGIN_CODES)
def test_what_the_login_waits_for_is_the_cause_of_an_api_out_of_service(
    code: str, seen: str, calendar: Symptom
) -> None:
    without = why(**OUT_OF_SERVICE[seen], calendar=calendar)
    found = why(**OUT_OF_SERVICE[seen], calendar=calendar, login_log=Symptom(code))
    if code == "restarting-itself" and without.code == "maintenance":
        assert found.code == "maintenance"  # the user's own time for it
        return
    assert (found.code, found.light) == (code, ENTRIES[code].light)
    assert "login_log" in found.witnesses
    assert len(found.witnesses) >= 2, "settles at once"
    assert found.announce is (code != "restarting-itself")
    assert found.facts[Fact.DETAIL] == f"login_log says {code}"


@pytest.mark.parametrize("phase", sorted(LOGIN_PHASES))
@pytest.mark.parametrize("served", [S.OK, S.SLOW])
def test_a_login_log_counts_for_nothing_while_the_api_is_served(
    served: Symptom, phase: Symptom
) -> None:
    for held in (S.OK, S.UNKNOWN, S.NO_ACCOUNTS, S.MUTE):
        seen = {"handshake": served, "session": held}
        with_log = why(**seen, login_log=phase)
        assert (with_log.code, with_log.light) == (why(**seen).code, why(**seen).light)


@pytest.mark.parametrize("phase", [S.LOGGING_IN, S.LOGGED_IN])
@pytest.mark.parametrize("seen", OUT_OF_SERVICE)
def test_a_login_that_waits_for_nobody_leaves_the_fault_its_name(seen: str, phase: Symptom) -> None:
    assert why(**OUT_OF_SERVICE[seen], login_log=phase).code == seen


# What a window shows, and under which name; `SURE` are those whose title leaves no doubt.
SURE = {
    S.SESSION_ELSEWHERE: "session-elsewhere",
    S.RELOGIN_REQUIRED: "relogin-required",
    S.TWO_FACTOR_PENDING: "two-factor-pending",
    S.LOGIN_REFUSED: "login-refused",
}
SHOWN = {**SURE, S.DIALOG_OPEN: "dialog-open", S.WRITE_ACCESS_ASKED: "write-access-asked"}


@pytest.mark.parametrize("seen", OUT_OF_SERVICE)
@pytest.mark.parametrize("shown", SURE)
def test_a_window_whose_title_is_sure_is_the_cause_at_once(shown: Symptom, seen: str) -> None:
    for calendar in (S.OK, *WINDOWS.values()):
        found = why(**OUT_OF_SERVICE[seen], calendar=calendar, tws_windows=shown)
        assert (found.code, found.light, found.announce) == (SURE[shown], Light.RED, True)
        assert "tws_windows" in found.witnesses
        assert len(found.witnesses) >= 2, "settles at once"


@pytest.mark.parametrize("shown", [S.SESSION_ELSEWHERE, S.RELOGIN_REQUIRED, S.TWO_FACTOR_PENDING])
def test_a_window_names_the_cause_of_a_lost_link(shown: Symptom) -> None:
    lost = TwsMessage(SensorName.LINK, S.LINK_DOWN)
    assert diagnose(lost.among(tws_windows=shown)).code == SURE[shown]


@pytest.mark.parametrize("shown", [S.DIALOG_OPEN, S.WRITE_ACCESS_ASKED, S.LOGIN_REFUSED])
def test_any_other_window_leaves_a_lost_link_its_name(shown: Symptom) -> None:
    lost = TwsMessage(SensorName.LINK, S.LINK_DOWN)
    assert diagnose(lost.among(tws_windows=shown)).code == "ib-link-down"


@pytest.mark.parametrize(
    "seen", ["api-port-closed", "app-not-running", "handshake-silent", "start-silent"]
)
@pytest.mark.parametrize("shown", [S.DIALOG_OPEN, S.WRITE_ACCESS_ASKED])
def test_a_window_that_may_just_be_open_takes_a_second_look(shown: Symptom, seen: str) -> None:
    found = why(**OUT_OF_SERVICE[seen], tws_windows=shown)
    assert (found.code, found.light) == (SHOWN[shown], Light.RED)
    assert found.witnesses == {"tws_windows"}
    assert found.facts[Fact.DETAIL] == f"tws_windows says {shown}"


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        ({"handshake": (S.REFUSED, ELSEWHERE)}, "wrong-port"),
        ({"handshake": (S.SILENT, JUST_OPENED)}, "just-started"),
        ({"handshake": S.SILENT, "listener": (S.OK, PILE_UP)}, "listener-wedged"),
        ({"handshake": S.SILENT, "tls": S.TLS}, "tls-expected"),
        ({"handshake": S.NOT_IB}, "foreign-listener"),
        ({"handshake": S.TIMED_OUT}, "port-filtered"),
        ({"handshake": S.SILENT, "session": S.OK}, "new-clients-hang"),
        ({"handshake": S.REFUSED, "calendar": S.MAINTENANCE}, "maintenance"),
        (SMALLEST["paper-notice-unanswered"], "paper-notice-unanswered"),
        ({"handshake": S.REFUSED, "login_log": S.LOGIN_THROTTLED}, "login-throttled"),
    ],
)
def test_a_window_that_may_just_be_open_hides_no_cause_that_is_surer(
    seen: Mapping[str, Any], code: str
) -> None:
    assert why(**seen, tws_windows=S.DIALOG_OPEN).code == code


@pytest.mark.parametrize("shown", TWS_WINDOWS[2:])
@pytest.mark.parametrize("served", [S.OK, S.SLOW])
def test_a_window_counts_for_nothing_while_the_api_is_served(
    served: Symptom, shown: Symptom
) -> None:
    for held in (S.OK, S.UNKNOWN, S.NO_ACCOUNTS, S.MUTE):
        seen = {"handshake": served, "session": held}
        found, without = why(**seen, tws_windows=shown), why(**seen)
        assert (found.code, found.light) == (without.code, without.light)


def test_a_log_and_a_window_that_agree_are_both_witnesses() -> None:
    phase = S.TWO_FACTOR_PENDING
    found = why(handshake=S.REFUSED, login_log=phase, tws_windows=phase)
    assert {"login_log", "tws_windows"} < found.witnesses


@pytest.mark.parametrize("window", WINDOWS.values())
@pytest.mark.parametrize(
    ("seen", "code"),
    [
        ({"handshake": S.OK, "session": S.OK}, "healthy"),
        ({"handshake": S.OK}, "healthy"),
        ({"handshake": (S.REFUSED, ELSEWHERE)}, "wrong-port"),
        ({"handshake": S.NOT_IB}, "foreign-listener"),
        ({"handshake": S.UNRESOLVED}, "host-unresolved"),
        ({"handshake": S.TIMED_OUT}, "port-filtered"),
        ({"handshake": S.TLS}, "tls-expected"),
        (
            {"handshake": S.OK, "session": S.OK, "link": S.LINK_DOWN, "internet": S.OFFLINE},
            "internet-down",
        ),
        ({"handshake": S.OK, "client_ids": (S.CLIENT_ID_TAKEN, HELD_BY_OTHER)}, "client-id-clash"),
    ],
)
def test_what_no_restart_explains_keeps_its_name_in_a_window(
    seen: Mapping[str, Any], code: str, window: Symptom
) -> None:
    assert why(**seen, calendar=window).code == code


def test_a_name_that_comes_and_goes_is_amber_while_a_session_is_served() -> None:
    served = why(handshake=S.UNRESOLVED, session=S.OK)
    assert (served.code, served.light, served.patience) == ("host-unresolved", Light.AMBER, 10.0)
    for held in (S.LOST, S.HUNG, S.UNKNOWN):
        found = why(handshake=S.UNRESOLVED, session=held)
        assert (found.code, found.light) == ("host-unresolved", Light.RED)


def test_the_age_of_a_port_goes_on_between_the_looks() -> None:
    opened = evidence(handshake=(S.SILENT, {Fact.PORT_OPENED: 12.0}), age=0.0)
    later = replace(opened, now=NOW + 48.0)
    assert diagnose(later).code == "just-started"
    assert diagnose(later).facts[Fact.PORT_OPENED_AT] == NOW - 12.0
    assert diagnose(replace(opened, now=NOW + 48.1)).code == "handshake-silent"


def test_paper_and_live_mixed_up_is_never_expected() -> None:
    found = why("DU1234567", handshake=S.OK, session=(S.OK, LIVE), calendar=S.RESET_WINDOW)
    assert found.code == "wrong-environment"


def test_a_link_that_is_just_down_is_shown_and_not_announced() -> None:
    assert not diagnose(TwsMessage(SensorName.LINK, S.LINK_DOWN).among()).announce
    assert diagnose(TwsMessage(SensorName.LINK, S.LINK_DOWN, 60.0).among()).announce


@pytest.mark.parametrize(
    "told",
    [
        TwsMessage(SensorName.LINK, S.LINK_DOWN),
        TwsMessage(SensorName.LINK, S.LINK_DOWN, 60.0),
        TwsMessage(SensorName.FARMS, S.FARM_DOWN, 300.0),
        *(TwsMessage(SensorName.CALLS, symptom) for symptom in CALLS if symptom is not S.UNKNOWN),
    ],
)
def test_what_tws_itself_says_needs_no_second_look(told: TwsMessage) -> None:
    handshake = S.REFUSED if told.symptom is S.PORT_MOVED else S.OK
    found = diagnose(told.among(handshake=handshake))
    assert len(found.witnesses) == 2
    assert told.sensor in found.witnesses
    assert found.facts[Fact.DETAIL] == "its words"


@pytest.mark.parametrize("session", [symptom for symptom in SESSION if symptom is not S.OK])
def test_what_tws_once_said_counts_for_nothing_without_a_session_that_is_served(
    session: Symptom,
) -> None:
    said = ("internet-down", "data-farm-down", "competing-session", "data-lost")
    for told in (
        TwsMessage(SensorName.LINK, S.DATA_LOST),
        TwsMessage(SensorName.FARMS, S.FARM_DOWN, 300.0),
        TwsMessage(SensorName.CALLS, S.COMPETING_SESSION),
    ):
        assert diagnose(told.among(session=session, internet=S.OFFLINE)).code not in said


@pytest.mark.parametrize("session", [S.START_SILENT, S.START_REJECTED])
def test_what_tws_says_in_place_of_a_session_counts(session: Symptom) -> None:
    link = TwsMessage(SensorName.LINK, S.LINK_DOWN)
    paper = TwsMessage(SensorName.CALLS, S.PAPER_NOT_ACKNOWLEDGED)
    found = [diagnose(told.among(session=session)) for told in (link, paper)]
    assert [f.code for f in found] == ["ib-link-down", "paper-notice-unanswered"]
    assert [f.light for f in found] == [Light.AMBER, Light.RED]
    assert {f.facts[Fact.DETAIL] for f in found} == {"its words"}
    starting = paper.among(session=session, handshake=(S.OK, JUST_OPENED))
    assert diagnose(starting).code == "just-started"


WANTED = Target("project", own_client_id=9_123)


@pytest.mark.parametrize("session", SESSION)
@pytest.mark.parametrize("handshake", [S.OK, S.SLOW])
def test_green_needs_a_session_that_is_served_where_one_is_wanted(
    handshake: Symptom, session: Symptom
) -> None:
    seen = replace(evidence(handshake=handshake, session=session), target=WANTED)
    is_green = diagnose(seen).light is Light.GREEN
    assert is_green == (handshake is S.OK and session is S.OK)
    none_yet = replace(evidence(handshake=S.OK), target=WANTED)
    assert (diagnose(none_yet).code, diagnose(none_yet).light) == ("checking-session", Light.GREY)
    expired = replace(evidence(age=61.0, session=S.OK), target=WANTED)
    expired = expired.with_reading(Reading(SensorName.HANDSHAKE, S.OK, at=NOW))
    assert diagnose(expired).code == "checking-session"


@pytest.mark.parametrize(
    ("handshake_at", "witnesses"), [(NOW - 10, {"session", "handshake"}), (NOW, {"session"})]
)
def test_a_drop_settles_at_once_only_while_it_is_news(
    handshake_at: float, witnesses: set[str]
) -> None:
    dropped = evidence(age=5.0, session=S.LOST).with_reading(
        Reading(SensorName.HANDSHAKE, S.OK, at=handshake_at)
    )
    found = diagnose(replace(dropped, target=WANTED))
    assert (found.code, found.light, found.announce) == ("session-lost", Light.AMBER, False)
    assert found.witnesses == witnesses


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, "healthy"),
        ({Fact.SHORT_SESSIONS: 1}, "session-lost"),
        ({Fact.SHORT_SESSIONS: 3}, "session-unstable"),
        ({Fact.DEAD_BEFORE: NOW - 60}, "old-connections-dead"),
    ],
)
def test_a_served_session_is_green_only_if_nothing_is_held_against_it(
    facts: Facts, code: str
) -> None:
    seen = evidence(handshake=S.OK, session=(S.OK, facts))
    assert diagnose(replace(seen, target=WANTED)).code == code


@pytest.mark.parametrize(
    ("ends", "once"),
    [
        ("1970-02-01", ""),
        ("1970-01-31", "version-month"),
        ("1970-01-09", "version-month"),
        ("1970-01-08", "version-week"),
        ("1970-01-02", "version-day"),
        ("1969-12-24", "version-day"),
    ],
)
def test_the_end_of_a_version_is_told_a_month_a_week_and_a_day_before(ends: str, once: str) -> None:
    found = why(**IN_SESSION, support=(S.VERSION_ENDS, {Fact.SUPPORT_ENDS: ends}))
    assert (found.code, found.once) == ("version-ends" if once else "healthy", once)


@pytest.mark.parametrize(
    ("configured", "accounts", "code"),
    [
        ("", LIVE, "unexpected-live-account"),  # 7497 is the usual port of a paper TWS
        ("DU1234567", PAPER, "healthy"),
        ("U7654321", LIVE, "healthy"),
        ("DU7654321", PAPER, "wrong-account"),
        ("U1111111", LIVE, "wrong-account"),
        ("DU1234567", LIVE, "wrong-environment"),
        ("DF1234567", LIVE, "wrong-environment"),
        ("U1234567", PAPER, "wrong-environment"),
        ("U1234567", {Fact.ACCOUNTS: ("DF1111111",)}, "wrong-environment"),
        # an account of a kind that its letters do not tell is not claimed to be the wrong kind
        ("I1234567", LIVE, "wrong-account"),
        ("DU1234567", {Fact.ACCOUNTS: ("U1234567", "I1234567")}, "wrong-account"),
        # nothing is known of the accounts yet
        ("DU1234567", NO_FACTS, "healthy"),
    ],
)
def test_the_account_is_held_against_the_sessions_list(
    configured: str, accounts: Facts, code: str
) -> None:
    found = why(configured, handshake=S.OK, session=(S.OK, accounts))
    assert (found.code, found.light) == (code, ENTRIES[code].light)


@pytest.mark.parametrize(
    ("account", "paper"),
    [("DU1", True), ("DF1", True), ("U1", False), ("F1", False), ("I1", None), ("", None)],
)
def test_paper_is_told_from_live_by_how_an_account_number_begins(
    account: str, paper: bool | None
) -> None:
    assert is_paper(account) is paper


@pytest.mark.parametrize(("seen", "session"), [*product(HANDSHAKE, (S.OK, S.HUNG))])
def test_paper_for_live_is_graver_than_all_else_that_can_be_wrong(
    seen: Symptom, session: Symptom
) -> None:
    gathered = evidence(
        account="DU1234567",
        handshake=(seen, JUST_OPENED),
        session=(session, {**LIVE, Fact.CLOCK_SKEW: 9.0}),
        listener=S.CRASHED,
        link=S.LINK_DOWN,
        internet=S.OFFLINE,
        farms=S.FARM_DOWN,
        calls=S.PORT_MOVED,
    )
    assert diagnose(gathered).code == "wrong-environment"
    paused = gathered.with_reading(Reading(SensorName.MONITOR, S.PAUSED, at=NOW))
    assert diagnose(paused).code == "paused"


@pytest.mark.parametrize("seen", [S.OK, S.SLOW])
def test_paper_for_live_settles_at_once(seen: Symptom) -> None:
    found = why("DU1234567", handshake=seen, session=(S.OK, LIVE))
    assert found.witnesses == {"handshake", "session"}


# Every pair of what a fresh connection and the held session see, and what it is called.
CALLED = {
    "healthy": "healthy",
    "slow": "handshake-slow",
    "crashed": "sensor-crashed",
    "stale": "stale",
    "hung": "session-hung",
    "mute?": "session-mute",  # new clients are served: one sample is no verdict
    "lost": "session-lost",
    "garbled": "session-garbled",
    "new": "new-clients-hang",  # the old session is served, a fresh connection is not
    "no-acc": "no-accounts",
    "mute": "start-silent",
    "shut": "start-rejected",
    "taken": "all-client-ids-refused",
    "reject": "connection-rejected",
    "partly": "answer-unfinished",
    "silent": "handshake-silent",
    "tls": "tls-expected",
    "old": "server-too-old",
    "alien": "foreign-listener",
    "refused": "port-refused",
    "filter": "port-filtered",
    "name": "host-unresolved",
    "route": "host-unreachable",
}
MATRIX = """
handshake OK MUTE HUNG NO_ACCOUNTS START_SILENT START_REJECTED CLIENT_ID_TAKEN LOST \
GARBLED UNKNOWN CRASHED
OK          healthy mute?   hung    no-acc  mute    shut    taken   lost    garbled healthy crashed
SLOW        slow    mute?   hung    no-acc  mute    shut    taken   lost    garbled slow    crashed
CRASHED     crashed hung    hung    no-acc  mute    shut    taken   lost    garbled crashed crashed
UNKNOWN     stale   hung    hung    no-acc  mute    shut    taken   lost    garbled stale   crashed
SILENT      new     hung    hung    no-acc  silent  silent  silent  silent  silent  silent  silent
UNFINISHED  new     hung    hung    no-acc  partly  partly  partly  partly  partly  partly  partly
TIMED_OUT   new     hung    hung    no-acc  filter  filter  filter  filter  filter  filter  filter
CLOSED      reject  hung    hung    no-acc  reject  reject  reject  reject  reject  reject  reject
RESET       reject  hung    hung    no-acc  reject  reject  reject  reject  reject  reject  reject
REFUSED     refused refused refused refused refused refused refused refused refused refused refused
FORBIDDEN   filter  filter  filter  filter  filter  filter  filter  filter  filter  filter  filter
UNRESOLVED  name    name    name    name    name    name    name    name    name    name    name
UNREACHABLE route   route   route   route   route   route   route   route   route   route   route
NOT_IB      alien   alien   alien   alien   alien   alien   alien   alien   alien   alien   alien
TLS         tls     tls     tls     tls     tls     tls     tls     tls     tls     tls     tls
TOO_OLD     old     old     old     old     old     old     old     old     old     old     old
"""
(_, *_COLUMNS), *_ROWS = (line.split() for line in MATRIX.strip().splitlines())
CELLS = [
    (Symptom[row], Symptom[column], CALLED[cell])
    for row, *cells in _ROWS
    for column, cell in zip(_COLUMNS, cells, strict=True)
]


@pytest.mark.parametrize(("fresh", "held", "code"), CELLS)
def test_what_a_fresh_connection_and_the_held_session_see_together_has_one_name(
    fresh: Symptom, held: Symptom, code: str
) -> None:
    assert why(handshake=fresh, session=held).code == code


def test_the_matrix_leaves_no_pair_out() -> None:
    pairs = [(fresh, held) for fresh, held, _ in CELLS]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == {*product((*HANDSHAKE, S.UNKNOWN), SESSION)}


@pytest.mark.parametrize(
    ("fresh", "held", "witnesses"),
    [
        # each of the two says by itself that nothing is served
        *((fresh, S.HUNG, 2) for fresh in (S.SILENT, S.UNFINISHED, S.TIMED_OUT, S.CLOSED, S.RESET)),
        *((fresh, S.LOST, 2) for fresh in (S.SILENT, S.UNFINISHED, S.TIMED_OUT, S.CLOSED, S.RESET)),
        (S.REFUSED, S.LOST, 2),
        # they contradict each other: a second look
        (S.OK, S.HUNG, 1),
        (S.SILENT, S.OK, 1),
        (S.NOT_IB, S.LOST, 1),
        (S.REFUSED, S.OK, 1),
    ],
)
def test_the_two_settle_at_once_only_where_they_agree(
    fresh: Symptom, held: Symptom, witnesses: int
) -> None:
    assert len(why(handshake=fresh, session=held).witnesses) == witnesses


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        # a program that just started lets nobody in yet, whoever notices it
        ({"handshake": (S.OK, JUST_OPENED), "session": S.START_SILENT}, "just-started"),
        ({"handshake": (S.SLOW, JUST_OPENED), "session": S.START_REJECTED}, "just-started"),
        ({"handshake": (S.OK, JUST_OPENED), "session": S.OK}, "healthy"),
        ({"handshake": (S.SILENT, JUST_OPENED), "session": S.OK}, "new-clients-hang"),
        ({"handshake": (S.TLS, JUST_OPENED), "session": S.START_SILENT}, "tls-expected"),
        ({"handshake": (S.REFUSED, JUST_OPENED), "session": S.START_SILENT}, "port-refused"),
        # TWS that lost IB is the cause of whatever else is slow to come
        ({"handshake": S.SILENT, "session": S.OK, "link": S.LINK_DOWN}, "ib-link-down"),
        ({"handshake": S.SLOW, "session": S.OK, "link": S.LINK_DOWN}, "ib-link-down"),
        ({"handshake": S.CLOSED, "session": S.OK, "link": S.LINK_DOWN}, "ib-link-down"),
        ({"handshake": S.OK, "session": S.HUNG, "link": S.LINK_DOWN}, "session-hung"),
        ({"handshake": S.REFUSED, "session": S.OK, "link": S.LINK_DOWN}, "port-refused"),
        ({"handshake": S.UNREACHABLE, "session": S.OK, "link": S.LINK_DOWN}, "host-unreachable"),
        # this machine's way out matters to nobody while TWS has its link
        ({**IN_SESSION, "internet": S.OFFLINE}, "healthy"),
        ({**IN_SESSION, "link": S.LINK_DOWN, "internet": S.OK}, "ib-link-down"),
        # the port moved: only where it is gone, and it says more than that it is gone
        ({**IN_SESSION, "calls": S.PORT_MOVED}, "healthy"),
        (
            {"handshake": (S.REFUSED, ELSEWHERE), "session": S.LOST, "calls": S.PORT_MOVED},
            "port-moved",
        ),
        (
            {"handshake": S.TIMED_OUT, "session": S.HUNG, "calls": S.PORT_MOVED},
            "port-moved",
        ),
        ({"handshake": S.UNREACHABLE, "calls": S.PORT_MOVED}, "host-unreachable"),
        # a difference that the resolution of a second explains is none
        ({"handshake": S.OK, "session": (S.OK, {Fact.CLOCK_SKEW: 2.0})}, "healthy"),
        # traymon's own fault comes after what TWS says, before good news
        ({**IN_SESSION, "internet": S.CRASHED}, "sensor-crashed"),
        ({**IN_SESSION, "calls": S.CLIENT_OUTDATED, "listener": S.CRASHED}, "client-outdated"),
    ],
)
def test_a_session_names_causes_before_their_symptoms(seen: Mapping[str, Any], code: str) -> None:
    assert why(**seen).code == code


def test_the_lists_of_this_file_name_what_the_sensors_can_see() -> None:
    modules = (
        version_exchange,
        socket_errors,
        handshake,
        listener,
        session,
        session_connection,
        system_messages,
        version_notice,
        held_session,
        internet,
        tls_probe,
        login_log,
        login_phase,
        client_ids,
        client_id_report,
        client_library,
        window_titles,
    )
    source = "".join(inspect.getsource(module) for module in modules)
    named = {Symptom[name] for name in re.findall(r"\bSymptom\.([A-Z_]+)", source)}
    listed = {symptom for symptoms in SEEN_BY.values() for symptom in symptoms}
    assert named | {S.CRASHED, *MONITOR, *CALENDAR} == listed == set(Symptom)


@pytest.mark.parametrize(
    ("sensor", "symptom"),
    [(sensor, symptom) for sensor, symptoms in SEEN_BY.items() for symptom in symptoms],
)
def test_everything_that_a_sensor_can_see_has_a_diagnosis(sensor: str, symptom: Symptom) -> None:
    seen: dict[str, Any] = {"handshake": S.OK, "listener": S.OK, "session": S.OK, sensor: symptom}
    assert why(**seen).code != "stale"


@pytest.mark.parametrize(("one", "other"), [*product(HANDSHAKE, LISTENER)])
def test_green_needs_a_good_handshake_and_no_crash(one: Symptom, other: Symptom) -> None:
    is_green = why(handshake=one, listener=other).light is Light.GREEN
    assert is_green == (one is S.OK and other is not S.CRASHED)


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        # the user's pause hides all, a waking machine all but good news
        ({"monitor": S.PAUSED, "handshake": S.SILENT}, "paused"),
        ({"monitor": S.PAUSED, "handshake": S.OK}, "paused"),
        ({"monitor": S.RESUMED, "handshake": S.SILENT}, "resumed"),
        ({"monitor": S.RESUMED, "handshake": S.OK}, "healthy"),
        ({"monitor": S.RESUMED, "handshake": S.SLOW}, "handshake-slow"),
        # who owns the port is known: no other program took it
        ({"handshake": S.NOT_IB, "listener": (S.OK, AN_APP)}, "not-the-api-port"),
        ({"handshake": S.NOT_IB, "listener": (S.OK, {Fact.PROGRAM: "java"})}, "foreign-listener"),
        ({"handshake": S.SILENT, "listener": (S.OK, AN_APP)}, "handshake-silent"),
        *(
            ({"handshake": (fresh, ELSEWHERE), "listener": (S.OK, AN_APP)}, "not-the-api-port")
            for fresh in (S.SILENT, S.CLOSED, S.RESET, S.UNFINISHED, S.NOT_IB)
        ),
        (
            {
                "handshake": (S.SILENT, {**ELSEWHERE, **JUST_OPENED}),
                "listener": (S.OK, AN_APP),
                "calendar": S.MAINTENANCE,
            },
            "not-the-api-port",
        ),
        # a TLS hello that is answered says more than a plain one that is not
        *(
            ({"handshake": fresh, "tls": S.TLS, "calendar": S.RESET_WINDOW}, "tls-expected")
            for fresh in (S.SILENT, S.CLOSED, S.RESET)
        ),
        ({"handshake": S.SILENT, "tls": S.OK}, "handshake-silent"),
        ({"handshake": S.REFUSED, "tls": S.TLS}, "port-refused"),
        ({"handshake": S.OK, "tls": S.TLS}, "healthy"),
        # where IB is instead says more than that it is not here
        (
            {"handshake": (S.REFUSED, ELSEWHERE), "listener": (S.NOBODY_LISTENS, AN_APP)},
            "wrong-port",
        ),
        # a port that refuses although somebody listens: nothing is claimed about programs
        ({"handshake": S.REFUSED, "listener": (S.OK, NO_APP)}, "port-refused"),
        ({"handshake": S.REFUSED, "listener": (S.OK, AN_APP)}, "port-refused"),
        # none seen is not none
        ({"handshake": S.REFUSED, "listener": S.NOBODY_LISTENS}, "port-refused"),
        ({"handshake": S.REFUSED, "listener": S.UNKNOWN}, "port-refused"),
        ({"handshake": S.REFUSED, "listener": S.NOT_HERE}, "port-refused"),
        ({"handshake": S.REFUSED, "listener": S.CRASHED}, "port-refused"),
        # the process list may be readable where the socket table is not
        ({"handshake": S.REFUSED, "listener": (S.UNKNOWN, NO_APP)}, "app-not-running"),
        ({"handshake": S.REFUSED, "listener": (S.UNKNOWN, AN_APP)}, "api-port-closed"),
        # silence: starting, then wedged, then plain
        ({"handshake": (S.SILENT, JUST_OPENED), "listener": (S.OK, PILE_UP)}, "just-started"),
        ({"handshake": S.SILENT, "listener": (S.OK, JUST_OPENED)}, "just-started"),
        ({"handshake": S.SILENT, "listener": (S.OK, {Fact.HALF_CLOSED: 4})}, "handshake-silent"),
        ({"handshake": (S.SILENT, {Fact.PORT_OPENED: 61.0})}, "handshake-silent"),
        ({"handshake": (S.CLOSED, JUST_OPENED)}, "just-started"),
        ({"handshake": S.RESET}, "connection-rejected"),
        # just opened or piled up and yet served
        ({"handshake": (S.OK, JUST_OPENED), "listener": (S.OK, PILE_UP)}, "healthy"),
        ({"handshake": S.FORBIDDEN}, "port-filtered"),
        # traymon's own fault comes after the Gateway's, before good news
        ({"handshake": S.SILENT, "listener": S.CRASHED}, "handshake-silent"),
        ({"handshake": S.OK, "listener": S.CRASHED}, "sensor-crashed"),
    ],
)
def test_causes_come_before_their_symptoms(seen: Mapping[str, Any], code: str) -> None:
    assert why(**seen).code == code


@pytest.mark.parametrize("symptom", HANDSHAKE)
def test_a_stale_reading_is_no_evidence(symptom: Symptom) -> None:
    assert diagnose(evidence(age=60.0, handshake=symptom)).code != "stale"
    old = evidence(age=60.1, handshake=(symptom, ELSEWHERE))
    assert old.symptom(SensorName.HANDSHAKE) is S.UNKNOWN
    assert diagnose(old).code == "stale"
    assert Fact.OPEN_PORT not in diagnose(old).facts


@pytest.mark.parametrize(
    ("seen", "witnesses"),
    [
        ({"handshake": S.REFUSED, "listener": S.NOBODY_LISTENS}, {"handshake", "listener"}),
        ({"handshake": S.REFUSED, "listener": S.NOT_HERE}, {"handshake"}),
        ({"handshake": S.REFUSED, "listener": (S.UNKNOWN, NO_APP)}, {"handshake"}),
        ({"handshake": S.SILENT, "listener": (S.OK, PILE_UP)}, {"handshake", "listener"}),
        ({"handshake": S.SILENT, "listener": S.OK}, {"handshake"}),
        ({"handshake": S.OK, "listener": S.OK}, {"handshake"}),
        (
            {"handshake": S.REFUSED, "listener": S.NOBODY_LISTENS, "session": S.LOST},
            {"handshake", "listener", "session"},
        ),
        (
            {**IN_SESSION, "link": S.LINK_DOWN, "internet": S.OFFLINE},
            {"session", "link", "internet"},
        ),
        ({"handshake": S.OK, "listener": S.CRASHED}, {"listener"}),
    ],
)
def test_two_sensors_that_agree_are_both_named(
    seen: Mapping[str, Any], witnesses: set[str]
) -> None:
    assert why(**seen).witnesses == witnesses


@pytest.mark.parametrize("code", [code for code in SMALLEST if SMALLEST[code] and code != "stale"])
def test_a_diagnosis_is_as_old_as_the_look_that_bears_it(code: str) -> None:
    assert diagnose(evidence(age=7.0, **SMALLEST[code])).seen_at == NOW - 7.0


@pytest.mark.parametrize(
    ("seen", "detail", "sensor"),
    [
        ({"listener": S.OK, "handshake": S.SILENT}, "handshake says silent", None),
        ({"listener": S.CRASHED, "handshake": S.SILENT}, "handshake says silent", None),
        ({"listener": S.CRASHED, "handshake": S.OK}, "listener says crashed", "listener"),
        ({"listener": S.OK, "handshake": S.CRASHED}, "handshake says crashed", "handshake"),
        ({"handshake": S.REFUSED, "listener": S.NOBODY_LISTENS}, "handshake says refused", None),
        ({"handshake": S.REFUSED, "session": S.LOST}, "handshake says refused", None),
        ({"handshake": S.OK, "session": S.GARBLED}, "session says garbled", None),
        ({"handshake": S.SLOW, "session": S.HUNG}, "session says hung", None),
        ({"handshake": S.REFUSED, "calls": S.PORT_MOVED}, "calls says port-moved", None),
        ({**IN_SESSION, "link": S.LINK_DOWN}, "link says link-down", None),
        (
            {**IN_SESSION, "link": S.LINK_DOWN, "internet": S.OFFLINE},
            "internet says offline",
            None,
        ),
    ],
)
def test_the_words_shown_are_those_of_the_sensor_that_bears_the_diagnosis(
    seen: Mapping[str, Any], detail: str, sensor: str | None
) -> None:
    facts = why(**seen).facts
    assert (facts.get(Fact.DETAIL), facts.get(Fact.SENSOR)) == (detail, sensor)


def test_the_facts_name_the_target_and_what_every_fresh_reading_found() -> None:
    facts = why(handshake=(S.SILENT, {Fact.PORT_OPENED: 90.0}), listener=(S.OK, PILE_UP)).facts
    assert facts[Fact.HOST] == "127.0.0.1"
    assert facts[Fact.PORT] == 7497
    assert facts[Fact.PORT_OPENED] == 90.0
    assert facts[Fact.HALF_CLOSED] == 5
    assert not {Fact.CLIENT_IDS, Fact.ENV_FILE} & facts.keys()  # none were set


G, A, R, N = Light.GREEN, Light.AMBER, Light.RED, Light.GREY


@pytest.mark.parametrize(
    ("symptom", "lights"),
    [
        (S.OK, (G, G)),
        (S.SLOW, (G, A)),
        (S.CRASHED, (N, N)),
        (S.UNKNOWN, (N, N)),
        *((s, (R, N)) for s in sorted(NOT_ACCEPTED)),
        *((s, (G, R)) for s in HANDSHAKE if s not in {S.OK, S.SLOW, S.CRASHED, *NOT_ACCEPTED}),
    ],
)
def test_the_ladder_is_climbed_as_far_as_it_was_seen_to_hold(
    symptom: Symptom, lights: tuple[Light, Light]
) -> None:
    steps = check_steps(evidence(listener=S.OK, handshake=symptom))
    assert [step.name for step in steps] == ["port", "handshake"]
    assert tuple(step.light for step in steps) == lights
    assert [step.passed for step in steps] == [light in (G, A) for light in lights]


def test_nothing_is_claimed_of_a_ladder_that_nobody_climbed() -> None:
    assert {step.light for step in check_steps(evidence(listener=S.OK))} == {Light.GREY}
    old = evidence(age=61.0, listener=S.OK, handshake=S.OK)
    assert {step.light for step in check_steps(old)} == {Light.GREY}


@pytest.mark.parametrize(
    ("session", "light"),
    [
        (S.OK, G),
        *((symptom, N) for symptom in (S.UNKNOWN, S.CRASHED)),
        *(
            (s, R)
            for s in (S.LOST, S.MUTE, S.HUNG, S.START_SILENT, S.START_REJECTED, S.NO_ACCOUNTS)
        ),
    ],
)
def test_a_held_session_is_the_third_test(session: Symptom, light: Light) -> None:
    seen = replace(evidence(handshake=S.OK, session=(session, PAPER)), target=WANTED)
    steps = check_steps(seen)
    assert [step.name for step in steps] == ["port", "handshake", "session"]
    assert [step.light for step in steps] == [G, G, light]


def test_a_link_or_a_farm_that_is_down_is_a_reservation_of_the_third_test() -> None:
    for told in (
        TwsMessage(SensorName.LINK, S.LINK_DOWN),
        TwsMessage(SensorName.FARMS, S.FARM_DOWN),
    ):
        *_, step = check_steps(replace(told.among(session=(S.OK, PAPER)), target=WANTED))
        assert (step.light, step.passed) == (A, True)
        assert "its words" in [detail.finding for detail in step.details if detail.light is A]


@pytest.mark.parametrize(
    ("clients", "session", "ids", "code"),
    [
        (31, S.OK, S.CLIENT_ID_REFUSED, "no-free-slot"),  # traymon's own session is the 32nd
        (30, S.OK, S.CLIENT_ID_REFUSED, "client-id-refused"),
        (31, S.UNKNOWN, S.CLIENT_ID_REFUSED, "client-id-refused"),
        (32, S.START_REJECTED, S.UNKNOWN, "no-free-slot"),
        (31, S.START_REJECTED, S.UNKNOWN, "start-rejected"),
    ],
)
def test_an_id_that_is_refused_while_tws_is_full_is_refused_for_that(
    clients: int, session: Symptom, ids: Symptom, code: str
) -> None:
    full: Facts = {Fact.CLIENTS: clients}
    found = why(handshake=S.OK, listener=(S.OK, full), session=session, client_ids=ids)
    assert found.code == code


def test_own_ids_that_are_refused_are_red_unless_another_id_was_let_in() -> None:
    refused: Mapping[str, Any] = {"handshake": S.OK, "session": S.CLIENT_ID_TAKEN}
    assert why(**refused).light is Light.RED
    assert len(why(**refused).witnesses) == 1, "a second round settles it"
    free: Facts = {Fact.ID_USES: (IdUse(10, Use.UNKNOWN), IdUse(11, Use.FREE))}
    found = why(**refused, client_ids=(S.UNKNOWN, free))
    assert (found.code, found.light) == ("all-client-ids-refused", Light.AMBER)


@pytest.mark.parametrize("symptom", [S.CLIENT_ID_REFUSED, S.TURNED_AWAY])
def test_the_light_is_never_greener_than_the_check_of_the_client_ids(symptom: Symptom) -> None:
    uses: Facts = {Fact.ID_USES: (IdUse(10, Use.REFUSED),)}
    gathered = evidence(**IN_SESSION, client_ids=(symptom, uses))
    ids = replace(gathered, target=replace(gathered.target, client_ids=(10,)))
    assert check_steps(ids)[-1].light is diagnose(ids).light is Light.AMBER
    assert check_steps(ids)[-1].blocks
