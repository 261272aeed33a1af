"""The website: built without a link that leads nowhere, and read without asking anybody else."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.chromium import prefer, resize
from support.repository import ROOT
from traymon.diagnosis.catalogue import ENTRIES

FIX = "fix/api-port-closed/"
# of whatever a browser would fetch by itself
FOREIGN = re.compile(r"""<(?:link|script|img|iframe)[^>]+(?:src|href)=["']?(?:https?:)?//""")


@pytest.fixture(scope="module")
def website(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the website, built as a release builds it."""
    folder = tmp_path_factory.mktemp("website")
    command = [sys.executable, str(ROOT / "docs" / "build_website.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def address(website: Path) -> Iterator[str]:
    """Where the website is served."""
    handler = partial(Quiet, directory=str(website))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_every_diagnosis_has_a_page_with_its_code_as_address(website: Path) -> None:
    pages = {path.parent.name for path in website.glob("fix/*/index.html")}
    assert pages == set(ENTRIES)
    gallery = (website / "diagnoses" / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'href="\.\./fix/([a-z-]+)/?"', gallery)) >= set(ENTRIES)


def test_no_page_names_what_a_browser_would_fetch_elsewhere(website: Path) -> None:
    pages = list(website.rglob("*.html"))
    assert len(pages) > len(ENTRIES)
    assert [path for path in pages if FOREIGN.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "diagnoses/", FIX, "install/"])
def test_a_page_is_shown_without_asking_anybody_else(
    chromium: Any, address: str, path: str, scheme: str
) -> None:
    prefer(chromium, scheme)
    chromium.get(address + path)
    chromium.get_log("browser")  # of the pages before
    chromium.refresh()

    assert chromium.get_log("browser") == []  # nothing refused, nothing missing
    asked = chromium.execute_script(
        "return performance.getEntriesByType('resource').map(one => one.name)"
    )
    assert asked
    assert [one for one in asked if not one.startswith((address, "data:", "blob:"))] == []
    shown = chromium.execute_script("return getComputedStyle(document.body).colorScheme")
    assert shown == scheme


def test_the_browser_is_told_to_ask_nobody_else(chromium: Any, address: str) -> None:
    chromium.get(address + FIX)
    chromium.execute_script(
        "const kept = event => window.kept = event.blockedURI;"
        "document.addEventListener('securitypolicyviolation', kept);"
        "document.body.appendChild(new Image()).src = 'http://127.0.0.2:9/picture.png'"
    )
    wait = "const done = arguments[0]; const look = () => window.kept ? done(window.kept)"
    assert chromium.execute_async_script(f"{wait} : setTimeout(look, 20); look()") == (
        "http://127.0.0.2:9/picture.png"
    )


@pytest.mark.parametrize("path", ["", "diagnoses/", FIX, "install/", "contract/"])
def test_a_page_fits_a_phone(chromium: Any, address: str, path: str) -> None:
    resize(chromium, 390, 844)
    try:
        chromium.get(address + path)
        width = chromium.execute_script("return document.documentElement.scrollWidth")
    finally:
        resize(chromium, 1280, 900)
    assert width <= 390
