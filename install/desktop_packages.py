"""Installs what some tests need: Debian's packages, a Windows under Wine, client libraries.

Never fails: it says in one line which tests are left out, and why.
"""

import glob
import os
import shutil
import subprocess
import sys

from environment import ROOT
from subprocesses import say

# The package, and what shows that it is installed: a program, or a file by its pattern.
PACKAGES = {
    "xvfb": "Xvfb",
    "trayer": "trayer",
    "dunst": "dunst",
    "dbus": "dbus-daemon",
    "xdotool": "xdotool",
    "fonts-dejavu-core": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "libglib2.0-bin": "gio",
    "xfce4-panel": "xfce4-panel",
    "xfconf": "/usr/share/doc/xfconf",
    "xfce4-notifyd": "/usr/share/doc/xfce4-notifyd",
    "notification-daemon": "/usr/share/doc/notification-daemon",
    "weston": "weston",
    "xwayland": "Xwayland",
    "chromium": "chromium",
    "chromium-driver": "chromedriver",
    "wine": "wine",
    "nsis": "makensis",
    "osslsigncode": "osslsigncode",
    "prometheus": "promtool",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "default-jdk-headless": "javac",
    "zsh": "zsh",
    "fish": "fish",
    "man-db": "man",
    "mmdebstrap": "mmdebstrap",
    "default-jre": "/usr/lib/jvm/*/lib/libawt_xawt.so",  # of a Java that is not headless
}
# The tests that are left out without them.
TESTS = {
    "the tray icon on a virtual screen": ("xvfb", "trayer", "xdotool", "fonts-dejavu-core"),
    "notifications by a real notification daemon": ("xvfb", "dunst", "dbus", "xdotool"),
    "the live page in a browser": ("chromium", "chromium-driver"),
    "start at login as GLib's desktops read it": ("libglib2.0-bin",),
    "the icon in XFCE's panel": ("xvfb", "dbus", "xdotool", "xfce4-panel", "xfconf"),
    "the icon on Wayland": ("trayer", "xdotool", "weston", "xwayland"),
    "notifications by XFCE's daemon": ("xvfb", "dbus", "xdotool", "xfce4-notifyd", "xfconf"),
    "traymon on Windows, under Wine": ("wine", "xvfb", "trayer", "dbus", "xdotool"),
    "the setup program for Windows": ("wine", "nsis", "osslsigncode"),
    "the windows of a Java program": ("xvfb", "dbus", "default-jdk-headless", "default-jre"),
    "completion in zsh and fish": ("zsh", "fish"),
    "the man page as man shows it": ("man-db",),
    "the package for Debian": ("mmdebstrap",),
    "alerts by a real Prometheus": ("prometheus", "prometheus-alertmanager"),
    "notifications by GNOME's old daemon": ("xvfb", "dbus", "xdotool", "notification-daemon"),
}


def prepare_desktop() -> None:
    """Install the packages that are missing; say which tests are left out without them."""
    missing = missing_packages()
    if not missing:
        return
    reason = install(missing)
    missing = missing_packages()
    for tests, packages in TESTS.items():
        lacking = ", ".join(package for package in packages if package in missing)
        if lacking:
            say(f"Left out: {tests} (no {lacking}: {reason}).")


def prepare_windows(python: str) -> None:
    """Set up the Windows under Wine."""
    if sys.platform.startswith("linux"):
        subprocess.call([python, str(ROOT / "tests" / "support" / "wine_setup.py")])


def prepare_debian(python: str) -> None:
    """Make the Debian into which a test installs traymon's package."""
    if sys.platform.startswith("linux"):
        script = ROOT / "tests" / "support" / "debian_setup.py"
        path = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "install")])
        subprocess.call([python, str(script)], env=dict(os.environ, PYTHONPATH=path))


def prepare_clients(python: str) -> None:
    """Fetch what the tests let in and install with, besides what `.venv` has."""
    script = ROOT / "tests" / "support" / "client_setup.py"
    subprocess.call([python, str(script)], env=dict(os.environ, PYTHONPATH=str(ROOT / "tests")))


def missing_packages() -> "list[str]":
    return [
        package
        for package, proof in PACKAGES.items()
        if not (glob.glob(proof) if os.path.isabs(proof) else shutil.which(proof))
    ]


def install(packages: "list[str]") -> str:
    """Install packages; return why that is impossible, or "" if it worked."""
    if sys.platform in ("win32", "darwin"):
        return "those tests need Linux and an X server"
    if not shutil.which("apt-get"):
        return "only Debian's and Ubuntu's packages are installed from here"
    as_root = []
    if os.geteuid() != 0:
        if not shutil.which("sudo") or not succeeds(["sudo", "-n", "true"]):
            return "installing takes root: sudo apt install " + " ".join(packages)
        as_root = ["sudo", "-n"]
    say("Installing for the desktop tests: " + " ".join(packages))
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes"]
    get = [*apt, "install", "--no-install-recommends", *packages]
    # Updating the package lists takes longest, so it is done only if they are missing or too old.
    if succeeds(get) or (succeeds([*apt, "update"]) and succeeds(get)):
        return ""
    return "apt-get could not install it"


def succeeds(command: "list[str]") -> bool:
    """Run a command silently; tell whether it succeeded."""
    silent = subprocess.DEVNULL
    return subprocess.call(command, stdin=silent, stdout=silent, stderr=silent) == 0
