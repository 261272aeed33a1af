"""What TWS says in place of a session, or over it: the diagnosis, and its words on the page."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from support.scripted_gateway import SaysAtStart
from support.session_harness import Story, play
from traymon.core.facts import Fact
from traymon.core.vocabulary import SensorName, Symptom
from traymon.diagnosis import fix_pages
from traymon.sim import messages
from traymon.sim.connection import Connection
from traymon.sim.gateway import HEALTHY, Hello
from traymon.sim.script import ORDINARY, Script
from traymon.ui import presenter

PAPER = (10141, "Paper trading disclaimer must first be accepted for API connection.")
LOST = (1100, "Connectivity between IBKR and Trader Workstation has been lost.")


def page(told: Story) -> str:
    """Return the page that is shown, with its facts."""
    status = told.status
    facts = presenter.facts_of(status, told.now)
    return fix_pages.to_markdown(fix_pages.page(status.diagnosis.code).markdown, facts)


@pytest.mark.parametrize("then_closes", [True, False])
def test_the_unanswered_paper_notice_is_red_with_its_steps(then_closes: bool) -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("paper-notice-unanswered", "red", within=60)
        assert PAPER[1] in page(told)
        assert "AcceptNonBrokerageAccountWarning=yes" in page(told)
        assert "restart TWS" not in page(told)
        told.gateway.script = ORDINARY
        await told.until_it_shows("healthy", "green", within=130)

    play(story, script=SaysAtStart(PAPER, then_closes=then_closes))


def test_within_a_minute_after_the_port_opened_the_paper_notice_only_asks_to_wait() -> None:
    async def story(told: Story) -> None:
        port = told.gateway.port
        await told.gateway.stop()
        await told.until(10)
        await told.gateway.start(port=port)
        await told.until_it_shows("just-started", "amber", within=40)
        assert PAPER[1] in page(told)
        await told.until_it_shows("paper-notice-unanswered", "red", within=150)

    play(story, script=SaysAtStart(PAPER))


@pytest.mark.parametrize("then_closes", [True, False])
@pytest.mark.parametrize("code", [1100, 2110])
def test_a_lost_link_in_place_of_a_session_is_a_lost_link(code: int, then_closes: bool) -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("ib-link-down", "amber", within=30)
        assert LOST[1] in page(told)
        await told.until_it_shows("ib-link-down", "red", within=90)
        await told.until(300)
        assert told.shown == ("ib-link-down", "red")
        told.gateway.script = ORDINARY
        await told.until_it_shows("healthy", "green", within=130)

    play(story, script=SaysAtStart((code, LOST[1]), then_closes=then_closes))


@pytest.mark.parametrize(
    "said",
    [
        (321, "Error validating request: the API interface is currently in Read-Only mode."),
        (162, "Trading TWS session is connected from a different IP address"),
        (100, "Max rate of messages per second has been exceeded"),
        (502, "Couldn't connect to TWS."),
        (0, "API support is not available for accounts that support free trading."),
        (-1, "Disconnecting API request since regular API is not allowed."),
        (999_999, "A code that nobody has seen before"),
        (2104, "Market data farm connection is OK:usfarm"),
    ],
    ids=lambda said: str(said[0]),
)
@pytest.mark.parametrize(
    ("then_closes", "code"), [(True, "start-rejected"), (False, "start-silent")]
)
def test_whatever_is_said_in_place_of_a_session_is_shown_as_it_was_said(
    said: tuple[int, str], then_closes: bool, code: str
) -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows(code, "red", within=60)
        assert f"{said[0]}: {said[1]}" in page(told).replace("\\", "")
        assert said[1] in told.status.evidence.readings[SensorName.SESSION].detail

    play(story, script=SaysAtStart(said, then_closes=then_closes))


def test_a_gateway_that_says_nothing_is_quoted_with_nothing() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("start-rejected", "red", within=60)
        assert "What TWS said" not in page(told)
        assert "—" not in page(told).partition("## Fix")[0]

    play(story, script=SaysAtStart())


MARKUP = "<script>alert(1)</script> [a](http://evil) **bold** `code`\n# head\x1b[31m\x07"


def test_hostile_words_are_plain_text_on_the_page() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("start-rejected", "red", within=60)
        facts = presenter.facts_of(told.status, told.now)
        html = fix_pages.to_html(fix_pages.page("start-rejected").markdown, facts)
        assert "<script>" not in html
        assert 'href="http://evil"' not in html
        assert "<strong>bold" not in html
        assert not {"\x1b", "\x07"} & set(html)
        assert "alert(1)" in html

    play(story, script=SaysAtStart((10_000, MARKUP)))


class Floods(Script):
    """Says very much and very long things, before and after the session starts."""

    def start(self, connection: Connection, client_id: int) -> None:
        codes = (1100, 1102, 2103, 2104, 10197, 1234)
        for number in range(10_000):
            self.shout(connection, codes[number % 6], f"x:farm{number}")
        self.shout(connection, 1234, "y" * 1_000_000)
        connection.start_session(client_id)
        self.shout(connection, 1102, "back")
        for _ in range(3):
            self.shout(connection, 1234, "z" * 1_000_000)

    @staticmethod
    def shout(connection: Connection, code: int, text: str) -> None:
        """Say it, however much the client has not read yet."""
        connection._transport.write(messages.error(176, code, text))


def test_ten_thousand_messages_and_a_megabyte_of_text_stop_nothing() -> None:
    began = time.process_time()

    async def story(told: Story) -> None:
        while told.status.evidence.symptom(SensorName.SESSION) is not Symptom.OK:
            assert told.now < 20, told.readings
            await told.until(told.now + 0.1)
        await told.until(30)
        assert len(told.readings) < 200
        for reading in told.status.evidence.readings.values():
            assert len(reading.detail) < 1_000
            assert all(len(str(value)) < 10_000 for value in reading.facts.values())
        assert told.status.evidence.symptom(SensorName.SESSION) is Symptom.OK

    play(story, script=Floods())
    assert time.process_time() - began < 10


NOTICE = (
    "The version of the application you are running, 1045.1, needs to be upgraded, as it will be "
    "desupported on {}. The minimum supported version at that time will be 1050.1."
)


def test_the_end_of_a_version_is_amber_with_its_numbers_and_outlives_the_session() -> None:
    notice = (2172, NOTICE.format("19700120"))  # the story's clock begins with 1970

    async def story(told: Story) -> None:
        await told.until_it_shows("version-ends", "amber", within=5)
        facts = told.status.diagnosis.facts
        assert facts[Fact.SUPPORT_ENDS] == "1970-01-20"
        assert (facts[Fact.TWS_VERSION], facts[Fact.MIN_TWS_VERSION]) == ("10.45.1", "10.50.1")
        assert "10.45.1" in page(told)
        await told.until(15)
        told.gateway.drop_connections()
        await told.until(told.now + 20)
        assert told.shown == ("version-ends", "amber")
        told.gateway.behaviour = HEALTHY  # a newer TWS says nothing of it
        told.gateway.drop_connections()
        await told.until_it_shows("healthy", "green", within=30)

    play(story, replace(HEALTHY, says=(notice,)))


def test_the_page_of_a_closed_port_remembers_the_end_of_the_version() -> None:
    async def story(told: Story) -> None:
        await told.until(10)
        await told.gateway.stop()
        await told.until_it_shows("port-refused", "red", within=10)
        facts = presenter.facts_of(told.status, told.now)
        for code in ("api-port-closed", "app-not-running"):
            text = fix_pages.to_markdown(fix_pages.page(code).markdown, facts)
            assert "TWS announced this for 1970-01-20" in text
            assert "10.50.1 or newer" in text

    play(story, replace(HEALTHY, says=((2172, NOTICE.format("19700120")),)))


def test_an_end_that_is_far_away_is_not_worth_amber() -> None:
    async def story(told: Story) -> None:
        await told.until(60)
        assert told.shown == ("healthy", "green")
        assert told.status.evidence.symptom(SensorName.SUPPORT) is Symptom.VERSION_ENDS

    play(story, replace(HEALTHY, says=((2172, NOTICE.format("19700315")),)))


SECDEF, USFARM, HMDS = "secdefil", "usfarm", "ushmds"


def test_the_list_of_a_restored_link_names_the_missing_farm_after_five_minutes() -> None:
    async def story(told: Story) -> None:
        await told.until(5)
        told.gateway.say(*LOST)
        await told.until(17)
        told.gateway.say(
            1102,
            "Connectivity between IB and Trader Workstation has been restored - data maintained. "
            "The following farms are connected: cashfarm; secdefil. "
            "The following farms are not connected: usfarm; ushmds.",
        )
        await told.until(310)
        assert told.shown == ("healthy", "green")
        await told.until_it_shows("data-farm-down", "amber", within=15)
        assert USFARM in told.status.diagnosis.facts[Fact.FARMS]

    play(story)


def test_a_list_of_all_farms_clears_those_that_were_broken() -> None:
    async def story(told: Story) -> None:
        await told.until(5)
        told.gateway.say(*LOST)
        told.gateway.say(2103, "Market data farm connection is broken:usopt")
        told.gateway.say(2103, "Market data farm connection is broken:usfarm")
        told.gateway.say(
            1102,
            "Connectivity between IB and Trader Workstation has been restored - data maintained. "
            "All data farms are connected: usopt; usfarm; cashfarm; ushmds.",
        )
        await told.until(600)
        assert told.shown == ("healthy", "green")

    play(story)


def test_an_inactive_farm_is_not_broken() -> None:
    async def story(told: Story) -> None:
        await told.until(5)
        told.gateway.say(2105, "HMDS data farm connection is broken:ushmds")
        await told.until(25)
        for code in (2107, 2108):
            told.gateway.say(
                code,
                "HMDS data farm connection is inactive but should be available upon demand.ushmds",
            )
        await told.until(700)
        assert "data-farm-down" not in {code for _, code, _ in told.flips}

    play(story)


def test_the_farm_that_is_named_is_the_one_that_is_down() -> None:
    async def story(told: Story) -> None:
        await told.until(5)
        told.gateway.say(2157, "Sec-def data farm connection is broken:secdefil")
        await told.until(6)
        told.gateway.say(2103, "Market data farm connection is broken:usfarm")
        await told.until(26)
        told.gateway.say(2158, "Sec-def data farm connection is OK:secdefil")
        await told.until_it_shows("data-farm-down", "amber", within=300)
        assert told.now >= 306
        assert told.status.diagnosis.facts[Fact.FARMS] == "market data (usfarm)"
        told.gateway.say(2103, "Market data farm connection is broken:eufarm")
        await told.until(told.now + 1)
        assert "eufarm" in told.status.diagnosis.facts[Fact.FARMS]
        told.gateway.say(2104, "Market data farm connection is OK:usfarm")
        await told.until_it_shows("healthy", "green", within=20)
        await told.until_it_shows("data-farm-down", "amber", within=310)
        assert told.status.diagnosis.facts[Fact.FARMS] == "market data (eufarm)"

    play(story)


def test_the_data_that_a_restored_link_has_lost_is_told_once() -> None:
    async def story(told: Story) -> None:
        await told.until(5)
        told.gateway.say(*LOST)
        await told.until(11)
        told.gateway.say(1101, "Connectivity has been restored - data lost.")
        await told.until_it_shows("data-lost", "amber", within=1)
        assert told.status.diagnosis.announce
        assert "restart the program" in page(told)
        await told.until(600)
        assert told.shown == ("healthy", "green")
        assert [code for _, code, _ in told.flips].count("data-lost") == 1

    play(story)


def test_silent_handshakes_name_no_words_of_a_session() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("handshake-silent", "red", within=30)
        assert Fact.TWS_WORDS not in told.status.diagnosis.facts

    play(story, replace(HEALTHY, hello=Hello.SILENT))
