"""Read and write the little of Protocol Buffers that TWS's messages need. Bytes only.

Strict: groups, field numbers and lengths that cannot be, and texts that are not UTF-8 are refused.
Fields that nobody asks for are skipped (protobuf.dev, "Encoding"; TWS adds some with each version).
"""

from __future__ import annotations

from collections.abc import Iterator

MAX_FIELDS = 20_000  # of one message; TWS has some hundreds
MAX_VARINT = 10  # bytes
MAX_NUMBER = 2**29 - 1  # of a field
VARINT, FIXED_64, LENGTH_DELIMITED, FIXED_32 = 0, 1, 2, 5  # wire types
FIXED_SIZES = {FIXED_64: 8, FIXED_32: 4}  # bytes


class Malformed(Exception):
    """The bytes are no message; the text says why."""


class Message:
    """A message that has been cut into its fields.

    Where a single field is repeated, the last one counts, and parts of a message are joined, as
    the format demands. A field of another type than the one asked for counts as missing.
    """

    def __init__(self, data: bytes) -> None:
        """Raises Malformed."""
        self._varints: dict[int, int] = {}
        self._bytes: dict[int, list[bytes]] = {}
        for number, value in _fields(data):
            if isinstance(value, int):
                self._varints[number] = value
            else:
                self._bytes.setdefault(number, []).append(value)

    def integer(self, number: int) -> int | None:
        """Return an int32; None if it is missing."""
        value = self._varints.get(number)
        if value is None:
            return None
        value &= 0xFFFF_FFFF
        return value - 2**32 if value >= 2**31 else value

    def flag(self, number: int) -> bool | None:
        """Return a bool; None if it is missing."""
        value = self._varints.get(number)
        return None if value is None else value != 0

    def texts(self, number: int) -> tuple[str, ...]:
        """Return every text of a repeated field. Raises Malformed if one is not UTF-8."""
        try:
            return tuple(part.decode() for part in self._bytes.get(number, ()))
        except UnicodeDecodeError:
            raise Malformed(f"a text in field {number} that is not UTF-8") from None

    def text(self, number: int) -> str | None:
        """Return a text; None if it is missing. Raises Malformed if it is not UTF-8."""
        texts = self.texts(number)
        return texts[-1] if texts else None

    def message(self, number: int) -> Message | None:
        """Return a message within this one; None if it is missing. Raises Malformed."""
        parts = self._bytes.get(number)
        return None if parts is None else Message(b"".join(parts))


def encode_integer(number: int, value: int) -> bytes:
    """Return a field with an int32."""
    return _encode_varint(number << 3 | VARINT) + _encode_varint(value % 2**64)


def _encode_varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and the value of each field but those of a fixed size."""
    at, count = 0, 0
    while at < len(data):
        count += 1
        if count > MAX_FIELDS:
            raise Malformed(f"more than {MAX_FIELDS} fields")
        key, at = _read_varint(data, at)
        number, wire_type = key >> 3, key & 7
        if not 0 < number <= MAX_NUMBER:
            raise Malformed(f"a field with the number {number}")
        if wire_type == VARINT:
            value, at = _read_varint(data, at)
            yield number, value
            continue
        if wire_type == LENGTH_DELIMITED:
            size, at = _read_varint(data, at)
        elif wire_type in FIXED_SIZES:
            size = FIXED_SIZES[wire_type]
        else:
            raise Malformed(f"field {number} has the wire type {wire_type}")
        if size > len(data) - at:
            raise Malformed(f"field {number} of {size} bytes, and {len(data) - at} are left")
        if wire_type == LENGTH_DELIMITED:
            yield number, data[at : at + size]
        at += size


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return an unsigned 64-bit number, and where it ends."""
    value = 0
    for position, byte in enumerate(data[at : at + MAX_VARINT]):
        value |= (byte & 0x7F) << 7 * position
        if byte < 0x80:
            if value >= 2**64:
                break
            return value, at + position + 1
    raise Malformed(
        "a number without an end" if len(data) - at < MAX_VARINT else "a number too long"
    )
