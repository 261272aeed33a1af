"""Any bytes on the wire are read in bounded memory; what they are not is NotIB and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from support.fuzzing import fuzz
from traymon.sensors.frame_reader import MAX_KEPT, FrameReader, NotIB
from traymon.sensors.wire import MAX_TEXT, find_version, read_error, read_verdict

fields = st.lists(
    st.sampled_from([b"4", b"9", b"15", b"326", b"2", b"-1", b"176", b"DU123456", b"9" * 5000])
    | st.binary(max_size=30),
    max_size=8,
).map(lambda parts: b"\0".join(parts) + b"\0")
frames = fields.map(lambda body: struct.pack(">I", len(body)) + body)
lengths = st.sampled_from([0, 1, 65_536, 65_537, 0xFFFFFF, 0x1000000, 0x7FFFFFFF, 0xFFFFFFFF])
pieces = frames | st.binary(max_size=50) | lengths.map(lambda length: struct.pack(">I", length))
streams = st.lists(pieces, max_size=12)


def frames_of(reader: FrameReader, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the frames of a stream, to where the bytes cannot be IB's."""
    with suppress(NotIB):
        for chunk in chunks:
            reader.feed(chunk)
            while (frame := reader.take_frame()) is not None:
                yield frame


@fuzz
@given(streams)
def test_any_answer_to_the_hello_is_a_version_or_not_ibs(stream: list[bytes]) -> None:
    reader, why = FrameReader(), ""
    try:
        for piece in stream:
            if find_version(reader, piece) is not None:
                break
    except NotIB as error:
        why = str(error)
    assert why.isprintable()
    assert len(why) < 300


@fuzz
@given(streams, st.sampled_from([100, 176, 193, 194, 226]))
def test_any_message_is_read_or_ignored(stream: list[bytes], version: int) -> None:
    for frame in frames_of(FrameReader(), stream):
        error = read_error(frame, version)
        read_verdict(frame, error)
        if error is not None:
            assert error.text.isprintable()
            assert len(error.text) <= MAX_TEXT


@fuzz
@given(streams, st.integers(1, 7))
def test_frames_are_the_same_in_chunks_of_any_size(stream: list[bytes], size: int) -> None:
    data = b"".join(stream)
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    found = list(frames_of(FrameReader(), [data]))
    assert list(frames_of(FrameReader(), chunks)) == found
    assert all(len(frame) <= MAX_KEPT for frame in found)
