"""How long it was not good, over all causes."""

from __future__ import annotations

from dataclasses import replace

from traymon.core.model import Diagnosis
from traymon.core.outage import MAX_CAUSES, Outage
from traymon.core.vocabulary import Light


def outage(*lights: tuple[Light, float]) -> Outage:
    """Return the record after lights that each show since a moment."""
    record = Outage()
    for light, since in lights:
        record = record.update(Diagnosis(light.word, light), since)
    return replace(record, causes=())


def causes(*codes: str) -> list[str]:
    """Return the causes that are kept of an outage with these diagnoses, and then green."""
    record = Outage()
    for code in codes:
        record = record.update(Diagnosis(code, Light.RED), 10.0)
    return [cause.code for cause in record.update(Diagnosis("healthy", Light.GREEN), 20.0).causes]


def test_it_begins_with_the_first_light_that_is_not_good() -> None:
    assert outage((Light.GREEN, 0.0)) == Outage()
    assert outage((Light.AMBER, 10.0), (Light.RED, 30.0)) == Outage(down_since=10.0)


def test_it_ends_with_green_and_not_with_grey() -> None:
    assert outage((Light.RED, 10.0), (Light.GREY, 30.0)) == Outage(down_since=10.0)
    assert outage((Light.RED, 10.0), (Light.GREEN, 30.0)) == Outage(was_down=20.0)
    assert outage((Light.RED, 10.0), (Light.GREEN, 5.0)) == Outage(was_down=0.0)


def test_how_long_the_last_one_was_is_known_until_the_next() -> None:
    ended = outage((Light.RED, 10.0), (Light.GREEN, 30.0), (Light.GREEN, 30.0))
    assert ended == Outage(was_down=20.0)
    assert ended.update(Diagnosis("x", Light.RED), 50.0) == (
        Outage(down_since=50.0, causes=(Diagnosis("x", Light.RED),))
    )


def test_a_sleep_is_left_out() -> None:
    asleep = outage((Light.RED, 10.0)).shift(100.0)
    assert asleep.update(Diagnosis("healthy", Light.GREEN), 130.0) == Outage(was_down=20.0)
    assert Outage(was_down=20.0).shift(100.0) == Outage(was_down=20.0)


def test_it_keeps_what_was_wrong_each_cause_once_and_not_without_end() -> None:
    assert causes("silent", "refused", "silent") == ["silent", "refused"]
    assert len(causes(*(str(number) for number in range(20)))) == MAX_CAUSES
