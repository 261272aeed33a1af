"""What a scenario needs beside a Gateway: a name, a full queue, a pile of half-closed peers.

Each is a context manager that leaves nothing behind. Loopback only.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

HOLDER = Path(__file__).with_name("holder.py")
LOOPBACK = "127.0.0.1"
CONNECT_BOUND = 0.5  # seconds; a loopback connect that takes longer waits for room in the queue
_COMM = Path("/proc/self/comm")  # Linux: the process's name, at most 15 bytes


@contextmanager
def posing(name: str) -> Iterator[None]:
    """Give this process the name in the process table. Linux only."""
    own_name = _COMM.read_text()
    _COMM.write_text(name)
    try:
        yield
    finally:
        _COMM.write_text(own_name.rstrip("\n"))


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    try:
        if os.name == "posix":  # on Windows it would let two programs share the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((LOOPBACK, port))
    except OSError:
        sock.close()
        raise
    return sock


@contextmanager
def nobody_listens(port: int) -> Iterator[int]:
    """Hold the port (0: a free one) so that every connect is refused and nobody else takes it."""
    with _bound(port) as sock:
        yield sock.getsockname()[1]


@asynccontextmanager
async def full_backlog(port: int) -> AsyncIterator[int]:
    """Listen, accept nobody, and fill the queue of waiting connections. Linux only."""
    with ExitStack() as stack:
        listener = stack.enter_context(_bound(port))
        listener.listen(0)
        address = listener.getsockname()
        while await _connects(stack.enter_context(socket.socket()), address):
            pass
        yield address[1]


async def _connects(sock: socket.socket, address: tuple[str, int]) -> bool:
    sock.setblocking(False)
    try:
        async with asyncio.timeout(CONNECT_BOUND):
            await asyncio.get_running_loop().sock_connect(sock, address)
    except TimeoutError:
        return False
    return True


@asynccontextmanager
async def folder() -> AsyncIterator[Path]:
    """A folder of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="traymon-") as name:
        yield Path(name).resolve()


@asynccontextmanager
async def program(
    place: Path, name: str, port: int, client_id: int, every: float = 0.0
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a trading program, `name` in the folder `place`, that wants a client ID.

    Begins when it has the ID or was refused it; refused, it tries again `every` so many seconds.
    Raises ValueError in a traymon that was built into a program: there `sys.executable` runs no
    script.
    """
    if getattr(sys, "frozen", False):
        raise ValueError("it takes a program written in Python, and here is no Python to run it")
    script = place / name
    if not script.exists():
        shutil.copyfile(HOLDER, script)
    arguments = [str(port), str(client_id), *(["--every", str(every)] if every else [])]
    process = await asyncio.create_subprocess_exec(
        sys.executable, name, *arguments, cwd=place, stdin=PIPE, stdout=PIPE
    )
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def sessions(port: int, count: int, first_id: int) -> list[asyncio.StreamWriter]:
    """Open sessions with one client ID after the other; they stand until they are closed."""
    writers = []
    for client_id in range(first_id, first_id + count):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writers.append(writer)
        writer.write(b"API\0\0\0\0\x09v100..176")
        await reader.readexactly(int.from_bytes(await reader.readexactly(4)))
        body = f"71\x002\x00{client_id}\x00\x00".encode()
        writer.write(len(body).to_bytes(4) + body)
        await reader.readexactly(4)  # its answer begins
    return writers


async def half_close(port: int, count: int) -> None:
    """Say the hello on `count` connections and leave, so that the listener has them to close."""
    for _ in range(count):
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"API\0\0\0\0\x09v100..176")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
