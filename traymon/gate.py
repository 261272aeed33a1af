"""May I send orders now? Asks the traymon that runs on this computer, and closes on every doubt.

    from traymon.gate import may_trade

    if may_trade(client_id=10):
        ib.placeOrder(contract, order)

Standard library alone and nothing else of traymon, from Python 3.8 on: a copy of this one file
works in any trading program's environment. docs/gate.md describes the answers.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
import time

TYPE_CHECKING = False  # importing typing would take a while
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

SCHEMA = 1  # of the answers
DEFAULT_MARGIN = 10.0  # minutes
MAX_MARGIN = 10_080.0  # minutes
TIMEOUT = 1.0  # seconds for an answer, which usually takes two thousandths
RETRY_INTERVAL = 0.5  # seconds between two questions while waiting
INFO_NAME = "traymon.json"
MAX_INFO = 10_000  # bytes
MAX_ANSWER = 256_000  # bytes
# These bytes stand in a query as they are.
UNRESERVED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/")
NOT_RUNNING, NO_ANSWER = "not-running", "no-answer"


class Reason:
    """Why the gate is closed: a code for programs, words for people, and when it ends if known."""

    __slots__ = ("code", "text", "until")

    def __init__(self, code: str, text: str, until: float | None = None) -> None:
        self.code, self.text, self.until = code, text, until

    def __repr__(self) -> str:
        return f"Reason({self.code!r}, {self.text!r}, {self.until!r})"


class Gate:
    """traymon's answer: true only if orders may be sent."""

    __slots__ = ("answer", "next_change_at", "open", "reasons")

    def __init__(self, answer: Mapping[str, Any]) -> None:
        """`answer` is the JSON that docs/gate.md describes. Raises ValueError for any other."""
        try:
            self.reasons = tuple(
                Reason(str(one["code"]), str(one["text"]), one["until"])
                for one in answer["reasons"]
            )
            is_known = answer["schema"] == SCHEMA and answer["open"] is (not self.reasons)
            self.next_change_at: float | None = answer["next_change_at"]
        except (KeyError, TypeError) as error:
            raise ValueError(f"not an answer of traymon: {error}") from None
        if not is_known:
            raise ValueError("not an answer of traymon that this version knows")
        self.open = not self.reasons
        self.answer = answer

    def __bool__(self) -> bool:
        return self.open

    def __str__(self) -> str:
        """Return one line: `closed: TWS has lost its connection to IB`."""
        why = "; ".join(reason.text for reason in self.reasons)
        return f"closed: {why}" if why else "open"


def may_trade(**question: Any) -> bool:
    """Return whether orders may be sent now; `question` as `gate` takes it."""
    return gate(**question).open


def gate(
    *,
    client_id: int | None = None,
    market: bool = False,
    margin_minutes: float = DEFAULT_MARGIN,
    env: str | os.PathLike[str] | None = None,
    host: str | None = None,
    port: int | None = None,
    target: str | None = None,
    timeout: float = TIMEOUT,
) -> Gate:
    """Return whether orders may be sent now, and if not, why.

    `client_id`: the one that the program uses. `market`: the market must be open. The gate closes
    `margin_minutes` before a planned restart or reset. `env`, `host`, `port` and `target`, its
    name, say which target is meant; it is closed unless the running traymon watches exactly one
    that is all of these. Takes `timeout` seconds at most, and usually a few thousandths. Raises
    ValueError for a question that cannot be meant.
    """
    query = _query(client_id, market, margin_minutes, env, host, port, target)
    deadline = time.monotonic() + timeout
    problem = Reason(NOT_RUNNING, "traymon is not running")
    for info in _find_infos():
        try:
            answer = _ask(info, query, deadline)
        except ConnectionRefusedError:  # of one that has crashed
            continue
        except (OSError, ValueError, OverflowError, RecursionError) as error:
            problem = Reason(NO_ANSWER, f"the running traymon does not answer: {error}")
            continue
        return answer
    return _closed(problem)


def wait_until_open(
    give_up_after: float | None = None, on_change: Any = None, **question: Any
) -> Gate:
    """Wait until orders may be sent; return the last answer, which is closed if time ran out.

    `give_up_after` seconds; None: never. `on_change` is called with each answer that has other
    reasons than the one before. `question` as `gate` takes it.
    """
    deadline = None if give_up_after is None else time.monotonic() + give_up_after
    before: Any = None
    while True:
        answer = gate(**question)
        codes = [reason.code for reason in answer.reasons]
        if on_change is not None and codes != before:
            on_change(answer)
        before = codes
        if answer or (deadline is not None and time.monotonic() >= deadline):
            return answer
        time.sleep(RETRY_INTERVAL)


def _query(
    client_id: int | None,
    market: bool,
    margin_minutes: float,
    env: str | os.PathLike[str] | None,
    host: str | None,
    port: int | None,
    target: str | None,
) -> str:
    """Return the question as the query of an address. Raises ValueError."""
    if not 0 <= margin_minutes <= MAX_MARGIN:
        raise ValueError(f"margin_minutes is between 0 and {MAX_MARGIN:.0f}")
    if client_id is not None and (isinstance(client_id, bool) or client_id < 0):
        raise ValueError("client_id is a number from 0 on")
    if port is not None and not 0 < port < 65_536:
        raise ValueError("port is between 1 and 65535")
    query = f"market={int(bool(market))}&margin={margin_minutes * 60:g}"
    if client_id is not None:
        query += f"&client_id={int(client_id)}"
    if port is not None:
        query += f"&port={int(port)}"
    if host:
        query += f"&host={_quoted(host)}"
    if target is not None:
        query += f"&target={_quoted(target)}"
    for path in [] if env is None else _paths(os.fspath(env)):
        query += f"&env={_quoted(path)}"
    return query


def _paths(env: str) -> list[str]:
    """Return the paths by which traymon may know a file."""
    return sorted({os.path.abspath(env), os.path.realpath(env)})


def _quoted(text: str) -> str:
    """Return a text for a query, as urllib does, whose import would take milliseconds.

    What UTF-8 cannot carry is written as in traymon's JSON.
    """
    return "".join(
        chr(byte) if byte in UNRESERVED else f"%{byte:02X}"
        for byte in text.encode("utf-8", "backslashreplace")
    )


def _closed(reason: Reason) -> Gate:
    """Return the answer that nobody gave."""
    values = {"code": reason.code, "text": reason.text, "until": None}
    return Gate(
        {
            "schema": SCHEMA,
            "open": False,
            "reasons": [values],
            "next_change_at": None,
            "at": time.time(),
            "target": None,
        }
    )


def _ask(info: Mapping[str, Any], query: str, deadline: float) -> Gate:
    """Return the answer of the traymon that `info` describes. Raises OSError or ValueError."""
    if not info.get("proof"):
        raise ValueError("it is older than this, start it again")
    request = (
        f"GET /gate?{query} HTTP/1.1\r\nHost: 127.0.0.1:{info['port']}\r\n"
        f"Authorization: Bearer {info['secret']}\r\nConnection: close\r\n\r\n"
    )
    with socket.socket() as connection:
        _limit(connection, deadline)
        connection.connect(("127.0.0.1", info["port"]))
        connection.sendall(request.encode("ascii"))
        received = b""
        while len(received) < MAX_ANSWER:
            _limit(connection, deadline)
            more = connection.recv(65_536)
            if not more:
                break
            received += more
    return _read_answer(received, info["proof"])


def _limit(connection: socket.socket, deadline: float) -> None:
    """Let the next step take no longer than until the deadline. Raises OSError if that is over."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise OSError("timed out")
    connection.settimeout(left)


def _read_answer(received: bytes, proof: str) -> Gate:
    """Return the answer in a response that carries the proof. Raises ValueError for any other."""
    head, _, body = received.partition(b"\r\n\r\n")
    status, *headers = head.decode("latin-1").split("\r\n")
    if f"Authentication-Info: {proof}" not in headers:
        said = body[:200].decode("utf-8", "replace")
        why = said if status[9:12] in ("400", "404") else "something else has its port"
        raise ValueError(why)
    return Gate(json.loads(body))


def _find_infos() -> Iterator[Mapping[str, Any]]:
    """Yield where a traymon of this user can be asked, or could before it crashed."""
    for folder in _folders():
        info = _read_info(folder)
        if info is not None:
            yield info


def _folders() -> Iterator[str]:
    """Yield the folders in which it says so, the best one first; as traymon itself has them."""
    yield os.path.join(_state_folder(), "run")
    import tempfile  # takes longer than all the rest, and is rarely needed

    own = "traymon"
    if sys.platform != "win32":
        own = f"traymon-{os.getuid()}"
    yield os.path.join(tempfile.gettempdir(), own)


def _state_folder() -> str:
    """Return the folder of what traymon keeps; platformdirs' user_state_path."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
        return os.path.join(local, "traymon", "traymon")
    if sys.platform == "darwin":
        default = os.path.expanduser("~/Library/Application Support")
    else:
        default = os.path.expanduser("~/.local/state")
    chosen = os.environ.get("XDG_STATE_HOME", "")
    return os.path.join(chosen if os.path.isabs(chosen) else default, "traymon")


def _read_info(folder: str) -> Mapping[str, Any] | None:
    """Return what the file in a folder says; None if it is missing, unusable or not private."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)  # a named pipe would let us wait
    try:
        if not _is_private(folder):  # another user could have put it there
            return None
        path = os.path.join(folder, INFO_NAME)
        with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            info = json.loads(file.read(MAX_INFO))
    except (OSError, ValueError, RecursionError):
        return None
    is_usable = isinstance(info, dict) and all(
        isinstance(info.get(key), kind) for key, kind in (("port", int), ("secret", str))
    )
    return info if is_usable else None


def _is_private(folder: str) -> bool:
    """Tell whether only this user can create files in the folder. Raises OSError."""
    found = os.lstat(folder)
    if sys.platform == "win32":
        return True  # it is below the user's own profile
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return is_own and not found.st_mode & 0o022
