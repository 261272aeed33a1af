"""What arrived over one session: read frame by frame, kept as a state of bounded size.

No sockets and no clock: the times are arguments. Raises NotIB for what TWS never sends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from traymon.sensors import session_messages, wire
from traymon.sensors.frame_reader import NotIB
from traymon.sensors.session_messages import Accounts, TradingHours
from traymon.sensors.system_messages import CLIENT_ID_IN_USE, MAX_DETAIL_LENGTH, SystemMessages
from traymon.sensors.tws_words import TwsWords

HOURS_REQUEST_ID = 1  # no other request has an ID
MAX_UNANSWERED = 100  # heartbeats


@dataclass(frozen=True, slots=True)
class TimeAnswer:
    """The answer to a heartbeat."""

    round_trip: float  # seconds
    server_time: int  # epoch seconds


@dataclass(slots=True)
class Inbox:
    """The state of one session, as far as TWS has told it."""

    dropped: str | None = None  # why the connection ended
    garbled: bool = False  # it was ended by us: what arrived does not come from TWS
    heard: bool = False  # a whole message since the last heartbeat
    version: int | None = None
    accounts: Accounts | None = None
    has_order_id: bool = False
    id_taken: bool = False
    beats_sent_at: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_UNANSWERED))
    time_answer: TimeAnswer | None = None
    wants_hours: bool = False  # they were asked for, and nothing was answered yet
    hours: TradingHours | str | None = None  # the answer, or why there is none
    system: SystemMessages = field(default_factory=SystemMessages)
    words: TwsWords = field(default_factory=TwsWords)

    @property
    def started(self) -> bool:
        """Whether both the account list and the next order ID arrived."""
        return self.accounts is not None and self.has_order_id

    def take_time_answer(self) -> TimeAnswer | None:
        """Return the newest answer to a heartbeat, once."""
        answer, self.time_answer = self.time_answer, None
        return answer

    def take_hours(self) -> TradingHours | str | None:
        """Return the trading hours, or why there are none, once."""
        hours, self.hours = self.hours, None
        return hours

    def add(self, frame: bytes, loop_time: float, now: float) -> None:
        """Take a whole message; `now` is in epoch seconds. Most messages are of no interest."""
        self.heard = True
        if self.version is None and self._read_version(frame):
            return
        if (read := READERS.get(frame[:3].partition(b"\0")[0])) is not None:
            read(self, frame, loop_time, now)

    def _read_version(self, frame: bytes) -> bool:
        """Tell whether it is the version reply; other messages may come before it."""
        reply = wire.read_version(frame)
        if reply is None:
            return False
        if reply.version < 0:
            raise NotIB(f"redirects to {reply.time}")
        self.version = reply.version
        return True

    def _read_error(self, frame: bytes, loop_time: float, now: float) -> None:
        error = wire.read_error(frame, self.version or 0)
        if error is None:
            return
        if error.code == CLIENT_ID_IN_USE:
            self.id_taken = True
        if error.request_id == HOURS_REQUEST_ID:
            self._answer_hours(f"{error.code}: {error.text[:MAX_DETAIL_LENGTH]}")
        self.words.add(error.code, error.text)
        self.system.add(error.code, error.text, now)

    def _read_accounts(self, frame: bytes, loop_time: float, now: float) -> None:
        self.accounts = session_messages.read_accounts(frame)

    def _read_order_id(self, frame: bytes, loop_time: float, now: float) -> None:
        self.has_order_id = True

    def _read_time(self, frame: bytes, loop_time: float, now: float) -> None:
        """Read the answer to a heartbeat; answers arrive in the order of the requests."""
        server_time = session_messages.read_server_time(frame)
        if self.beats_sent_at:
            self.time_answer = TimeAnswer(loop_time - self.beats_sent_at.popleft(), server_time)

    def _read_hours(self, frame: bytes, loop_time: float, now: float) -> None:
        """Read the trading hours; if several contracts match, those of the first."""
        hours = session_messages.read_trading_hours(frame, self.version or 0)
        self._answer_hours(hours or "contract details in a layout that is not known")

    def _answer_hours(self, answer: TradingHours | str) -> None:
        if self.wants_hours:
            self.wants_hours, self.hours = False, answer


READERS: Mapping[bytes, Callable[[Inbox, bytes, float, float], None]] = MappingProxyType(
    {
        wire.ERROR: Inbox._read_error,
        wire.NEXT_VALID_ID: Inbox._read_order_id,
        wire.MANAGED_ACCOUNTS: Inbox._read_accounts,
        session_messages.CURRENT_TIME: Inbox._read_time,
        session_messages.CONTRACT_DETAILS: Inbox._read_hours,
    }
)
