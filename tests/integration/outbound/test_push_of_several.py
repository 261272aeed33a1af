"""Several targets on one push channel: what fails together is one message, and nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from support.polling import wait_for
from support.push_scene import AMBER, GREEN, RED, PushScene, push_scene
from support.push_server import HANGS, PushServer, push_server
from traymon.core import notification_groups
from traymon.core.notification_groups import GATHER_TIME

NAMES = [f"bot {number}" for number in range(1, 11)]
PAUSE = 5.0  # seconds before the second attempt


@contextmanager
def several(*statuses: int, **how: Any) -> Iterator[tuple[PushServer, PushScene]]:
    """Run a channel that has seen ten healthy targets; the server answers with these statuses."""
    with push_server(*statuses) as server, push_scene(server, one_of_many=True, **how) as scene:
        see(scene, GREEN)
        yield server, scene


def see(scene: PushScene, code: str, names: Sequence[str] = NAMES, **more: Any) -> None:
    for name in names:
        scene.see(code, name, **more)


def told(server: PushServer) -> list[tuple[str, list[str]]]:
    return [(one.json["kind"], sorted(one.json["targets"])) for one in server.received]


def test_ten_that_fail_together_are_one_message_in_time_and_so_is_their_end() -> None:
    with several() as (server, scene):
        began = time.time()
        see(scene, RED)
        scene.wait_for_attempts(len(NAMES))
        assert server.received[0].at - began < GATHER_TIME + 1
        scene.now += 60
        see(scene, GREEN)
        scene.wait_for_attempts(2 * len(NAMES))
    assert told(server) == [("fault", sorted(NAMES)), ("recovery", sorted(NAMES))]
    fault, recovery = (one.json for one in server.received)
    assert fault["title"].startswith("10 of 10: ")
    assert fault["message"].startswith("bot 1, bot 10, bot 2,")
    assert (fault["target"], fault["code"], fault["light"]) == ("bot 1", RED, "red")
    assert fault["fix"][0].startswith("TWS or IB Gateway is not running there")
    assert recovery["title"] == "The API works again: 10 of 10 targets"
    assert set(scene.outcomes) == {"delivered"}
    assert {record.title for record in scene.records} == {fault["title"], recovery["title"]}


def test_each_cause_is_a_message_of_its_own_and_one_target_alone_is_named() -> None:
    with several() as (server, scene):
        see(scene, RED, NAMES[:3])
        see(scene, AMBER, NAMES[3:4])
        scene.wait_for_attempts(4)
    assert told(server) == [("fault", NAMES[:3]), ("fault", NAMES[3:4])]
    assert server.received[1].json["title"].startswith("bot 4: ")


def test_who_fails_later_is_told_without_those_that_were_told_before() -> None:
    with several() as (server, scene):
        see(scene, RED, NAMES[:2])
        scene.wait_for_attempts(2)
        see(scene, RED, NAMES[:5])
        scene.wait_for_attempts(5)
    assert told(server) == [("fault", NAMES[:2]), ("fault", NAMES[2:5])]


def test_what_could_not_be_sent_is_one_message_again_without_those_that_are_well() -> None:
    with several(500, 200) as (server, scene):
        see(scene, RED, NAMES[:4])
        scene.wait_for_attempts(4)
        scene.now += PAUSE - 0.1
        see(scene, RED, NAMES[:4])
        scene.wait_until_idle()
        assert len(server.received) == 1, "too early"
        scene.now += 0.2
        see(scene, GREEN, NAMES[:1])
        see(scene, RED, NAMES[1:4])
        scene.wait_for_attempts(8)
    kinds = sorted(told(server)[1:])
    assert kinds == [("fault", NAMES[1:4]), ("summary", NAMES[:1])]
    assert scene.outcomes == ["failed"] * 4 + ["delivered"] * 4


def test_who_recovers_or_is_silenced_while_others_are_gathered_is_left_out() -> None:
    with several() as (server, scene):
        see(scene, RED, NAMES[:5])
        see(scene, GREEN, NAMES[:1])
        see(scene, RED, NAMES[1:2], muted=True)
        see(scene, RED, NAMES[2:3], paused=True)
        see(scene, RED, NAMES[3:4], ended=True)
        scene.wait_for_attempts(1)
        assert told(server) == [("fault", NAMES[4:5])]
        see(scene, RED, NAMES[1:3])
        scene.wait_for_attempts(3)
    assert told(server)[1:] == [("fault", NAMES[1:3])]


def test_what_fails_while_a_peer_hangs_is_one_message_afterwards() -> None:
    with several(HANGS, 200, time_limit=3.0) as (server, scene):
        see(scene, AMBER, NAMES[:1])
        wait_for(lambda: server.received, "the first message")
        for name in NAMES[1:]:
            scene.see(RED, name)
            time.sleep(0.1)  # one after the other, all of them while the peer hangs
        scene.wait_for_attempts(len(NAMES))
    assert told(server) == [("fault", NAMES[:1]), ("fault", sorted(NAMES[1:]))]


def test_a_channel_that_is_stopped_while_it_gathers_ends_at_once_and_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notification_groups, "GATHER_TIME", 60.0)
    with push_server() as server:
        with push_scene(server, one_of_many=True) as scene:
            see(scene, RED)
            stopping = time.monotonic()
        assert time.monotonic() - stopping < 15
        assert not server.received


class EarlyEvent(threading.Event):
    """An event for which nobody waits quite as long as was asked, as it happens on Windows."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(None if timeout is None else timeout * 0.9)


def test_a_wait_that_ends_early_leaves_no_message_behind() -> None:
    with push_server() as server, push_scene(server, one_of_many=True) as scene:
        scene.push._stopped = EarlyEvent()
        scene.see(RED)
        scene.wait_for_attempts(1)
