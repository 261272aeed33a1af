"""Cut what TWS sends into whole frames, in bounded memory. Every connection is read with this.

Bytes only. A frame is a 4-byte big-endian length and that many bytes of NUL-terminated fields.
"""

from __future__ import annotations

import struct

MAX_KEPT = 65_536  # bytes of one frame, where a reader is not told otherwise
MAX_FIRST = MAX_KEPT  # bytes that a frame may announce before the version reply
MAX_LENGTH = 0xFFFFFF  # bytes that any frame may announce (ibapi `comm.py`)


class NotIB(Exception):
    """The bytes cannot come from TWS or IB Gateway; the message quotes them."""


class FrameReader:
    """Finds the frames in a stream that arrives in chunks of any size.

    Take all frames before the next `feed`: then a part of one frame is all that is kept.
    """

    def __init__(self, kept: int = MAX_KEPT) -> None:
        """`kept`: bytes of one frame; the rest of a longer one is dropped."""
        self.longest = MAX_FIRST  # bytes that a frame may announce
        self._kept = kept
        self.received = 0  # bytes so far
        self._buffer = bytearray()
        self._start = 0  # where the next frame begins in the buffer
        self._head = b""  # the part that is kept of a long frame, while the rest arrives
        self._to_drop = 0  # bytes of that rest still to come

    @property
    def is_unfinished(self) -> bool:
        """Whether a part of a frame has arrived, and its end has not."""
        return self._to_drop > 0 or self._start < len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add the next bytes."""
        self.received += len(data)
        del self._buffer[: self._start]
        self._start = 0
        self._buffer += data

    def take_frame(self) -> bytes | None:
        """Remove and return the next frame, cut to what is kept; None while it is incomplete.

        Raises NotIB as soon as the bytes cannot be a frame. Nothing can be read after that.
        """
        if self._to_drop:
            return self._finish_long_frame()
        available = len(self._buffer) - self._start
        if available and self._buffer[self._start]:  # a length below 16 MB starts with a zero byte
            raise NotIB(f"answered {printable(self._peek(48))}")
        if available < 4:
            return None
        (length,) = struct.unpack_from(">I", self._buffer, self._start)
        if not 0 < length <= self.longest:
            raise NotIB(f"announced a frame of {length} bytes")
        body = self._start + 4
        if available >= 4 + length:
            self._start = body + length
            return bytes(self._buffer[body : body + min(length, self._kept)])
        if available >= 4 + self._kept:  # too long to keep, and not all of it is here
            self._head = bytes(self._buffer[body : body + self._kept])
            self._to_drop = 4 + length - available
            self._start = len(self._buffer)
        return None

    def _finish_long_frame(self) -> bytes | None:
        dropped = min(self._to_drop, len(self._buffer) - self._start)
        self._to_drop -= dropped
        self._start += dropped
        if self._to_drop:
            return None
        frame, self._head = self._head, b""
        return frame

    def _peek(self, size: int) -> bytes:
        return bytes(self._buffer[self._start : self._start + size])


def printable(data: bytes) -> str:
    """Return bytes as quoted ASCII text, for use as detail: `'HTTP/1.1 400'`."""
    return ascii(data.decode("latin-1"))
