"""What TWS refuses without saying who holds it: an ID, one program again and again, or nobody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.client_id_harness import client, scene
from support.polling import wait_for
from support.scripted_gateway import RefusesIds
from traymon.core.facts import Fact
from traymon.core.vocabulary import Light, SensorName, Symptom, Use
from traymon.diagnosis import fix_pages
from traymon.diagnosis.checks import check_steps
from traymon.sensors import client_id_session, processes
from traymon.sim.connection import Connection
from traymon.sim.script import ORDINARY, Script
from traymon.sim.stage_props import HOLDER_SCRIPT
from traymon.ui import presenter

# Holds its ID by a connection that it has forgotten, and connects again and again.
BLOCKS_ITSELF = """
import socket, sys, threading, time
sys.path.insert(0, sys.argv[1])
from client_id_holder import HELLO, exit_with_stdin, read_frame, session_request
threading.Thread(target=exit_with_stdin, daemon=True).start()
forgotten = []
while True:
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    connection.sendall(HELLO)
    read_frame(connection)
    connection.sendall(session_request(int(sys.argv[3])))
    if read_frame(connection).split(b"\\0")[0] in (b"9", b"15"):
        forgotten.append(connection)
        print("in", flush=True)
    else:
        read_frame(connection)  # the end of the stream
        connection.close()
    time.sleep(0.5)
"""
# Connects, leaves again, and goes on running.
CONNECTS_ONCE = """
import sys
from ib_insync import IB
ib = IB()
ib.connect("127.0.0.1", int(sys.argv[1]), clientId=int(sys.argv[2]), timeout=30)
print("in", flush=True)
sys.stdin.readline()
ib.disconnect()
print("out", flush=True)
sys.stdin.read()
"""


@contextmanager
def program(place: Path, name: str, source: str, *arguments: object) -> Iterator[subprocess.Popen]:  # type: ignore[type-arg]
    """Run a program in a folder until the context ends."""
    (place / name).write_text(source, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, name, *map(str, arguments)],
        cwd=place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


class Silent(Script):
    """Never answers one client ID."""

    def __init__(self, client_id: int) -> None:
        self.client_id = client_id

    def start(self, connection: Connection, client_id: int) -> None:
        if client_id != self.client_id:
            connection.start_session(client_id)


class SaysNo(Script):
    """Turns one client ID away with words of its own."""

    def start(self, connection: Connection, client_id: int) -> None:
        if client_id == 10:
            connection.say(507, "Bad message")
            connection.hang_up()
        else:
            connection.start_session(client_id)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (RefusesIds(10, with_326=False), "closed after startApi, without error 326"),
        (SaysNo(), "TWS said 507: Bad message"),
        (Silent(10), "no answer to startApi"),
    ],
    ids=["closed", "with words", "silent"],
)
def test_an_id_that_gets_no_session_while_another_is_served_is_amber(
    script: Script, words: str, project: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_id_session, "RETRY_DELAY", 1.0)
    with (
        scene(project / ".env", script=script, client_ids=(10,)) as played,
        client(elsewhere, "other_app.py", played.gateway.port, 77),
    ):
        wait_for(lambda: played.code == "client-id-refused")
        assert played.status.diagnosis.light is Light.AMBER
        assert (10, Use.REFUSED) in [(use.client_id, use.use) for use in played.uses.values()]
        assert words in played.uses[10].detail
        assert check_steps(played.status.evidence)[-1].light is Light.AMBER
        wait_for(lambda: played.status.diagnosis.facts.get(Fact.FREE_CLIENT_ID) == 11)
        played.gateway.script = ORDINARY
        wait_for(lambda: played.code == "healthy")
        wait_for(lambda: played.shows(10, Use.FREE))


def test_an_id_that_tws_never_lets_go_is_not_called_free_and_the_user_learns_it_by_asking(
    project: Path,
) -> None:
    with scene(project / ".env", script=RefusesIds(10), client_ids=(10,)) as played:
        wait_for(lambda: played.says(10, "nobody else is connected"))
        assert played.uses[10].use is Use.UNKNOWN
        played.monitor.check_now()
        wait_for(lambda: played.shows(10, Use.STUCK))
        assert check_steps(played.status.evidence)[-1].light is Light.AMBER


def test_a_program_of_the_users_that_is_turned_away_again_and_again_is_named(
    project: Path,
) -> None:
    script = RefusesIds(10)
    with scene(project / ".env", script=script, client_ids=(10,)) as played:
        wait_for(lambda: played.says(10, "nobody else"))
        (project / "bot_retry.py").write_bytes(HOLDER_SCRIPT.read_bytes())
        source = HOLDER_SCRIPT.read_text(encoding="utf-8")
        port = played.gateway.port
        with program(project, "bot_retry.py", source, port, 10, "--every", 0.5) as bot:
            wait_for(lambda: played.statuses and played.code == "program-turned-away")
            assert played.fact(Fact.TURNED_AWAY) == [bot.pid]
            assert played.status.diagnosis.light is Light.AMBER
            assert (played.status.diagnosis.facts[Fact.TIMES]) >= 3
            assert played.sensor.probe_count == 0, "a try could come in its way"
            page = fix_pages.page(played.code)
            facts = presenter.facts_of(played.status, played.status.evidence.now)
            assert "bot_retry.py (pid" in fix_pages.fill(page.in_short, facts)
            played.gateway.script = ORDINARY
            wait_for(lambda: played.shows(10, Use.YOURS, bot.pid))
            wait_for(lambda: played.code == "healthy")


def test_a_program_that_was_turned_away_before_traymon_came_is_found_too(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "FIRST_MINUTES", 0.0)  # over, and yet it is no bystander
    script = RefusesIds(10)
    with scene(project / ".env", script=script, client_ids=(11,)) as first:
        port = first.gateway.port
        source = HOLDER_SCRIPT.read_text(encoding="utf-8")
        with program(project, "bot_retry.py", source, port, 10, "--every", 0.5) as bot:
            wait_for(lambda: sum(c.client_id is None for c in first.gateway.conversations) > 20)
            with scene(project / ".env", at=port, client_ids=(10,)) as played:
                wait_for(lambda: played.statuses and played.code == "program-turned-away")
                assert played.fact(Fact.TURNED_AWAY) == [bot.pid]
                assert Fact.BYSTANDERS not in played.status.diagnosis.facts


def test_a_program_that_blocks_itself_is_told_to_restart_and_tws_is_left_alone(
    project: Path,
) -> None:
    with scene(project / ".env", client_ids=(10,)) as played:
        arguments = (HOLDER_SCRIPT.parent, played.gateway.port, 10)
        with program(project, "bot.py", BLOCKS_ITSELF, *arguments) as bot:
            wait_for(lambda: played.code == "client-id-held-by-itself")
            assert played.fact(Fact.HOLDER) == [bot.pid]
            assert played.shows(10, Use.YOURS, bot.pid)
            page = fix_pages.page(played.code)
            assert "restart TWS" not in page.markdown
            assert "restart that program, not TWS" in page.in_short


def test_an_interpreter_that_never_connects_does_not_blind_the_check_for_ever(
    project: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        scene(project / ".env", client_ids=(10,)) as played,
        program(project, "dashboard.py", "import sys; sys.stdin.read()") as dashboard,
        client(elsewhere, "other_app.py", played.gateway.port, 10) as other,
    ):
        wait_for(lambda: played.says(10, "dashboard.py"))
        played.looks_again()
        assert played.sensor.probe_count == 0
        monkeypatch.setattr(processes, "FIRST_MINUTES", 0.0)  # they are over
        wait_for(lambda: played.shows(10, Use.CLASH, other.pid))
        reading = played.status.evidence.readings[SensorName.CLIENT_IDS]
        assumed = Fact.BYSTANDERS.of(reading.facts)
        assert assumed is not None
        assert [one.pid for one in assumed] == [dashboard.pid]
        assert "assumed not to trade" in reading.detail
        (*_, detail) = check_steps(played.status.evidence)[-1].details
        assert "dashboard.py" in detail.finding


def test_a_program_that_was_connected_once_may_connect_again_however_long_it_waits(
    project: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "FIRST_MINUTES", 1.0)
    with scene(project / ".env", client_ids=(10,)) as played:
        port = played.gateway.port
        with program(project, "bot.py", CONNECTS_ONCE, port, 10) as bot:
            wait_for(lambda: played.shows(10, Use.YOURS, bot.pid))
            assert bot.stdin is not None
            bot.stdin.write("leave\n")
            bot.stdin.flush()
            wait_for(lambda: not played.shows(10, Use.YOURS, bot.pid))
            tries = played.sensor.probe_count
            with client(elsewhere, "other_app.py", port, 77):
                wait_for(lambda: played.says(10, "bot.py"))
                played.looks_again()
                assert played.sensor.probe_count == tries
                assert played.status.evidence.symptom(SensorName.CLIENT_IDS) is Symptom.UNKNOWN
