"""The region of the servers that jts.ini names; a file that is none says nothing."""

from __future__ import annotations

import pytest

from traymon.sensors.jts_ini import read_region

INI = """[IBGateway]
WriteDebug=false
TrustedIPs=127.0.0.1
LocalServerPort=4000
[Logon]
Locale=en
tradingMode=p
SupportsSSL=gdc1.ibllc.com:4000,true,20210304,false
[u:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]
AutoRestart=1
[Communication]
ctciAutoEncrypt=true
Peer={peer}
Region=usr
"""


@pytest.mark.parametrize(
    ("peer", "region"),
    [
        ("ndc1.ibllc.com:4001", "america"),
        ("cdc1_hb1.ibllc.com:4000", "america"),
        ("ZDC1.ibllc.com:4001", "europe"),
        ("zdc1-hb2.ibllc.com", "europe"),
        ("hdc1.ibllc.com:4000", "asia"),
        ("mcgw1.ibllc.com.cn:4000", "asia"),
        ("xdc1.ibllc.com:4000", None),
        ("zdc1.ibllc.com.evil.example", None),
        ("", None),
    ],
)
def test_the_region_is_that_of_the_server(peer: str, region: str | None) -> None:
    text = INI.format(peer=peer)
    for data in (text.encode(), text.replace("\n", "\r\n").encode(), text.encode("utf-16")):
        assert read_region(data) == region


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Peer=zdc1.ibllc.com",
        b"[Communication\nPeer=zdc1.ibllc.com",
        b"[Communication]\nPeer",
        b"[Communication]\nnothing of the kind",
        b"[" * 10_000,
        bytes(range(256)) * 10,
        b"[Communication]\n Peer=zdc1.ibllc.com\n\0\0",
    ],
)
def test_a_malformed_file_is_no_error(data: bytes) -> None:
    assert read_region(data) in (None, "europe")


def test_of_two_sections_the_last_one_counts() -> None:
    text = INI.format(peer="ndc1.ibllc.com") + "[Communication]\nPeer=zdc1.ibllc.com\n"
    assert read_region(text.encode()) == "europe"
