"""The listener: who listens on the port, as the socket table of this machine has it."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading
from traymon.core.target import Target
from traymon.core.vocabulary import Symptom
from traymon.sensors import socket_table
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.listener import Listener
from traymon.sensors.port_discovery import discover
from traymon.sensors.socket_table import is_this_machine, listens_for
from traymon.sim.stage_props import nobody_listens, process_name

MakeEvidence = Callable[..., Evidence]
ListenAs = Callable[..., tuple[psutil.Process, int]]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def look(evidence: Evidence, connections: ConnectionRegistry | None = None) -> Reading:
    return asyncio.run(Listener(connections or ConnectionRegistry()).poll(evidence))


@pytest.fixture(autouse=True)
def only_processes_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have a TWS open."""

    def ours() -> Iterator[psutil.Process]:
        this = psutil.Process()
        return iter([this, *this.children()])

    monkeypatch.setattr(psutil, "process_iter", ours)


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Callable[[object, str, Exception], None]:
    """Let the platform refuse to tell something."""

    def hide(owner: object, name: str, error: Exception) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(owner, name, refuse)

    return hide


# who listens


def test_the_program_that_listens_is_named_with_its_process(
    evidence: MakeEvidence, listen_as: ListenAs
) -> None:
    process, port = listen_as("webserver")
    reading = look(evidence(port))
    assert (reading.sensor, reading.symptom) == ("listener", Symptom.OK)
    assert reading.facts[Fact.PROGRAM] == process.name() == "webserver"
    assert reading.facts[Fact.PID] == process.pid
    assert reading.facts[Fact.HALF_CLOSED] == 0
    assert not reading.facts.keys() & {Fact.APP, Fact.APP_PID, Fact.PORT_OPENED}
    assert reading.detail == f"webserver listens, pid {process.pid}"


@linux_only
@pytest.mark.parametrize(
    ("main_class", "app"),
    [
        ("install4j.ibgateway.GWClient", "IB Gateway"),
        ("install4j.jclient.LoginFrame", "TWS"),
        ("ibcalpha.ibc.IbcGateway", "IB Gateway"),
    ],
)
@pytest.mark.usefixtures("no_other_lookalikes")
def test_a_java_program_of_ibs_is_known_by_its_main_class(
    evidence: MakeEvidence, listen_as: ListenAs, main_class: str, app: str
) -> None:
    process, port = listen_as("java", main_class)
    facts = look(evidence(port)).facts
    assert facts[Fact.PROGRAM] == "java"
    assert (facts[Fact.APP], facts[Fact.APP_PID]) == (app, process.pid)
    assert 0 <= facts[Fact.PORT_OPENED] <= time.time() - process.create_time()


@linux_only
@pytest.mark.usefixtures("no_other_lookalikes")
def test_the_other_ports_of_the_gateway_that_owns_the_port_are_named(
    evidence: MakeEvidence,
) -> None:
    with (
        process_name("ibgateway"),
        socket.create_server(("127.0.0.1", 0)) as command_server,
        socket.create_server(("127.0.0.1", 0)) as api,
    ):
        command_port, api_port = (s.getsockname()[1] for s in (command_server, api))
        facts = look(evidence(command_port)).facts
        assert api_port in facts[Fact.APP_PORTS]
        assert api_port in facts[Fact.CANDIDATE_PORTS]
        assert command_port not in facts[Fact.APP_PORTS]


@linux_only
def test_the_ports_of_a_program_that_is_not_ibs_are_not_named(evidence: MakeEvidence) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)),
    ):
        assert Fact.APP_PORTS not in look(evidence(one.getsockname()[1])).facts


@linux_only
@pytest.mark.usefixtures("no_other_lookalikes")
def test_a_process_of_the_gateways_name_is_the_gateway(evidence: MakeEvidence) -> None:
    with process_name("ibgateway"), socket.create_server(("127.0.0.1", 0)) as server:
        facts = look(evidence(server.getsockname()[1])).facts
    assert facts[Fact.APP] == "IB Gateway"


@pytest.mark.usefixtures("no_other_lookalikes")
def test_nobody_listens_and_neither_program_runs(evidence: MakeEvidence) -> None:
    with nobody_listens(0) as port:
        reading = look(evidence(port))
    assert reading.symptom is Symptom.NOBODY_LISTENS
    assert reading.facts[Fact.APPS] == 0
    assert not reading.facts.keys() & {Fact.APP, Fact.APP_PORTS, Fact.PROGRAM, Fact.PID}


@linux_only
@pytest.mark.usefixtures("no_other_lookalikes")
def test_where_nobody_listens_the_ports_of_ibs_program_are_named(
    evidence: MakeEvidence, listen_as: ListenAs
) -> None:
    process, elsewhere = listen_as("java", "install4j.ibgateway.GWClient")
    with nobody_listens(0) as port:
        reading = look(evidence(port))
    assert reading.symptom is Symptom.NOBODY_LISTENS
    assert reading.facts[Fact.APPS] == 1
    assert reading.facts[Fact.APP] == "IB Gateway"
    assert reading.facts[Fact.APP_PID] == process.pid
    assert reading.facts[Fact.APP_PORTS] == (elsewhere,)
    assert elsewhere in reading.facts[Fact.CANDIDATE_PORTS]
    assert port not in reading.facts[Fact.CANDIDATE_PORTS]


@pytest.mark.parametrize(
    ("bound", "host", "serves"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "localhost", True),
        ("127.0.0.1", "LocalHost", True),
        ("0.0.0.0", "127.0.0.1", True),
        pytest.param("127.0.0.2", "127.0.0.1", False, marks=linux_only),
        ("127.0.0.1", "::1", False),
        ("::1", "::1", True),
        ("::1", "localhost", True),
        ("::1", "127.0.0.1", False),
        ("::", "::1", True),
        ("127.0.0.1", "127.1", True),
        ("127.0.0.1", "127.0.0.01", True),
        ("127.0.0.1", "0x7f.1", True),
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("127.0.0.1", "localhost.", True),
        ("127.0.0.1", "0.0.0.0", True),
        ("::1", "0:0:0:0:0:0:0:1", True),
    ],
)
def test_a_listener_counts_where_it_serves_the_host(
    evidence: MakeEvidence, bound: str, host: str, serves: bool
) -> None:
    family = socket.AF_INET6 if ":" in bound else socket.AF_INET
    try:
        server = socket.create_server((bound, 0), family=family)
    except OSError:
        pytest.skip(f"no address {bound} here")
    with server:
        reading = look(evidence(server.getsockname()[1], host=host))
    assert reading.symptom is (Symptom.OK if serves else Symptom.NOBODY_LISTENS)


def test_a_port_that_is_in_use_without_a_listener_has_none(evidence: MakeEvidence) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        assert look(evidence(client.getsockname()[1])).symptom is Symptom.NOBODY_LISTENS


# half-closed connections


def test_connections_that_only_their_program_closed_are_counted(evidence: MakeEvidence) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=9) as server:
        address = server.getsockname()
        connections = ConnectionRegistry()
        clients = [socket.create_connection(address) for _ in range(5)]
        accepted, _ = server.accept()  # the others wait in the queue of a wedged listener
        connections.add(clients[4].getsockname()[1])
        with accepted, closing(clients[3]):
            for client in (*clients[:3], clients[4]):
                client.close()
            reading = look(evidence(address[1]), connections)
    assert reading.facts[Fact.HALF_CLOSED] == 3  # neither the open one nor traymon's own
    assert reading.detail.endswith("3 half-closed connections")


def test_traymon_forgets_its_oldest_connections_only_after_very_many() -> None:
    connections = ConnectionRegistry()
    for port in range(1_001):
        connections.add(port)
    assert 0 not in connections
    assert 1 in connections
    assert 1_000 in connections


# what cannot be seen


@pytest.mark.parametrize(
    "error",
    [psutil.AccessDenied(), OSError("an odd platform"), NotImplementedError("an odder one")],
    ids=repr,
)
def test_a_socket_table_that_cannot_be_read_is_unknown(
    evidence: MakeEvidence, hide: Callable[..., None], error: Exception
) -> None:
    hide(psutil, "net_connections", error)
    with socket.create_server(("127.0.0.1", 0)) as server:
        reading = look(evidence(server.getsockname()[1]))
    assert reading.symptom is Symptom.UNKNOWN
    assert reading.facts[Fact.APPS] == 0  # the process list is another matter
    target = Target("test", port=1, discovered=True)
    assert discover(target) == target


@linux_only
@pytest.mark.usefixtures("no_other_lookalikes")
def test_none_seen_is_not_none_where_a_java_program_is_hidden(
    evidence: MakeEvidence, listen_as: ListenAs, hide: Callable[..., None]
) -> None:
    process, port = listen_as("java", "install4j.ibgateway.GWClient")
    hide(psutil.Process, "cmdline", psutil.AccessDenied())
    owner = look(evidence(port)).facts
    assert (owner[Fact.PROGRAM], owner[Fact.PID]) == ("java", process.pid)
    assert Fact.APP not in owner
    with nobody_listens(0) as closed:
        assert Fact.APPS not in look(evidence(closed)).facts


@pytest.mark.parametrize(
    "error", [psutil.AccessDenied(), OSError("odd"), IndexError("no /proc")], ids=repr
)
def test_a_process_list_that_cannot_be_read_says_nothing_of_programs(
    evidence: MakeEvidence, hide: Callable[..., None], error: Exception
) -> None:
    hide(psutil, "process_iter", error)
    with nobody_listens(0) as port:
        reading = look(evidence(port))
    assert reading.symptom is Symptom.NOBODY_LISTENS
    assert Fact.APPS not in reading.facts


def test_a_process_that_ends_while_it_is_looked_at_hides_nothing(
    evidence: MakeEvidence, hide: Callable[..., None]
) -> None:
    hide(psutil.Process, "name", psutil.NoSuchProcess(1))
    with nobody_listens(0) as port:
        assert look(evidence(port)).facts[Fact.APPS] == 0


def test_an_owner_that_is_gone_or_hidden_is_not_named(
    evidence: MakeEvidence, hide: Callable[..., None]
) -> None:
    hide(psutil.Process, "name", psutil.NoSuchProcess(1))
    with socket.create_server(("127.0.0.1", 0)) as server:
        reading = look(evidence(server.getsockname()[1]))
    assert reading.symptom is Symptom.OK
    assert Fact.PROGRAM not in reading.facts
    assert "a program that is not visible here listens" in reading.detail


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "gateway.example", "a..b"])
def test_a_host_that_is_not_this_machine_is_not_looked_for_here(
    evidence: MakeEvidence, host: str
) -> None:
    reading = look(evidence(7497, host=host))
    assert (reading.symptom, reading.facts) == (Symptom.NOT_HERE, {})
    assert host in reading.detail


def test_a_forwarded_port_is_not_looked_for_here(evidence: MakeEvidence) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reading = look(evidence(server.getsockname()[1], forwarded=True))
    assert (reading.symptom, reading.facts) == (Symptom.NOT_HERE, {})


def test_this_machine_is_known_by_its_name_and_its_addresses() -> None:
    own = [entry for entries in psutil.net_if_addrs().values() for entry in entries]
    addresses = [entry.address for entry in own if entry.family == socket.AF_INET]
    for host in (
        *("localhost", "127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "127.0.1", "127.0.0.01"),
        *("0x7f.1", "2130706433", "::ffff:127.0.0.1", "::ffff:7f00:1", "LOCALHOST.", "0"),
        *(socket.gethostname(), socket.gethostname().upper()),
    ):
        assert is_this_machine(host), host
    assert all(is_this_machine(address) for address in addresses)
    assert all(is_this_machine(f"::ffff:{address}") for address in addresses)


def test_another_machine_is_not_taken_for_this_one() -> None:
    for host in ("192.0.2.1", "::ffff:192.0.2.1", "0.0.0.127", "tws.example.com", "localhost.com"):
        assert not is_this_machine(host), host


def test_a_name_counts_by_what_the_hosts_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(
        "127.0.1.1 desk.example.com Desk # mine\n192.0.2.7 gateway\nnonsense gateway\n"
    )
    monkeypatch.setattr(socket_table, "HOSTS_FILE", hosts)
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop.example.com")
    for host in ("desk", "DESK.example.com.", "laptop.example.com", "laptop", "laptop.local"):
        assert is_this_machine(host), host
    for host in ("gateway", "mine", "desk.example", "other.local"):
        assert not is_this_machine(host), host
    assert listens_for("0.0.0.0", "desk")
    assert listens_for("127.0.1.1", "desk")
    assert not listens_for("127.0.0.1", "desk")  # a connect to 127.0.1.1 does not get there
    hosts.unlink()
    assert not is_this_machine("desk")
