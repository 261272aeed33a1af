"""Frames of a held session: whole ones only, in any chunks, in bounded memory."""

from __future__ import annotations

import pytest

from traymon.sensors.frame_reader import MAX_KEPT, FrameReader


def frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize("size", [1, 3, 7, 1_000])
def test_frames_are_found_in_chunks_of_any_size(size: int) -> None:
    bodies = [b"49\x001\x00123\x00", b"x", b"9\x001\x001\x00" * 50]
    stream = b"".join(map(frame, bodies))
    reader = FrameReader()
    found = [
        body for at in range(0, len(stream), size) for body in reader.feed(stream[at : at + size])
    ]
    assert found == bodies


@pytest.mark.parametrize("size", [999, MAX_KEPT, 5_000_000])
def test_of_a_long_frame_the_beginning_is_kept_and_the_next_one_is_found(size: int) -> None:
    stream = frame(b"4" * 1_000_000) + frame(b"next") + frame(b"a" * MAX_KEPT) + frame(b"last")
    reader = FrameReader()
    found: list[bytes] = []
    for at in range(0, len(stream), size):
        found.extend(reader.feed(stream[at : at + size]))
        assert len(reader._buffer) <= MAX_KEPT + size + 4
    assert found == [b"4" * MAX_KEPT, b"next", b"a" * MAX_KEPT, b"last"]


def test_an_endless_frame_takes_no_memory_and_is_never_a_frame() -> None:
    reader = FrameReader()
    assert list(reader.feed(b"\x00\xff\xff\xff")) == []
    for _ in range(100):
        assert list(reader.feed(b"x" * 100_000)) == []
        assert len(reader._buffer) <= MAX_KEPT + 4


@pytest.mark.parametrize("data", [b"HTTP/1.1 400", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00abc"])
def test_bytes_that_are_no_frame_are_given_up_on(data: bytes) -> None:
    reader = FrameReader()
    assert list(reader.feed(frame(b"first") + data)) == [b"first"]
    assert reader.is_lost
    assert list(reader.feed(frame(b"later"))) == []
