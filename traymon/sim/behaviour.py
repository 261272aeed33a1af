"""What a simulated Gateway does and what it recorded, as frozen values.

Pure: no I/O and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Hello(Enum):
    """How the version hello is answered."""

    ANSWER = auto()
    BYTE_BY_BYTE = auto()  # the right answer, one byte per segment; not for IBKR's library
    NEWS_FIRST = auto()  # a news bulletin, then the right answer; not for IBKR's library
    FOREIGN_TIME = auto()  # the right answer, with the connection time in GBK
    VERSION_ABC = auto()  # a well-formed answer whose version is not a number
    HALF_FRAME = auto()  # half of the right answer, then nothing
    DRIP = auto()  # a frame that never completes, one byte every 0.2 s
    SILENT = auto()  # nothing, and the connection stays open after the peer closes
    TLS = auto()  # nothing, unless the first bytes are a TLS ClientHello
    CLOSE = auto()  # end of stream at once, without a byte
    RESET = auto()  # a reset at the first bytes
    HTTP = auto()  # `HTTP/1.1 400`, then end of stream
    SSH = auto()  # an SSH banner on connect, before the hello arrives
    GARBAGE = auto()  # bytes that do not form a frame
    HUGE_LENGTH = auto()  # a frame that claims to be four gigabytes long

    @property
    def serves(self) -> bool:
        """Whether clients get their version and their requests are answered."""
        return self in _SERVING


_SERVING = frozenset({Hello.ANSWER, Hello.BYTE_BY_BYTE, Hello.NEWS_FIRST, Hello.FOREIGN_TIME})


class Start(Enum):
    """How startApi is answered."""

    ANSWER = auto()
    SILENT = auto()  # nothing: no account list and no next order ID
    CLOSE = auto()  # end of stream, without error 326


@dataclass(frozen=True, slots=True)
class Config:
    """TWS's own settings, as far as clients can ask for them."""

    read_only: bool = False
    socket_port: int | None = None  # None: the port that it listens on
    localhost_only: bool = True
    trusted_ips: tuple[str, ...] = ("127.0.0.1",)
    master_client_id: int | None = None
    daily_exit: tuple[str, str, str] = ("11:45", "PM", "restart")  # time, half of the day, what


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a Gateway does. The default is a healthy one with one paper account."""

    hello: Hello = Hello.ANSWER
    delay: float = 0.0  # seconds before every answer
    server_version: int = 193  # with one from 194 to 212, only the hello is answered
    accounts: tuple[str, ...] = ("DU123456",)
    next_order_id: int = 1
    start: Start = Start.ANSWER
    says_first: tuple[tuple[int, str], ...] = ()  # system messages in answer to startApi
    reports_farms: bool = True  # that its data farms are OK, right after the session starts
    says: tuple[tuple[int, str], ...] = ()  # system messages right after that
    tells_time: bool = True  # answers reqCurrentTime
    keeps_sessions: bool = False  # answers existing sessions even when `hello` serves no new client
    hours: str = ""  # of every contract: `20261123:0930-20261123:1600`; "": no such contract
    config: Config | None = Config()  # given to clients from version 219 on; None: refused
    hours_zone: str = "America/New_York"
    clock_ahead: float = 0.0  # seconds ahead of this machine's clock
    max_clients: int = 32  # sessions at once; further clients are disconnected without a word
    keeps_half_closed: bool = False  # never closes what its peer closed, nor frees its client ID
    release_delay: float = 0.0  # seconds that a client ID stays taken after its holder has left


HEALTHY = Behaviour()


class Ending(Enum):
    """How a connection ended: which side ended it first."""

    OPEN = auto()
    PEER_CLOSED = auto()  # gracefully: the peer's end of stream came first
    RESET = auto()  # by the peer
    CLOSED_BY_US = auto()


@dataclass(frozen=True, slots=True)
class Conversation:
    """The record of one connection. Times are seconds since the epoch."""

    opened_at: float
    received: bytes = b""  # every byte, up to MAX_RECORD
    hello: str = ""  # the version hello once it is complete: `v100..176`
    version_sent: int | None = None  # the server version, once the whole version reply was sent
    messages: tuple[int, ...] = ()  # IDs of the messages after the hello, up to MAX_MESSAGES
    client_id: int | None = None
    ending: Ending = Ending.OPEN
    ended_at: float | None = None  # when the ending began
    closed_at: float | None = None  # the socket is gone; None with PEER_CLOSED: CLOSE_WAIT

    @property
    def exchanged_versions(self) -> bool:
        """Whether a complete hello arrived and a complete version reply was sent."""
        return bool(self.hello) and self.version_sent is not None


MAX_RECORD = 64 * 1024  # bytes kept per conversation
MAX_MESSAGES = MAX_RECORD // 16  # message IDs kept per conversation; an ID takes more than a byte
MAX_CONVERSATIONS = 1000  # the oldest are dropped, so that a day of checks fits into memory
