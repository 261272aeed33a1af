"""The icon of a real tray turns red as fast as ever while the peers of all channels misbehave."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from support.colours import GREEN, RED
from support.desktop_traymon import Traymon, log_of, shows, wait_until_it_shows
from support.gateway_process import GatewayProcess
from support.hostile_peer import WEB, hostile_peer
from support.polling import wait_for
from support.virtual_desktop import Desktop

POSSIBLE = 0.5  # seconds from the Gateway's end to the red icon, without anything else to do
PEERS = ("hangs", "drips", "always says to continue", "answers without end")


def write_alerts(desktop: Desktop, ports: dict[str, int]) -> None:
    """Set up two channels for each peer: one of ntfy and one of Apprise."""
    folder = Path(desktop.env["XDG_CONFIG_HOME"]) / "traymon"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "alerts.toml"
    path.touch(mode=0o600)
    entries = [
        f'[[push]]\nname = "{kind} {peer}"\nkind = "{kind}"\nurl = "{scheme}://127.0.0.1:{port}/x"\n'
        for peer, port in ports.items()
        for kind, scheme in (("ntfy", "http"), ("apprise", "json"))
    ]
    path.write_text("\n".join(entries), encoding="utf-8")


def test_a_gateway_that_is_killed_turns_the_icon_red_while_every_peer_misbehaves(
    desktop: Desktop,
) -> None:
    with ExitStack() as stack:
        peers = {peer: stack.enter_context(hostile_peer(WEB[peer])) for peer in PEERS}
        write_alerts(desktop, peers)
        gateway = stack.enter_context(GatewayProcess())
        desktop.start_tray()
        held = {"TRAYMON_SESSION": "hold", "TRAYMON_FORWARDED": "yes", "TRAYMON_REGION": "off"}
        Traymon(desktop, gateway.port, **held)
        wait_until_it_shows(desktop, GREEN, "green")
        took = []
        for _ in range(2):  # the second time, the first messages are still under way
            began = time.monotonic()
            gateway.kill()
            wait_for(lambda: shows(desktop, RED), "red")
            took.append(time.monotonic() - began)
            wait_for(lambda: " failed: " in log_of(desktop), "a message that failed")
            gateway.play()
            wait_until_it_shows(desktop, GREEN, "green")
    print(f"red after {', '.join(f'{seconds:.2f}' for seconds in took)} s")
    assert max(took) < POSSIBLE * 10
