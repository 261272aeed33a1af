"""Our reader of TWS's settings against IBKR's own message classes, on answers made at random."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from typing import Any

import pytest

from support.client_setup import CLIENTS, place, why_not
from traymon.sensors.protobuf import Malformed, Message
from traymon.sensors.settings_wire import REQUEST_ID, ask_for_settings, read_message, start_api

LIBRARY = "ibapi-latest"
ANSWERS = 400
API_FIELDS = {"socketPort": 8, "masterClientId": 18}
API_FLAGS = {"readOnlyApi": 1, "allowLocalhostOnly": 35}
EXIT_FIELDS = {"autoLogoffTime": 1, "autoLogoffPeriod": 2, "autoLogoffType": 3}


@pytest.fixture(scope="module")
def judged() -> list[Any]:
    """What IBKR's classes read: first our two requests, then answers."""
    if reason := why_not(LIBRARY):
        pytest.skip(reason)
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    requests = [
        read_message(frame[4:]).body.hex() for frame in (start_api(977), ask_for_settings())
    ]
    program = [sys.executable, str(CLIENTS / "protobuf_program.py"), str(seed), str(ANSWERS)]
    done = subprocess.run(
        [*program, *requests],
        env={**os.environ, "PYTHONPATH": str(place(LIBRARY))},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def read(data: bytes) -> dict[str, Any] | None:
    """Return what our reader finds; None if it refuses the bytes."""
    try:
        response = Message(data)
        ends = response.message(2) or Message(b"")
        api = response.message(4)
        settings = None if api is None else api.message(2)
        values = settings or Message(b"")
        return {
            **{name: values.flag(number) for name, number in API_FLAGS.items()},
            **{name: values.integer(number) for name, number in API_FIELDS.items()},
            **{name: ends.text(number) for name, number in EXIT_FIELDS.items()},
            "reqId": response.integer(1),
            "trustedIPs": [*values.texts(36)],
            "has settings": settings is not None,
        }
    except Malformed:
        return None


def test_ibkrs_classes_read_our_requests(judged: list[Any]) -> None:
    assert judged[0] == [977, REQUEST_ID]


def test_we_read_every_answer_as_ibkrs_classes_do(judged: list[Any]) -> None:
    made = [answer for answer in judged[1:] if answer["made"]]
    assert len(made) == ANSWERS
    for answer in made:
        assert read(bytes.fromhex(answer["bytes"])) == answer["read"]


def test_of_a_spoilt_answer_we_read_the_same_or_refuse_it(judged: list[Any]) -> None:
    spoilt = [answer for answer in judged[1:] if not answer["made"]]
    refused = 0
    for answer in spoilt:
        ours = read(bytes.fromhex(answer["bytes"]))
        refused += ours is None
        if ours is not None and answer["read"] is not None:
            assert ours == answer["read"]
    assert 0 < refused < len(spoilt)
