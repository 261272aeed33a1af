"""Any bytes on the wire are read in bounded memory; what they are not is NotIB and nothing else."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from support.fuzzing import fuzz
from traymon.sensors.frame_reader import MAX_KEPT, FrameReader
from traymon.sensors.wire import AnswerReader, NotIB, VerdictReader

fields = st.lists(
    st.sampled_from([b"4", b"9", b"15", b"326", b"2", b"-1", b"176", b"DU123456", b"9" * 5000])
    | st.binary(max_size=30),
    max_size=8,
).map(lambda parts: b"\0".join(parts) + b"\0")
frames = fields.map(lambda body: struct.pack(">I", len(body)) + body)
lengths = st.sampled_from([0, 1, 65_536, 65_537, 0xFFFFFF, 0x1000000, 0x7FFFFFFF, 0xFFFFFFFF])
pieces = frames | st.binary(max_size=50) | lengths.map(lambda length: struct.pack(">I", length))
streams = st.lists(pieces, max_size=12)


def feed(reader: AnswerReader | VerdictReader, stream: list[bytes]) -> str:
    """Feed a reader until it has its answer; return why the bytes are not IB's, or ""."""
    try:
        for piece in stream:
            if reader.feed(piece) is not None:
                break
    except NotIB as error:
        return str(error)
    return ""


@fuzz
@given(streams)
def test_any_answer_to_the_hello_is_a_version_or_not_ibs(stream: list[bytes]) -> None:
    why = feed(AnswerReader(), stream)
    assert why.isprintable()
    assert len(why) < 300


@fuzz
@given(streams)
def test_any_answer_to_the_start_is_a_verdict_or_not_ibs(stream: list[bytes]) -> None:
    reader = VerdictReader()
    why = feed(reader, stream)
    assert why.isprintable()
    assert len(why) < 300
    assert len(reader.said) < 1000


@fuzz
@given(streams, st.integers(1, 7))
def test_frames_are_the_same_in_chunks_of_any_size(stream: list[bytes], size: int) -> None:
    data = b"".join(stream)
    whole, parts = FrameReader(), FrameReader()
    found = list(whole.feed(data))
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert [frame for chunk in chunks for frame in parts.feed(chunk)] == found
    assert whole.is_lost == parts.is_lost
    assert all(len(frame) <= MAX_KEPT for frame in found)
