"""The package for Debian: built, installed into a fresh system of this release, used and purged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.colours import GREEN
from support.debian_setup import place, release, why_not
from support.desktop_traymon import FAST, wait_until_it_shows
from support.repository import ROOT
from support.virtual_desktop import Desktop
from support.xfce import ANYWHERE, panel_is_here, start_panel
from traymon import __version__
from traymon.sim.gateway import Running
from traymon.sim.stage_props import nobody_listens

SLOW = 250.0  # seconds

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=f"the package for Debian: {why_not()}"),
    pytest.mark.timeout(2 * SLOW),
]

# Enters the system in a folder, with the devices and processes of this one. Ends with the program.
ENTER = """\
system=$1 shared=$2
shift 2
mkdir -p "$system$shared"
mount --rbind /dev "$system/dev"
mount --rbind /proc "$system/proc"
mount --bind "$shared" "$system$shared"
exec chroot "$system" "$@"
"""
# What apt and dpkg note of their own work.
NOTES = ("var/lib/dpkg", "var/lib/apt", "var/log", "var/cache", "dev", "proc", "tmp")


class System:
    """A system in a folder, in which commands are run as root."""

    def __init__(self, folder: Path, shared: Path) -> None:
        self.folder, self._shared = folder, shared
        self.fresh = self.paths()

    def command(self, *command: str, shared: Path | None = None) -> list[str]:
        """Return how a command is started there; it sees one folder of this computer."""
        enter = ["unshare", "--mount", "sh", "-ec", ENTER, "sh", str(self.folder)]
        return [*enter, str(shared or self._shared), *command]

    def run(self, *command: str, code: int = 0) -> str:
        """Run a command; return what it prints."""
        home = {"HOME": "/root", "PATH": os.defpath + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            self.command(*command),
            env={**home, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=SLOW,
            check=False,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def paths(self) -> dict[str, str]:
        """Return what lies there: each path with its size or where it leads."""
        found = {}
        for path in self.folder.rglob("*"):
            name = str(path.relative_to(self.folder))
            if not name.startswith(NOTES) and not path.is_dir():
                is_link = path.is_symlink()
                found[name] = str(path.readlink()) if is_link else str(path.stat().st_size)
        return found


def build(out: Path, umask: int, zone: str) -> Path:
    """Build the package, with the wheels that were fetched."""
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(place() / "wheels")}
    dated = {"SOURCE_DATE_EPOCH": "1700000000", "TZ": zone}
    script = str(ROOT / "install/debian/build.py")
    maintainer = "traymon developers <traymon@example.org>"
    done = subprocess.run(
        [
            *(sys.executable, script, "--out", str(out)),
            *("--release", release(), "--maintainer", maintainer),
        ],
        env={**os.environ, **offline, **dated},
        umask=umask,
        capture_output=True,
        text=True,
        timeout=SLOW,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("package"), 0o022, "UTC")


@pytest.fixture(scope="module")
def system(package: Path, tmp_path_factory: pytest.TempPathFactory) -> System:
    """A fresh system, the package beside it but not installed."""
    folder = tmp_path_factory.mktemp("system")
    folder.chmod(0o755)
    tar = ["tar", "-xf", str(place() / "system.tar"), "-C", str(folder), "--exclude=./dev/*"]
    subprocess.run(tar, check=True, timeout=SLOW)
    return System(folder, package.parent)


@pytest.fixture
def installed(system: System, package: Path) -> System:
    """The system with the package in it."""
    if not (system.folder / "usr/bin/traymon").is_symlink():
        system.run("apt-get", "install", "--yes", str(package))
    return system


def test_the_same_sources_give_the_same_package(package: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "again", 0o077, "Asia/Kolkata")
    assert again.read_bytes() == package.read_bytes()


def test_it_runs_from_anywhere_and_nothing_of_it_is_changed_by_that(installed: System) -> None:
    assert installed.run("traymon", "--version").strip() == f"traymon {__version__}"
    assert installed.run("traymon-tray", "--version").strip() == f"traymon {__version__}"
    with nobody_listens(0) as port:
        said = installed.run("traymon", "check", "--port", str(port), code=1)
    assert f"Port {port} is closed" in said
    assert f"traymon check --port {port}" in said  # typed as it is, for it is on the PATH
    assert installed.run("dpkg", "--verify", "traymon") == ""


def test_the_whole_check_finds_its_libraries(installed: System, gateway: Running) -> None:
    said = installed.run("traymon", "check", "--port", str(gateway.port), "--full")
    assert "Test 4: Client Library: passed" in said


def test_no_other_program_meets_its_libraries(installed: System) -> None:
    ask = "import importlib.util as u; print(u.find_spec('traymon'), u.find_spec('pystray'))"
    assert installed.run("python3", "-c", ask).strip() == "None None"


def test_man_and_the_shell_know_it(installed: System) -> None:
    for program in ("traymon", "traymon-tray"):
        assert "exit" in installed.run("man", "--pager=cat", program).lower()
    complete = (
        "source /usr/share/bash-completion/completions/traymon;"
        "COMP_WORDS=(traymon ch) COMP_CWORD=1 COMP_LINE='traymon ch' COMP_POINT=10;"
        "$(complete -p traymon | sed 's/.*-F \\([^ ]*\\).*/\\1/'); echo ${COMPREPLY[@]}"
    )
    assert installed.run("bash", "-c", complete).split() == ["check"]


@pytest.mark.skipif(not panel_is_here(), reason="needs: apt install xfce4-panel xfconf")
def test_its_icon_is_in_the_panel(installed: System, desktop: Desktop, gateway: Running) -> None:
    start_panel(desktop)
    tray = installed.command("traymon-tray", "--port", str(gateway.port), shared=desktop.folder)
    desktop.spawn("traymon", *tray, **{**FAST, **ANYWHERE, "DISPLAY": ""})
    wait_until_it_shows(desktop, GREEN, "green")
    desktop.end("traymon")


def test_a_purge_leaves_the_users_files_and_nothing_else(installed: System) -> None:
    with nobody_listens(0) as port:
        installed.run("traymon", "check", "--port", str(port), code=1)
    during = installed.paths().keys() - installed.fresh.keys()
    assert any("/__pycache__/" in name for name in during)

    installed.run("apt-get", "purge", "--yes", "traymon")
    left = {name for name, _ in installed.paths().items() ^ installed.fresh.items()}
    mine = {name for name in left if name.startswith("root/.local/state/traymon/")}
    assert mine
    assert left - mine == set()
