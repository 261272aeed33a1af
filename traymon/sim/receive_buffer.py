"""The bytes that one client has sent, cut into frames."""

from __future__ import annotations

MAX_FRAME = 64 * 1024  # bytes; far above any request of a client


class ReceiveBuffer:
    """Bytes that were received and not yet read. Once closed, it drops everything."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._closed = False

    def feed(self, data: bytes) -> None:
        """Append bytes from the wire."""
        if not self._closed:
            self._buffer += data

    def close(self) -> None:
        """Drop what is buffered and whatever still arrives."""
        self._closed = True
        self._buffer.clear()

    def peek(self, count: int) -> bytes:
        """Return the first bytes, at most `count`, and keep them."""
        return bytes(self._buffer[:count])

    def take_frame(self, offset: int = 0) -> bytes | None:
        """Return the body of the frame at `offset`, and drop everything up to the frame's end.

        None while the frame is incomplete. A frame over MAX_FRAME closes the buffer.
        """
        if len(self._buffer) < offset + 4:
            return None
        end = offset + 4 + int.from_bytes(self._buffer[offset : offset + 4], "big")
        if end - offset > MAX_FRAME:
            self.close()
            return None
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[offset + 4 : end])
        del self._buffer[:end]
        return body

    def has_tls_record(self) -> bool:
        """Whether the first TLS record is complete."""
        head = self._buffer[:5]
        return len(head) == 5 and len(self._buffer) >= 5 + int.from_bytes(head[3:], "big")
