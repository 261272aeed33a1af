"""Peers that hang, lie or flood cost a bounded time and memory, and are told of in plain words."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.far_services import Certificates
from support.hostile_peer import MAIL, WEB, hostile_peer
from support.polling import PATIENCE
from support.push_scene import GREEN, NOON, RED, PushScene, push_scene, status
from support.push_server import PushServer, push_server
from traymon.core.alerts import Ping, PushChannel, Secret
from traymon.core.ping_policy import Signal
from traymon.outbound import ping, push
from traymon.outbound.answer import Answer, Verdict
from traymon.outbound.courier import LAST_RESORT, Courier
from traymon.outbound.message import compose_test

TIME_LIMIT = 4.0  # seconds, for a peer that takes all of them
MAX_MEMORY = 300  # MiB of the largest process that sent
SECRET = "t0psecret"
ADDRESSES = {
    "ntfy": "http{s}://127.0.0.1:{port}/" + SECRET,
    "webhook": "http{s}://127.0.0.1:{port}/" + SECRET,
    "apprise": "json{s}://127.0.0.1:{port}/" + SECRET,
    "ping": "http{s}://127.0.0.1:{port}/" + SECRET,
}
MAIL_ADDRESS = f"mailto{{s}}://me:{SECRET}@127.0.0.1:{{port}}/?smtp=127.0.0.1&from=a@b.de&to=c@d.de"
# How each way of misbehaving is told.
IN_TIME = "no complete answer within 4 s"
# A fast computer fills the memory that a sender may use before its time is over.
IN_TIME_OR_MEMORY = f"{IN_TIME}|the process that sends it ended without an answer"
TOLD_OF_WEB = {
    "drips": IN_TIME,
    "hangs": IN_TIME,
    "leaves": "",  # in the system's words
    "talks garbage": "its answer is not HTTP",
    "answers with 10 MB": "HTTP 500",
    "breaks off its answer": "HTTP 500",
    "answers without end": "HTTP 500",
    "sends headers without end": "its answer is not HTTP",
    "sends a header without end": "its answer is not HTTP",
    "always says to continue": IN_TIME,
    "leads elsewhere": "redirects are not followed",
    "repeats the address": "HTTP 404",
}
REFUSING = {"leads elsewhere", "repeats the address"}
TOLD_OF_MAIL = {
    "drips": IN_TIME,
    "hangs": IN_TIME,
    "leaves": "",
    "talks garbage": "its answer is not that of a mail server",
    "greets without end": IN_TIME_OR_MEMORY,
    "sends a line without end": "the mail server is not ready",
}


def send(kind: str, url: str, told: str) -> Answer:
    """Send a message or a ping to a peer that is told so, and hold what is true of every peer."""
    limit = TIME_LIMIT if told.startswith(IN_TIME) else PATIENCE
    began = time.monotonic()
    answer = Courier(limit).send(order(kind, url))
    assert time.monotonic() - began < limit + LAST_RESORT + 1
    assert any(words in answer.why for words in told.split("|"))
    assert answer.verdict is not Verdict.DELIVERED
    assert answer.why
    assert answer.why.isprintable()
    assert SECRET not in answer.why
    assert _memory_of_senders() < MAX_MEMORY
    return answer


def order(kind: str, url: str) -> Mapping[str, Any]:
    """Return what the courier takes to send a message or a ping."""
    if kind == "ping":
        return ping.request(Ping(Secret(url)), Signal.RED, [status(RED, NOON)])
    return push.request(PushChannel("phone", kind, Secret(url)), compose_test("phone", 0.0))


def _memory_of_senders() -> float:
    """Return the MiB of the largest process that was started here and has ended."""
    if sys.platform == "win32":
        return 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


@pytest.mark.parametrize("behaviour", WEB)
@pytest.mark.parametrize("kind", ADDRESSES)
def test_no_web_server_holds_up_a_message_or_a_ping(kind: str, behaviour: str) -> None:
    with hostile_peer(WEB[behaviour]) as port:
        answer = send(kind, ADDRESSES[kind].format(s="", port=port), TOLD_OF_WEB[behaviour])
    assert (answer.verdict is Verdict.REFUSED) == (behaviour in REFUSING)


@pytest.mark.parametrize("behaviour", MAIL)
def test_no_mail_server_holds_up_a_channel(behaviour: str) -> None:
    with hostile_peer(MAIL[behaviour]) as port:
        url = MAIL_ADDRESS.format(s="", port=port) + "&mode=insecure"
        send("apprise", url, TOLD_OF_MAIL[behaviour])


@pytest.mark.parametrize("kind", [*ADDRESSES, "mail"])
def test_a_server_that_hangs_in_tls_is_given_up(kind: str) -> None:
    with hostile_peer(WEB["hangs"]) as port:
        url = ADDRESSES.get(kind, f"{MAIL_ADDRESS}&mode=ssl").format(s="s", port=port)
        answer = send(kind if kind in ADDRESSES else "apprise", url, IN_TIME)
    assert answer.verdict is Verdict.FAILED


@pytest.mark.parametrize("kind", ADDRESSES)
def test_a_certificate_that_nobody_vouches_for_is_told(kind: str, tmp_path: Path) -> None:
    tls = Certificates(tmp_path).server("127.0.0.1")
    with hostile_peer(WEB["hangs"], tls) as port:
        url = ADDRESSES[kind].format(s="s", port=port)
        send(kind, url, "its certificate is not accepted")


@pytest.mark.skipif(sys.platform != "linux", reason="the memory is bounded on Linux alone")
def test_the_process_that_sends_cannot_fill_the_memory() -> None:
    code = "from traymon.outbound import send; send._bound_memory(); bytearray(2 * send.MAX_MEMORY)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stderr.strip().endswith("MemoryError")


@pytest.fixture
def hanging() -> Iterator[PushScene]:
    with hostile_peer(WEB["hangs"]) as port:
        peer = PushServer(f"http://127.0.0.1:{port}/topic")
        with push_scene(peer, name="slow", time_limit=TIME_LIMIT) as scene:
            yield scene


def test_a_peer_that_hangs_holds_up_neither_updates_nor_other_channels(hanging: PushScene) -> None:
    with push_server(200) as server, push_scene(server, name="good") as good:
        for code in (GREEN, RED):
            began = time.monotonic()
            hanging.see(code)
            assert time.monotonic() - began < 0.5, "the monitor is held up"
            good.see(code)
        good.wait_for_attempts(1)
        assert good.outcomes == ["delivered"]
        assert hanging.records == [], "it hangs still"
        hanging.wait_for_attempts(1)
    assert hanging.troubles[-1] == f"push slow: {IN_TIME}"
    assert good.troubles[-1] == ""


def test_a_channel_that_hangs_is_stopped_at_once(hanging: PushScene) -> None:
    hanging.see(GREEN)
    hanging.see(RED)
    began = time.monotonic()
    hanging.push.stop(PATIENCE)
    assert time.monotonic() - began < TIME_LIMIT
