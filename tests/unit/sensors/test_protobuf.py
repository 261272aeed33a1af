"""Messages of Protocol Buffers: what is well-formed is read, and everything else is refused."""

from __future__ import annotations

import pytest

from traymon.sensors.protobuf import MAX_FIELDS, Malformed, Message, encode_integer

NEGATIVE = b"\xff" * 9 + b"\x01"  # -1 as an int32: sign-extended to 64 bits


def test_each_kind_of_field_is_read_and_what_nobody_asks_for_is_skipped() -> None:
    message = Message(
        b"\x08\x96\x01"  # 1: 150
        b"\x12\x07testing"  # 2
        b"\x19\0\0\0\0\0\0\0\0"  # 3: eight bytes
        b"\x25\0\0\0\0"  # 4: four bytes
        b"\x28\x01"  # 5: true
        b"\x32\x02\x08\x07"  # 6: a message
    )
    assert message.integer(1) == 150
    assert message.text(2) == "testing"
    assert message.flag(5) is True
    inner = message.message(6)
    assert inner is not None
    assert inner.integer(1) == 7


def test_what_is_missing_or_of_another_type_is_none_and_never_a_default() -> None:
    message = Message(b"\x08\x00\x12\x00")
    assert message.integer(1) == 0
    assert message.flag(1) is False
    assert message.text(2) == ""
    assert message.texts(2) == ("",)
    assert message.integer(2) is None
    assert message.text(1) is None
    assert message.message(3) is None
    assert message.texts(3) == ()
    assert Message(b"").flag(1) is None


@pytest.mark.parametrize(
    ("encoded", "number"),
    [(b"\x00", 0), (b"\x7f", 127), (b"\x80\x01", 128), (NEGATIVE, -1), (b"\x80\x00", 0)],
)
def test_an_int32_has_its_sign(encoded: bytes, number: int) -> None:
    assert Message(b"\x08" + encoded).integer(1) == number


@pytest.mark.parametrize("number", [0, 1, 127, 128, 977, 2**31 - 1, -1, -(2**31)])
def test_what_is_written_can_be_read(number: int) -> None:
    assert Message(encode_integer(1, number)).integer(1) == number
    assert Message(encode_integer(300, number)).integer(300) == number


def test_the_last_of_several_counts_and_parts_of_a_message_are_one() -> None:
    message = Message(
        b"\x08\x01\x08\x02" + b"\x12\x01a\x12\x01b" + b"\x1a\x02\x08\x01\x1a\x02\x10\x02"
    )
    assert message.integer(1) == 2
    assert message.text(2) == "b"
    assert message.texts(2) == ("a", "b")
    inner = message.message(3)
    assert inner is not None
    assert (inner.integer(1), inner.integer(2)) == (1, 2)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x08", "a number without an end"),
        (b"\x08\x80", "a number without an end"),
        (b"\x08" + b"\x80" * 10 + b"\x01", "a number too long"),
        (b"\x08" + b"\xff" * 9 + b"\x02", "a number too long"),
        (b"\x00\x01", "a field with the number 0"),
        (b"\x80\x80\x80\x80\x10\x01", "a field with the number 536870912"),
        (b"\x0b\x0c", "field 1 has the wire type 3"),
        (b"\x0c", "field 1 has the wire type 4"),
        (b"\x0e", "field 1 has the wire type 6"),
        (b"\x0f", "field 1 has the wire type 7"),
        (b"\x0a\x05abcd", "field 1 of 5 bytes, and 4 are left"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", "field 1 of 18446744073709551615 bytes"),
        (b"\x09\0\0\0\0\0\0\0", "field 1 of 8 bytes, and 7 are left"),
        (b"\x0d\0\0\0", "field 1 of 4 bytes, and 3 are left"),
        (b"\x08\x01" * (MAX_FIELDS + 1), f"more than {MAX_FIELDS} fields"),
    ],
)
def test_what_cannot_be_a_message_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        Message(data)


def test_a_text_that_is_no_utf8_and_a_message_that_is_none_are_refused_once_asked_for() -> None:
    message = Message(b"\x0a\x01\xff\x12\x01\x80")
    with pytest.raises(Malformed, match="not UTF-8"):
        message.text(1)
    with pytest.raises(Malformed, match="without an end"):
        message.message(2)
