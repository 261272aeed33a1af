from __future__ import annotations

import asyncio
import struct
import tracemalloc
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traymon.sensors.frame_reader import MAX_FIRST, FrameReader, NotIB, printable
from traymon.sensors.wire import (
    MAX_ANSWER,
    TwsError,
    Verdict,
    VersionReply,
    ask_for_contract,
    ask_for_the_time,
    decode,
    find_version,
    hello,
    read_error,
    read_verdict,
    speaks_tls,
    start_api,
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
    reader = FrameReader()
    assert [find_version(reader, piece) for piece in pieces] == [None] * (len(pieces) - 1) + [REPLY]
    assert reader.received == len(stream)


def test_an_incomplete_reply_is_none_yet() -> None:
    reader = FrameReader()
    assert find_version(reader, frame(VERSION, TIME)[:-1]) is None
    assert find_version(reader, b"\0") == REPLY


def test_what_follows_the_reply_is_left_alone() -> None:
    assert find_version(FrameReader(), frame(VERSION, TIME) + b"\xff" * 100) == REPLY


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP/1.1 400 Bad Request"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH-2.0"),
        (b"\x15\x03\x03\x00\x02\x02\x0a", r"\x15\x03"),
        (b"\xff\xfe\xfd\xfc", r"\xff\xfe"),
        (b"\xff\xff\xff\xff", r"\xff"),
        (struct.pack(">I", MAX_FIRST + 1), f"{MAX_FIRST + 1} bytes"),
        (struct.pack(">I", 0), "0 bytes"),
        (struct.pack(">I", 3) + b"abc", "abc"),
        (frame(b"abc", TIME), "abc"),
        (frame(b"", TIME), "version"),
        (frame(b"9" * 5000, TIME), "999"),
        (frame(b"1_76", TIME), "'1_76' as its version"),
        (frame(b"+176", TIME), "'+176' as its version"),
        (frame(b" 176 ", TIME), "' 176 ' as its version"),
        (frame(b"999999999999999999", TIME), "'999999999999999999' as its version"),
        (frame(b"10000", TIME), "'10000' as its version"),
        (frame(b"-176", TIME), "'-176' as its version"),
        (frame(b"0", TIME), "'0' as its version"),
        (frame("\u0661\u0667\u0666".encode(), TIME), "as its version"),
    ],
)
def test_what_cannot_be_ib_is_named_at_once_in_a_short_text(answer: bytes, words: str) -> None:
    with pytest.raises(NotIB) as caught:
        find_version(FrameReader(), answer)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 250
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


def test_the_largest_frame_is_still_read() -> None:
    filler = b"x" * (MAX_FIRST - 1)
    assert find_version(FrameReader(), frame(filler) + frame(VERSION, TIME)) == REPLY


def test_frames_without_end_are_given_up_in_bounded_memory() -> None:
    reader = FrameReader()
    chunk = frame(b"x" * 1000) * 4

    def deluge() -> None:
        for _ in range(10 * MAX_ANSWER // len(chunk)):
            find_version(reader, chunk)

    tracemalloc.start()
    try:
        with pytest.raises(NotIB, match="without a version reply"):
            deluge()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reader.received <= MAX_ANSWER + len(chunk)
    assert peak < 2 * MAX_FIRST


def test_a_redirect_is_a_reply_of_version_minus_one() -> None:
    assert find_version(FrameReader(), frame(b"-1", b"10.0.0.5:4001")) == VersionReply(
        -1, "10.0.0.5:4001"
    )


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
    reply = find_version(FrameReader(), frame(VERSION, raw))
    assert reply == VersionReply(176, text)


def test_a_time_cannot_forge_a_line_of_the_log() -> None:
    reply = find_version(FrameReader(), frame(VERSION, b"now\n2026-01-01 INFO forged\x1b[31m"))
    assert reply == VersionReply(176, "now 2026-01-01 INFO forged?[31m")


@pytest.mark.parametrize(
    ("version", "message", "error"),
    [
        (176, b"4\x002\x00-1\x00326\x00in use\x00\x00", TwsError(-1, 326, "in use")),
        (165, b"4\x002\x007\x00200\x00none\x00", TwsError(7, 200, "none")),
        (193, b"4\x002\x00-1\x002104\x00OK:usfarm\x00\x00", TwsError(-1, 2104, "OK:usfarm")),
        (194, b"4\x00-1\x00326\x00in use\x00\x001700000000000\x00", TwsError(-1, 326, "in use")),
        (176, b"4\x002\x00-1\x00326", TwsError(-1, 326, "")),
        (176, b"4\x002\x00-1\x00" + b"9" * 4_000 + b"\x00text\x00", None),
        (176, b"4\x002\x00-1\x00 1_0\x00text\x00", None),
        (176, b"4\x002\x00-1\x00\x00text\x00", None),
        (176, b"4\x00", None),
        (176, b"4", None),
        (176, b"", None),
        (176, b"49\x001\x00123\x00", None),
    ],
)
def test_an_error_is_read_in_both_layouts(
    version: int, message: bytes, error: TwsError | None
) -> None:
    assert read_error(message, version) == error
    expected = Verdict.TAKEN if error is not None and error.code == 326 else None
    assert read_verdict(message, error) is expected


@pytest.mark.parametrize("message", [b"9\x001\x001\x00", b"15\x001\x00DU1\x00"])
def test_the_beginning_of_a_session_shows_that_the_id_was_free(message: bytes) -> None:
    assert read_verdict(message, None) is Verdict.FREE


@pytest.mark.parametrize("version", [157, 175, 176])
@pytest.mark.parametrize("contract", ["SPY", "ES FUT CME USD", "VOD STK LSE GBP"])
def test_what_is_sent_are_the_bytes_of_a_client_library(contract: str, version: int) -> None:
    asyncio.set_event_loop(loop := asyncio.new_event_loop())  # the library asks for it on import
    try:
        from ib_insync.client import Client
        from ib_insync.contract import Contract

        sent: list[bytes] = []
        client: Any = Client(object())  # type: ignore[no-untyped-call]
        client._serverVersion, client.connState = version, Client.CONNECTED
        client.conn.sendMsg = sent.append
        symbol, kind, exchange, currency = [*contract.split(), "STK", "SMART", "USD"][:4]
        client.send(71, 2, 9100, "")
        client.send(49, 1)
        client.reqContractDetails(
            1, Contract(symbol=symbol, secType=kind, exchange=exchange, currency=currency)
        )
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    assert sent == [start_api(9100), ask_for_the_time(), ask_for_contract(1, contract, version)]


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_not_ib(data: bytes) -> None:
    decode(data)
    assert printable(data).isascii()
    try:
        find_version(FrameReader(), data)
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
