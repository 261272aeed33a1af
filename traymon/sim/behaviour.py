"""What a simulated Gateway does and what it saw, as frozen values.

Does nothing: no I/O, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Hello(Enum):
    """How the version hello is answered."""

    ANSWER = auto()
    BYTE_BY_BYTE = auto()  # the right answer, one byte in each segment
    NEWS_FIRST = auto()  # a news bulletin, then the right answer
    FOREIGN_TIME = auto()  # the right answer with a connection time in GBK
    VERSION_ABC = auto()  # an answer of the right form whose version is no number
    HALF_FRAME = auto()  # half of the right answer, then nothing
    DRIP = auto()  # one byte every 0.2 s of a frame that never completes
    SILENT = auto()  # nothing, and the connection stays open after its peer closed
    TLS = auto()  # nothing, unless the first bytes are a TLS ClientHello
    CLOSE = auto()  # end of stream at once, without a byte
    RESET = auto()  # reset at the first bytes
    HTTP = auto()  # `HTTP/1.1 400`, then end of stream
    SSH = auto()  # an SSH banner at once, before the hello
    GARBAGE = auto()  # bytes that are no frame
    HUGE_LENGTH = auto()  # a frame that claims four gigabytes

    @property
    def serves(self) -> bool:
        """Whether clients get their version and their requests are answered."""
        return self in _SERVING


_SERVING = frozenset({Hello.ANSWER, Hello.BYTE_BY_BYTE, Hello.NEWS_FIRST, Hello.FOREIGN_TIME})


class Start(Enum):
    """How startApi is answered."""

    ANSWER = auto()
    SILENT = auto()  # nothing: no account list, no next order ID
    CLOSE = auto()  # end of stream, without error 326


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a Gateway does. The default is a healthy one with one paper account."""

    hello: Hello = Hello.ANSWER
    delay: float = 0.0  # seconds before every answer
    server_version: int = 193  # the highest with text message IDs and the old error layout
    accounts: tuple[str, ...] = ("DU1234567",)
    next_order_id: int = 1
    start: Start = Start.ANSWER
    says: tuple[tuple[int, str], ...] = ()  # system messages right after the start
    tells_time: bool = True  # answers reqCurrentTime
    keeps_sessions: bool = False  # answers sessions that stand, also where `hello` serves nobody
    hours: str = ""  # of every contract, as `20261123:0930-20261123:1600`; "": no such contract
    hours_zone: str = "America/New_York"
    clock_ahead: float = 0.0  # seconds; of this machine's clock
    max_clients: int = 32  # sessions at once; the next one is hung up on without a word
    keeps_half_closed: bool = False  # never closes what its peer closed, and keeps its client ID
    release_delay: float = 0.0  # seconds that a client ID stays taken after its holder left


HEALTHY = Behaviour()


class Ending(Enum):
    """How a connection ended: who ended it first."""

    OPEN = auto()
    PEER_CLOSED = auto()  # politely: the peer's end of stream came first
    RESET = auto()  # by the peer
    CLOSED_BY_US = auto()


@dataclass(frozen=True, slots=True)
class Conversation:
    """The record of one connection. Times are seconds since the epoch."""

    opened_at: float
    received: bytes = b""  # every byte, up to RECORD_LIMIT
    hello: str = ""  # the version hello once it is complete: `v100..176`
    version_sent: int | None = None  # the server version, once the whole version reply was sent
    messages: tuple[int, ...] = ()  # IDs of what followed the hello, the first 4096
    client_id: int | None = None
    ending: Ending = Ending.OPEN
    ended_at: float | None = None  # the ending began
    closed_at: float | None = None  # the socket is gone; None with PEER_CLOSED: CLOSE_WAIT

    @property
    def exchanged_versions(self) -> bool:
        """Whether a complete hello came and a complete version reply was sent."""
        return bool(self.hello) and self.version_sent is not None


RECORD_LIMIT = 64 * 1024  # bytes that one record keeps
KEPT_CONVERSATIONS = 1000  # the oldest go first, so that a day of looks fits into memory
