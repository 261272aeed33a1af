"""The icon, its menu and its balloons in a real notification area, by a real Windows Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from support.colours import GREEN, GREY, RED
from support.launch_file import follow
from support.polling import wait_for
from support.wine import SLOW, Windows
from traymon.core.vocabulary import Light
from traymon.sim.gateway import HEALTHY, Behaviour, Ending, Hello, running
from traymon.ui import icons

SILENT = Behaviour(hello=Hello.SILENT)
WM_QUERYENDSESSION, WM_ENDSESSION, WM_NOTIFY = "0x11", "0x16", "0x40B"
NIN_BALLOONSHOW, NIN_BALLOONUSERCLICK = "0x402", "0x405"
ENDS_WITHIN = 5.0  # seconds; then Windows ends a program by force

pytestmark = pytest.mark.timeout(600)


def opened(windows: Windows) -> str:
    """Return the page that the browser was led to, as soon as there is one."""
    lead = wait_for(windows.opened, "the page", timeout=SLOW)[-1]
    return follow(Path(lead.removeprefix("file://")).read_text())


def test_a_silent_gateway_turns_the_icon_red_and_a_click_on_the_balloon_opens_the_fix(
    windows: Windows,
) -> None:
    with running() as gateway:
        (windows.state / "state.json").unlink()  # it is the first start
        windows.start("-m", "traymon", "--port", str(gateway.port))
        windows.wait_until_it_shows(GREEN)
        gateway.behaviour = SILENT
        windows.wait_until_it_shows(RED)

        def balloon() -> str:
            texts = [str(w["text"]) for w in windows.shell("windows") if w["visible"]]
            return next((text for text in texts if "Accept incoming" in text), "")

        assert "The icon may be hidden behind the" in windows.log()  # as new icons do there
        text = wait_for(balloon, "the balloon", timeout=SLOW)
        assert "Click for all steps." in text
        assert windows.opened() == []
        windows.shell("post", WM_NOTIFY, "0", NIN_BALLOONUSERCLICK)
        assert "Enable ActiveX and Socket Clients" in opened(windows)
        gateway.behaviour = HEALTHY
        windows.wait_until_it_shows(GREEN)


def test_a_click_opens_the_page_of_the_target_whose_balloon_is_on_the_screen(
    windows: Windows,
) -> None:
    with running() as live, running() as paper:
        (windows.folder / "targets.toml").write_text(
            "".join(
                f'[[target]]\nname = "{name}"\nport = {gateway.port}\nforwarded = "yes"\n'
                for name, gateway in (("live", live), ("paper", paper))
            )
        )
        windows.start("-m", "traymon", "--targets", windows.windows_file("targets.toml"))
        windows.wait_until_it_shows(GREEN)
        live.behaviour = SILENT
        wait_for(lambda: "notification: live: " in windows.log(), "its balloon", timeout=SLOW)
        windows.shell("post", WM_NOTIFY, "0", NIN_BALLOONSHOW)
        paper.stop()
        wait_for(lambda: "notification: paper: " in windows.log(), "the next one", timeout=SLOW)
        windows.shell("post", WM_NOTIFY, "0", NIN_BALLOONUSERCLICK)
        assert "Enable ActiveX and Socket Clients" in opened(windows)


def test_a_left_click_opens_the_page_and_the_menu_pauses_and_quits(windows: Windows) -> None:
    with running() as gateway:
        process = windows.start("-m", "traymon", "--port", str(gateway.port))
        windows.wait_until_it_shows(GREEN)
        windows.desktop.click_tray_icon()
        assert f"Programs can connect to port {gateway.port}" in opened(windows)
        choose(windows, PAUSE)
        windows.wait_until_it_shows(GREY)
        choose(windows, QUIT)
        process.wait(SLOW)
        assert "ended" in windows.log()


PAUSE, QUIT = 54, -12  # pixels below the menu's upper edge, or above its lower one, at 96 dpi


def choose(windows: Windows, item: int) -> None:
    """Open the menu and click on an item."""
    windows.desktop.click_tray_icon(button=3)
    menu = wait_for(windows.desktop.menu, "the menu on the screen", timeout=SLOW)
    windows.desktop.click(menu.x + 20, menu.y + item % menu.height)
    wait_for(lambda: not windows.desktop.menu(), "the end of the menu", timeout=SLOW)


def test_a_second_start_opens_the_page_of_the_first(windows: Windows) -> None:
    with running() as gateway:
        windows.start("-m", "traymon", "--port", str(gateway.port))
        windows.wait_until_it_shows(GREEN)
        second = windows.traymon("--port", str(gateway.port))
        assert second.returncode == 0
        assert second.stdout.startswith(b"traymon is already running (pid ")
        assert second.stdout.endswith(f":{gateway.port}). Opening its page.\r\n".encode())
        assert f"Programs can connect to port {gateway.port}" in opened(windows)
        assert windows.traymon("status").returncode == 0


def test_windows_may_end_the_session_and_traymon_leaves_in_time(windows: Windows) -> None:
    with running() as gateway:
        process = windows.start(
            "-m", "traymon", "--port", str(gateway.port), TRAYMON_SESSION="hold"
        )
        windows.wait_until_it_shows(GREEN)

        def session() -> Ending | None:
            return next((c.ending for c in gateway.conversations if 71 in c.messages), None)

        wait_for(lambda: session() is Ending.OPEN, "the session", timeout=SLOW)
        assert windows.shell("send", WM_QUERYENDSESSION, "0", "0") == 1
        assert windows.shell("send", WM_ENDSESSION, "0", "0") == 0  # it was called off
        assert process.poll() is None
        began = windows.now()
        windows.shell("post", WM_ENDSESSION, "1", "0")
        process.wait(SLOW)
        assert windows.ended_at() - began < ENDS_WITHIN
        wait_for(lambda: session() is Ending.PEER_CLOSED, "the goodbye")
        assert "ended" in windows.log()
        assert "display" not in windows.log().lower()  # the icon was removed, not lost


def test_ctrl_c_ends_it(windows: Windows) -> None:
    with running() as gateway:
        windows.start(
            *("-c", STOPPED_BY_CTRL_C, str(gateway.port), windows.windows_file("stop")),
            TRAYMON_INTERVAL="600",  # or the next look would wake the icon's loop
        )
        windows.wait_until_it_shows(GREEN)
        (windows.folder / "stop").touch()
        wait_for(lambda: "it ended with 0" in windows.desktop.log("traymon"), "its end", SLOW)
        assert "ended" in windows.log()


# Ctrl-C reaches every program of a console, so that one who sends it has to be deaf to it.
STOPPED_BY_CTRL_C = """
import ctypes, os, subprocess, sys, time
ctypes.windll.kernel32.FreeConsole()
ctypes.windll.kernel32.AllocConsole()
traymon = subprocess.Popen([sys.executable, "-m", "traymon", "--port", sys.argv[1]])
while not os.path.exists(sys.argv[2]):
    time.sleep(0.05)
ctypes.windll.kernel32.SetConsoleCtrlHandler(None, True)
assert ctypes.windll.kernel32.GenerateConsoleCtrlEvent(0, 0)
print("it ended with", traymon.wait(30), flush=True)
"""


def test_the_icon_comes_back_when_explorer_has_started_again(windows: Windows) -> None:
    with running() as gateway:
        windows.start("-m", "traymon", "--port", str(gateway.port))
        windows.wait_until_it_shows(GREEN)
        assert windows.shell("forget") is True
        wait_for(lambda: windows.desktop.tray_icon() is None, "the icon to go", timeout=SLOW)
        windows.shell("broadcast", "TaskbarCreated")
        windows.wait_until_it_shows(GREEN)


def test_an_icon_that_the_shell_has_forgotten_is_added_with_the_next_change(
    windows: Windows,
) -> None:
    with running() as gateway:
        windows.start("-m", "traymon", "--port", str(gateway.port))
        windows.wait_until_it_shows(GREEN)
        assert windows.shell("forget") is True
        wait_for(lambda: windows.desktop.tray_icon() is None, "the icon to go", timeout=SLOW)
        gateway.behaviour = SILENT
        windows.wait_until_it_shows(RED)


def test_at_login_the_icon_is_tried_again_until_the_shell_takes_it(windows: Windows) -> None:
    with running() as gateway:
        windows.start("-c", REFUSED_AT_FIRST, "--port", str(gateway.port))
        windows.wait_until_it_shows(GREEN)
        assert windows.log().count("the shell has not taken the icon") == 2


# A shell that is busy cannot be had here: the first two answers are played.
REFUSED_AT_FIRST = """
from pystray._util import win32
from traymon.cli.main import main
notify, refusals = win32.Shell_NotifyIcon, [0, 0]
win32.Shell_NotifyIcon = lambda code, data: refusals.pop() if refusals else notify(code, data)
main()
"""


@pytest.mark.parametrize(("dpi", "size"), [(96, 16), (144, 24), (192, 32)])
def test_the_icon_is_drawn_for_the_pixels_of_the_screen(
    dpi: int, size: int, windows: Windows
) -> None:
    windows.set_dpi(dpi)
    windows.desktop.stop_tray()
    windows.desktop.start_tray(height=48)
    with running() as gateway:
        windows.start("-m", "traymon", "--port", str(gateway.port))
        picture = icons.draw(Light.GREEN, size)

        def shown() -> bool:
            box = windows.desktop.tray_icon()
            return box is not None and holds(windows.desktop.pixels(box), picture)

        wait_for(shown, f"the icon of {size} pixels, as it is drawn", timeout=SLOW)


def holds(screen: Image.Image, picture: Image.Image) -> bool:
    """Tell whether the picture stands somewhere on the screen, pixel by pixel where it is solid."""
    solid = picture.getchannel("A").point(lambda alpha: 255 if alpha == 255 else 0)
    wanted = Image.composite(picture.convert("RGB"), Image.new("RGB", picture.size), solid)
    for x in range(screen.width - picture.width + 1):
        for y in range(screen.height - picture.height + 1):
            part = screen.crop((x, y, x + picture.width, y + picture.height))
            if Image.composite(part, Image.new("RGB", picture.size), solid) == wanted:
                return True
    return False
