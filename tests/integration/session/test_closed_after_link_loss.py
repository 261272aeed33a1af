"""A port that closes just after TWS has lost IB's servers: most often another login of the user."""

from __future__ import annotations

import pytest

from support.session_harness import Story, play
from traymon.core.facts import Fact, Facts
from traymon.core.vocabulary import SensorName, Symptom
from traymon.diagnosis import fix_pages
from traymon.ui import presenter

LOST = (1100, "Connectivity between IBKR and Trader Workstation has been lost.")
CODES = ("api-port-closed", "app-not-running", "port-refused")


@pytest.mark.parametrize(("after", "is_told"), [(10, True), (90, False)])
def test_a_port_that_closes_within_a_minute_of_1100_is_told_to_be_so(
    after: int, is_told: bool
) -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("healthy", "green", within=5)
        while told.status.evidence.symptom(SensorName.SESSION) is not Symptom.OK:
            await told.until(told.now + 0.1)
        told.gateway.say(*LOST)
        await told.until(told.now + after)
        await told.gateway.stop()
        await told.until_it_shows("port-refused", "red", within=40)
        await told.until(told.now + 600)  # as long as the port stays closed
        facts = presenter.facts_of(told.status, told.status.evidence.now)
        assert (Fact.LINK_LOST in facts) is is_told
        page = fix_pages.page("port-refused")
        assert ("Existing session detected" in fix_pages.fill(page.sections["Fix"], facts)) is (
            is_told
        )

    play(story)


def test_the_next_session_forgets_it() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("healthy", "green", within=5)
        while told.status.evidence.symptom(SensorName.SESSION) is not Symptom.OK:
            await told.until(told.now + 0.1)
        told.gateway.say(*LOST)
        await told.until(told.now + 5)
        port = told.gateway.port
        await told.gateway.stop()
        await told.until_it_shows("port-refused", "red", within=40)
        await told.gateway.start(port=port)
        await told.until_it_shows("healthy", "green", within=60)
        while told.status.evidence.symptom(SensorName.SESSION) is not Symptom.OK:
            await told.until(told.now + 0.1)
        assert Fact.LINK_LOST not in told.status.diagnosis.facts

    play(story)


@pytest.mark.parametrize("code", CODES)
def test_existing_session_is_the_first_step_then(code: str) -> None:
    page = fix_pages.page(code)
    facts: Facts = {Fact.LINK_LOST: "14:02", Fact.PORT: 7497}
    text = fix_pages.fill(page.in_short + page.sections["Fix"] + page.markdown, facts)
    assert "TWS lost IB's servers at 14:02" in text
    if code == "api-port-closed":
        first = fix_pages.fill(page.sections["Fix"], facts).splitlines()[0]
        assert "Existing session detected" in first
