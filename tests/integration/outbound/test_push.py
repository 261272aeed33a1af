"""Messages through real processes to real web servers: what arrives, when, and what if not."""

from __future__ import annotations

import email.utils
import subprocess
import time
from pathlib import Path

import pytest

from support.polling import wait_for
from support.push_scene import AMBER, GREEN, NOON, RED, push_scene
from support.push_server import HANGS, PushServer, push_server
from traymon.core.programs import ProgramState, Standing
from traymon.core.time_windows import parse
from traymon.core.vocabulary import Light

NEVER_QUIET = parse("00:00+1m Etc/UTC")
QUIET_AT_NOON = parse("00:00-23:59 Etc/UTC")


def kinds(server: PushServer) -> list[tuple[str, str]]:
    return [(one.json["kind"], one.json["code"]) for one in server.received]


def test_a_fault_arrives_as_json_with_its_first_steps_and_its_end_as_well() -> None:
    with push_server() as server, push_scene(server, page_url="https://me.example/page") as scene:
        scene.see(GREEN)
        began = time.time()
        scene.see(RED)
        scene.wait_for_attempts(1)
        assert server.received[0].at - began < 2
        scene.see(GREEN)
        scene.wait_for_attempts(2)
    assert kinds(server) == [("fault", RED), ("recovery", GREEN)]
    message = server.received[0].json
    assert "refuses connections" in message["title"]
    assert (message["light"], message["target"], message["urgent"]) == ("red", "bot", True)
    assert message["fix"][0].startswith("TWS or IB Gateway is not running there")
    assert message["url"] == "https://me.example/page"
    assert message["drill"] is False
    assert scene.outcomes == ["delivered", "delivered"]
    assert {record.channel for record in scene.records} == {"push phone"}


def test_ntfy_gets_the_text_as_the_body_and_the_rest_as_headers() -> None:
    page = "https://me.example/page"
    with (
        push_server() as server,
        push_scene(server, "ntfy", token="tk_secret", page_url=page) as scene,
    ):
        scene.see(RED)
        scene.wait_for_attempts(1)
    (sent,) = server.received
    assert "\n\n1. TWS or IB Gateway is not running there" in sent.body.decode()
    assert sent.path == "/topic"
    told = {name: sent.headers[name] for name in ("Priority", "Tags", "Click", "Authorization")}
    assert told == {
        "Priority": "5",
        "Tags": "rotating_light",
        "Click": page,
        "Authorization": "Bearer tk_secret",
    }
    assert sent.headers["Title"].endswith("refuses connections to port PORT")


def test_what_fails_is_tried_again_after_each_pause_until_it_arrives() -> None:
    with push_server(500, 500, 200) as server, push_scene(server) as scene:
        scene.see(RED)
        scene.wait_for_attempts(1)
        for attempts, pause in ((2, 5.0), (3, 30.0)):
            scene.now += pause - 0.1
            scene.see(RED)
            scene.wait_until_idle()
            assert len(server.received) == attempts - 1, "too early"
            scene.now += 0.2
            scene.see(RED)
            scene.wait_for_attempts(attempts)
        scene.now += 60
        scene.see(RED)
    assert scene.outcomes == ["failed", "failed", "delivered"]
    assert kinds(server) == [("fault", RED)] * 3
    assert scene.troubles == ["push phone: HTTP 500 Internal Server Error"] * 2 + [""]


@pytest.mark.parametrize("until", ["120", "a date"])
def test_a_peer_that_asks_for_patience_gets_it_within_bounds(until: str) -> None:
    in_two_minutes = email.utils.formatdate(time.time() + 125, usegmt=True)
    with push_server(429, 200) as server, push_scene(server) as scene:
        server.headers["Retry-After"] = in_two_minutes if until == "a date" else until
        scene.see(RED)
        scene.wait_for_attempts(1)
        scene.now += 100
        scene.see(RED)
        scene.wait_until_idle()
        assert len(server.received) == 1
        scene.now += 30
        scene.see(RED)
        scene.wait_for_attempts(2)
    assert scene.outcomes == ["failed", "delivered"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 301, 308])
def test_what_is_refused_is_not_tried_again_and_is_told_until_one_is_delivered(
    status: int,
) -> None:
    with push_server(status, 200) as server, push_scene(server) as scene:
        server.headers["Location"] = "http://127.0.0.1:1/elsewhere"
        scene.see(RED)
        scene.wait_for_attempts(1)
        for _ in range(3):
            scene.now += 200
            scene.see(RED)
            scene.wait_until_idle()
        assert len(server.received) == 1
        assert str(status) in scene.troubles[-1]
        scene.see(GREEN)
        scene.wait_for_attempts(2)
        assert scene.troubles[-1] == ""
    assert kinds(server) == [("fault", RED), ("recovery", GREEN)]


def test_nothing_stale_arrives_and_what_was_missed_is_told_once() -> None:
    with push_server(500, 200) as server, push_scene(server) as scene:
        scene.see(RED)
        scene.wait_for_attempts(1)
        scene.see(GREEN)  # while it waits for its second attempt
        for _ in range(3):
            scene.now += 60
            scene.see(GREEN)
        scene.wait_for_attempts(2)
        scene.now += 60
        scene.see(GREEN)
    assert kinds(server) == [("fault", RED), ("summary", GREEN)]


def test_what_waits_behind_a_peer_that_hangs_is_not_sent_once_it_is_over() -> None:
    with push_server(HANGS, 200) as server, push_scene(server, time_limit=2.0) as scene:
        scene.see(RED, target="one")
        wait_for(lambda: server.received, "the first message")
        scene.see(RED, target="two")
        scene.see(GREEN, target="two")
        scene.wait_for_attempts(1)
        scene.see_until(GREEN, target="two", attempts=2)
    told = [(one.json["kind"], one.json["target"]) for one in server.received]
    assert told == [("fault", "one"), ("summary", "two")]
    assert scene.records[0].why == "no complete answer within 2 s"


def test_a_channel_hears_of_its_lights_targets_and_quiet_hours_alone() -> None:
    lights = frozenset({Light.RED})
    with (
        push_server() as server,
        push_scene(server, lights=lights, targets=frozenset({"live"}), quiet=NEVER_QUIET) as scene,
    ):
        scene.see(RED, target="paper")
        scene.see(AMBER, target="live")
        scene.see(RED, target="live", quiet_until=scene.now + 60)  # the desktop's, not its own
        scene.wait_for_attempts(1)
        scene.see(AMBER, target="live")
        scene.see(GREEN, target="live")
        scene.wait_for_attempts(2)
    told = [(one.json["kind"], one.json["target"]) for one in server.received]
    assert told == [("fault", "live"), ("recovery", "live")]


def test_quiet_hours_of_its_own_are_kept_and_a_snooze_holds_for_every_channel() -> None:
    with push_server() as server, push_scene(server, quiet=QUIET_AT_NOON) as scene:
        scene.see(RED)
        scene.see(GREEN)
        with push_scene(server, name="other") as other:
            other.see(RED, snoozed_until=other.now + 60)
            other.see(RED, muted=True)
            other.wait_until_idle()
            assert not server.received
            other.see(RED)
            other.wait_for_attempts(1)
    assert kinds(server) == [("fault", RED)]


def test_a_program_that_did_not_come_back_is_pushed_except_to_a_channel_of_red() -> None:
    gone = ProgramState("a", "bot.py", Standing.MISSING, since=NOON, running=False, client_id=10)
    with push_server() as server, push_scene(server) as scene:
        scene.see(GREEN, programs=(gone,))
        scene.wait_for_attempts(1)
        with push_scene(server, name="red", lights=frozenset({Light.RED})) as other:
            other.see(GREEN, programs=(gone,))
            other.wait_until_idle()
    (message,) = (one.json for one in server.received)
    assert message["kind"] == "program-missing"
    assert "bot.py" in message["title"] + message["message"]
    assert message["fix"] == []


def test_recoveries_can_be_left_out() -> None:
    with push_server() as server, push_scene(server, recovery=False) as scene:
        scene.see(RED)
        scene.wait_for_attempts(1)
        scene.see(GREEN)
        scene.see(GREEN, target="other")
        scene.see_until(RED, target="other", attempts=2)
    assert kinds(server) == [("fault", RED), ("fault", RED)]


def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    certificate = tmp_path / "own.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(certificate), "-out", str(tmp_path / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    with certificate.open("a") as file:
        file.write((tmp_path / "cert.pem").read_text())
    with push_server(certificate=certificate) as server, push_scene(server) as scene:
        scene.see(RED)
        scene.wait_for_attempts(1)
    assert not server.received
    assert "certificate is not accepted" in scene.troubles[-1]


def test_messages_go_through_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with push_server() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/topic"))
        with push_scene(PushServer("http://push.invalid/topic")) as scene:
            scene.see(RED)
            scene.wait_for_attempts(1)
    assert [one.path for one in proxy.received] == ["http://push.invalid/topic"]
    assert scene.outcomes == ["delivered"]


def test_a_channel_that_is_stopped_breaks_off_what_hangs() -> None:
    with push_server(HANGS) as server:
        with push_scene(server, time_limit=60.0) as scene:
            scene.see(RED)
            wait_for(lambda: server.received, "the message")
            stopping = time.monotonic()
        assert time.monotonic() - stopping < 15
