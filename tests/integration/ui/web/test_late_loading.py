"""The web server costs nothing until the page is asked for, and a moved file costs no page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from support.page_server import served
from traymon.ui.web import server

WEB_SERVER = {"starlette", "uvicorn", "h11", "anyio"}
START = """
import asyncio, sys, traymon.app
from traymon.ui.actions import UserActions
from traymon.ui.web.server import LivePage
page = LivePage(UserActions(), lambda: 0.0, lambda question: {})
asyncio.run(page.serve(lambda port: page.stop()))
print(*sys.modules)
"""


def test_without_a_look_at_the_page_no_web_server_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, timeout=60)
    assert "traymon.ui.web.server" in done.stdout.split(), done.stderr
    loaded = set(done.stdout.split())
    assert not WEB_SERVER & loaded
    assert not {"traymon.ui.dashboard", "traymon.ui.charts", "traymon.ui.coming_up"} & loaded


def test_while_its_files_are_moved_away_the_static_page_serves_and_then_the_live_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def is_moved_away() -> type:
        raise ModuleNotFoundError("No module named 'uvicorn'")

    load: Callable[[], type] = server._load_site
    monkeypatch.setattr(server, "_load_site", is_moved_away)
    with served() as page:
        page.show("healthy")
        with pytest.raises(ConnectionError):
            page.get("/status")
        assert page.page.address() is None
        monkeypatch.setattr(server, "_load_site", load)
        assert page.get("/status")[0] == 200
        assert page.page.address() is not None
