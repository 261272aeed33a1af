"""One polite version exchange with whatever listens on a port.

Sends nothing but the version hello (or a TLS hello, if asked to). Never opens a connection without
attempting the exchange, and closes it so that the server can close its end too.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from traymon.core.target import NEWEST_API_VERSION, TWS_LINES
from traymon.core.vocabulary import Symptom
from traymon.sensors import wire
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.frame_reader import FrameReader, NotIB
from traymon.sensors.socket_errors import os_error_text, symptom_of

CLOSE_TIMEOUT = 1.0  # seconds to wait for the server to close after we did
SILENT_CLOSE_TIMEOUT = 0.2  # the same for a server that has not even answered
# Windows retries a closed port for 2 s before it reports a refusal (Microsoft, KB 175523); with a
# shorter timeout "refused" would read as "no answer".
MIN_CONNECT_TIMEOUT = 3.0 if sys.platform == "win32" else 0.0  # seconds
MAX_TLS_TIMEOUT = 2.0  # seconds; a TLS server answers a hello immediately

Address = tuple[Any, ...]  # as getaddrinfo returns it: host, port and, for IPv6, two numbers


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step of an exchange showed."""

    symptom: Symptom
    detail: str
    version: int | None = None  # the server's protocol version


@dataclass(frozen=True, slots=True)
class Answer:
    """What a complete version exchange showed."""

    symptom: Symptom
    detail: str
    took: float  # seconds until the symptom was clear
    version: int | None = None
    address: str = ""  # that accepted the connection


async def exchange_versions(
    host: str, port: int, timeout: float, connections: ConnectionRegistry
) -> Answer:
    """Open a connection and exchange versions on it; `timeout` covers all of it."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    address = ""

    def answer(outcome: Outcome) -> Answer:
        took = loop.time() - started
        return Answer(outcome.symptom, outcome.detail, took, outcome.version, address)

    deadline = started + timeout
    connection = await connect(host, port, deadline, connections)
    if isinstance(connection, Outcome):
        return answer(connection)
    address = peer_address(connection)
    if loop.time() > deadline:  # MIN_CONNECT_TIMEOUT can exceed the timeout
        deadline = loop.time() + timeout
    close_timeout = SILENT_CLOSE_TIMEOUT
    try:
        async with asyncio.timeout_at(deadline):
            await loop.sock_sendall(connection, wire.hello(NEWEST_API_VERSION))
        outcome = await read_reply(connection, deadline, NEWEST_API_VERSION)
        if outcome.symptom is not Symptom.SILENT:
            close_timeout = CLOSE_TIMEOUT
        return answer(outcome)
    except TimeoutError:
        return answer(Outcome(Symptom.SILENT, "accepts no data"))
    except OSError as error:
        return answer(Outcome(symptom_of(error), f"while sending: {os_error_text(error)}"))
    finally:
        await close_gracefully(connection, close_timeout)


async def answers_tls(
    host: str, port: int, timeout: float, connections: ConnectionRegistry
) -> bool:
    """Return whether the port answers a TLS hello within 2 s; False for any failure.

    Only for a port that did not answer the plain hello: with SSL switched on, the API ignores plain
    clients (osauer/ibkr, `connection.go`, falls back in the same way), and a TLS proxy in front of
    it hangs up on them.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + min(timeout, MAX_TLS_TIMEOUT)
    connection = await connect(host, port, deadline, connections)
    if isinstance(connection, Outcome):
        return False
    try:
        async with asyncio.timeout_at(deadline):
            await loop.sock_sendall(connection, _tls_hello())
            return wire.speaks_tls(await loop.sock_recv(connection, 16))
    except OSError:  # includes TimeoutError
        return False
    finally:
        await close_gracefully(connection, SILENT_CLOSE_TIMEOUT)


async def connect(
    host: str, port: int, deadline: float, connections: ConnectionRegistry
) -> socket.socket | Outcome:
    """Return a connected socket, or why connecting failed."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(deadline):
            addresses = await _resolve(host, port)
    except TimeoutError:
        return Outcome(Symptom.UNRESOLVED, "the name server did not answer in time")
    except (socket.gaierror, UnicodeError) as error:
        return Outcome(Symptom.UNRESOLVED, os_error_text(error))
    failures: list[Outcome] = []
    for left, (family, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        # Share the time evenly, so that one dead address does not use up the others' time.
        timeout = max((deadline - loop.time()) / left, MIN_CONNECT_TIMEOUT)
        try:
            connection = await _connect_to(family, address, timeout)
        except TimeoutError:
            failures.append(
                Outcome(Symptom.TIMED_OUT, f"no answer from {address[0]} to the connect")
            )
        except OSError as error:
            failures.append(Outcome(symptom_of(error), f"{address[0]}: {os_error_text(error)}"))
        else:
            connections.add(connection.getsockname()[1])
            return connection
    # A refusal proves that a machine is there, so it says more than the other failures.
    refused = [failure for failure in failures if failure.symptom is Symptom.REFUSED]
    return (refused or failures)[0]


def peer_address(connection: socket.socket) -> str:
    """Return the address at the other end; "" if that has gone already."""
    try:
        return str(connection.getpeername()[0])
    except OSError:
        return ""


async def _connect_to(family: int, address: Address, timeout: float) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        # or a second small message would wait for the answer to the first
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(timeout):
            await asyncio.get_running_loop().sock_connect(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


async def _resolve(host: str, port: int) -> list[tuple[int, Address]]:
    """Return (family, address) pairs; an IPv4 literal needs neither a name server nor a thread."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [(family, address) for family, _, _, _, address in found]
    return [(socket.AF_INET, (host, port))]


async def read_reply(
    connection: socket.socket, deadline: float, offered: int = wire.SESSION_VERSION
) -> Outcome:
    """Read until the version reply, the end of the stream, the deadline, or proof it is not IB."""
    loop = asyncio.get_running_loop()
    frames = FrameReader()
    head = b""
    try:
        async with asyncio.timeout_at(deadline):
            while data := await loop.sock_recv(connection, 4096):
                head = head or data[:16]
                if (reply := wire.find_version(frames, data)) is not None:
                    return _interpret(reply, offered)
                await asyncio.sleep(0)  # sock_recv does not yield while bytes are available
    except NotIB as error:
        if wire.speaks_tls(head):
            detail = f"answered the unencrypted message with a TLS record ({head[:5].hex()})"
            return Outcome(Symptom.TLS, detail)
        return Outcome(Symptom.NOT_IB, str(error))
    except TimeoutError:
        if frames.received:
            return Outcome(Symptom.UNFINISHED, f"{frames.received} bytes, then no end in time")
        return Outcome(Symptom.SILENT, "connection accepted, no reply")
    except OSError as error:
        text = os_error_text(error)
        if frames.received:
            return Outcome(Symptom.UNFINISHED, f"{frames.received} bytes, then: {text}")
        return Outcome(symptom_of(error), text)
    if frames.received:
        return Outcome(Symptom.UNFINISHED, f"{frames.received} bytes, then closed")
    return Outcome(Symptom.CLOSED, "connection accepted, then closed without a reply")


def _interpret(reply: wire.VersionReply, offered: int) -> Outcome:
    if reply.version < 0:  # EClientSocket.java; no Python client library follows a redirect
        return Outcome(Symptom.UNFINISHED, f"redirects to {reply.time}")
    detail = f"API version {reply.version}"
    if reply.version > offered:  # TWS never does; a forwarder or a copy of the API may
        detail += f", more than the {offered} that was offered"
    elif (line := TWS_LINES.get(reply.version)) is not None:
        detail += f" (TWS {line})"
    return Outcome(Symptom.OK, f"{detail}, its time {_readable(reply.time)}", reply.version)


def _readable(time: str) -> str:
    """Return IB's `20261126 23:33:10 UTC` as `2026-11-26 23:33:10 UTC`; other texts as they are."""
    return re.sub(r"\A(\d{4})(\d\d)(\d\d) (?=\d\d:)", r"\1-\2-\3 ", time)


async def close_gracefully(connection: socket.socket, timeout: float | None = None) -> bool:
    """Half-close, read to the end for at most a second, then close; return whether the end came.

    A client that just disappears leaves the Gateway with a half-closed connection.
    """
    loop = asyncio.get_running_loop()
    ended = False
    try:
        with suppress(OSError):  # the peer has closed already, or never stops sending
            connection.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(CLOSE_TIMEOUT if timeout is None else timeout):
                while await loop.sock_recv(connection, 65_536):
                    await asyncio.sleep(0)  # sock_recv does not yield while bytes are available
            ended = True
    finally:
        connection.close()
    return ended


def _tls_hello() -> bytes:
    """Return the first bytes that a TLS client sends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # no data is exchanged; only TLS support is detected
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    return outgoing.read()
