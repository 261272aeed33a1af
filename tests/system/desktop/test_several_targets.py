"""Ten Gateways under one icon: what icon, tooltip and menu say of the one that fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from support.colours import GREEN, RED
from support.desktop_traymon import Traymon, shows, wait_until_it_shows
from support.indicator import Indicator
from support.polling import wait_for
from support.virtual_desktop import Desktop
from support.xfce import ANYWHERE, panel_is_here, start_panel
from traymon.sim.gateway import Running, running
from traymon.ui.icons import NEAR_BLACK

COUNT = 10

pytestmark = pytest.mark.skipif(not panel_is_here(), reason="needs: apt install xfce4-panel xfconf")


@pytest.fixture
def gateways() -> Iterator[list[Running]]:
    with ExitStack() as stack:
        yield [stack.enter_context(running()) for _ in range(COUNT)]


def start(desktop: Desktop, gateways: Sequence[Running]) -> Traymon:
    """Start a traymon for these Gateways: bot 1, bot 2, ..."""
    file = desktop.folder / "targets.toml"
    file.write_text(targets_toml(gateways))
    return Traymon(desktop, None, "--targets", str(file), **ANYWHERE)


def targets_toml(gateways: Sequence[Running]) -> str:
    """Return what describes them."""
    rest = 'region = "off"\nforwarded = "yes"\n'
    return "\n".join(
        f'[[target]]\nname = "bot {number}"\nport = {gateway.port}\n{rest}'
        for number, gateway in enumerate(gateways, 1)
    )


def is_marked(desktop: Desktop) -> bool:
    """Tell whether the icon on the screen has the dot in its corner."""
    box = desktop.tray_icon()
    if box is None:
        return False
    picture = desktop.pixels(box)
    corner = picture.crop((box.width // 2, box.height // 2, box.width, box.height))
    colours = {seen: count for count, seen in corner.getcolors(100_000) or []}
    return colours.get(NEAR_BLACK, 0) >= 4


def test_one_of_ten_that_ends_turns_the_icon_red_until_it_is_muted(
    desktop: Desktop, gateways: list[Running]
) -> None:
    start_panel(desktop)
    desktop.start_dunst()
    traymon = start(desktop, gateways)
    wait_until_it_shows(desktop, GREEN, "green")
    item = Indicator(desktop)
    wait_for(lambda: item.tooltip.startswith("All 10 green\n"), "the tooltip")
    assert item.labels()[0] == "✓ All 10 green"
    assert item.labels()[1:11] == [f"✓ bot {number}" for number in (1, 10, *range(2, 10))]
    assert not is_marked(desktop)

    gateways[2].stop()
    wait_until_it_shows(desktop, RED, "red")
    fault = f"127.0.0.1 refuses connections to port {gateways[2].port}"
    wait_for(lambda: item.tooltip.startswith(f"1 of 10 red\n✗ bot 3: {fault}"), "the tooltip")
    wait_for(lambda: item.labels()[0] == f"✗ 1 of 10 red: bot 3: {fault}", "the menu")
    submenu = item.labels("✗ bot 3")
    assert submenu[0] == f"✗ {fault}"
    assert "✗ Port failed" in submenu
    assert {"Check now", "Pause", "Snooze", "Mute", "Copy diagnosis"} <= {*submenu}
    assert "✓ Port passed" in item.labels("✓ bot 4")
    (told,) = wait_for(desktop.notifications, "the notification")
    assert told.title == f"bot 3: {fault}"[:63]

    item.choose("✗ bot 3", "Mute")
    wait_for(lambda: shows(desktop, GREEN, least=60) and is_marked(desktop), "green with a mark")
    wait_for(lambda: item.tooltip.startswith("9 of 10 green, 1 muted\n"), "the tooltip")
    assert "Unmute" in item.labels("✗ bot 3 (muted)")

    item.choose("✗ bot 3 (muted)", "Unmute")
    wait_until_it_shows(desktop, RED, "red")
    wait_for(lambda: len(desktop.notifications()) == 2, "what is wrong now")
    item.choose("✗ bot 3", f"✗ {fault}")
    page = wait_for(traymon.opened, "the page of the target")[0]
    assert fault in page
    assert "All targets" in page, "it is the target's own page"
    assert traymon.end() == 0


def test_ten_that_end_together_are_one_notification(
    desktop: Desktop, gateways: list[Running]
) -> None:
    start_panel(desktop)
    desktop.start_dunst()
    traymon = start(desktop, gateways)
    wait_until_it_shows(desktop, GREEN, "green")
    item = Indicator(desktop)
    wait_for(lambda: item.tooltip.startswith("All 10 green\n"), "the tooltip")
    for gateway in gateways:
        gateway.stop()
    wait_for(lambda: item.tooltip.startswith("All 10 red\n"), "the tooltip")
    told = wait_for(
        lambda: [one for one in desktop.notifications() if one.title.startswith("10 of 10: ")],
        "the notification of all",
    )
    assert told[0].body.startswith("bot 1, bot 10, bot 2, ")
    wait_for(lambda: len(desktop.windows_of("Dunst")) == 1, "one notification on the screen")
    assert traymon.end() == 0
