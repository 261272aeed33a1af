"""The catalogue: complete, reachable, causes before symptoms, and never more than was seen."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from itertools import product

import pytest

from traymon import assets
from traymon.diagnosis import fixes
from traymon.diagnosis.catalogue import CATALOGUE, ENTRIES, diagnose
from traymon.diagnosis.ladder import ladder
from traymon.model import (
    NO_FACTS,
    NOT_ACCEPTED,
    Diagnosis,
    Evidence,
    Fact,
    Facts,
    Light,
    Limits,
    Reading,
    Symptom,
    Target,
)
from traymon.sensors import handshake, hello, listener
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
MONITOR = (S.PAUSED, S.RESUMED)

# States of traymon's own, which no Gateway can play; test_monitor produces them.
OWN = {"starting", "paused", "resumed", "stale", "sensor-crashed"}

NO_APP: Facts = {Fact.APPS: 0}
AN_APP: Facts = {Fact.APPS: 1, Fact.APP: "IB Gateway"}
ELSEWHERE: Facts = {Fact.OPEN_PORT: 4002}
PILE_UP: Facts = {Fact.HALF_CLOSED: Limits().half_closed}
JUST_OPENED: Facts = {Fact.PORT_OPENED: 12.0}


def evidence(age: float = 0.0, good_for: float = 60.0, **seen: Seen) -> Evidence:
    """Return what `sensor=symptom` or `sensor=(symptom, facts)` say, `age` seconds ago."""
    gathered = Evidence(Target("project"), NOW)
    for sensor, what in seen.items():
        symptom, facts = what if isinstance(what, tuple) else (what, NO_FACTS)
        words = f"{sensor} says {symptom}"
        reading = Reading(sensor, symptom, words, facts, at=NOW - age, good_for=good_for)
        gathered = gathered.with_reading(reading)
    return gathered


def why(**seen: Seen) -> Diagnosis:
    return diagnose(evidence(**seen))


# The smallest evidence for each code.
SMALLEST: Mapping[str, Mapping[str, Seen]] = {
    "paused": {"monitor": S.PAUSED},
    "resumed": {"monitor": S.RESUMED},
    "starting": {},
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
    "server-too-old": {"handshake": S.TOO_OLD},
    "sensor-crashed": {"handshake": S.CRASHED},
    "handshake-slow": {"handshake": S.SLOW},
    "healthy": {"handshake": S.OK},
    "stale": {"handshake": S.UNKNOWN},
}


def test_every_code_has_a_page_and_no_page_is_without_a_code() -> None:
    pages = {path.stem for path in (assets.folder() / "fixes").iterdir()}
    assert pages == ENTRIES.keys()
    assert all(fixes.page(code).code == code for code in ENTRIES)


def test_every_code_has_a_scenario_or_is_a_state_of_traymons_own() -> None:
    played = {scenario.code for scenario in SCENARIOS.values()}
    assert played == ENTRIES.keys() - OWN


def test_no_code_is_listed_twice() -> None:
    codes = [entry.code for entry in CATALOGUE]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("code", ENTRIES)
def test_every_code_can_be_reached(code: str) -> None:
    found = why(**SMALLEST[code])
    assert (found.code, found.light) == (code, ENTRIES[code].light)


def test_the_lists_of_this_file_name_what_the_sensors_can_see() -> None:
    source = "".join(inspect.getsource(module) for module in (hello, handshake, listener))
    named = {Symptom[name] for name in re.findall(r"\bSymptom\.([A-Z_]+)", source)}
    assert named | {S.CRASHED} == {*HANDSHAKE, *LISTENER}
    assert {*HANDSHAKE, *LISTENER, *MONITOR} == set(Symptom)


@pytest.mark.parametrize(
    ("sensor", "symptom"),
    [
        *product(["handshake"], HANDSHAKE),
        *product(["listener"], LISTENER),
        *product(["monitor"], MONITOR),
    ],
)
def test_everything_that_a_sensor_can_see_has_a_diagnosis(sensor: str, symptom: Symptom) -> None:
    seen: dict[str, Seen] = {"handshake": S.OK, "listener": S.OK, sensor: symptom}
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
def test_causes_come_before_their_symptoms(seen: Mapping[str, Seen], code: str) -> None:
    assert why(**seen).code == code


@pytest.mark.parametrize("symptom", HANDSHAKE)
def test_a_stale_reading_is_no_evidence(symptom: Symptom) -> None:
    assert diagnose(evidence(age=60.0, handshake=symptom)).code != "stale"
    old = evidence(age=60.1, handshake=(symptom, ELSEWHERE))
    assert old.symptom("handshake") is S.UNKNOWN
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
        ({"handshake": S.OK, "listener": S.CRASHED}, {"listener"}),
    ],
)
def test_two_sensors_that_agree_are_both_named(
    seen: Mapping[str, Seen], witnesses: set[str]
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
    ],
)
def test_the_words_shown_are_those_of_the_sensor_that_bears_the_diagnosis(
    seen: Mapping[str, Seen], detail: str, sensor: str | None
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
        *((s, (R, N)) for s in NOT_ACCEPTED),
        *((s, (G, R)) for s in HANDSHAKE if s not in {S.OK, S.SLOW, S.CRASHED, *NOT_ACCEPTED}),
    ],
)
def test_the_ladder_is_climbed_as_far_as_it_was_seen_to_hold(
    symptom: Symptom, lights: tuple[Light, Light]
) -> None:
    rungs = ladder(evidence(listener=S.OK, handshake=symptom))
    assert [rung.name for rung in rungs] == ["port", "handshake"]
    assert tuple(rung.light for rung in rungs) == lights
    assert [rung.passed for rung in rungs] == [light in (G, A) for light in lights]


def test_nothing_is_claimed_of_a_ladder_that_nobody_climbed() -> None:
    assert {rung.light for rung in ladder(evidence(listener=S.OK))} == {Light.GREY}
    old = evidence(age=61.0, listener=S.OK, handshake=S.OK)
    assert {rung.light for rung in ladder(old)} == {Light.GREY}
