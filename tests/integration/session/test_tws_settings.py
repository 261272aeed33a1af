"""When TWS is asked for its own settings, and what follows: real sensors, a simulated TWS."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import traymon
from support.session_harness import OWN_ID, Story, play
from traymon.core.calendar import Calendar
from traymon.core.facts import Fact
from traymon.core.gate import GateOptions
from traymon.core.target import Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.monitoring import one_shot
from traymon.sim.gateway import Behaviour, Config, Conversation, Gateway, Running, running

NEWEST = Behaviour(server_version=226)
READ_ONLY = replace(NEWEST, config=Config(read_only=True))
ASK, CHANGE = 308, 309  # reqConfig and updateConfig, as they are on the wire
SETTINGS = SensorName.TWS_SETTINGS


def asked(gateway: Gateway | Running) -> list[Conversation]:
    """Return the record of every session in which settings were asked for."""
    for record in gateway.conversations:
        assert not {109, CHANGE} & {*record.messages}
    return [record for record in gateway.conversations if ASK in record.messages]


async def until_asked(told: Story, times: int) -> None:
    while len(asked(told.gateway)) < times or told.status.evidence.symptom(SETTINGS) is (
        Symptom.UNKNOWN
    ):
        assert told.now < 600, told.readings
        await told.until(told.now + 0.1)


async def begin(told: Story) -> None:
    while told.status.evidence.symptom(SensorName.SESSION) is not Symptom.OK:
        assert told.now < 5, told.readings
        await told.until(told.now + 0.1)


def test_tws_is_never_asked_unless_the_user_wants_it() -> None:
    async def story(told: Story) -> None:
        await begin(told)
        told.monitor.check_now()
        await told.until(300)
        assert asked(told.gateway) == []
        assert SETTINGS not in told.status.evidence.readings

    play(story, READ_ONLY)


def test_where_the_settings_want_it_tws_is_asked_once_after_each_start() -> None:
    async def story(told: Story) -> None:
        await until_asked(told, 1)
        await told.until(300)
        (only,) = asked(told.gateway)
        assert only.closed_at is not None
        assert only.client_id == OWN_ID + 24
        port = told.gateway.port
        await told.gateway.stop()
        await told.until_it_shows("port-refused", "red", within=60)
        assert told.status.evidence.symptom(SETTINGS) is Symptom.UNKNOWN
        told.gateway.behaviour = READ_ONLY
        await told.gateway.start(port=port)
        await told.until_it_shows("read-only-api", "amber", within=120)
        await told.until(told.now + 300)
        assert len(asked(told.gateway)) == 2

    play(story, NEWEST, tws_settings=True)


def test_a_setting_that_is_fixed_is_seen_with_the_next_check_that_the_user_asks_for() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("read-only-api", "amber", within=30)
        assert told.status.diagnosis.witnesses == {SETTINGS, SensorName.HANDSHAKE}
        told.gateway.behaviour = NEWEST
        told.monitor.check_now()
        await told.until_it_shows("healthy", "green", within=10)
        assert len(asked(told.gateway)) == 2

    play(story, READ_ONLY, tws_settings=True)


def test_a_configured_id_that_is_the_master_id_is_named() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("master-client-id", "amber", within=30)
        assert told.status.diagnosis.facts[Fact.MASTER_CLIENT_ID] == 11

    behaviour = replace(NEWEST, config=Config(master_client_id=11))
    play(story, behaviour, tws_settings=True, client_ids=(10, 11))


def test_whoever_asks_by_hand_is_shown_the_settings_and_the_light_stays() -> None:
    async def story(told: Story) -> None:
        await begin(told)
        await told.until_it_shows("healthy", "green", within=10)
        told.monitor.look_at_tws_settings()
        await until_asked(told, 1)
        settings = told.status.evidence.fact(SETTINGS, Fact.TWS_SETTINGS)
        assert settings is not None
        assert settings.read_only is True
        assert told.shown == ("healthy", "green")
        told.monitor.check_now()
        await told.until(told.now + 600)
        assert len(asked(told.gateway)) == 1

    play(story, READ_ONLY)


def test_however_often_the_user_asks_sessions_come_one_after_the_other() -> None:
    async def story(told: Story) -> None:
        await begin(told)
        began = told.now
        while told.now < began + 10:
            told.monitor.look_at_tws_settings()
            await told.until(told.now + 0.1)
        await told.until(told.now + 10)
        records = asked(told.gateway)
        assert 4 <= len(records) <= 7
        assert {record.client_id for record in records} == {OWN_ID + 24}
        assert all(record.closed_at for record in records)

    play(story, NEWEST)


def test_while_nobody_is_served_or_monitoring_is_paused_nothing_is_sent() -> None:
    async def story(told: Story) -> None:
        await begin(told)
        port = told.gateway.port
        await told.gateway.stop()
        await told.until_it_shows("port-refused", "red", within=60)
        told.monitor.look_at_tws_settings()
        await told.until(told.now + 5)
        reading = told.status.evidence.readings[SETTINGS]
        assert reading.detail == "not asked: the API does not answer"
        told.monitor.pause()
        await told.gateway.start(port=port)
        told.monitor.look_at_tws_settings()
        await told.until(told.now + 5)
        told.monitor.resume()
        await told.until_it_shows("healthy", "green", within=60)
        await told.until(told.now + 60)
        assert asked(told.gateway) == []
        assert SETTINGS not in told.status.evidence.readings

    play(story, NEWEST)


@pytest.mark.parametrize(
    ("behaviour", "says", "connections"),
    [
        (Behaviour(), "TWS gives its settings from 10.43 on, and this one has API version 193", 0),
        (replace(NEWEST, config=None), "TWS does not give them; TWS said: 10357", 1),
    ],
    ids=["too old", "refused"],
)
def test_a_tws_that_does_not_tell_is_asked_once_and_never_at_fault(
    behaviour: Behaviour, says: str, connections: int
) -> None:
    async def story(told: Story) -> None:
        while SETTINGS not in told.status.evidence.readings:
            assert told.now < 30
            await told.until(told.now + 0.1)
        await told.until(300)
        assert told.shown == ("healthy", "green")
        assert says in told.status.evidence.readings[SETTINGS].detail
        assert len(asked(told.gateway)) == connections

    play(story, behaviour, tws_settings=True)


# --- the commands ---


@pytest.fixture
def gateway() -> Iterator[Running]:
    with running(READ_ONLY) as gateway:
        yield gateway


def target(gateway: Running, **more: Any) -> Target:
    return Target("project", port=gateway.port, own_client_id=OWN_ID, **more)


def test_a_bare_check_does_not_ask_and_one_on_the_users_word_does(gateway: Running) -> None:
    began = time.monotonic()
    status = one_shot.run_once(target(gateway))
    assert time.monotonic() - began < one_shot.STREAMS_TIMEOUT, "it waited for settings"
    assert asked(gateway) == []
    assert status.diagnosis.code == "healthy"
    status = one_shot.run_once(target(gateway, tws_settings=True))
    assert len(asked(gateway)) == 1
    assert status.diagnosis.code == "read-only-api"


@pytest.mark.parametrize("wanted", [False, True])
def test_waiting_never_asks(gateway: Running, wanted: bool) -> None:
    about = target(gateway, tws_settings=wanted, account="DU999")  # which is not logged in
    rule = one_shot.StartRule("session", Calendar(), GateOptions(margin=None))
    until = one_shot.run_until(about, rule, 1.5, tuple, lambda _: None)
    ready, last = asyncio.run(until)
    assert not ready
    assert last is not None
    assert last.evidence.symptom(SensorName.SESSION) is Symptom.OK
    assert asked(gateway) == []


def test_nothing_in_the_sources_can_change_a_setting() -> None:
    root = Path(traymon.__file__).parent
    for path in root.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"update_?config|\b309\b", text, re.IGNORECASE), path
