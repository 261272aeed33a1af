"""What is said of alerts.toml while traymon runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from traymon.alerting import SOURCE, Alerting
from traymon.config.alerts_watch import AlertsWatch
from traymon.drills import Drills
from traymon.outbound.base import Surroundings

TARGETS = 'targets = ["{}"]'
CHANNEL = '[[push]]\nname = "phone"\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\n'


def no_drills(_alarms: object) -> Drills:
    raise AssertionError


@pytest.mark.parametrize("wanted", ["live", "LIVE"])
def test_a_channel_that_waits_for_a_target_of_no_such_name_is_said(
    tmp_path: Path, wanted: str
) -> None:
    path, troubles, watched = tmp_path / "alerts.toml", list[str](), ["paper"]
    path.write_text(CHANNEL + TARGETS.format(wanted))
    path.chmod(0o600)

    def report(trouble: str, source: str) -> None:
        assert source == SOURCE
        troubles.append(trouble)

    alerting = Alerting(
        AlertsWatch(path, {}),
        lambda task: None,
        Surroundings(lambda: 0.0, report),
        lambda: watched,
        no_drills,
    )
    try:
        alerting.look()
        alerting.look()
        assert troubles == [f"push phone: no target '{wanted}' is watched"]
        watched.append("live")
        alerting.look()
        assert troubles[1:] == [""]
    finally:
        alerting.stop(1.0)
