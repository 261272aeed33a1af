"""Client libraries are let in by a process of its own, whatever that process does."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import ibapi
import psutil
import pytest

from support.interpreters import (
    BARE_PYTHON,
    NO_EVENT_LOOP,
    folder_of,
    parts_of,
    python_with,
    script,
)
from support.polling import wait_for
from traymon.core.client_library import LibraryOutcome as Outcome
from traymon.core.client_library import LibraryResult
from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading
from traymon.core.target import Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors.client_library import ClientLibrary
from traymon.sensors.library_process import Interpreter
from traymon.sim.connection import Connection
from traymon.sim.gateway import HEALTHY, Behaviour, Running, running
from traymon.sim.script import Script
from traymon.sim.scripts import RefusesIds

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the interpreters are scripts")

OWN_ID, CONFIGURED = 9_100, (9_130, 9_131)
FIRST_ID = 9_128  # that the libraries are given
HURRY = 1.5  # seconds that a process which hangs is waited for
PATIENCE = 60.0  # seconds for one that does not, on a busy machine


class Context:
    """The evidence of a Gateway that is served, and the readings that are posted."""

    def __init__(self, target: Target, version: int = 193) -> None:
        served = Reading(SensorName.HANDSHAKE, Symptom.OK, "", {Fact.SERVER_VERSION: version})
        self.evidence = Evidence(target, time.time()).with_reading(served)
        self.posted: list[Reading] = []
        self.check_requests = 1
        self.settings_requests = 0
        self._changed = asyncio.Event()

    def post(self, reading: Reading) -> None:
        self.posted.append(reading)
        self.set(reading)

    def set(self, reading: Reading) -> None:
        self.evidence = self.evidence.with_reading(reading)
        self._changed.set()

    async def wait_for_update(self) -> None:
        self._changed.clear()
        await self._changed.wait()


async def first_reading(context: Context, sensor: ClientLibrary) -> Reading:
    running_sensor = asyncio.create_task(sensor.run(context))
    while not context.posted:
        await context.wait_for_update()
    running_sensor.cancel()
    with suppress(asyncio.CancelledError):
        await running_sensor
    return context.posted[0]


def let_in(
    gateway: Running, *interpreters: Interpreter | str, limit: float = PATIENCE
) -> tuple[Reading, list[LibraryResult]]:
    """Let the libraries of the first interpreter that has any."""
    pythons = [one if isinstance(one, Interpreter) else Interpreter(one) for one in interpreters]
    target = Target("bot", port=gateway.port, own_client_id=OWN_ID, client_ids=CONFIGURED)
    context = Context(target, gateway.behaviour.server_version)
    reading = asyncio.run(first_reading(context, ClientLibrary(pythons, limit)))
    return reading, list(Fact.LIBRARIES.of(reading.facts) or ())


@pytest.fixture
def gateway() -> Iterator[Running]:
    with running() as gateway:
        yield gateway


# --- real libraries


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("ib_insync", "ib_insync"),
        ("ib_async", "ib_async"),
        ("ibapi-stable", "ibapi"),
        ("ibapi-latest", "ibapi"),
    ],
)
def test_a_library_in_an_environment_of_its_own_gets_in_and_asks_for_nothing(
    name: str, library: str, tmp_path: Path, gateway: Running
) -> None:
    python = python_with(tmp_path / "python", folder_of(name))
    reading, (result,) = let_in(gateway, python)
    assert (result.name, result.outcome) == (library, Outcome.CONNECTED), result
    assert result.version or name.startswith("ibapi")
    assert reading.symptom is Symptom.OK
    assert Fact.INTERPRETER.of(reading.facts) == python
    wait_for(lambda: gateway.conversations[0].closed_at is not None)
    (record,) = gateway.conversations
    assert record.messages == (71,)  # startApi
    assert result.session_version == record.version_sent or library == "ibapi"
    assert record.client_id is not None
    assert record.client_id > OWN_ID
    assert record.client_id not in CONFIGURED


def test_every_library_of_the_trading_programs_python_is_let_in(gateway: Running) -> None:
    _, results = let_in(gateway, sys.executable)
    assert [(one.name, one.outcome) for one in results] == [
        (name, Outcome.CONNECTED) for name in ("ib_insync", "ib_async", "ibapi")
    ]
    wait_for(lambda: all(one.closed_at is not None for one in gateway.conversations))
    assert {one.messages for one in gateway.conversations} == {(71,)}


def test_of_traymons_own_python_the_first_library_is_enough(gateway: Running) -> None:
    _, (result,) = let_in(gateway, Interpreter(sys.executable, own=True))
    assert (result.name, result.outcome) == ("ib_insync", Outcome.CONNECTED)
    assert len(gateway.conversations) == 1


def test_traymons_own_python_imports_nothing_from_the_current_folder_or_pythonpath(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: Running
) -> None:
    for folder in (tmp_path / "here", tmp_path / "path"):
        folder.mkdir()
        (folder / "ib_insync.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))
    _, (result,) = let_in(gateway, Interpreter(sys.executable, own=True))
    assert result.outcome is Outcome.CONNECTED
    _, (result, *_) = let_in(gateway, sys.executable)
    assert result.outcome is Outcome.IMPORT_FAILED, "what the trading program imports counts"
    assert "not this one" in result.detail


def test_ib_async_serves_where_ib_insync_is_not_installed(tmp_path: Path, gateway: Running) -> None:
    python = Interpreter(python_with(tmp_path / "python", folder_of("ib_async")), guessed=True)
    _, (result,) = let_in(gateway, python, Interpreter(sys.executable, own=True))
    assert result.name == "ib_async"


def test_an_environment_that_was_found_and_has_no_library_gives_way_to_traymons_own(
    gateway: Running,
) -> None:
    own = Interpreter(sys.executable, own=True)
    reading, (result,) = let_in(gateway, Interpreter(BARE_PYTHON, guessed=True), own)
    assert (result.name, result.outcome) == ("ib_insync", Outcome.CONNECTED)
    assert Fact.INTERPRETER not in reading.facts
    _, (result,) = let_in(gateway, BARE_PYTHON)
    assert result.outcome is Outcome.NOT_INSTALLED


# --- what TWS does


def test_an_id_in_use_is_passed_over_and_no_verdict_if_all_are() -> None:
    with running(script=RefusesIds(FIRST_ID)) as gateway:
        _, (result,) = let_in(gateway, Interpreter(sys.executable, own=True))
        assert result.outcome is Outcome.CONNECTED
        assert len(gateway.conversations) == 2
        gateway.script = RefusesIds(refuses=lambda _: True)
        reading, (result,) = let_in(gateway, Interpreter(sys.executable, own=True))
    assert result.outcome is Outcome.NO_FREE_ID
    assert reading.symptom is Symptom.UNKNOWN


class HangsUpOn(Script):
    """Hangs up without a word on clients that say one of these hellos."""

    def __init__(self, *hellos: str) -> None:
        self.hellos = hellos

    def hello(self, connection: Connection) -> None:
        if connection.conversation.hello in self.hellos:
            connection.hang_up()
        else:
            connection.answer_hello()


@pytest.mark.parametrize(
    ("library", "hello", "outcome"),
    [
        ("ib_insync", "v157..176", Outcome.NOT_LET_IN),
        ("ibapi", "v100..157", Outcome.LIBRARY_TOO_OLD),
    ],
)
def test_a_library_that_is_hung_up_on_is_kept_out(
    library: str, hello: str, outcome: Outcome, tmp_path: Path
) -> None:
    if library == "ibapi":
        folder = tmp_path / "alone"
        folder.mkdir()
        (folder / "ibapi").symlink_to(Path(ibapi.__file__).parent)
    else:
        folder = folder_of(library)
    with running(script=HangsUpOn(hello)) as gateway:
        reading, (result,) = let_in(gateway, python_with(tmp_path / "python", folder))
    assert result.outcome is outcome, result
    assert "closed" in result.detail
    assert reading.symptom is Symptom.NOT_LET_IN


def test_a_server_that_is_too_old_for_the_library_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("traymon.sensors.client_library.SESSION_TIMEOUT", 3.0)
    with running(Behaviour(server_version=150)) as gateway:
        _, (result,) = let_in(gateway, Interpreter(sys.executable, own=True))
    assert result.outcome is Outcome.SERVER_TOO_OLD
    assert result.detail == "it has API version 150, and the library needs 157"


def test_tws_words_say_why_a_library_is_kept_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traymon.sensors.client_library.SESSION_TIMEOUT", 2.0)
    words = "Paper trading disclaimer must first be accepted."
    behaviour = replace(HEALTHY, says_first=((10141, words),), accounts=())
    with running(behaviour) as gateway:
        _, (result,) = let_in(gateway, Interpreter(sys.executable, own=True))
    assert result.outcome is Outcome.NOT_LET_IN
    assert f"10141: {words}" in result.detail


# --- what is wrong with the environment


def test_an_eventkit_that_the_other_library_took_along_is_named(
    tmp_path: Path, gateway: Running
) -> None:
    damaged = parts_of(folder_of("ib_insync"), tmp_path / "damaged", ["eventkit"])
    _, (result,) = let_in(gateway, python_with(tmp_path / "python", damaged))
    assert result.outcome is Outcome.EVENTKIT_BROKEN
    assert "eventkit" in result.detail
    assert not gateway.conversations


def test_a_python_without_an_event_loop_is_named_and_the_cure_is_tried(
    tmp_path: Path, gateway: Running
) -> None:
    (tmp_path / "no-loop").mkdir()
    (tmp_path / "no-loop" / "sitecustomize.py").write_text(NO_EVENT_LOOP)
    folders = tmp_path / "no-loop", folder_of("ib_insync")
    _, (result,) = let_in(gateway, python_with(tmp_path / "python", *folders))
    assert result.outcome is Outcome.NEEDS_EVENT_LOOP, result
    assert result.session_version == 176


def test_a_library_that_cannot_be_imported_does_not_hide_the_others(
    tmp_path: Path, gateway: Running
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "ibapi.py").write_text("raise ImportError('\\x1b[31mDLL\\nload failed')")
    folders = tmp_path / "broken", folder_of("ib_insync")
    _, results = let_in(gateway, python_with(tmp_path / "python", *folders))
    assert [one.outcome for one in results] == [Outcome.CONNECTED, Outcome.IMPORT_FAILED]
    assert results[1].detail == "ImportError: ?[31mDLL load failed"


# --- processes that misbehave: $2 is the marker that they are given

LIAR = (
    'echo "$2 {\\"python\\": 3, \\"libraries\\": [\\"a\\\\u001b[31m\\", 7, []]}"',
    'echo "$2 {\\"name\\": \\"a?[31m\\", \\"connected\\": \\"yes\\", \\"said\\": [[1], 5, {}],'
    ' \\"took\\": NaN, \\"max_version\\": -4}"',
    'echo "$2 $(head -c 30000 /dev/zero | tr "\\\\0" "[")"',
    'echo "$2 {\\"done\\": true}"',
)
MISBEHAVIOUR = {
    "hangs": (["exec sleep 1000"], Outcome.HUNG, ""),
    "hangs with a child": (["sleep 1000 & sleep 1000"], Outcome.HUNG, ""),
    "floods": (["exec yes"], Outcome.UNREADABLE, "it printed too much"),
    "floods its errors": (["exec yes >&2"], Outcome.HUNG, ""),
    "crashes": (["kill -SEGV $$"], Outcome.CRASHED, "signal 11"),
    "fails": (["echo no such library >&2", "exit 7"], Outcome.CRASHED, "exit code 7: no such li"),
    "prints garbage": (["head -c 3000 /dev/urandom"], Outcome.UNREADABLE, ""),
    "says nothing": (["exit 0"], Outcome.UNREADABLE, ""),
    "lies": (LIAR, Outcome.NOT_LET_IN, ""),
}


@pytest.mark.parametrize("how", MISBEHAVIOUR)
def test_a_process_that_misbehaves_ends_in_time_with_a_clear_outcome_and_leaves_nothing(
    how: str, tmp_path: Path, gateway: Running
) -> None:
    lines, outcome, detail = MISBEHAVIOUR[how]
    group = tmp_path / "group"
    fake = script(tmp_path / "python", f'echo $$ > "{group}"', *lines)
    limit = HURRY if outcome is Outcome.HUNG else PATIENCE
    _, (result,) = let_in(gateway, fake, limit=limit)
    assert result.outcome is outcome
    assert result.detail.startswith(detail)
    assert "\x1b" not in repr(result)
    wait_for(lambda: not group_lives(int(group.read_text())), "its end")


def group_lives(group: int) -> bool:
    if sys.platform == "win32":
        return False
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("what", ["nothing", "a folder", "not executable", "no program"])
def test_an_interpreter_that_cannot_be_started_is_named(
    what: str, tmp_path: Path, gateway: Running
) -> None:
    path = tmp_path / "python"
    if what == "a folder":
        path.mkdir()
    elif what != "nothing":
        path.write_bytes(b"\0\1\2")
        path.chmod(0o755 if what == "no program" else 0o600)
    _, (result,) = let_in(gateway, str(path))
    assert result.outcome is Outcome.NO_INTERPRETER
    assert str(path) in result.detail


def test_a_check_that_is_broken_off_ends_its_process_at_once(
    tmp_path: Path, gateway: Running
) -> None:
    pid = tmp_path / "pid"
    fake = script(tmp_path / "python", f'echo $$ > "{pid}"', "exec sleep 1000")
    target = Target("bot", port=gateway.port, own_client_id=OWN_ID)

    async def break_off() -> None:
        sensor = asyncio.create_task(ClientLibrary([Interpreter(fake)]).run(Context(target)))
        while not pid.exists() or not pid.read_text():
            await asyncio.sleep(0.01)
        sensor.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sensor

    began = time.monotonic()
    asyncio.run(break_off())
    assert time.monotonic() - began < PATIENCE / 2
    wait_for(lambda: not group_lives(int(pid.read_text())))


PARENT_THAT_IS_KILLED = """
import os, signal, sys
from traymon.sensors.library_process import Interpreter, LibraryProcess
LibraryProcess(Interpreter(sys.executable)).connect("127.0.0.1", int(sys.argv[1]), [9100], 1000)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_whose_parent_is_killed_ends_by_itself() -> None:
    with running(replace(HEALTHY, accounts=())) as gateway:  # which ib_insync waits for
        command = [sys.executable, "-c", PARENT_THAT_IS_KILLED, str(gateway.port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as parent:
            wait_for(lambda: len(gateway.conversations) > 0, "the library", timeout=PATIENCE)
            (child,) = psutil.Process(parent.pid).children()
            parent.communicate(b"\n", PATIENCE)
        wait_for(lambda: not child.is_running(), "its end")


def test_it_is_tried_again_while_it_is_kept_out_and_once_the_port_is_served_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("traymon.sensors.client_library.RETRY_DELAYS", (0.01,))

    async def story(gateway: Running) -> list[Symptom]:
        context = Context(Target("bot", port=gateway.port, own_client_id=OWN_ID))
        own = Interpreter(sys.executable, own=True)
        sensor = asyncio.create_task(ClientLibrary([own]).run(context))
        while len(context.posted) < 1:
            await context.wait_for_update()
        gateway.script = Script()
        while context.posted[-1].symptom is not Symptom.OK:
            await context.wait_for_update()
        context.set(Reading(SensorName.HANDSHAKE, Symptom.REFUSED))
        while context.posted[-1].symptom is Symptom.OK:
            await context.wait_for_update()
        context.set(Reading(SensorName.HANDSHAKE, Symptom.OK))
        while context.posted[-1].symptom is not Symptom.OK:
            await context.wait_for_update()
        sensor.cancel()
        return [reading.symptom for reading in context.posted]

    with running(script=HangsUpOn("v157..176")) as gateway:
        symptoms = asyncio.run(story(gateway))
    assert symptoms[0] is Symptom.NOT_LET_IN
    assert symptoms[-3:] == [Symptom.OK, Symptom.UNKNOWN, Symptom.OK]
