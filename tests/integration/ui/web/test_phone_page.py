"""The page that sets up a phone: nothing leaves unasked, and the topic stays secret."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest

from support.page_server import Served, served
from traymon.ui.phone import PhoneSetup

FILE = "/home/me/.config/traymon/alerts.toml"


@dataclass
class Phone:
    """Stands in for what sends and keeps."""

    tested: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    trouble: str = ""  # with the next test
    file_trouble: Exception | None = None

    def setup(self) -> PhoneSetup:
        return PhoneSetup(send_test=self._test, keep=self._keep)

    def _test(self, url: str) -> str:
        self.tested.append(url)
        return self.trouble

    def _keep(self, url: str) -> str:
        if self.file_trouble is not None:
            raise self.file_trouble
        self.kept.append(url)
        return FILE


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
def page(phone: Phone) -> Iterator[Served]:
    with served(phone=phone.setup()) as page:
        yield page


def steps(page: Served) -> str:
    status, text = page.get("/phone/steps")
    assert status == 200
    return text


def press(page: Served, path: str) -> str:
    """Press a button of the page; return the steps that it shows then."""
    own = {"Authorization": page.bearer, "Origin": f"http://127.0.0.1:{page.port}"}
    answer, text = page.request("POST", f"/phone/{path}", **own)
    assert answer.status == 200, text
    return html.unescape(text)


def topic(text: str) -> str:
    found = re.search(r'<pre class="topic">(.+?)</pre>', text)
    assert found
    return found[1]


def test_nothing_is_sent_before_the_user_asks(page: Served, phone: Phone) -> None:
    first, again = steps(page), steps(page)
    assert topic(first) == topic(again)
    assert "Did your phone show it?" not in first
    press(page, "server?address=ntfy.example.com")
    assert "Done." not in press(page, "keep"), "without a test, nobody has seen it arrive"
    assert (phone.tested, phone.kept) == ([], [])


def test_the_topic_is_shown_to_this_users_browser_alone(page: Served) -> None:
    secret = topic(steps(page))
    answer, public = page.request("GET", "/phone")
    assert answer.status == 200
    assert secret not in public
    answer, refused = page.request("GET", "/phone/steps")
    assert answer.status == 401
    assert secret not in refused
    assert page.post("/phone/test", Authorization="Bearer x") == 401
    assert page.post("/phone/test", Origin="https://elsewhere.example") == 403


def test_a_test_goes_to_the_topic_and_a_yes_keeps_it(page: Served, phone: Phone) -> None:
    url = f"https://ntfy.sh/{topic(steps(page))}"
    assert "Did your phone show it?" in press(page, "test")
    assert phone.tested == [url]
    shown = press(page, "keep")
    assert "Done." in shown
    assert FILE in shown
    assert phone.kept == [url]
    press(page, "keep")
    assert phone.kept == [url], "a second press adds nothing"


def test_what_went_wrong_is_said_and_the_test_can_be_repeated(page: Served, phone: Phone) -> None:
    phone.trouble = "ntfy.sh answered 429 <b>"
    shown = press(page, "test")
    assert "The test was not delivered: ntfy.sh answered 429 <b>" in shown
    assert "Did your phone show it?" not in shown
    phone.trouble = ""
    shown = press(page, "test")
    assert "not delivered" not in shown
    assert "Did your phone show it?" in shown


@pytest.mark.parametrize("error", [OSError(13, "Permission denied", FILE), ValueError("no TOML")])
def test_a_file_that_cannot_be_written_is_said_and_nothing_is_lost(
    error: Exception, page: Served, phone: Phone
) -> None:
    before = topic(steps(page))
    press(page, "test")
    phone.file_trouble = error
    assert f"It could not be saved: {error}" in press(page, "keep")
    phone.file_trouble = None
    assert "Done." in press(page, "keep")
    assert phone.kept == [f"https://ntfy.sh/{before}"]


def test_another_server_gets_another_topic_and_needs_a_test_of_its_own(
    page: Served, phone: Phone
) -> None:
    before = topic(press(page, "test"))
    shown = press(page, "server?address=" + quote("http://ntfy.home:8080"))
    assert topic(shown) != before
    assert "http://ntfy.home:8080" in shown
    press(page, "keep")
    assert phone.kept == []
    press(page, "test")
    press(page, "keep")
    assert phone.kept == [f"http://ntfy.home:8080/{topic(shown)}"]


def test_a_server_that_is_none_is_refused_in_words_and_what_was_typed_stays(page: Served) -> None:
    before = topic(steps(page))
    shown = press(page, "server?address=" + quote("ftp://<b>"))
    assert "Enter the server as https://ntfy.example.com" in shown
    assert 'value="ftp://<b>"' in shown
    assert topic(shown) == before


def test_without_the_means_to_send_the_page_has_no_steps() -> None:
    with served() as page:
        assert page.get("/phone/steps")[0] == 404
