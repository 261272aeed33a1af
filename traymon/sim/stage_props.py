"""What a scenario needs besides a Gateway: a process name, a full queue, half-closed connections.

Each context manager leaves nothing behind. Loopback only.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from traymon.sim import client_id_holder

HOLDER_SCRIPT = Path(__file__).with_name("client_id_holder.py")
LOOPBACK = "127.0.0.1"
CONNECT_TIMEOUT = 0.5  # seconds; a loopback connect that takes longer is waiting in a full queue
IDLE_GATEWAY = """
with open("/proc/self/comm", "w") as name:
    name.write("ibgateway")
print(flush=True)
input()
"""
_COMM = Path("/proc/self/comm")  # Linux: the process's name, at most 15 bytes


@asynccontextmanager
async def waiting_gateway(lines: Sequence[str]) -> AsyncIterator[None]:
    """Run a process called `ibgateway` whose launcher log has these lines. Linux only.

    Raises ValueError in a built traymon, where `sys.executable` cannot run a script.
    """
    if getattr(sys, "frozen", False):
        raise ValueError("it takes a program written in Python, and here is no Python to run it")
    async with temporary_folder() as folder:
        log = "".join(f"{line}\n" for line in lines)
        (folder / "launcher.log").write_text(log, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", IDLE_GATEWAY), cwd=folder, stdin=PIPE, stdout=PIPE
        )
        try:
            assert process.stdout is not None
            await process.stdout.readline()
            yield
        finally:
            process.kill()
            await process.wait()


@contextmanager
def process_name(name: str) -> Iterator[None]:
    """Give this process another name in the process table. Linux only."""
    own_name = _COMM.read_text()
    _COMM.write_text(name)
    try:
        yield
    finally:
        _COMM.write_text(own_name.rstrip("\n"))


def _bound_socket(port: int) -> socket.socket:
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
    """Reserve the port (0: a free one): every connect is refused, and no other program takes it."""
    with _bound_socket(port) as sock:
        yield sock.getsockname()[1]


@asynccontextmanager
async def full_backlog(port: int) -> AsyncIterator[int]:
    """Listen without accepting, and fill the queue of waiting connections. Linux only."""
    with ExitStack() as stack:
        listener = stack.enter_context(_bound_socket(port))
        listener.listen(0)
        address = listener.getsockname()
        while await _connects(stack.enter_context(socket.socket()), address):
            pass
        yield address[1]


async def _connects(sock: socket.socket, address: tuple[str, int]) -> bool:
    sock.setblocking(False)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await asyncio.get_running_loop().sock_connect(sock, address)
    except TimeoutError:
        return False
    return True


@asynccontextmanager
async def temporary_folder() -> AsyncIterator[Path]:
    """Create a folder, and delete it afterwards."""
    with tempfile.TemporaryDirectory(prefix="traymon-") as name:
        yield Path(name).resolve()


@asynccontextmanager
async def trading_program(
    folder: Path, name: str, port: int, client_id: int, every: float = 0.0
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a trading program called `name` in the folder that wants a client ID.

    Starts once the program has the ID or was refused it. A refused program retries every so many
    seconds. Raises ValueError in a built traymon, where `sys.executable` cannot run a script.
    """
    if getattr(sys, "frozen", False):
        raise ValueError("it takes a program written in Python, and here is no Python to run it")
    script = folder / name
    if not script.exists():
        shutil.copyfile(HOLDER_SCRIPT, script)
    arguments = [str(port), str(client_id), *(["--every", str(every)] if every else [])]
    process = await asyncio.create_subprocess_exec(
        sys.executable, name, *arguments, cwd=folder, stdin=PIPE, stdout=PIPE
    )
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def open_sessions(port: int, count: int, first_id: int) -> list[asyncio.StreamWriter]:
    """Open sessions with consecutive client IDs; they last until they are closed."""
    writers = []
    for client_id in range(first_id, first_id + count):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writers.append(writer)
        writer.write(client_id_holder.HELLO)
        await reader.readexactly(int.from_bytes(await reader.readexactly(4)))
        writer.write(client_id_holder.session_request(client_id))
        await reader.readexactly(4)  # the answer has begun
    return writers


async def half_close(port: int, count: int) -> None:
    """Send the hello on `count` connections and leave, so that the listener has to close them."""
    for _ in range(count):
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(client_id_holder.HELLO)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
