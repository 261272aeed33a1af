"""Whether this machine reaches anything outside: asked of the system, on a suspicion only."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from traymon.core.model import Evidence, Reading
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors import internet
from traymon.sensors.internet import Internet

LINK_DOWN = Reading(SensorName.LINK, Symptom.LINK_DOWN, "1100: lost")
LOOK = """
import asyncio, json
from traymon.core.model import Evidence, Reading
from traymon.core.vocabulary import Symptom
from traymon.core.target import (Target)
from traymon.sensors.internet import Internet

link = Reading("link", Symptom.LINK_DOWN)
evidence = Evidence(Target("test"), now=0.0).with_reading(link)
reading = asyncio.run(Internet().poll(evidence))
print(json.dumps([reading.symptom, reading.detail]))
"""


def look(evidence: Evidence) -> Reading:
    return asyncio.run(Internet().poll(evidence))


@pytest.fixture
def no_question(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("the system was asked")

    monkeypatch.setattr(internet, "has_route", fail)
    monkeypatch.setattr(internet, "name_server_answers", fail)


@pytest.mark.usefixtures("no_question")
@pytest.mark.parametrize(
    "link", [None, Symptom.OK, Symptom.UNKNOWN], ids=["no session", "link up", "session ended"]
)
def test_nothing_is_asked_while_no_link_is_down(
    evidence: Callable[..., Evidence], link: Symptom | None
) -> None:
    seen = () if link is None else (Reading(SensorName.LINK, link),)
    assert look(evidence(1, *seen)).symptom is Symptom.UNKNOWN


def _without_a_network() -> list[str] | None:
    """Return how to run a command in a network namespace without a route; None: not here."""
    command = ["unshare", "--net"] if sys.platform != "win32" and os.geteuid() == 0 else []
    try:
        works = command and subprocess.run([*command, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        works = False
    return command if works else None


def test_a_machine_without_a_route_is_offline_at_once() -> None:
    command = _without_a_network()
    if command is None:
        pytest.skip("a network namespace needs Linux and root")
    done = subprocess.run(
        [*command, sys.executable, "-c", LOOK],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert json.loads(done.stdout) == ["offline", "no route to the internet"]


def answers(monkeypatch: pytest.MonkeyPatch, outcome: float | Exception) -> bool:
    async def ask() -> bool:
        async def getaddrinfo(host: str, port: object) -> object:
            assert host == internet.IB_HOST
            if isinstance(outcome, Exception):
                raise outcome
            await asyncio.sleep(outcome)
            return []

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        return await internet.name_server_answers()

    return asyncio.run(ask())


def test_a_name_server_that_knows_no_such_name_did_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answers(monkeypatch, 0)
    assert answers(monkeypatch, socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
    assert not answers(monkeypatch, socket.gaierror(socket.EAI_AGAIN, "Temporary failure"))


def test_a_name_server_that_never_answers_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(internet, "NAME_SERVER_TIMEOUT", 0.05)
    assert not answers(monkeypatch, 60)


@pytest.mark.parametrize(
    ("answered", "symptom"), [(True, Symptom.OK), (False, Symptom.OFFLINE)], ids=["yes", "no"]
)
def test_with_a_route_the_name_server_decides(
    evidence: Callable[..., Evidence],
    monkeypatch: pytest.MonkeyPatch,
    answered: bool,
    symptom: Symptom,
) -> None:
    async def name_server_answers() -> bool:
        return answered

    monkeypatch.setattr(internet, "has_route", lambda: True)
    monkeypatch.setattr(internet, "name_server_answers", name_server_answers)
    assert look(evidence(1, LINK_DOWN)).symptom is symptom


def test_asking_for_a_route_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = []

    class Watched(socket.socket):
        def __init__(self, family: int, kind: int) -> None:
            kinds.append((family, kind))
            super().__init__(family, kind)

        def send(self, data: object, flags: int = 0) -> int:
            raise AssertionError("something was sent")

        def sendto(self, *_: object) -> int:
            raise AssertionError("something was sent")

        def sendall(self, data: object, flags: int = 0) -> None:
            raise AssertionError("something was sent")

    monkeypatch.setattr("traymon.sensors.internet.socket.socket", Watched)
    assert internet.has_route() in (True, False)
    assert kinds == [(socket.AF_INET, socket.SOCK_DGRAM)]
