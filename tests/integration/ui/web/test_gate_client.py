"""What a trading program asks with: closed on every doubt, within its time, from any Python."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import traymon.gate
from support.page_server import Served, served
from support.polling import PATIENCE
from traymon.gate import Gate, gate, may_trade, wait_until_open
from traymon.storage.single_instance import Instance, InstanceInfo, instance_folders
from traymon.ui.gatekeeper import GateQuestion

OPEN: dict[str, Any] = {
    "schema": 1,
    "open": True,
    "reasons": [],
    "next_change_at": None,
    "at": 1.0,
    "target": None,
}
PAUSED = {"code": "paused", "text": "traymon is paused", "until": None}
CLOSED = {**OPEN, "open": False, "reasons": [PAUSED]}
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its folders are POSIX's")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of a user for whom no traymon runs."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def publish(folder: Path, port: int, secret: str = "s", proof: str = "p") -> None:
    Instance([folder]).publish(InstanceInfo(port, secret, os.getpid(), proof))


class Asked:
    """A traymon that answers what the test says, and what it was asked."""

    def __init__(self) -> None:
        self.answer: Any = OPEN
        self.questions: list[GateQuestion] = []

    def at_gate(self, question: GateQuestion) -> Any:
        self.questions.append(question)
        return self.answer


@pytest.fixture
def asked(state: Path) -> Iterator[Asked]:
    asked = Asked()
    with served(asked.at_gate) as page:
        publish_page(page, state)
        yield asked


def publish_page(page: Served, state: Path) -> None:
    publish(state / "traymon" / "run", page.port, page.keys.owner, page.keys.proof)


def codes(answer: Gate) -> list[str]:
    assert not answer.open
    return [reason.code for reason in answer.reasons]


def test_it_is_true_only_if_it_is_open(asked: Asked) -> None:
    assert gate()
    assert may_trade(client_id=10)
    asked.answer = CLOSED
    answer = gate()
    assert not answer
    assert not may_trade()
    assert str(answer) == "closed: traymon is paused"
    assert repr(answer.reasons[0]) == "Reason('paused', 'traymon is paused', None)"
    assert answer.answer == CLOSED


def test_it_asks_what_it_is_told_to(asked: Asked, tmp_path: Path) -> None:
    env = tmp_path / "Ann's böt & co.env"
    options: dict[str, Any] = {"client_id": 10, "market": True, "margin_minutes": 1.5}
    gate(env=env, host="::1", port=4002, target="böt & co", **options)
    (question,) = asked.questions
    assert (question.options.client_id, question.options.market) == (10, True)
    assert question.options.margin == 90.0
    assert set(question.env_files) == {str(env), os.path.realpath(env)}
    assert (question.host, question.port, question.target) == ("::1", 4002, "böt & co")
    gate(target="")  # a name that was left empty fits no target
    assert asked.questions[-1].target == ""


@pytest.mark.parametrize(
    "question",
    [
        *({"client_id": -1}, {"client_id": True}, {"port": 0}, {"port": 65_536}),
        *({"margin_minutes": -1}, {"margin_minutes": float("nan")}, {"margin_minutes": 1e9}),
    ],
)
def test_what_cannot_be_meant_is_an_error(question: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        gate(**question)


@pytest.mark.parametrize(
    "answer",
    [
        {**CLOSED, "open": True},
        {**OPEN, "reasons": [PAUSED]},
        {**OPEN, "open": 1},
        {**OPEN, "open": "true"},
        {**OPEN, "schema": 2},
        {key: value for key, value in OPEN.items() if key != "reasons"},
        {**OPEN, "reasons": None},
        {**OPEN, "open": False},
        {},
        [],
        "open",
    ],
)
def test_an_answer_that_it_does_not_know_is_closed(asked: Asked, answer: Any) -> None:
    asked.answer = answer
    assert codes(gate()) == ["no-answer"]


def test_without_a_traymon_it_is_closed(state: Path) -> None:
    assert codes(gate()) == ["not-running"]
    assert gate().answer["schema"] == 1


def test_after_a_crash_it_is_closed(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    publish(state / "traymon" / "run", port)
    assert codes(gate()) == ["not-running"]


@contextmanager
def stranger(answers: bytes | None, *, drips: bool = False) -> Iterator[int]:
    """A program that has the port of a traymon that has crashed.

    It says nothing if `answers` is None; if it drips, it says it again and again.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                if answers is None:
                    held.append(connection)
                    continue
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answers)
                    with suppress(OSError):  # until the other end has enough
                        while drips:
                            time.sleep(0.02)
                            connection.sendall(answers)

        held: list[socket.socket] = []
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE)
    for connection in held:
        connection.close()


def response(body: bytes, *headers: str) -> bytes:
    head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers])
    return head.encode() + b"\r\n\r\n" + body


GOOD = json.dumps(OPEN).encode()


@pytest.mark.parametrize(
    "answers",
    [
        response(GOOD),
        response(GOOD, "Authentication-Info: guess"),
        response(GOOD, "Authentication-Info: "),
        response(GOOD, "Authentication-Info: p")[:-1],
        response(GOOD[:-1], "Authentication-Info: p"),
        response(b"[" * 100_000, "Authentication-Info: p"),
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\xff" * 300_000,
    ],
    ids=range(10),
)
def test_whoever_else_has_its_port_cannot_open_it(state: Path, answers: bytes) -> None:
    with stranger(answers) as port:
        publish(state / "traymon" / "run", port)
        assert codes(gate()) == ["no-answer"]


def test_the_proof_alone_makes_the_difference(state: Path) -> None:
    with stranger(response(GOOD, "Authentication-Info: p")) as port:
        publish(state / "traymon" / "run", port)
        assert gate()


def test_one_that_hangs_takes_no_longer_than_it_may(state: Path) -> None:
    with stranger(None) as port:
        publish(state / "traymon" / "run", port)
        began = time.monotonic()
        answer = gate(timeout=0.2)
        assert 0.2 <= time.monotonic() - began < 5
    assert codes(answer) == ["no-answer"]
    assert "timed out" in answer.reasons[0].text


def test_a_port_that_is_none_is_closed(state: Path) -> None:
    for port in (-1, 70_000):
        publish(state / "traymon" / "run", port)
        assert codes(gate()) == ["no-answer"]


def test_an_answer_that_drips_in_takes_no_longer_either(state: Path) -> None:
    with stranger(b"HTTP/1.1 200 OK\r\n", drips=True) as port:
        publish(state / "traymon" / "run", port)
        began = time.monotonic()
        answer = gate(timeout=0.3)
        assert time.monotonic() - began < 5
    assert "timed out" in answer.reasons[0].text


def test_an_older_traymon_is_named(state: Path) -> None:
    folder = state / "traymon" / "run"
    publish(folder, 1, proof="")
    assert codes(gate()) == ["no-answer"]
    assert "older" in gate().reasons[0].text


def test_a_question_that_the_running_one_does_not_know_is_closed(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traymon.gate, "_query", lambda *_: "holidays=1")
    assert codes(gate()) == ["no-answer"]
    assert "does not know this question" in gate().reasons[0].text


@pytest.mark.parametrize("spoil", ["writable", "a link", "a pipe", "not JSON", "a list", "deep"])
def test_a_file_that_another_could_have_written_does_not_count(
    asked: Asked, state: Path, spoil: str
) -> None:
    folder = state / "traymon" / "run"
    file = folder / "traymon.json"
    if spoil == "writable":
        folder.chmod(0o777)
    elif spoil == "a link":
        folder.rename(state / "real")
        folder.symlink_to(state / "real")
    elif spoil == "a pipe" and sys.platform != "win32":
        file.unlink()
        os.mkfifo(file)
    else:
        file.write_text({"not JSON": "{", "a list": "[]", "deep": "[" * 9000}[spoil])
    assert codes(gate()) == ["not-running"]


def test_it_finds_one_whose_state_folder_cannot_be_written(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(lambda question: OPEN) as page:
        folder = instance_folders()[1]
        publish(folder, page.port, page.keys.owner, page.keys.proof)
        assert gate()
        publish(state / "traymon" / "run", 1)  # left by an earlier one
        assert gate()


def test_it_looks_where_traymon_writes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for value in (str(tmp_path), "relative", ""):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        ours = [Path(folder) for folder in traymon.gate._folders()]
        assert ours == list(instance_folders())[: len(ours)]
    assert len(ours) == 2


def test_it_waits_until_it_is_open(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traymon.gate, "RETRY_INTERVAL", 0.0)
    asked.answer = CLOSED
    heard: list[str] = []

    def hear(answer: Gate) -> None:
        heard.append(str(answer))
        if len(heard) == 1:
            asked.answer = {**CLOSED, "reasons": [{**PAUSED, "code": "starting"}]}
        else:
            asked.answer = OPEN

    assert wait_until_open(on_change=hear, client_id=10)
    assert len(heard) == 3
    asked.answer = CLOSED
    assert not wait_until_open(give_up_after=0.01)


def test_many_may_ask_at_once(asked: Asked) -> None:
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(may_trade())) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert found == [True] * 30


def test_a_copy_of_the_file_is_enough(asked: Asked, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(traymon.gate.__file__, project / "traymon_gate.py")
    ask = "from traymon_gate import may_trade; print(may_trade(), 'traymon' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; {ask}"],
        cwd=project,
        env={"PATH": os.environ["PATH"], "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "True False\n", done.stderr
