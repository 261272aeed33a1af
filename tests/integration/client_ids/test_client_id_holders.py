"""Who holds a client ID: real programs, really connected; and when nothing is tried."""

from __future__ import annotations

import subprocess
import sys
import time
from math import inf
from pathlib import Path

import pytest

from support.client_id_harness import Scene, client, scene
from support.polling import wait_for
from support.scripted_gateway import RefusesIds
from traymon.core.facts import Fact
from traymon.core.target import OwnProgram
from traymon.core.vocabulary import SensorName, Symptom, Use
from traymon.sensors import client_id_session
from traymon.sim.behaviour import Conversation, Ending
from traymon.sim.gateway import HEALTHY, Behaviour
from traymon.sim.script import ORDINARY
from traymon.storage.state import StateStore

CLAIM_BOUND = 0.1  # seconds from a claim's connect to its close


def test_a_stranger_that_holds_an_id_is_a_clash_and_is_named(
    project: Path, elsewhere: Path
) -> None:
    with scene(project / ".env") as played:
        port = played.gateway.port
        with client(elsewhere, "other_app.py", port, 10) as claimable_program:
            wait_for(lambda: played.shows(10, Use.CLASH, claimable_program.pid))
            wait_for(lambda: played.code == "client-id-clash")
            wait_for(lambda: played.shows(11, Use.FREE))
            assert played.fact(Fact.HOLDER) == [claimable_program.pid]
            (holder,) = played.uses[10].programs
            assert (holder.label, holder.own) == ("other_app.py", False)
            assert abs((holder.since or 0.0) - time.time()) < 60
            wait_for(lambda: played.status.diagnosis.facts.get(Fact.FREE_CLIENT_ID) == 12)
        wait_for(lambda: played.shows(10, Use.FREE))  # it was tried, or it might be stuck
        wait_for(lambda: played.code == "healthy")


def test_a_program_of_the_users_own_holds_its_id_as_it_should(project: Path) -> None:
    with (
        scene(project / ".env") as played,
        client(project, "run_live.py", played.gateway.port, 10) as own,
    ):
        wait_for(lambda: played.shows(10, Use.YOURS, own.pid))
        wait_for(lambda: played.shows(11, Use.FREE))
        wait_for(lambda: played.code == "healthy")
        assert Fact.CLIENT_ID not in played.status.diagnosis.facts


@pytest.mark.parametrize("own_id", [10, 11])
def test_of_two_programs_the_right_one_is_named(
    own_id: int, project: Path, elsewhere: Path
) -> None:
    """The second one came while the first one's ID was known: the new ID is the new program's."""
    with scene(project / ".env") as played:
        port, other_id = played.gateway.port, 21 - own_id
        with client(elsewhere, "other_app.py", port, other_id) as claimable_program:
            wait_for(lambda: played.shows(other_id, Use.CLASH, claimable_program.pid))
            with client(project, "run_live.py", port, own_id) as own:
                wait_for(lambda: played.shows(own_id, Use.YOURS, own.pid))
                assert played.shows(other_id, Use.CLASH, claimable_program.pid)


def test_where_it_may_be_any_of_several_none_is_named(project: Path, elsewhere: Path) -> None:
    with scene(project / ".env", quiet=3.0) as played:
        port = played.gateway.port
        with (
            client(elsewhere, "one.py", port, 10) as one,
            client(elsewhere, "two.py", port, 77) as two,
        ):
            wait_for(lambda: played.shows(10, Use.CLASH, one.pid, two.pid))
            wait_for(lambda: played.code == "client-id-clash")
            assert set(played.fact(Fact.HOLDER)) == {one.pid, two.pid}


def test_a_second_copy_of_the_users_own_program_is_held_up_by_the_first(project: Path) -> None:
    with scene(project / ".env") as played:
        port = played.gateway.port
        with client(project, "run_live.py", port, 10) as first:
            wait_for(lambda: played.shows(10, Use.YOURS, first.pid))
            wait_for(lambda: played.shows(11, Use.FREE))
            tries = played.sensor.probe_count
            with client(project, "run_live.py", port, 10, says="refused") as second:
                wait_for(lambda: played.code == "client-id-held-by-earlier-run")
                assert played.fact(Fact.HOLDER) == [first.pid]
                assert played.fact(Fact.NEWER) == [second.pid]
            assert played.sensor.probe_count == tries  # it was seen, not tried
        wait_for(lambda: played.code == "healthy")


def test_with_nobody_connected_no_id_is_tried_or_called_free_until_the_user_asks(
    project: Path,
) -> None:
    with scene(project / ".env") as played:
        wait_for(lambda: played.says(10, "nobody else is connected"))
        played.looks_again()
        assert played.shows(10, Use.UNKNOWN)
        assert played.sensor.probe_count == 0
        assert played.claims(10, 11, 12) == []
        played.monitor.check_now()
        wait_for(lambda: played.shows(10, Use.FREE) and played.shows(11, Use.FREE))
        played.looks_again()
        assert played.sensor.probe_count == 2
        assert len(played.claims(10, 11)) == 2


def test_nothing_is_tried_while_a_program_of_the_users_own_may_be_about_to_connect(
    project: Path, elsewhere: Path
) -> None:
    (project / "dashboard.py").write_text("import sys; sys.stdin.read()", encoding="utf-8")
    with scene(project / ".env") as played:
        port = played.gateway.port
        with (
            subprocess.Popen(
                [sys.executable, "dashboard.py"], cwd=project, stdin=subprocess.PIPE
            ) as unconnected,
            client(elsewhere, "other_app.py", port, 10) as claimable_program,
        ):
            wait_for(lambda: 10 in played.uses and played.uses[10].detail != "")
            played.looks_again()
            assert played.sensor.probe_count == 0
            assert "dashboard.py" in played.uses[10].detail
            assert str(unconnected.pid) in played.uses[10].detail
            assert played.status.evidence.symptom(SensorName.CLIENT_IDS) is Symptom.UNKNOWN
            unconnected.kill()
            unconnected.wait()
            wait_for(lambda: played.shows(10, Use.CLASH, claimable_program.pid))


def test_an_id_is_tried_once_after_a_change_and_anew_when_the_user_asks(
    project: Path, elsewhere: Path
) -> None:
    with scene(project / ".env") as played:
        port = played.gateway.port
        with client(elsewhere, "other_app.py", port, 77):
            wait_for(lambda: played.shows(10, Use.FREE) and played.sensor.probe_count == 2)
            played.looks_again()
            assert played.sensor.probe_count == 2
            played.monitor.check_now()
            wait_for(lambda: played.sensor.probe_count == 4)
            wait_for(lambda: len(played.claims(10, 11)) == 4)


def test_every_claim_ends_at_once(project: Path, elsewhere: Path) -> None:
    with (
        scene(project / ".env") as played,
        client(elsewhere, "other_app.py", played.gateway.port, 10),
    ):
        wait_for(lambda: len(played.claims(10, 11, 12)) == 3)
        wait_for(lambda: all(c.closed_at for c in played.claims(10, 11, 12)))
        for claim in played.claims(10, 11, 12):
            assert claim.ending in (Ending.PEER_CLOSED, Ending.CLOSED_BY_US)

        def each_ended_at_once() -> bool:
            """Tell whether there was such a claim of each ID; else have them tried again."""
            claims = [played.claims(client_id) for client_id in (10, 11)]
            if all(min(map(seconds_of, one)) < CLAIM_BOUND for one in claims):
                return True
            so_far = sum(map(len, claims))
            played.monitor.check_now()
            wait_for(lambda: len(played.claims(10, 11)) >= so_far + 2)
            wait_for(lambda: all(c.closed_at for c in played.claims(10, 11)))
            return False

        wait_for(each_ended_at_once, "claims for which this machine was not too busy")


def seconds_of(claim: Conversation) -> float:
    return (claim.ended_at or inf) - claim.opened_at


def test_no_second_id_is_at_risk_where_the_gateway_does_not_let_the_first_one_go(
    project: Path, elsewhere: Path
) -> None:
    with (
        scene(project / ".env", Behaviour(keeps_half_closed=True)) as played,
        client(elsewhere, "other_app.py", played.gateway.port, 77),
    ):
        wait_for(lambda: played.sensor.probe_count == 1)
        wait_for(lambda: played.says(11, "did not end"))
        played.looks_again()
        assert played.sensor.probe_count == 1


def test_a_program_that_the_user_called_his_own_is_his_own_until_he_takes_it_back(
    project: Path, elsewhere: Path, tmp_path: Path
) -> None:
    said = StateStore(tmp_path / "state")
    with (
        scene(project / ".env", list_own_programs=said.own_programs) as played,
        client(elsewhere, "other_app.py", played.gateway.port, 10) as claimable_program,
    ):
        wait_for(lambda: played.shows(10, Use.CLASH, claimable_program.pid))
        (program,) = played.uses[10].programs
        own = OwnProgram(program.exe, program.script)
        StateStore(tmp_path / "state").add_own_program(own)
        wait_for(lambda: played.shows(10, Use.YOURS, claimable_program.pid))
        StateStore(tmp_path / "state").forget_own_program(1)
        wait_for(lambda: played.shows(10, Use.CLASH, claimable_program.pid))


def test_tries_can_be_turned_off(project: Path, elsewhere: Path) -> None:
    with (
        scene(project / ".env", try_ids=False) as played,
        client(elsewhere, "other_app.py", played.gateway.port, 10),
    ):
        wait_for(lambda: played.says(10, "TRAYMON_CLIENT_ID_CHECK"))
        played.monitor.check_now()
        played.looks_again()
        assert played.claims(10, 11, 12) == []


def test_where_programs_cannot_be_seen_ids_are_tried_at_the_start_and_when_the_user_asks(
    project: Path, elsewhere: Path
) -> None:
    with scene(project / ".env", forwarded=True) as played:
        wait_for(lambda: played.shows(10, Use.FREE) and played.sensor.probe_count == 2)
        with client(elsewhere, "other_app.py", played.gateway.port, 10):
            played.looks_again()
            assert played.sensor.probe_count == 2
            played.monitor.check_now()
            wait_for(lambda: 10 in played.uses and played.uses[10].use is Use.CLASH)
            assert None in {program.pid for program in played.uses[10].programs}


def test_where_programs_cannot_be_seen_ids_are_tried_every_so_often_if_that_is_wanted(
    project: Path,
) -> None:
    with scene(project / ".env", forwarded=True, try_ids_every=1.0) as played:
        wait_for(lambda: played.sensor.probe_count >= 6)


def test_a_program_that_was_connected_before_is_not_blamed_for_an_id_that_tws_did_not_let_go(
    project: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_id_session, "RETRY_DELAY", 2.0)
    with scene(project / ".env", client_ids=(10,)) as played:
        port = played.gateway.port
        with client(elsewhere, "other_app.py", port, 77):
            wait_for(lambda: played.shows(10, Use.FREE) and played.sensor.probe_count == 1)
            with client(project, "run_live.py", port, 10) as own:
                wait_for(lambda: played.shows(10, Use.YOURS, own.pid))
                played.gateway.script = RefusesIds(10)  # as if it had not noticed the end
            wait_for(lambda: played.shows(10, Use.STUCK))
            played.gateway.script = ORDINARY
            wait_for(lambda: played.shows(10, Use.FREE))  # by itself, with nobody come or gone


def test_a_clash_that_was_none_ends_by_itself(
    project: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_id_session, "RETRY_DELAY", 2.0)
    with scene(project / ".env", quiet=2.0, client_ids=(10,)) as played:
        port = played.gateway.port
        with client(elsewhere, "other_app.py", port, 77) as other:
            with client(elsewhere, "third.py", port, 10) as third:
                wait_for(lambda: played.shows(10, Use.CLASH, other.pid, third.pid))
                played.gateway.script = RefusesIds(10)  # as if it had not noticed the end
            wait_for(lambda: played.shows(10, Use.CLASH, other.pid))
            played.gateway.script = ORDINARY
            wait_for(lambda: played.shows(10, Use.FREE))


def holders(played: Scene) -> list[Conversation]:
    return [c for c in played.gateway.conversations if c.client_id == 10]


def test_an_id_whose_program_has_gone_without_the_gateway_noticing_is_stuck(
    project: Path, elsewhere: Path
) -> None:
    with scene(project / ".env", Behaviour(keeps_half_closed=True)) as played:
        with client(elsewhere, "other_app.py", played.gateway.port, 10):
            pass
        # of the program itself: a look of traymon's may well have ended before
        wait_for(lambda: [c.ending for c in holders(played)] == [Ending.PEER_CLOSED])
        played.gateway.behaviour = HEALTHY
        wait_for(lambda: played.shows(10, Use.STUCK))
