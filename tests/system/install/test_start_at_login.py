"""Start at login, as a desktop does it: what `traymon autostart` wrote, run in a fresh session."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("needs a virtual desktop, on Linux", allow_module_level=True)

from support.colours import GREEN
from support.desktop_traymon import FAST, log_of, wait_until_it_shows
from support.polling import PATIENCE, wait_for
from support.virtual_desktop import Desktop
from support.xfce import ANYWHERE, choose, panel_is_here, start_panel
from traymon.autostart.login_start import is_login_entry
from traymon.sim.gateway import Running

XORG = {"PYSTRAY_BACKEND": "xorg"}


@pytest.fixture
def project(desktop: Desktop, gateway: Running) -> Path:
    """A trading project in the user's home, whose folder has spaces and more in its name."""
    folder = Path(desktop.env["HOME"]) / "mein Bot 100% $ü"
    folder.mkdir()
    settings = {**FAST, "IB_PORT": str(gateway.port), "TRAYMON_TIMEOUT": "10"}
    text = "".join(f"{key}={value}\n" for key, value in settings.items())
    (folder / ".env").write_text(text)
    return folder


def entry_of(desktop: Desktop) -> Path:
    return Path(desktop.env["XDG_CONFIG_HOME"]) / "autostart" / "traymon.desktop"


def switch_on(desktop: Desktop, project: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "traymon", "autostart", "on"],
        cwd=project,
        env=desktop.env,
        check=True,
        timeout=60,
    )


def log_in(desktop: Desktop, **env: str) -> subprocess.Popen[bytes]:
    """Run the entry's own command line from the home folder, without a terminal."""
    (value,) = re.findall(r"^Exec=(.*)$", entry_of(desktop).read_text(), re.MULTILINE)
    # by the specification: a value's backslashes first, then the shell's quotes, then %%
    line = re.sub(r"\\(.)", r"\1", value).replace("%%", "%")
    return desktop.spawn(
        "traymon", "setsid", "--wait", "sh", "-c", f"cd; exec {line} </dev/null", **env
    )


def wait_for_the_log(desktop: Desktop, text: str) -> None:
    log = Path(desktop.env["XDG_STATE_HOME"]) / "traymon" / "log" / "traymon.log"
    wait_for(lambda: log.exists() and text in log.read_text(), f"{text!r} in the log")


def test_the_icon_shows_with_the_projects_settings_although_the_tray_comes_late(
    desktop: Desktop, project: Path
) -> None:
    switch_on(desktop, project)
    log_in(desktop, **XORG)
    wait_for_the_log(desktop, "starting -> healthy")
    desktop.start_tray()
    wait_until_it_shows(desktop, GREEN, "green")
    assert f"{project.name}: starting -> healthy" in log_of(desktop)
    assert "No tray" not in log_of(desktop)
    assert desktop.log("traymon") == ""


def test_a_display_that_comes_late_gets_the_icon(desktop: Desktop, project: Path) -> None:
    switch_on(desktop, project)
    desktop.stop_screen()
    log_in(desktop, **XORG)
    wait_for_the_log(desktop, "no tray through xorg")
    desktop.spawn("Xvfb", "Xvfb", desktop.env["DISPLAY"], "-nolisten", "tcp")
    wait_for_the_log(desktop, "tray backend: xorg")
    wait_for_the_log(desktop, "starting -> healthy")


@pytest.mark.parametrize(
    ("display", "said"),
    [("", "No system tray here"), (None, "No tray on this desktop yet")],
)
def test_patience_ends_with_a_line_in_the_log_and_it_goes_on(
    desktop: Desktop, project: Path, display: str | None, said: str
) -> None:
    impatient = "from traymon.cli import main, run; run.TRAY_TIMEOUT = 2; main.main()"
    arguments = ["run", "--at-login", "--env", str(project / ".env")]
    env = XORG if display is None else {**XORG, "DISPLAY": display}
    process = desktop.spawn("traymon", sys.executable, "-c", impatient, *arguments, **env)
    wait_for_the_log(desktop, said)
    wait_for_the_log(desktop, "starting -> healthy")
    assert log_of(desktop).count(said) == 1
    process.terminate()
    assert process.wait(PATIENCE) == 0
    assert desktop.log("traymon") == ""


def test_a_second_start_at_login_neither_opens_the_page_nor_says_a_word(
    desktop: Desktop, project: Path
) -> None:
    switch_on(desktop, project)
    log_in(desktop, **XORG)
    wait_for_the_log(desktop, "the page is served")
    opened = desktop.folder / "opened"
    arguments = ["run", "--at-login", "--env", str(project / ".env")]
    done = subprocess.run(
        [sys.executable, "-m", "traymon", *arguments],
        env={**desktop.env, "BROWSER": f"touch {opened} %s"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "ended" not in log_of(desktop)
    assert not opened.exists()


def test_an_entry_of_the_users_own_opens_no_page_either(desktop: Desktop, project: Path) -> None:
    """It lacks --at-login, and its parent is the session manager."""
    switch_on(desktop, project)
    log_in(desktop, **XORG)
    wait_for_the_log(desktop, "the page is served")
    opened = desktop.folder / "opened"
    session_manager = shutil.copy("/bin/sh", desktop.folder / "xfce4-session")
    entry = f"{shlex.join([sys.executable, '-m', 'traymon', '--env', str(project / '.env')])}; :"
    done = subprocess.run(
        [session_manager, "-c", entry],
        env={**desktop.env, "BROWSER": f"touch {opened} %s"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not opened.exists()


AUTOSTARTED = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x@autostart.service\n"


@pytest.mark.parametrize(
    ("environ", "cgroup", "at_login"),
    [
        ({"SYSTEMD_EXEC_PID": "7"}, AUTOSTARTED, True),
        ({"SYSTEMD_EXEC_PID": "6"}, AUTOSTARTED, False),  # clicked in a dock of that group
        ({}, AUTOSTARTED, False),
        ({"SYSTEMD_EXEC_PID": "7"}, "0::/user.slice/app.slice/app-x@4711.service\n", False),
        ({"SYSTEMD_EXEC_PID": "7"}, "", False),
    ],
)
def test_what_systemd_starts_from_an_entry_is_told_from_what_the_user_clicks_on(
    environ: dict[str, str], cgroup: str, at_login: bool
) -> None:
    assert is_login_entry(environ, 7, cgroup) is at_login


def test_settings_that_got_a_mistake_are_told_by_a_notification_and_the_log(
    desktop: Desktop, project: Path
) -> None:
    switch_on(desktop, project)
    desktop.start_dunst()
    (project / ".env").write_text("IB_PORT=74970\n")
    process = log_in(desktop)
    notification = wait_for(lambda: desktop.notifications()[-1:], "the notification")[0]
    assert notification.title == "traymon could not start"
    assert notification.body.endswith(f"Log: {desktop.env['XDG_STATE_HOME']}/traymon/log")
    assert notification.actions == []
    assert process.wait(PATIENCE) == 3
    assert "IB_PORT=74970" in log_of(desktop)


@pytest.mark.skipif(not panel_is_here(), reason="needs: apt install xfce4-panel xfconf")
def test_the_menus_tick_switches_it_on_with_these_settings_and_off(
    desktop: Desktop, project: Path
) -> None:
    start_panel(desktop)
    desktop.spawn(
        "traymon", sys.executable, "-m", "traymon", "--env", f"{project}/.env", **ANYWHERE
    )
    wait_until_it_shows(desktop, GREEN, "green")
    tick = ("Up", "Up", "Up")  # Quit, About, Start at login
    choose(desktop, *tick)
    wait_for(entry_of(desktop).exists, "the entry")
    assert f"{project.name}/.env".replace("%", "%%").replace("$", "\\\\$") in (
        entry_of(desktop).read_text()
    )
    choose(desktop, *tick)
    wait_for(lambda: not entry_of(desktop).exists(), "the end of the entry")


@pytest.mark.skipif(not panel_is_here(), reason="needs: apt install xfce4-panel xfconf")
def test_an_entry_with_other_settings_has_no_tick_and_a_click_gives_it_these(
    desktop: Desktop, project: Path
) -> None:
    switch_on(desktop, Path(desktop.env["HOME"]))
    assert "--env" not in entry_of(desktop).read_text()
    start_panel(desktop)
    desktop.spawn(
        "traymon", sys.executable, "-m", "traymon", "--env", f"{project}/.env", **ANYWHERE
    )
    wait_until_it_shows(desktop, GREEN, "green")
    choose(desktop, "Up", "Up", "Up")
    wait_for(lambda: "--env" in entry_of(desktop).read_text(), "the entry with the settings")
