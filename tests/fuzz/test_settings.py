"""Any bytes in place of TWS's settings are settings that can be, or Malformed and nothing else."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from support.fuzzing import fuzz
from traymon.sensors.protobuf import Malformed, Message
from traymon.sensors.settings_wire import read_error, read_message, read_settings

SEEN_FROM = ip_address("127.0.0.1")
numbers = st.sampled_from([0, 1, 2, 3, 4, 8, 18, 35, 36, 2**29 - 1, 2**29])
values = st.binary(max_size=12) | st.sampled_from([b"\x01", b"\xff" * 9 + b"\x01", b"\x02\x08\x01"])


def varint(value: int) -> bytes:
    more = b""
    while value > 127:
        more += bytes([value & 127 | 128])
        value >>= 7
    return more + bytes([value])


fields = st.tuples(numbers, st.integers(0, 7), values).map(
    lambda parts: varint(parts[0] << 3 | parts[1]) + parts[2]
)
bodies = st.lists(fields | st.binary(max_size=20), max_size=10).map(b"".join)
nested = st.recursive(
    bodies,
    lambda inner: st.tuples(st.sampled_from([2, 4]), inner).map(
        lambda parts: varint(parts[0] << 3 | 2) + varint(len(parts[1])) + parts[1]
    ),
    max_leaves=4,
)


@fuzz
@given(nested)
def test_any_answer_is_settings_that_can_be_or_malformed(body: bytes) -> None:
    with suppress(Malformed):
        settings = read_settings(body, SEEN_FROM)
        if settings is None:
            return
        assert settings.socket_port is None or 0 < settings.socket_port < 65_536
        assert settings.exit_at == "" or re.fullmatch(r"[0-2]\d:[0-5]\d", settings.exit_at)


@fuzz
@given(nested)
def test_any_error_is_one_bounded_line_or_malformed(body: bytes) -> None:
    with suppress(Malformed):
        error = read_error(body)
        assert error.text.isprintable()
        assert len(error.text) <= 2_000


@fuzz
@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    with suppress(Malformed):
        message = Message(read_message(data).body)
        for number in range(40):
            message.integer(number), message.flag(number)
            with suppress(Malformed):
                message.texts(number)
