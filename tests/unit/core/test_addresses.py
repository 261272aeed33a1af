"""How a host is read: as connect() reads it."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from traymon.core.addresses import host_key, is_loopback, parse_address


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.0.01", "127.0.0.1"),
        ("0127.0.0.1", "87.0.0.1"),  # octal
        ("0x7f.1", "127.0.0.1"),
        ("0X7F000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("127.256", "127.0.1.0"),
        ("0", "0.0.0.0"),
        ("10.0.258", "10.0.1.2"),
        ("::1", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::ffff:7f00:1", "127.0.0.1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_every_spelling_of_an_address_is_read(host: str, address: str) -> None:
    assert parse_address(host) == ipaddress.ip_address(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1.1", "256.1", "127.0.0.256", "127.", ".1", "0x", "08", "1e3", "1_0", "", "a.b", "²"],
)
def test_a_name_is_no_address(host: str) -> None:
    assert parse_address(host) is None


def test_short_forms_are_read_as_the_operating_system_does() -> None:
    for host in ("127.1", "127.0.1", "0x7f.1", "2130706433", "0177.1", "1.2.3", "127.65535"):
        assert str(parse_address(host)) == socket.inet_ntoa(socket.inet_aton(host))


def test_loopback_is_known_by_address_and_by_name() -> None:
    for host in ("127.1", "::1", "::ffff:127.0.0.1", "localhost", "LOCALHOST.", "tws.localhost"):
        assert is_loopback(host)
    for host in ("10.0.0.1", "localhost.example.com", "mylocalhost", "0.0.0.127"):
        assert not is_loopback(host)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("localhost", "127.0.0.1", True),
        ("LOCALHOST.", "127.1", True),
        ("Gateway.lan", "gateway.lan.", True),
        ("::ffff:10.0.0.2", "10.0.2", True),
        ("fe80::1%eth0", "FE80:0::1%eth0", True),
        ("fe80::1%eth0", "fe80::1%eth1", False),
        ("localhost", "::1", False),
        ("127.0.0.1", "127.0.0.2", False),
        ("gateway", "gateway.lan", False),
    ],
)
def test_two_spellings_of_one_host_are_the_same(one: str, other: str, is_same: bool) -> None:
    assert (host_key(one) == host_key(other)) is is_same
