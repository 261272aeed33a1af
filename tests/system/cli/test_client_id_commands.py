"""The commands that know of client IDs, as a user types them: check ids, wait, config."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from support.client_id_harness import client
from support.scripted_gateway import RefusesIds
from support.traymon_process import IsolatedTraymon
from traymon.core.facts import Fact
from traymon.core.model import Diagnosis, Evidence, Reading, Status
from traymon.core.target import IdUse, OwnProgram, Target
from traymon.core.vocabulary import Light, SensorName, Symptom, Use
from traymon.monitoring.one_shot import is_ready
from traymon.sim.gateway import Running
from traymon.sim.stage_props import HOLDER_SCRIPT
from traymon.storage.state import StateStore

MARK = "open('started', 'w').write('yes'); raise SystemExit(7)"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


class ProjectTraymon(IsolatedTraymon):
    """traymon with the settings of a trading project that uses the simulated Gateway."""

    def __init__(self, project: Path, state: Path, gateway: Running) -> None:
        super().__init__(project.parent, project, XDG_STATE_HOME=str(state), COLUMNS="200")
        self._env_file = project / ".env"
        self._env_file.write_text(
            f"IB_PORT={gateway.port}\nIB_CLIENT_ID=10\nIB_DATA_CLIENT_ID=11\nTRAYMON_QUICK=2\n",
            encoding="utf-8",
        )

    def command(self, *words: str) -> list[str]:
        return super().command(words[0], "--env", str(self._env_file), *words[1:])


def run(
    project: Path, state: Path, gateway: Running, *words: str
) -> subprocess.CompletedProcess[str]:
    return ProjectTraymon(project, state, gateway).run(*words)


def test_check_ids_tells_free_yours_and_clash_by_its_exit_code(
    project: Path, elsewhere: Path, state: Path, gateway: Running
) -> None:
    done = run(project, state, gateway, "check", "ids")
    assert done.returncode == 0, done.stdout
    assert "10: free" in done.stdout
    with client(project, "run_live.py", gateway.port, 10) as own:
        done = run(project, state, gateway, "check", "ids")
        assert done.returncode == 0, done.stdout
        assert f"10: used by run_live.py (pid {own.pid}, since" in done.stdout
        assert "11: free" in done.stdout
        with client(elsewhere, "other_app.py", gateway.port, 11) as claimable_program:
            done = run(project, state, gateway, "check", "--json", "ids")
            assert done.returncode in (0, 2)  # one look cannot always tell the two apart
            (reading,) = (
                r for r in json.loads(done.stdout)["readings"] if r["sensor"] == "client_ids"
            )
            uses = {use["client_id"]: use for use in reading["facts"]["id_uses"]}
            pids = {p["pid"] for use in uses.values() for p in use["programs"]}
            assert pids == {own.pid, claimable_program.pid}


def test_a_clash_is_exit_code_2_with_the_fix(
    project: Path, elsewhere: Path, state: Path, gateway: Running
) -> None:
    with client(elsewhere, "other_app.py", gateway.port, 10) as claimable_program:
        done = run(project, state, gateway, "check", "ids")
        assert done.returncode == 2, done.stdout
        assert f"10: in use by other_app.py (pid {claimable_program.pid}, since" in done.stdout
        assert "Client ID 10 is in use by another program" in done.stdout
        assert "That one is mine" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's pipe")
def test_what_only_reads_what_is_printed_is_no_trading_program(
    project: Path, elsewhere: Path, state: Path, gateway: Running
) -> None:
    with client(elsewhere, "other_app.py", gateway.port, 10) as claimable_program:
        traymon = ProjectTraymon(project, state, gateway)
        done = subprocess.run(
            shlex.join(traymon.command("check", "ids")) + " | tee printed | cat",
            shell=True,
            cwd=traymon.cwd,
            env=traymon.env,
            capture_output=True,
            encoding="utf-8",
            timeout=90,
            check=False,
        )
    assert f"10: in use by other_app.py (pid {claimable_program.pid}, since" in done.stdout


def test_without_client_ids_check_ids_says_what_to_write(tmp_path: Path) -> None:
    done = IsolatedTraymon(tmp_path).run("check", "ids", "--port", "1")
    assert done.returncode == 3
    assert "IB_CLIENT_ID=10" in done.stderr


def test_wait_becomes_the_command_when_all_is_good(
    project: Path, state: Path, gateway: Running
) -> None:
    done = run(project, state, gateway, "wait", "--timeout", "60", "--", sys.executable, "-c", MARK)
    assert done.returncode == 7, done.stderr
    assert (project / "started").read_text() == "yes"
    assert done.stdout == ""  # the command's alone
    assert "is ready" in done.stderr


def test_wait_waits_for_a_gateway_that_comes_later(
    project: Path, state: Path, gateway: Running
) -> None:
    gateway.stop()
    traymon = ProjectTraymon(project, state, gateway)
    with traymon.start("wait", "--", sys.executable, "-c", MARK) as waiting:
        assert waiting.stderr is not None
        while "✗" not in (line := waiting.stderr.readline()):
            assert line, "it ended without having seen that the port is closed"
        assert not (project / "started").exists()
        gateway.start()
        assert waiting.wait(60) == 7


@pytest.mark.parametrize(
    ("script", "use", "headline"),
    [
        (RefusesIds(10), "still reserved", "TWS still reserves client ID 10 for a closed program"),
        (
            RefusesIds(10, with_326=False),
            "rejected by TWS (closed after startApi",
            "TWS rejects client ID 10 without a reason",
        ),
    ],
    ids=["with 326", "without a word"],
)
def test_an_id_that_tws_does_not_give_is_not_called_free_and_nothing_is_started_with_it(
    script: RefusesIds, use: str, headline: str, project: Path, state: Path, gateway: Running
) -> None:
    gateway.script = script
    done = run(project, state, gateway, "check", "ids")
    assert done.returncode == 2, done.stdout
    assert f"10: {use}" in done.stdout
    assert "11: free" in done.stdout
    assert headline in done.stdout
    assert run(project, state, gateway, "check").returncode == 2
    done = run(project, state, gateway, "wait", "--timeout", "8", "--", sys.executable, "-c", MARK)
    assert done.returncode == 1
    assert not (project / "started").exists()
    tried = [c.received for c in gateway.conversations if b"\x002\x0010\x00" in c.received]
    assert len(tried) == (3 if use == "still reserved" else 6), (
        "once per command, twice without a reason"
    )


def test_check_tells_of_a_program_of_yours_that_is_turned_away_again_and_again(
    project: Path, state: Path, gateway: Running
) -> None:
    gateway.script = RefusesIds(10)
    (project / "bot_retry.py").write_bytes(HOLDER_SCRIPT.read_bytes())
    command = (sys.executable, "bot_retry.py", str(gateway.port), "10", "--every", "1")
    with subprocess.Popen(
        command, cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as bot:
        try:
            assert bot.stdout is not None
            for _ in range(4):
                assert bot.stdout.readline() == b"refused 10\n"
            done = run(project, state, gateway, "check")
            assert done.returncode == 2, done.stdout
            assert "Your program is rejected again" in done.stdout
            assert f"bot_retry.py (pid {bot.pid}" in done.stdout
            assert run(project, state, gateway, "check", "ids").returncode == 2
        finally:
            bot.kill()


def test_wait_gives_up_with_the_fix_and_starts_nothing(
    project: Path, state: Path, gateway: Running
) -> None:
    gateway.stop()
    done = run(project, state, gateway, "wait", "--timeout", "3", "--", sys.executable, "-c", MARK)
    assert done.returncode == 1
    assert "Not started" in done.stderr
    assert "✗ RED: " in done.stderr
    assert not (project / "started").exists()


def test_wait_does_not_start_a_second_copy_of_a_program_that_runs(
    project: Path, state: Path, gateway: Running
) -> None:
    with client(project, "run_live.py", gateway.port, 10) as first:
        words = ("wait", "--timeout", "12", "--", sys.executable, "run_live.py")
        done = run(project, state, gateway, *words)
        assert done.returncode == 1, done.stderr
        assert "An earlier run still holds client ID 10" in done.stderr
        assert f"run_live.py (pid {first.pid}, since" in done.stderr
        assert "Not started" in done.stderr


def test_wait_starts_another_program_of_the_project_while_an_id_is_left_for_it(
    project: Path, state: Path, gateway: Running
) -> None:
    with client(project, "data.py", gateway.port, 11):
        words = ("wait", "--timeout", "60", "--", sys.executable, "-c", MARK)
        done = run(project, state, gateway, *words)
        assert done.returncode == 7, done.stderr


def test_wait_needs_no_more_than_it_is_told_to(
    project: Path, elsewhere: Path, state: Path, gateway: Running
) -> None:
    with client(elsewhere, "other_app.py", gateway.port, 10):
        assert run(project, state, gateway, "wait", "--need", "session").returncode == 0
        assert run(project, state, gateway, "wait", "--timeout", "12").returncode == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--need", "luck"), "port, handshake, session, ids"),
        (("--", "no-such-program"), "no-such-program"),
    ],
)
def test_wait_says_what_it_cannot_do(
    words: tuple[str, ...], says: str, project: Path, state: Path, gateway: Running
) -> None:
    done = run(project, state, gateway, "wait", *words)
    assert done.returncode == 3
    assert says in done.stderr


def test_config_lists_what_the_user_called_his_own_and_takes_it_back(
    project: Path, state: Path, gateway: Running
) -> None:
    program = OwnProgram("/usr/bin/python3", "/elsewhere/other_app.py")
    StateStore(state / "traymon").add_own_program(program)
    done = run(project, state, gateway, "config")
    assert "1. /elsewhere/other_app.py (/usr/bin/python3)" in done.stdout
    assert run(project, state, gateway, "config", "--not-mine", "2").returncode == 3
    done = run(project, state, gateway, "config", "--not-mine", "1")
    assert (done.returncode, done.stdout) == (
        0,
        "No longer marked as yours: /elsewhere/other_app.py\n",
    )
    assert StateStore(state / "traymon").own_programs() == ()


def seen(*uses: Use, code: str = "healthy", light: Light = Light.GREEN) -> Status:
    """Return a status in which all is good but for what is given."""
    target = Target("bot", client_ids=tuple(range(10, 10 + len(uses))), own_client_id=9_100)
    evidence = Evidence(target, now=0.0)
    listed = tuple(IdUse(10 + n, use) for n, use in enumerate(uses))
    bad = Use.CLASH in uses or Use.STUCK in uses
    taken = Symptom.CLIENT_ID_TAKEN if bad else Symptom.OK
    symptom = Symptom.UNKNOWN if Use.UNKNOWN in uses else taken
    for reading in (
        Reading(SensorName.HANDSHAKE, Symptom.OK),
        Reading(SensorName.SESSION, Symptom.OK, facts={Fact.ACCOUNTS: ("DU1234567",)}),
        Reading(SensorName.CLIENT_IDS, symptom, facts={Fact.ID_USES: listed}),
    ):
        evidence = evidence.with_reading(reading)
    return Status(target, Diagnosis(code, light), 0.0, 0.0, evidence, 0.0)


@pytest.mark.parametrize(
    ("status", "good"),
    [
        (seen(Use.FREE, Use.YOURS), True),
        (seen(Use.FREE, Use.CLASH), False),
        (seen(Use.STUCK), False),
        (seen(Use.UNKNOWN), False),
        (seen(), True),
        (seen(Use.FREE, code="wrong-environment", light=Light.RED), False),
    ],
)
def test_what_is_good_enough_to_start_a_program(status: Status, good: bool) -> None:
    assert is_ready(status, "ids") is good


def test_ids_that_may_not_be_tried_are_not_waited_for() -> None:
    status = seen(Use.UNKNOWN)
    off = replace(status.target, try_ids=False)
    assert is_ready(replace(status, evidence=replace(status.evidence, target=off)), "ids")


def test_a_lower_test_alone_does_not_ask_for_the_rest() -> None:
    status = seen(Use.CLASH, code="wrong-environment", light=Light.RED)
    assert is_ready(status, "handshake")
    assert not is_ready(status, "session")
