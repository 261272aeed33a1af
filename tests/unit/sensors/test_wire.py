from __future__ import annotations

import struct
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traymon.sensors.wire import (
    MAX_ANSWER,
    MAX_FRAME,
    AnswerReader,
    NotIB,
    VersionReply,
    decode,
    hello,
    printable,
    speaks_tls,
)

VERSION, TIME = b"176", b"20250102 10:11:12 CET"
REPLY = VersionReply(176, "20250102 10:11:12 CET")


def frame(*fields: bytes) -> bytes:
    payload = b"".join(field + b"\0" for field in fields)
    return struct.pack(">I", len(payload)) + payload


NEWS = frame(b"4", b"2", b"-1", b"2104", b"Market data farm connection is OK")


def test_the_hello_is_what_the_client_libraries_send() -> None:
    assert hello() == b"API\0\0\0\0\x09v100..176"
    assert hello(226) == b"API\0\0\0\0\x09v100..226"  # as IBKR's own newest client


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(NEWS) * 2 + 60)), news=st.integers(0, 2))
def test_the_reply_is_found_however_the_stream_is_cut_and_whatever_comes_first(
    cuts: list[int], news: int
) -> None:
    stream = NEWS * news + frame(VERSION, TIME)
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges) if a != b]
    reader = AnswerReader()
    assert [reader.feed(piece) for piece in pieces] == [None] * (len(pieces) - 1) + [REPLY]
    assert reader.received == len(stream)


def test_an_incomplete_reply_is_none_yet() -> None:
    reader = AnswerReader()
    assert reader.feed(frame(VERSION, TIME)[:-1]) is None
    assert reader.feed(b"\0") == REPLY


def test_what_follows_the_reply_is_left_alone() -> None:
    assert AnswerReader().feed(frame(VERSION, TIME) + b"\xff" * 100) == REPLY


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP/1.1 400 Bad Request"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH-2.0"),
        (b"\x15\x03\x03\x00\x02\x02\x0a", r"\x15\x03"),
        (b"\xff\xfe\xfd\xfc", r"\xff\xfe"),
        (b"\xff\xff\xff\xff", r"\xff"),
        (struct.pack(">I", MAX_FRAME + 1), f"{MAX_FRAME + 1} bytes"),
        (struct.pack(">I", 0), "0 bytes"),
        (struct.pack(">I", 3) + b"abc", "abc"),
        (frame(b"abc", TIME), "abc"),
        (frame(b"", TIME), "version"),
        (frame(b"9" * 5000, TIME), "999"),
    ],
)
def test_what_cannot_be_ib_is_named_at_once_in_a_short_text(answer: bytes, words: str) -> None:
    with pytest.raises(NotIB) as caught:
        AnswerReader().feed(answer)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 250
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


def test_the_largest_frame_is_still_read() -> None:
    filler = b"x" * (MAX_FRAME - 1)
    assert AnswerReader().feed(frame(filler) + frame(VERSION, TIME)) == REPLY


def test_frames_without_end_are_given_up_in_bounded_memory() -> None:
    reader = AnswerReader()
    chunk = frame(b"x" * 1000) * 4

    def deluge() -> None:
        for _ in range(10 * MAX_ANSWER // len(chunk)):
            reader.feed(chunk)

    tracemalloc.start()
    try:
        with pytest.raises(NotIB, match="without a version reply"):
            deluge()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reader.received <= MAX_ANSWER + len(chunk)
    assert peak < 2 * MAX_FRAME


def test_a_redirect_is_a_reply_of_version_minus_one() -> None:
    assert AnswerReader().feed(frame(b"-1", b"10.0.0.5:4001")) == VersionReply(-1, "10.0.0.5:4001")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"20250102 10:11:12 CET", "20250102 10:11:12 CET"),
        ("Mitteleuropäische Zeit".encode(), "Mitteleuropäische Zeit"),
        ("中国标准时间".encode("gbk"), "中国标准时间"),
        ("Mitteleurop\u00e4".encode("latin-1"), "Mitteleurop\u00e4"),
    ],
)
def test_a_time_zone_in_any_encoding_is_read(raw: bytes, text: str) -> None:
    assert decode(raw) == text
    reply = AnswerReader().feed(frame(VERSION, raw))
    assert reply == VersionReply(176, text)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_not_ib(data: bytes) -> None:
    decode(data)
    assert printable(data).isascii()
    try:
        AnswerReader().feed(data)
    except NotIB:
        return


@pytest.mark.parametrize(
    ("answer", "tls"),
    [
        (b"\x16\x03\x03\x00\x5a", True),  # server hello
        (b"\x15\x03\x03\x00\x02\x02\x28", True),  # alert
        (b"\x16", False),
        (b"", False),
        (b"\x16\x08\x00\x00", False),  # no version of TLS has that major number
        (b"\x17\x03\x03", False),  # application data: no answer to a hello
        (b"\x00\x00\x00\x1a176", False),
        (b"HTTP/1.1", False),
    ],
)
def test_a_tls_record_is_told_from_other_answers(answer: bytes, tls: bool) -> None:
    assert speaks_tls(answer) is tls
