"""The test alarm on the live page, in a real Chromium: its proofs, and a button per channel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.axe import complaints
from support.chromium import prefer, resize
from support.page_scenes import scene
from support.page_server import NOW, Served, served
from support.polling import wait_for
from traymon.core.drill import DAY, DrillRecord, DrillView, Hindrance, Proof
from traymon.ui.drill import DrillDesk

FRIDAY = NOW - 3 * DAY
NAME = 'my "phone" / 2'


class Desk:
    """Drills whose answers and runs are kept here."""

    def __init__(self) -> None:
        self.record = DrillRecord(FRIDAY - DAY, FRIDAY, {"desktop": Proof(FRIDAY, FRIDAY, FRIDAY)})
        self.record = self.record.sent(["desktop", NAME, "bot"], NOW - 60).failed("bot", "no", NOW)
        self.hindrance: Hindrance | None = None
        self.runs = 0

    def view(self) -> DrillView:
        """Return it as it is."""
        return DrillView(NOW, NOW + 4 * DAY, self.hindrance, self.record.channels)

    def answer(self, name: str) -> str:
        """Take an answer."""
        self.record = self.record.answered(name, NOW)
        return ""

    def run(self) -> str:
        """Send one, but only the first time."""
        self.runs += 1
        return "" if self.runs == 1 else "A test alarm has just been sent."


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def page(chromium: Any, desk: Desk) -> Iterator[Served]:
    with served(drills=DrillDesk(view=desk.view, run=desk.run, answer=desk.answer)) as page:
        page.show_status(scene("healthy"))
        chromium.get(page.page.address())
        wait_for(lambda: "Fire drill" in text(chromium), "the drill")
        yield page
        chromium.get("about:blank")


def text(chromium: Any, selector: str = "#drill") -> str:
    script = "return document.querySelector(arguments[0])?.innerText ?? ''"
    return str(chromium.execute_script(script, selector))


def press(chromium: Any, words: str) -> None:
    chromium.find_element("xpath", f"//button[contains(., '{words}')]").click()


def test_a_press_proves_the_channel_of_the_button(chromium: Any, page: Served, desk: Desk) -> None:
    assert "Alarm last proven 3 days ago (desktop)." in text(chromium)
    assert f"{NAME}: not proven yet; sent" in text(chromium)
    assert "bot: not proven yet; failed" in text(chromium)
    assert "It arrived on bot" not in text(chromium)
    press(chromium, "It arrived on my")
    wait_for(lambda: "is proven" in text(chromium, "#said"), "the thanks")
    page.page.refresh()
    wait_for(lambda: f"{NAME}: proven today" in text(chromium), "the proof")
    assert "Alarm last proven today (" in text(chromium)
    assert desk.record.channels[NAME].proven == NOW


def test_a_drill_that_may_not_run_says_why(chromium: Any, page: Served, desk: Desk) -> None:
    press(chromium, "Run a drill now")
    wait_for(lambda: "on its way" in text(chromium, "#said"), "the run")
    press(chromium, "Run a drill now")
    wait_for(lambda: "just been sent" in text(chromium, "#said"), "the refusal")
    desk.hindrance = Hindrance.TRADING
    page.page.refresh()
    wait_for(lambda: "No drill can run now. The market is open." in text(chromium), "the reason")
    assert "Run a drill now" not in text(chromium)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_everybody_can_read_and_use_it(
    chromium: Any, page: Served, scheme: str, width: int
) -> None:
    resize(chromium, width, 800)
    prefer(chromium, scheme)
    assert complaints(chromium) == []
    wide = "return document.documentElement.scrollWidth > innerWidth"
    assert not chromium.execute_script(wide)


def test_without_a_drill_the_page_says_nothing_of_it(chromium: Any) -> None:
    with served() as page:
        page.show_status(scene("healthy"))
        chromium.get(page.page.address())
        wait_for(lambda: "\N{CHECK MARK}" in chromium.title, "the page")
        assert text(chromium) == ""
        chromium.get("about:blank")
