"""One short session that asks TWS for its own settings; loaded once somebody wants to know them.

Sends the hello, startApi (271) and reqConfig (308), and closes; it never changes a setting.
Whatever a server answers, it costs a bounded time and memory.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from traymon.core.addresses import parse_address
from traymon.core.target import NEWEST_API_VERSION, SETTINGS_VERSION, Target
from traymon.core.tws_settings import TwsSettings
from traymon.core.vocabulary import Symptom
from traymon.sensors import settings_wire, wire
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.frame_reader import FrameReader, NotIB
from traymon.sensors.local_zone import local_zone_name
from traymon.sensors.protobuf import Malformed
from traymon.sensors.session import MAX_OWN_IDS, own_ids
from traymon.sensors.settings_wire import Address, SettingsMessage
from traymon.sensors.socket_errors import os_error_text
from traymon.sensors.socket_table import is_this_machine
from traymon.sensors.tws_words import TwsWords
from traymon.sensors.version_exchange import Outcome, close_gracefully, connect, read_reply

ANSWER_TIMEOUT = 5.0  # seconds from startApi to the settings
MAX_RECEIVED = 4 * 1024 * 1024  # bytes; the texts of TWS's own messages are some 100 KB of them
SLICE = 16_384  # bytes read at once
MAX_IDS = 4  # of traymon's own, tried one after the other while they are in use
KEPT_FOR_LIBRARIES = 4  # the last ones, which `client_library` takes


class _IdInUse(Exception):
    """TWS refuses the client ID (326)."""


async def ask_for_settings(target: Target, connections: ConnectionRegistry) -> TwsSettings | str:
    """Return TWS's settings, or why they are not known."""
    for client_id in _client_ids(target):
        async with connections.exchange_lock:
            opened = await _open(target, connections)
        if isinstance(opened, str):
            return opened
        try:
            return await _ask(opened, client_id, target)
        except _IdInUse:
            continue
        finally:
            await close_gracefully(opened)
    return "each client ID that was tried is in use"


def _client_ids(target: Target) -> Iterator[int]:
    """Return IDs of traymon's own that neither its session nor a client library begins with."""
    assert target.own_client_id is not None
    last = MAX_OWN_IDS - KEPT_FOR_LIBRARIES
    return islice(own_ids(target.own_client_id, target), last - MAX_IDS, last)


async def _open(target: Target, connections: ConnectionRegistry) -> socket.socket | str:
    """Return a connection on which TWS can be asked, or why it cannot."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + target.limits.timeout
    connection = await connect(target.host, target.port, deadline, connections)
    if isinstance(connection, Outcome):
        return connection.detail
    try:
        why = await _exchange_versions(connection, deadline)
    except BaseException:
        connection.close()
        raise
    if not why:
        return connection
    await close_gracefully(connection)
    return why


async def _exchange_versions(connection: socket.socket, deadline: float) -> str:
    """Return why TWS cannot be asked; "" if it can."""
    try:
        async with asyncio.timeout_at(deadline):
            hello = wire.hello(NEWEST_API_VERSION)
            await asyncio.get_running_loop().sock_sendall(connection, hello)
    except TimeoutError:
        return "accepts no data"
    except OSError as error:
        return os_error_text(error)
    reply = await read_reply(connection, deadline, NEWEST_API_VERSION)
    if reply.symptom is not Symptom.OK or reply.version is None:
        return reply.detail
    if not SETTINGS_VERSION <= reply.version <= NEWEST_API_VERSION:
        return f"API version {reply.version} does not give them"
    return ""


async def _ask(connection: socket.socket, client_id: int, target: Target) -> TwsSettings | str:
    """Begin a session and ask; return the settings, or why there are none. Raises _IdInUse."""
    words = TwsWords()
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT):
            answer = await _converse(connection, client_id, _seen_from(connection, target), words)
        if isinstance(answer, TwsSettings):
            tells_zone = not target.forwarded and is_this_machine(target.host)
            return replace(answer, zone=local_zone_name() if tells_zone else "")
        why = answer
    except TimeoutError:
        why = f"no answer within {ANSWER_TIMEOUT:.0f} s"
    except (NotIB, Malformed) as error:
        why = f"no message of TWS: {error}"
    except OSError as error:
        why = os_error_text(error)
    return f"{why}; TWS said: {words.text}" if words.text else why


async def _converse(
    connection: socket.socket, client_id: int, seen_from: Address | None, words: TwsWords
) -> TwsSettings | str:
    """Return the settings, or how the session ended without them."""
    loop, incoming, asked = asyncio.get_running_loop(), _Incoming(connection), False
    await loop.sock_sendall(connection, settings_wire.start_api(client_id))
    while (message := await incoming.next_message()) is not None:
        if message.number == settings_wire.NEXT_VALID_ID and not asked:  # the session has begun
            asked = True
            await loop.sock_sendall(connection, settings_wire.ask_for_settings())
        elif message.number == settings_wire.CONFIG_RESPONSE:
            settings = settings_wire.read_settings(message.body, seen_from)
            return settings or "an answer without the settings of the API"
        elif message.number == settings_wire.ERROR:
            error = settings_wire.read_error(message.body)
            words.add(error.code, error.text)
            if error.code == wire.CLIENT_ID_IN_USE:
                raise _IdInUse
            if error.request_id == settings_wire.REQUEST_ID:
                return "TWS does not give them"
    return "closed by the Gateway"


def _seen_from(connection: socket.socket, target: Target) -> Address | None:
    """Return the address from which TWS sees this computer; None if something is in between."""
    return None if target.forwarded else parse_address(str(connection.getsockname()[0]))


class _Incoming:
    """The messages of one connection, bounded in number and size."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._frames = connection, FrameReader(kept=MAX_RECEIVED)
        self._frames.longest = MAX_RECEIVED

    async def next_message(self) -> SettingsMessage | None:
        """Return the next message; None at the end. Raises NotIB and Malformed."""
        while (frame := self._frames.take_frame()) is None:
            data = await asyncio.get_running_loop().sock_recv(self._connection, SLICE)
            if not data:
                return None
            self._frames.feed(data)
            if self._frames.received > MAX_RECEIVED:
                raise NotIB(f"more than {MAX_RECEIVED} bytes")
            await asyncio.sleep(0)  # sock_recv does not yield while bytes are available
        return settings_wire.read_message(frame)
