"""Takes the README's pictures of a real traymon on the tests' virtual desktop.

Run it from the repository: `.venv/bin/python docs/pictures.py`. Must not draw anything itself.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from PIL import Image  # noqa: E402

from support.a_fortnight import write_fortnight  # noqa: E402
from support.chromium import browser, resize  # noqa: E402
from support.colours import AMBER, GREEN, GREY, RED  # noqa: E402
from support.desktop_traymon import FAST, shows  # noqa: E402
from support.indicator import Indicator  # noqa: E402
from support.polling import wait_for  # noqa: E402
from support.traymon_process import ResidentTraymon  # noqa: E402
from support.virtual_desktop import Box, Desktop  # noqa: E402
from support.xfce import ANYWHERE, start_panel  # noqa: E402
from traymon.sim.gateway import HEALTHY, Behaviour, Hello, running  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
STATES = {
    "grey": (GREY, Behaviour(delay=4.0), {"TRAYMON_TIMEOUT": "5"}),
    "green": (GREEN, HEALTHY, {}),
    "amber": (AMBER, Behaviour(delay=0.1), {"TRAYMON_SLOW": "0.05"}),
    "red": (RED, Behaviour(hello=Hello.SILENT), {}),
}

TARGETS = """
[[target]]
name = "live"
port = 4001

[[target]]
name = "paper"
port = 4002

[[target]]
name = "sandbox"
port = 7497
muted = true
"""
PAGE_SIZE = 1280, 720
DASHBOARD_SIZE = 1280, 1215  # down to the bars of 90 days


def main() -> None:
    """Write pictures of the icon per light, the notification, the menu and the page."""
    PICTURES.mkdir(exist_ok=True)
    page()
    dashboard()
    menu()
    targets()
    with Desktop() as desktop:
        desktop.start_tray()
        for name, (colour, behaviour, settings) in STATES.items():
            desktop.start_dunst()
            with running(behaviour, port=7497) as gateway:
                start = (sys.executable, "-m", "traymon", "--port", str(gateway.port))
                desktop.spawn("traymon", *start, **{**FAST, **settings})
                wait_for(partial(shows, desktop, colour), f"the {name} icon", timeout=30)
                icon = wait_for(desktop.tray_icon, "the icon")
                desktop.pixels(icon).save(PICTURES / f"icon-{name}.png")
                if name == "red":
                    notification = wait_for(desktop.notification, "the notification")
                    _together(desktop, notification, icon).save(PICTURES / "notice.png")
                desktop.end("traymon")
            desktop.stop_dunst()


def page() -> None:
    """Write a picture of the live page while the light is red."""
    gateway = running(STATES["red"][1], port=7497)
    with TemporaryDirectory() as name, browser() as chromium, gateway as silent:
        user = ResidentTraymon(Path(name), silent)
        traymon = user.start_resident()
        try:
            wait_for(partial(_status_is, user, "red"), "red", timeout=60)
            chromium.get(user.run("open", "--print-url").stdout.strip())
            wait_for(lambda: chromium.find_elements("tag name", "h1"), "the page")
            resize(chromium, *PAGE_SIZE)
            chromium.save_screenshot(str(PICTURES / "page-red-wide.png"))
            chromium.get("about:blank")
        finally:
            traymon.terminate()
            traymon.wait()


def dashboard() -> None:
    """Write a picture of the live page with a fortnight behind it, which is made up."""
    with TemporaryDirectory() as name, browser() as chromium, running(port=7497) as gateway:
        home = Path(name) / "trading-bot"
        home.mkdir()
        (home / ".env").write_text("IB_ACCOUNT=DU123456\nIB_CLIENT_ID=10\n")
        user = ResidentTraymon(home, gateway)
        user.env["TRAYMON_SESSION"] = "hold"
        write_fortnight(home / "state" / "traymon" / "history.db", home.name, time.time() - 30)
        traymon = user.start_resident()
        try:
            wait_for(partial(_status_is, user, "green"), "green", timeout=60)
            chromium.get(user.run("open", "--print-url").stdout.strip())
            wait_for(lambda: chromium.find_elements("class name", "past"), "the history")
            wait_for(lambda: "Last 7 days" in chromium.page_source, "the figures")
            resize(chromium, *DASHBOARD_SIZE)
            chromium.save_screenshot(str(PICTURES / "dashboard.png"))
            chromium.get("about:blank")
        finally:
            traymon.terminate()
            traymon.wait()


def menu() -> None:
    """Write a picture of the red icon with its open menu in XFCE's panel."""
    with Desktop() as desktop, running(STATES["red"][1], port=7497) as gateway:
        desktop.start_dunst()  # without a service the menu says so
        start_panel(desktop)
        start = (sys.executable, "-m", "traymon", "--port", str(gateway.port))
        desktop.spawn("traymon", *start, **{**FAST, **ANYWHERE})
        wait_for(lambda: shows(desktop, RED), "the red icon", timeout=30)
        desktop.click_tray_icon(button=3)
        seen = wait_for(desktop.menu, "the menu")
        desktop.point(seen.x + seen.width // 2, seen.y + 15)  # its first entry
        wait_for(lambda: _is_lit(desktop, seen), "the entry to be highlighted")
        corner = Box(seen.x, 0, seen.width, seen.y + seen.height)
        desktop.pixels(corner).save(PICTURES / "menu-xfce.png")


def targets() -> None:
    """Write pictures of three targets, one of them red and one muted: the menu and the page."""
    with ExitStack() as stack:
        gateways = [stack.enter_context(running(port=port)) for port in (4001, 4002, 7497)]
        desktop, chromium = stack.enter_context(Desktop()), stack.enter_context(browser())
        gateways[0].behaviour = gateways[2].behaviour = STATES["red"][1]
        file = desktop.folder / "targets.toml"
        file.write_text(TARGETS)
        desktop.start_dunst()
        start_panel(desktop)
        start = (sys.executable, "-m", "traymon", "--targets", str(file))
        desktop.spawn("traymon", *start, **{**FAST, **ANYWHERE})
        wait_for(lambda: shows(desktop, RED, least=60), "the red icon with a mark", timeout=30)
        item = Indicator(desktop)
        wait_for(
            lambda: item.tooltip.startswith("1 of 3 red, 1 muted"), "the muted one", timeout=30
        )
        desktop.click_tray_icon(button=3)
        seen = wait_for(desktop.menu, "the menu")
        desktop.press("Down", "Down", "Right")
        beside = Box(seen.x + seen.width + 40, seen.y + 60, 1, 100)
        wait_for(lambda: desktop.pixels(beside).getbbox(), "the submenu, on a black screen")
        desktop.pixels(Box(0, 0, 800, 350)).save(PICTURES / "menu-targets.png")
        desktop.press("Escape", "Escape")
        printed = [sys.executable, "-m", "traymon", "open", "--print-url"]
        chromium.get(subprocess.check_output(printed, env=desktop.env, text=True).strip())
        wait_for(lambda: chromium.find_elements("class name", "targets"), "the page")
        resize(chromium, 1280, 760)
        chromium.save_screenshot(str(PICTURES / "page-targets.png"))
        chromium.get("about:blank")


def _status_is(user: ResidentTraymon, light: str) -> bool:
    return user.run("status").stdout.startswith(light)


def _is_lit(desktop: Desktop, menu: Box) -> bool:
    """Tell whether the first entry is highlighted: its background differs from the last one's."""
    seen = desktop.pixels(menu)
    return bool(seen.getpixel((5, 15)) != seen.getpixel((5, menu.height - 15)))


def _together(desktop: Desktop, notification: Box, icon: Box) -> Image.Image:
    """Return the notification with the icon below its right edge, as on a small screen."""
    picture = Image.new("RGB", (notification.width, notification.height + icon.height + 8), "white")
    picture.paste(desktop.pixels(notification), (0, 0))
    picture.paste(desktop.pixels(icon), (notification.width - icon.width, notification.height + 8))
    return picture


if __name__ == "__main__":
    main()
