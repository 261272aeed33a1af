"""Account numbers are masked wherever the log writes them."""

from __future__ import annotations

import logging

import pytest

from support.session_harness import Story, play
from traymon.sim.gateway import Behaviour

ACCOUNTS = ("DU1234567", "U7654321")


def test_the_log_tells_no_account_number(caplog: pytest.LogCaptureFixture) -> None:
    async def story(told: Story) -> None:
        await told.until(3)
        told.gateway.say(10197, f"No market data for {ACCOUNTS[0]} during competing session")
        await told.until(6)
        await told.gateway.stop()
        await told.until(20)

    with caplog.at_level(logging.DEBUG, logger="traymon"):
        play(story, Behaviour(accounts=ACCOUNTS), account=ACCOUNTS[0])
    assert "session" in caplog.text
    assert [account for account in ACCOUNTS if account in caplog.text] == []
