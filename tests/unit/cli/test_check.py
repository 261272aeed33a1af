"""What several targets come to in one exit code, and in which order they are printed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from traymon.cli.check import light_of_all, muted_first_worst_last
from traymon.core.model import Evidence, Reading, Status
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis.catalogue import diagnose

NOW = 1_795_000_000.0
RED, AMBER, GREY, GREEN = Light.RED, Light.AMBER, Light.GREY, Light.GREEN


def status(light: Light, *, muted: bool = False) -> Status:
    target = Target(f"{light.word}{' muted' if muted else ''}", one_of_many=True)
    evidence = Evidence(target, NOW)
    for sensor in (SensorName.LISTENER, SensorName.HANDSHAKE):
        evidence = evidence.with_reading(Reading(sensor, Symptom.OK, at=NOW))
    diagnosis = replace(diagnose(evidence), light=light)
    return Status(target, diagnosis, NOW, NOW, evidence, NOW, muted=muted)


@pytest.mark.parametrize(
    ("lights", "muted", "worst"),
    [
        ([GREEN], [], GREEN),
        ([GREEN, GREEN], [RED], GREEN),
        ([GREEN, GREY], [], GREY),
        ([GREY, AMBER, GREEN], [RED], AMBER),
        ([AMBER, RED, GREY], [], RED),
        ([], [GREEN, AMBER], AMBER),
    ],
)
def test_the_worst_that_is_not_muted_counts(
    lights: list[Light], muted: list[Light], worst: Light
) -> None:
    statuses = [*map(status, lights), *(status(light, muted=True) for light in muted)]
    assert light_of_all(statuses, None) is worst
    assert light_of_all(statuses[::-1], None) is worst
    last = muted_first_worst_last(statuses, None)[-1]
    assert last.diagnosis.light is worst, "what the exit code says stands where the eye is"


def test_muted_ones_are_printed_first_and_the_worst_last() -> None:
    statuses = [status(RED), status(GREEN), status(RED, muted=True), status(AMBER)]
    shown = [one.target.name for one in muted_first_worst_last(statuses, None)]
    assert shown == ["red muted", "green", "amber", "red"]
