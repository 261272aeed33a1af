"""Takes the README's pictures from a real traymon on the tests' virtual desktop.

Run it from the repository: `.venv/bin/python docs/pictures.py`. Draws nothing itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from desktop.desktop import Box, Desktop, wait_for  # noqa: E402
from desktop.test_traymon import FAST, GREEN, GREY, RED, shows  # noqa: E402
from PIL import Image  # noqa: E402

from traymon.sim.gateway import HEALTHY, Behaviour, Hello, running  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
AMBER = (0xE6, 0x9F, 0x00)
STATES = {
    "grey": (GREY, Behaviour(delay=4.0), {"TRAYMON_TIMEOUT": "5"}),
    "green": (GREEN, HEALTHY, {}),
    "amber": (AMBER, Behaviour(delay=0.1), {"TRAYMON_SLOW": "0.05"}),
    "red": (RED, Behaviour(hello=Hello.SILENT), {}),
}


def main() -> None:
    """Write one picture of the icon per light, and one of the notice and the icon together."""
    PICTURES.mkdir(exist_ok=True)
    with Desktop() as desktop:
        desktop.start_tray()
        for name, (colour, behaviour, settings) in STATES.items():
            desktop.start_dunst()
            with running(behaviour, port=7497) as gateway:
                start = (sys.executable, "-m", "traymon", "--port", str(gateway.port))
                desktop.spawn("traymon", *start, **{**FAST, **settings})
                wait_for(lambda c=colour: shows(desktop, c), f"the {name} icon", timeout=30)
                icon = wait_for(desktop.tray_icon, "the icon")
                desktop.pixels(icon).save(PICTURES / f"icon-{name}.png")
                if name == "red":
                    notice = wait_for(desktop.notification, "the notice")
                    _together(desktop, notice, icon).save(PICTURES / "notice.png")
                desktop.end("traymon")
            desktop.stop_dunst()


def _together(desktop: Desktop, notice: Box, icon: Box) -> Image.Image:
    """Return the notice with the icon below its right edge, as on a small screen."""
    picture = Image.new("RGB", (notice.width, notice.height + icon.height + 8), "white")
    picture.paste(desktop.pixels(notice), (0, 0))
    picture.paste(desktop.pixels(icon), (notice.width - icon.width, notice.height + 8))
    return picture


if __name__ == "__main__":
    main()
