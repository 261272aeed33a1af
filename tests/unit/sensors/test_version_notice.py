"""The notice of an end of support (2172): its numbers, in whatever language."""

from __future__ import annotations

import pytest

from traymon.core.facts import Fact
from traymon.core.vocabulary import Symptom
from traymon.sensors.version_notice import interpret

ENGLISH = (
    "The version of the application you are running, 1045.1, needs to be upgraded, as it will be "
    "desupported on 20261215. The minimum supported version at that time will be 1050.1."
)


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH,
        "Die Version 1045.1 wird ab 20261215 nicht mehr unterst\u00fctzt; n\u00f6tig ist 1050.1.",
        "20261215: 1045.1 -> 1050.1",
        "1045.1 2026-12-15 1050.1",
    ],
)
def test_version_date_and_minimum_are_read_in_any_language(text: str) -> None:
    reading = interpret(text, f"2172: {text}")
    assert reading.symptom is Symptom.VERSION_ENDS
    assert reading.facts == {
        Fact.SUPPORT_ENDS: "2026-12-15",
        Fact.TWS_VERSION: "10.45.1",
        Fact.MIN_TWS_VERSION: "10.50.1",
    }


@pytest.mark.parametrize("text", ["", "upgrade soon", "on 20261399", "in 20 days", "9" * 5_000])
def test_a_notice_without_a_date_claims_none(text: str) -> None:
    reading = interpret(text, "")
    assert reading.symptom is Symptom.UNKNOWN
    assert Fact.SUPPORT_ENDS not in reading.facts


def test_a_notice_with_a_date_alone_is_one() -> None:
    assert interpret("until 20261215", "").facts == {Fact.SUPPORT_ENDS: "2026-12-15"}
