"""IB's resets follow the servers of the TWS that runs here, unless a setting says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from traymon.cli.common import read_settings
from traymon.cli.settings_process import SettingsRequest
from traymon.core.time_windows import Schedule


@pytest.fixture
def jts_ini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr("traymon.sensors.tws_folder.find_tws_processes", list)
    ini = tmp_path / "Jts" / "jts.ini"
    ini.parent.mkdir()
    ini.write_text("[Communication]\nPeer=zdc1.ibllc.com:4001\n")
    return ini


def settings(folder: Path, *lines: str) -> tuple[str, str, Schedule]:
    """Return the region in force, where it comes from, and the resets."""
    env = folder / ".env"
    env.write_text("\n".join(("TRAYMON_SESSION=off", *lines)))
    (config,) = read_settings(SettingsRequest(envs=[str(env)], folder=str(folder))).targets
    region = config.values.get("TRAYMON_REGION")
    where = ("default", "") if region is None else (region.text, region.source)
    return *where, config.calendar.reset


def test_a_live_account_has_the_region_of_its_servers(jts_ini: Path, tmp_path: Path) -> None:
    region, source, resets = settings(tmp_path, "IB_PORT=7496")
    assert (region, source) == ("europe", str(jts_ini))
    assert resets == settings(tmp_path, "IB_PORT=7496", "TRAYMON_REGION=europe")[2]
    assert resets != settings(tmp_path, "IB_PORT=7496", "TRAYMON_REGION=america")[2]


@pytest.mark.parametrize(
    "lines",
    [
        ["IB_PORT=7497"],
        ["IB_PORT=7496", "TRADING_MODE=paper"],
        ["IB_PORT=7496", "IB_ACCOUNT=DU123456"],
        ["IB_PORT=7496", "TRAYMON_FORWARDED=yes"],
        ["IB_PORT=7496", "IB_HOST=192.0.2.1"],
    ],
)
def test_a_paper_account_or_a_tws_elsewhere_has_the_default(
    lines: list[str], jts_ini: Path, tmp_path: Path
) -> None:
    assert settings(tmp_path, *lines)[0] == "default"


@pytest.mark.parametrize("region", ["asia", "off"])
def test_a_setting_beats_the_file(region: str, jts_ini: Path, tmp_path: Path) -> None:
    assert settings(tmp_path, "IB_PORT=7496", f"TRAYMON_REGION={region}")[0] == region


def test_a_file_that_cannot_be_read_is_passed_over(jts_ini: Path, tmp_path: Path) -> None:
    jts_ini.write_text("[[[")
    assert settings(tmp_path, "IB_PORT=7496")[0] == "default"
    jts_ini.unlink()
    jts_ini.mkdir()
    assert settings(tmp_path, "IB_PORT=7496")[0] == "default"
