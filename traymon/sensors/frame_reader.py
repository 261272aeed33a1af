"""Cut what a held session receives into whole frames, in bounded memory.

Bytes only. A frame is a 4-byte big-endian length and that many bytes of NUL-terminated fields.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

MAX_KEPT = 65_536  # bytes of one frame; the rest of a longer one is dropped
MAX_LENGTH = 0xFFFFFF  # bytes that a frame may announce (ibapi `comm.py`)


class FrameReader:
    """Finds the frames in a stream that arrives in chunks of any size.

    Ignores everything from the first length on that no frame can have.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._to_drop = 0  # bytes left of a frame that is too long to keep
        self.is_lost = False  # what arrives is not made of frames

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add the next bytes; yield the frames that are complete, cut to MAX_KEPT."""
        if self.is_lost:
            return
        if self._to_drop:
            dropped = min(self._to_drop, len(data))
            self._to_drop -= dropped
            data = data[dropped:]
            if self._to_drop:
                return
            yield self._take(len(self._buffer))
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= 4:
            (length,) = struct.unpack_from(">I", self._buffer, start)
            if not 0 < length <= MAX_LENGTH:
                self.is_lost = True
                self._buffer.clear()
                return
            missing = start + 4 + length - len(self._buffer)
            if missing > 0:
                self._keep_part(start, length, missing)
                return
            yield bytes(self._buffer[start + 4 : start + 4 + min(length, MAX_KEPT)])
            start += 4 + length
        del self._buffer[:start]

    def _keep_part(self, start: int, length: int, missing: int) -> None:
        """Keep an incomplete frame, or its first part if it is too long."""
        del self._buffer[:start]
        if length > MAX_KEPT and len(self._buffer) >= 4 + MAX_KEPT:
            del self._buffer[4 + MAX_KEPT :]
            self._to_drop = missing

    def _take(self, end: int) -> bytes:
        frame = bytes(self._buffer[4:end])
        self._buffer.clear()
        return frame
