"""Pings through real processes to real web servers."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from support.certificates import new_certificate, trusted_folder
from support.outlet_scene import OutletScene, outlet_scene
from support.polling import wait_for
from support.push_scene import GREEN, RED, status
from support.push_server import HANGS, PushServer, push_server
from traymon.core import ping_policy
from traymon.core.alerts import Ping, Secret
from traymon.core.ping_policy import Signal
from traymon.outbound import ping as ping_module
from traymon.outbound.courier import Courier
from traymon.outbound.ping import Pinger

SOON = 0.3  # seconds, in place of a quarter of a minute
EVERY = 0.6


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ping_module, "SOON", SOON)
    monkeypatch.setattr(ping_policy, "SOON", SOON)


@contextmanager
def pinging(
    server: PushServer, every: float = EVERY, time_limit: float = 10.0
) -> Iterator[OutletScene[Pinger]]:
    entry, courier = Ping(Secret(server.url), every), Courier(time_limit)
    with outlet_scene(lambda around: Pinger(entry, around, courier)) as scene:
        yield scene


def paths(server: PushServer) -> list[str]:
    return [one.path for one in server.received]


def wait_for_pings(server: PushServer, count: int) -> None:
    wait_for(lambda: len(server.received) >= count, f"{count} pings")


def test_pings_go_on_while_traymon_is_well_and_say_in_one_line_how_it_is() -> None:
    with push_server() as server, pinging(server) as scene:
        assert not server.received
        scene.see(GREEN)
        wait_for_pings(server, 3)
    body = server.received[0].body.decode()
    assert body.startswith("green: ")
    assert "\n" not in body
    assert set(paths(server)) == {"/topic"}
    assert min(b.at - a.at for a, b in pairwise(server.received)) > SOON


def test_what_was_seen_before_pings_began_counts() -> None:
    with push_server() as server, pinging(server) as scene:
        scene.statuses["paper"] = status(RED, scene.now, "paper")
        scene.see(GREEN)
        wait_for_pings(server, 1)
    assert set(paths(server)) == {"/topic/fail"}


def test_red_is_told_soon_and_its_end_as_well() -> None:
    with push_server() as server, pinging(server, every=600) as scene:
        scene.see(GREEN)
        wait_for_pings(server, 1)
        scene.see(RED)
        wait_for_pings(server, 2)
        scene.see(GREEN)
        wait_for_pings(server, 3)
    assert paths(server) == ["/topic", "/topic/fail", "/topic"]
    assert server.received[1].body.decode().endswith(f"({RED})")


def test_uptime_kuma_is_called_as_it_wants_to_be() -> None:
    with push_server() as server, pinging(server, every=600) as scene:
        url = Secret(server.url.replace("/topic", "/api/push/abc?status=up&msg=OK&ping="))
        scene.outlet._ping = replace(scene.outlet._ping, url=url, kind="kuma")
        scene.see(RED)
        wait_for_pings(server, 1)
    assert paths(server)[0].startswith("/api/push/abc?status=down&msg=red%3A")


def test_a_light_that_flaps_is_told_no_more_often_than_a_service_takes_pings() -> None:
    with push_server() as server, pinging(server) as scene:

        def flap() -> bool:
            scene.see(GREEN)
            scene.see(RED)
            return len(server.received) >= 4

        began = time.monotonic()
        wait_for(flap, "four pings")
        assert time.monotonic() - began > 3 * SOON


@pytest.mark.parametrize("how", ["paused", "stale", "old", "removed"])
def test_nothing_is_sent_while_nobody_looks(how: str) -> None:
    with push_server() as server, pinging(server) as scene:
        scene.see(GREEN)
        wait_for_pings(server, 1)
        if how == "paused":
            scene.see("paused", paused=True)
        elif how == "stale":
            scene.see("stale")
        elif how == "removed":
            scene.see(GREEN, ended=True)
        else:
            scene.now += 3600  # such as after a sleep of this computer
        wait_for(lambda: scene.outlet._said is Signal.NOTHING, "the silence")
        count = len(server.received)
        time.sleep(3 * EVERY)  # that nothing comes shows only in the time of some pings
        assert len(server.received) == count
        scene.see(GREEN)
        wait_for_pings(server, count + 1)


def test_one_failure_is_tried_again_soon_and_more_are_told_until_one_arrives() -> None:
    with push_server(500, 500, 500, 500, 200) as server, pinging(server) as scene:
        scene.see(GREEN)
        wait_for_pings(server, 2)
        assert scene.troubles == {}
        wait_for(lambda: scene.troubles, "the trouble")
        assert len(server.received) >= ping_policy.TOLD_AFTER
        assert scene.troubles == {
            "ping": "The ping does not arrive: HTTP 500 Internal Server Error"
        }
        wait_for(lambda: not scene.troubles, "its end")


def test_an_address_that_is_wrong_is_told_at_once() -> None:
    with push_server(404) as server, pinging(server, every=600) as scene:
        scene.see(GREEN)
        wait_for(lambda: scene.troubles, "the trouble")
        assert len(server.received) == 1
        assert "404" in scene.troubles["ping"]


def test_a_server_that_hangs_delays_nothing_and_is_told() -> None:
    with push_server(HANGS) as server, pinging(server, time_limit=0.5) as scene:
        scene.see(GREEN)
        wait_for_pings(server, 1)
        began = time.monotonic()
        for _ in range(100):
            scene.see(RED)
            scene.see(GREEN)
        assert time.monotonic() - began < 1
        wait_for(lambda: scene.troubles, "the trouble")
        assert "no complete answer" in scene.troubles["ping"]


@pytest.mark.skipif(sys.platform != "linux", reason="others keep certificates otherwise")
@pytest.mark.parametrize("trusted", ["folder", "file", "nobody"])
def test_a_certificate_is_trusted_if_a_folder_or_a_file_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: str
) -> None:
    certificate = new_certificate(tmp_path)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    if trusted == "folder":
        monkeypatch.setenv("SSL_CERT_DIR", str(trusted_folder(tmp_path, certificate)))
    elif trusted == "file":
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with push_server(certificate=certificate) as server, pinging(server) as scene:
        scene.see(GREEN)
        if trusted == "nobody":
            wait_for(lambda: scene.troubles, "the trouble")
            assert "certificate is not accepted" in scene.troubles["ping"]
            assert not server.received
        else:
            wait_for_pings(server, 2)


def test_the_end_breaks_off_a_ping_that_hangs() -> None:
    with push_server(HANGS) as server:
        with pinging(server, time_limit=60.0) as scene:
            scene.see(GREEN)
            wait_for_pings(server, 1)
            began = time.monotonic()
        assert time.monotonic() - began < 10
        assert scene.troubles == {}


def test_the_address_is_in_no_words_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    with push_server(404) as server, pinging(server) as scene:
        secret = Secret(f"{server.url}/0123-a-private-address")
        scene.outlet._ping = replace(scene.outlet._ping, url=secret)
        scene.see(GREEN)
        wait_for(lambda: scene.troubles, "the trouble")
        said = [*scene.troubles.values(), caplog.text, repr(scene.outlet._ping)]
    assert "private" in server.received[0].path
    assert "private" not in "\n".join(said)
