"""The name of this computer's time zone, where the system gives one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from traymon.sensors import local_zone
from traymon.sensors.local_zone import local_zone_name


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":America/New_York", "America/New_York"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", ""),
        ("../../etc/passwd", ""),
    ],
)
def test_the_variable_decides_if_it_names_a_zone(
    monkeypatch: pytest.MonkeyPatch, variable: str, name: str
) -> None:
    monkeypatch.setenv("TZ", variable)
    assert local_zone_name() == name


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such link")
@pytest.mark.parametrize(
    ("leads_to", "name"),
    [
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("/var/db/timezone/zoneinfo/Europe/Paris", "Europe/Paris"),
        ("/usr/share/zoneinfo/Nowhere/Town", ""),
        ("/usr/share/zoneinfo/", ""),
        ("/etc/other", ""),
    ],
)
def test_else_the_link_to_the_zone_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, leads_to: str, name: str
) -> None:
    link = tmp_path / "localtime"
    link.symlink_to(leads_to)
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(local_zone, "LOCAL_TIME", link)
    assert local_zone_name() == name
