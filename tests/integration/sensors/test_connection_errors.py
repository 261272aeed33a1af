"""Why no connection comes to stand: real failures, and the table of error numbers."""

from __future__ import annotations

import asyncio
import errno
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from traymon.core.vocabulary import Symptom
from traymon.sensors import version_exchange
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.socket_errors import symptom_of
from traymon.sensors.version_exchange import Answer, exchange_versions
from traymon.sim.gateway import running
from traymon.sim.stage_props import full_backlog, nobody_listens

LONG, SHORT = 5.0, 0.3  # seconds: for what answers, for what never does
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="as Linux's sockets have it")

ASK_192_0_2_1 = """
import asyncio
from traymon.sensors.version_exchange import exchange_versions
from traymon.sensors.connection_registry import ConnectionRegistry
print(asyncio.run(exchange_versions("192.0.2.1", 9, 5.0, ConnectionRegistry())).symptom)
"""
REFUSED, TIMED_OUT, FORBIDDEN = Symptom.REFUSED, Symptom.TIMED_OUT, Symptom.FORBIDDEN
UNREACHABLE, RESET = Symptom.UNREACHABLE, Symptom.RESET


def ask(port: int, timeout: float = LONG, host: str = "127.0.0.1") -> Answer:
    return asyncio.run(exchange_versions(host, port, timeout, ConnectionRegistry()))


def windows_error(number: int) -> OSError:
    error = type("WindowsError", (OSError,), {"winerror": number})(errno.EINVAL, "in words")
    assert isinstance(error, OSError)
    return error


def test_a_port_on_which_nobody_listens_refuses() -> None:
    with nobody_listens(0) as port:
        assert ask(port).symptom is Symptom.REFUSED


@linux_only
def test_a_full_queue_of_connections_times_out() -> None:
    async def play() -> Answer:
        async with full_backlog(0) as port:
            return await exchange_versions("127.0.0.1", port, SHORT, ConnectionRegistry())

    answer = asyncio.run(play())
    assert answer.symptom is Symptom.TIMED_OUT
    assert SHORT <= answer.took < SHORT + 1.0


@pytest.mark.parametrize("host", ["a" * 64, "a..b"], ids=["label-of-64", "empty-label"])
def test_a_host_that_is_no_name_is_unresolved(host: str) -> None:
    assert ask(9, host=host).symptom is Symptom.UNRESOLVED


@linux_only
def test_a_broadcast_address_is_unreachable() -> None:
    assert ask(9, host="127.255.255.255").symptom is Symptom.UNREACHABLE


@pytest.mark.parametrize(
    ("route", "symptom"),
    [
        ("true", Symptom.UNREACHABLE),
        ("ip route add unreachable 192.0.2.1", Symptom.UNREACHABLE),
        ("ip route add prohibit 192.0.2.1", Symptom.FORBIDDEN),
    ],
    ids=["no-route", "unreachable", "forbidden"],
)
def test_what_this_machine_itself_says_of_a_route(route: str, symptom: Symptom) -> None:
    bare_machine = ["unshare", "--map-root-user", "--net", "sh", "-c"]
    try:
        subprocess.run([*bare_machine, "ip link set lo up"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs unshare, ip and the right to a network namespace")
    look = f"{shlex.quote(sys.executable)} -c {shlex.quote(ASK_192_0_2_1)}"
    shown = subprocess.run(
        [*bare_machine, f"ip link set lo up && {route} && {look}"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert shown.stdout.strip() == symptom


@pytest.fixture
def resolve_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let every name have these addresses: (address, port), of IPv4."""

    def resolve_to(*addresses: tuple[str, int], first_family: int = socket.AF_INET) -> None:
        families = (first_family, *[socket.AF_INET] * len(addresses))

        async def resolve(*_: object) -> list[tuple[int, tuple[str, int]]]:
            return list(zip(families, addresses, strict=False))

        monkeypatch.setattr(version_exchange, "_resolve", resolve)

    return resolve_to


def test_a_refusing_address_does_not_hide_another_one_that_answers(
    resolve_to: Callable[..., None],
) -> None:
    with running() as gateway, nobody_listens(0) as closed:
        resolve_to(("127.0.0.1", closed), ("127.0.0.1", gateway.port))
        assert ask(9, host="name").symptom is Symptom.OK


def test_an_address_of_a_family_that_the_kernel_lacks_does_not_hide_one_that_answers(
    resolve_to: Callable[..., None],
) -> None:
    with running() as gateway:
        resolve_to(("::1", 9), ("127.0.0.1", gateway.port), first_family=9999)
        assert ask(9, host="name").symptom is Symptom.OK


@linux_only
def test_a_dead_address_leaves_time_for_another_one_that_answers(
    resolve_to: Callable[..., None],
) -> None:
    async def play() -> Answer:
        async with full_backlog(0) as dead:
            resolve_to(("127.0.0.1", dead), ("127.0.0.1", gateway.port))
            return await exchange_versions("name", 9, 2.0, ConnectionRegistry())

    with running() as gateway:
        answer = asyncio.run(play())
    assert answer.symptom is Symptom.OK
    assert answer.took < 2.0


@linux_only
def test_where_no_address_answers_a_refusal_says_most(resolve_to: Callable[..., None]) -> None:
    with nobody_listens(0) as closed:
        resolve_to(("127.255.255.255", 9), ("127.0.0.1", closed))
        assert ask(9, host="name").symptom is Symptom.REFUSED


def test_localhost_is_tried_at_all_its_addresses() -> None:
    found = socket.getaddrinfo("localhost", 9, type=socket.SOCK_STREAM)
    if socket.AF_INET6 not in {family for family, *_ in found}:
        pytest.skip("localhost has no IPv6 address here")
    with running() as gateway:  # on 127.0.0.1 alone
        assert ask(gateway.port, host="localhost").symptom is Symptom.OK


def test_an_ipv6_address_is_asked_like_any_other(serve: Callable[..., int]) -> None:
    try:
        port = serve(lambda connection: connection.recv(100), "::1")
    except OSError:
        pytest.skip("no IPv6 here")
    assert ask(port, host="::1").symptom is Symptom.CLOSED


# the table of errors


@pytest.mark.parametrize(
    ("name", "symptom"),
    [
        ("ECONNREFUSED", REFUSED),
        ("ETIMEDOUT", TIMED_OUT),
        ("EACCES", FORBIDDEN),
        ("EPERM", FORBIDDEN),
        ("ENETUNREACH", UNREACHABLE),
        ("EHOSTUNREACH", UNREACHABLE),
        ("ENETDOWN", UNREACHABLE),
        ("EHOSTDOWN", UNREACHABLE),
        ("EADDRNOTAVAIL", UNREACHABLE),
        ("EAFNOSUPPORT", UNREACHABLE),
        ("ECONNRESET", RESET),
        ("EPIPE", RESET),
        ("ECONNABORTED", RESET),
    ],
)
def test_an_error_number_is_a_symptom(name: str, symptom: Symptom) -> None:
    assert symptom_of(OSError(getattr(errno, name), "in words")) is symptom


@pytest.mark.parametrize(
    ("number", "symptom"),
    [
        *[(number, REFUSED) for number in (10061, 1225)],
        *[(number, TIMED_OUT) for number in (10060, 121)],
        (10013, FORBIDDEN),
        *[(n, UNREACHABLE) for n in (10047, 10049, 10050, 10051, 10064, 10065, 1231, 1232)],
        *[(number, RESET) for number in (10053, 10054, 64)],
    ],
)
def test_a_number_of_windows_is_a_symptom(number: int, symptom: Symptom) -> None:
    assert symptom_of(windows_error(number)) is symptom


def test_a_number_of_windows_means_nothing_as_an_errno() -> None:
    # 64 is EHOSTDOWN on macOS and ENONET on Linux, 121 is EREMOTEIO
    for number in {64, 121} - {errno.EHOSTDOWN}:
        with pytest.raises(OSError, match="in words"):
            symptom_of(OSError(number, "in words"))


@pytest.mark.parametrize("name", ["EMFILE", "ENFILE", "ENOBUFS", "EINVAL", "EBADF"])
def test_a_fault_of_this_machine_is_raised(name: str) -> None:
    number = getattr(errno, name)
    with pytest.raises(OSError, match="in words") as raised:
        symptom_of(OSError(number, "in words"))
    assert raised.value.errno == number
    with pytest.raises(OSError, match="in words"):
        symptom_of(windows_error(87))  # ERROR_INVALID_PARAMETER


def test_an_unknown_name_is_unresolved_whatever_its_number() -> None:
    for number in (socket.EAI_NONAME, socket.EAI_AGAIN, 11001):
        assert symptom_of(socket.gaierror(number, "in words")) is Symptom.UNRESOLVED


def test_no_file_handle_left_is_raised_and_not_a_symptom() -> None:
    resource = pytest.importorskip("resource")

    async def play(port: int) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(OSError, match=r".") as raised:
                await exchange_versions("127.0.0.1", port, LONG, ConnectionRegistry())
            assert raised.value.errno == errno.EMFILE
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    with running() as gateway:
        asyncio.run(play(gateway.port))


@pytest.mark.parametrize(("at_least", "symptom"), [(3.0, REFUSED), (0.0, TIMED_OUT)])
def test_a_refusal_that_windows_takes_its_time_for_is_waited_for(
    at_least: float, symptom: Symptom, monkeypatch: pytest.MonkeyPatch
) -> None:
    # no socket of this system is as slow to say so: it is played
    async def slowly(loop: object, connection: socket.socket, address: object) -> None:
        await asyncio.sleep(2 * SHORT)
        raise windows_error(10061)

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", slowly)
    monkeypatch.setattr(version_exchange, "MIN_CONNECT_TIMEOUT", at_least)
    assert ask(9, timeout=SHORT).symptom is symptom
