"""A newer release in the icon's menu and on the page, and never in a notification."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from support.colours import GREEN
from support.desktop_traymon import Traymon, wait_until_it_shows
from support.indicator import Indicator
from support.polling import wait_for
from support.published_package import published_package
from support.push_server import push_server
from support.user_env import RecordingBrowser
from support.virtual_desktop import Desktop
from support.xfce import ANYWHERE, panel_is_here, start_panel
from traymon.sim.gateway import running

PAGE = "https://releases.example/traymon"
HINT = "traymon 99.1.0 is available: what is new"

pytestmark = pytest.mark.skipif(not panel_is_here(), reason="needs: apt install xfce4-panel xfconf")


def remember(desktop: Desktop, newest: str) -> None:
    """Let traymon have asked just now."""
    folder = Path(desktop.env["XDG_STATE_HOME"]) / "traymon"
    folder.mkdir(parents=True, exist_ok=True)
    state = {"greeted": True, "release_asked_at": time.time(), "newest_release": newest}
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")


@pytest.mark.parametrize("wanted", ["on", "off"])
def test_the_menu_leads_to_a_newer_release_if_the_user_wants_to_know(
    desktop: Desktop, wanted: str
) -> None:
    start_panel(desktop)
    desktop.start_dunst()
    remember(desktop, "99.1.0")
    with push_server() as server, running() as gateway:
        env = published_package(desktop.folder, server.url, PAGE)
        traymon = Traymon(desktop, gateway.port, **ANYWHERE, **env, TRAYMON_UPDATE_HINT=wanted)
        wait_until_it_shows(desktop, GREEN, "green")
        item = Indicator(desktop)
        if wanted == "on":
            wait_for(lambda: HINT in item.labels(), "the hint")
            item.choose(HINT)
            browser = RecordingBrowser(desktop.folder)
            assert wait_for(browser.opened, "the page of the releases") == [PAGE]
        else:
            assert HINT not in item.labels()
        assert traymon.end() == 0
    assert desktop.notifications() == []
    assert server.received == []  # a week has not passed
