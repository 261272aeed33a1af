"""One polite version exchange with whatever listens on a port, and what came of it.

Sends nothing but the version hello (and a TLS hello where asked for one); never leaves a
connection without having tried the exchange, and closes it so that the server can close too.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import ssl
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from traymon.core.vocabulary import Symptom
from traymon.sensors import wire
from traymon.sensors.connection_registry import ConnectionRegistry

CLOSE_TIMEOUT = 1.0  # seconds to wait for the server's own close after ours
# Windows asks a closed port up to four times before it says so, which takes 2 s (Microsoft,
# KB 175523): with less patience "refused" would read as "no answer".
CONNECT_AT_LEAST = 3.0 if sys.platform == "win32" else 0.0  # seconds
TLS_PATIENCE = 2.0  # seconds; a TLS server answers a hello at once

SYMPTOM_OF_ERRNO = {
    errno.ECONNREFUSED: Symptom.REFUSED,
    errno.ETIMEDOUT: Symptom.TIMED_OUT,
    errno.EACCES: Symptom.FORBIDDEN,
    errno.EPERM: Symptom.FORBIDDEN,
    errno.ENETUNREACH: Symptom.UNREACHABLE,
    errno.EHOSTUNREACH: Symptom.UNREACHABLE,
    errno.ENETDOWN: Symptom.UNREACHABLE,
    errno.EHOSTDOWN: Symptom.UNREACHABLE,
    errno.EADDRNOTAVAIL: Symptom.UNREACHABLE,
    errno.EAFNOSUPPORT: Symptom.UNREACHABLE,  # a name may have an IPv6 address, the kernel not
    errno.ECONNRESET: Symptom.RESET,
    errno.EPIPE: Symptom.RESET,
    errno.ECONNABORTED: Symptom.RESET,
}
# Windows has numbers of its own, of which some mean another thing as an errno elsewhere.
SYMPTOM_OF_WINERROR = {
    10061: Symptom.REFUSED,  # WSAECONNREFUSED
    1225: Symptom.REFUSED,  # ERROR_CONNECTION_REFUSED, from asyncio's proactor
    10060: Symptom.TIMED_OUT,  # WSAETIMEDOUT
    121: Symptom.TIMED_OUT,  # ERROR_SEM_TIMEOUT, from asyncio's proactor
    10013: Symptom.FORBIDDEN,  # WSAEACCES
    10047: Symptom.UNREACHABLE,  # WSAEAFNOSUPPORT
    10049: Symptom.UNREACHABLE,  # WSAEADDRNOTAVAIL
    10050: Symptom.UNREACHABLE,  # WSAENETDOWN
    10051: Symptom.UNREACHABLE,  # WSAENETUNREACH
    10064: Symptom.UNREACHABLE,  # WSAEHOSTDOWN
    10065: Symptom.UNREACHABLE,  # WSAEHOSTUNREACH
    1231: Symptom.UNREACHABLE,  # ERROR_NETWORK_UNREACHABLE, from asyncio's proactor
    1232: Symptom.UNREACHABLE,  # ERROR_HOST_UNREACHABLE, from asyncio's proactor
    10053: Symptom.RESET,  # WSAECONNABORTED
    10054: Symptom.RESET,  # WSAECONNRESET
    64: Symptom.RESET,  # ERROR_NETNAME_DELETED, from asyncio's proactor
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one version exchange."""

    symptom: Symptom
    detail: str
    took: float  # seconds until it was clear
    version: int | None = None


def symptom_of(error: OSError) -> Symptom:
    """Return what a socket error shows.

    Raises the error itself where it is none of the peer's doing (no file handles left): not
    being able to look is a fault here, not a symptom there.
    """
    if isinstance(error, socket.gaierror):
        return Symptom.UNRESOLVED
    symptom = SYMPTOM_OF_WINERROR.get(getattr(error, "winerror", None) or 0)
    if symptom is None:
        symptom = SYMPTOM_OF_ERRNO.get(error.errno or 0)
    if symptom is None:
        raise error
    return symptom


async def exchange_versions(
    host: str, port: int, timeout: float, connections: ConnectionRegistry
) -> Answer:
    """Make one fresh connection and the version exchange on it; `timeout` is over all of it."""
    loop = asyncio.get_running_loop()
    started = loop.time()

    def answer(symptom: Symptom, detail: str, version: int | None = None) -> Answer:
        return Answer(symptom, detail, loop.time() - started, version)

    deadline = started + timeout
    connection = await connect(host, port, deadline, connections)
    if isinstance(connection, tuple):
        return answer(*connection)
    if loop.time() > deadline:  # where connecting may take longer than the timeout
        deadline = loop.time() + timeout
    try:
        async with asyncio.timeout_at(deadline):
            await loop.sock_sendall(connection, wire.hello())
        return answer(*await read_reply(connection, deadline))
    except TimeoutError:
        return answer(Symptom.SILENT, "takes no bytes")
    except OSError as error:
        return answer(symptom_of(error), f"while sending: {os_error_text(error)}")
    finally:
        await close_gracefully(connection)


async def answers_tls(
    host: str, port: int, timeout: float, connections: ConnectionRegistry
) -> bool:
    """Tell whether the port answers a TLS hello; at most 2 s, and False for any failure.

    To be asked only of a port that was silent to the plain hello: the API can be set to SSL, and
    is then silent to plain clients (osauer/ibkr, `connection.go`, falls back in the same way).
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + min(timeout, TLS_PATIENCE)
    connection = await connect(host, port, deadline, connections)
    if isinstance(connection, tuple):
        return False
    try:
        async with asyncio.timeout_at(deadline):
            await loop.sock_sendall(connection, _tls_hello())
            return wire.speaks_tls(await loop.sock_recv(connection, 16))
    except OSError:  # a TimeoutError is one too
        return False
    finally:
        await close_gracefully(connection)


async def connect(
    host: str, port: int, deadline: float, connections: ConnectionRegistry
) -> socket.socket | tuple[Symptom, str]:
    """Return a connection, or the symptom and the words of why there is none."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(deadline):
            addresses = await _resolve(host, port)
    except TimeoutError:
        return Symptom.UNRESOLVED, "the name server did not answer in time"
    except (socket.gaierror, UnicodeError) as error:
        return Symptom.UNRESOLVED, os_error_text(error)
    failures: list[tuple[Symptom, str]] = []
    for left, (family, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        share = (deadline - loop.time()) / left  # one dead address must not eat the others' time
        share = max(share, CONNECT_AT_LEAST)
        try:
            connection = await _connect_to(family, address, share)
        except TimeoutError:
            failures.append((Symptom.TIMED_OUT, f"no answer from {address[0]} to the connect"))
        except OSError as error:
            failures.append((symptom_of(error), f"{address[0]}: {os_error_text(error)}"))
        else:
            connections.add(connection.getsockname()[1])
            return connection
    refused = [failure for failure in failures if failure[0] is Symptom.REFUSED]
    return (refused or failures)[0]  # a refusal comes from a machine that is there


async def _connect_to(family: int, address: Any, timeout: float) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        async with asyncio.timeout(timeout):
            await asyncio.get_running_loop().sock_connect(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


async def _resolve(host: str, port: int) -> list[tuple[int, Any]]:
    """Return (family, address) pairs; a literal IPv4 address needs no name server and no thread."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [(family, address) for family, _, _, _, address in found]
    return [(socket.AF_INET, (host, port))]


async def read_reply(connection: socket.socket, deadline: float) -> tuple[Symptom, str, int | None]:
    """Read until the version reply, the end, the deadline, or proof that it is not IB."""
    loop = asyncio.get_running_loop()
    reader = wire.AnswerReader()
    head = b""
    try:
        async with asyncio.timeout_at(deadline):
            while data := await loop.sock_recv(connection, 4096):
                head = head or data[:16]
                if (reply := reader.feed(data)) is not None:
                    return _judge(reply)
    except wire.NotIB as error:
        if wire.speaks_tls(head):
            return (
                Symptom.TLS,
                f"answered the plain hello with a TLS record ({head[:5].hex()})",
                None,
            )
        return Symptom.NOT_IB, str(error), None
    except TimeoutError:
        if reader.received:
            return Symptom.UNFINISHED, f"{reader.received} bytes, then no end in time", None
        return Symptom.SILENT, "accepted, and sent no byte", None
    except OSError as error:
        if reader.received:
            words = f"{reader.received} bytes, then: {os_error_text(error)}"
            return Symptom.UNFINISHED, words, None
        return symptom_of(error), os_error_text(error), None
    if reader.received:
        return Symptom.UNFINISHED, f"{reader.received} bytes, then closed", None
    return Symptom.CLOSED, "accepted, then closed without a byte", None


def _judge(reply: wire.VersionReply) -> tuple[Symptom, str, int | None]:
    if reply.version < 0:  # EClientSocket.java; no Python client library follows a redirect
        return Symptom.UNFINISHED, f"redirects to {reply.time}", None
    return Symptom.OK, f"server version {reply.version}, its time {reply.time}", reply.version


async def close_gracefully(connection: socket.socket) -> bool:
    """Half-close, read to the end for at most a second, close; return whether the end came.

    A client that just vanishes leaves the Gateway a half-closed connection.
    """
    loop = asyncio.get_running_loop()
    ended = False
    try:
        with suppress(OSError):  # already closed by the peer, or it sends without end
            connection.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(CLOSE_TIMEOUT):
                while await loop.sock_recv(connection, 65_536):
                    await asyncio.sleep(0)  # while bytes are there, sock_recv lets nobody else run
            ended = True
    finally:
        connection.close()
    return ended


def _tls_hello() -> bytes:
    """Return the first flight of a TLS client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is trusted or sent; only whether it speaks TLS
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    return outgoing.read()


def os_error_text(error: Exception) -> str:
    """Return what went wrong in the system's own words, without asyncio's."""
    if (
        type(error) is not socket.gaierror
        and isinstance(error, OSError)
        and sys.platform != "win32"
    ):
        return os.strerror(error.errno) if error.errno else type(error).__name__
    return str(error) or type(error).__name__
