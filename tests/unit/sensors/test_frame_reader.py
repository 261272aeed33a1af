"""Frames of every connection: whole ones only, in any chunks, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traymon.sensors.frame_reader import MAX_FIRST, MAX_KEPT, MAX_LENGTH, FrameReader, NotIB


def frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def session_reader() -> FrameReader:
    reader = FrameReader()
    reader.longest = MAX_LENGTH
    return reader


def read(reader: FrameReader, stream: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(stream), size):
        reader.feed(stream[at : at + size])
        while (found := reader.take_frame()) is not None:
            yield found
        assert len(reader._buffer) <= MAX_KEPT + size + 4


@pytest.mark.parametrize("size", [1, 3, 7, 1_000])
def test_frames_are_found_in_chunks_of_any_size(size: int) -> None:
    bodies = [b"49\x001\x00123\x00", b"x", b"9\x001\x001\x00" * 50]
    reader = FrameReader()
    assert list(read(reader, b"".join(map(frame, bodies)), size)) == bodies
    assert not reader.is_unfinished


@pytest.mark.parametrize("size", [999, MAX_KEPT, 5_000_000])
def test_of_a_long_frame_the_beginning_is_kept_and_the_next_one_is_found(size: int) -> None:
    stream = frame(b"4" * 1_000_000) + frame(b"next") + frame(b"a" * MAX_KEPT) + frame(b"last")
    found = list(read(session_reader(), stream, size))
    assert found == [b"4" * MAX_KEPT, b"next", b"a" * MAX_KEPT, b"last"]


def test_an_endless_frame_takes_no_memory_and_is_never_a_frame() -> None:
    reader = session_reader()
    assert list(read(reader, b"\x00\xff\xff\xff" + b"x" * 10_000_000, 100_000)) == []
    assert reader.is_unfinished


def test_before_the_version_no_frame_is_long() -> None:
    reader = FrameReader()
    reader.feed((MAX_FIRST + 1).to_bytes(4, "big"))
    with pytest.raises(NotIB, match=f"announced a frame of {MAX_FIRST + 1} bytes"):
        reader.take_frame()


@pytest.mark.parametrize("data", [b"HTTP/1.1 400", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00abc"])
def test_bytes_that_are_no_frame_are_given_up_on(data: bytes) -> None:
    reader = session_reader()
    reader.feed(frame(b"first") + data)
    assert reader.take_frame() == b"first"
    with pytest.raises(NotIB):
        reader.take_frame()


@pytest.mark.parametrize(
    "part", [b"\x00", b"\x00\x00\x00", b"\x00\x00\x00\x05a", b"\x00\xff\xff\xff"]
)
def test_a_frame_without_its_end_is_unfinished(part: bytes) -> None:
    reader = session_reader()
    assert list(read(reader, frame(b"first") + part, 2)) == [b"first"]
    assert reader.is_unfinished


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=200), max_size=20), st.integers(1, 300))
def test_whatever_is_framed_is_found_again(bodies: list[bytes], size: int) -> None:
    assert list(read(FrameReader(), b"".join(map(frame, bodies)), size)) == bodies


@settings(deadline=None)
@given(st.binary(max_size=500), st.integers(1, 600))
def test_no_bytes_raise_anything_but_not_ib(data: bytes, size: int) -> None:
    with suppress(NotIB):
        list(read(session_reader(), data, size))
