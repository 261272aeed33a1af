"""The icon, its menu and its balloons in a real notification area, by a real Windows Python."""

from __future__ import annotations

import pytest
from desktop.desktop import wait_for

from traymon.sim.gateway import HEALTHY, Behaviour, Hello, running

from .wine import SLOW, Windows

GREEN, RED, GREY = (0x00, 0x9E, 0x73), (0xD5, 0x5E, 0x00), (0x6E, 0x6E, 0x6E)
SILENT = Behaviour(hello=Hello.SILENT)
WM_QUERYENDSESSION, WM_ENDSESSION, WM_NOTIFY = "0x11", "0x16", "0x40B"
NIN_BALLOONUSERCLICK = "0x405"

pytestmark = pytest.mark.timeout(300)


def test_a_silent_gateway_turns_the_icon_red_and_a_click_on_the_balloon_opens_the_fix(
    windows: Windows,
) -> None:
    with running() as gateway:
        windows.start("-m", "traymon", "--port", str(gateway.port))
        windows.wait_until_it_shows(GREEN)
        gateway.behaviour = SILENT
        windows.wait_until_it_shows(RED)

        def balloon() -> str:
            texts = [str(w["text"]) for w in windows.shell("windows") if w["visible"]]
            return next((text for text in texts if "Accept incoming" in text), "")

        text = wait_for(balloon, "the balloon", timeout=SLOW)
        assert text.endswith("Click for all steps.")
        assert windows.opened() == []
        windows.shell("post", WM_NOTIFY, "0", NIN_BALLOONUSERCLICK)
        wait_for(windows.opened, "the page", timeout=SLOW)
        gateway.behaviour = HEALTHY
        windows.wait_until_it_shows(GREEN)
