"""Checks everything on a fresh machine: `python3 install/test.py [arguments of pytest]`.

Must not stop at the first failure; pytest's closing line is the last of the output.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

from environment import ROOT, clean_environ, prepare, run_main, say

# What the desktop tests need: the package of Debian and Ubuntu, and what shows that it is there.
DESKTOP_PACKAGES = {
    "xvfb": "Xvfb",
    "trayer": "trayer",
    "dunst": "dunst",
    "dbus": "dbus-daemon",
    "xdotool": "xdotool",
    "fonts-dejavu-core": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "python3-gi": "/usr/share/doc/python3-gi",
    "gir1.2-gtk-3.0": "/usr/share/doc/gir1.2-gtk-3.0",
    "libglib2.0-bin": "gio",
    "gir1.2-ayatanaappindicator3-0.1": "/usr/share/doc/gir1.2-ayatanaappindicator3-0.1",
    "xfce4-panel": "xfce4-panel",
    "xfconf": "/usr/share/doc/xfconf",
    "xfce4-notifyd": "/usr/share/doc/xfce4-notifyd",
    "notification-daemon": "/usr/share/doc/notification-daemon",
    "weston": "weston",
    "xwayland": "Xwayland",
    "chromium": "chromium",
    "chromium-driver": "chromedriver",
    "wine": "wine",
}
# The tests that are left out without them.
DESKTOP_TESTS = {
    "the tray icon on a virtual screen": ("xvfb", "trayer", "xdotool", "fonts-dejavu-core"),
    "notices by a real notification daemon": ("xvfb", "dunst", "dbus", "xdotool"),
    "the live page in a browser": ("chromium", "chromium-driver"),
    "the icon with its menu through GTK": ("xvfb", "trayer", "python3-gi", "gir1.2-gtk-3.0"),
    "start at login as GLib's desktops read it": ("libglib2.0-bin",),
    "the icon in XFCE's panel": (
        *("xvfb", "dbus", "xdotool", "python3-gi", "gir1.2-ayatanaappindicator3-0.1"),
        *("xfce4-panel", "xfconf"),
    ),
    "the icon on Wayland": ("trayer", "python3-gi", "gir1.2-gtk-3.0", "weston", "xwayland"),
    "notices by XFCE's daemon": ("xvfb", "dbus", "xdotool", "xfce4-notifyd", "xfconf"),
    "traymon on Windows, under Wine": ("wine", "xvfb", "trayer", "dbus", "xdotool"),
    "notices by GNOME's old daemon": ("xvfb", "dbus", "xdotool", "notification-daemon"),
}

# Tests that mostly wait for other programs: run beside the others.
WAITING = (["tests/windows"], ["tests/desktop", "tests/install", "tests/page"])

CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    # One cache each: a cache that was made for another platform is thrown away.
    "mypy linux": ["mypy", "--platform", "linux", "--cache-dir", ".mypy_cache/linux"],
    "mypy win32": ["mypy", "--platform", "win32", "--cache-dir", ".mypy_cache/win32"],
    "mypy darwin": ["mypy", "--platform", "darwin", "--cache-dir", ".mypy_cache/darwin"],
}


def main(arguments: "list[str]") -> int:
    python = str(prepare("test"))
    prepare_desktop()
    prepare_windows(python)
    rows = [check(name, [python, "-m", *command]) for name, command in CHECKS.items()]
    print()
    for name, seconds, passed in rows:
        print(f"{name:<12} {seconds:6.1f} s  {'ok' if passed else 'FAILED'}")
    print("pytest comes last:", flush=True)
    pytest = [python, "-m", "pytest"]
    failed = run(pytest, arguments) if arguments or not apart() else side_by_side(pytest)
    return 1 if failed or not all(passed for _, _, passed in rows) else 0


def run(pytest: "list[str]", arguments: "list[str]") -> int:
    return subprocess.call([*pytest, *arguments], cwd=str(ROOT), env=clean_environ())


def apart() -> bool:
    """Tell whether runs of the tests can have a network each, as tests/conftest.py gives them."""
    return bool(shutil.which("unshare")) and quietly(["unshare", "--net", "true"])


def side_by_side(pytest: "list[str]") -> int:
    """Run the tests in three parts, of which two mostly wait. What those two say comes last."""
    with contextlib.ExitStack() as stack:
        others = []
        for part in WAITING:
            said = stack.enter_context(tempfile.TemporaryFile())
            process = subprocess.Popen(
                [*pytest, "-p", "no:cacheprovider", *part],
                cwd=str(ROOT),
                env=clean_environ(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            others.append((stack.enter_context(process), said))
        failed = run(pytest, [f"--ignore={folder}" for part in WAITING for folder in part])
        for process, said in others:
            failed = process.wait() or failed
            said.seek(0)
            print(said.read().decode("utf-8", "replace"), end="", flush=True)
    return failed


def check(name: str, command: "list[str]") -> "tuple[str, float, bool]":
    """Run one check, showing its words only where it fails."""
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=str(ROOT),
        env=clean_environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        print(f"--- {name}\n{done.stdout.decode('utf-8', 'replace').rstrip()}", flush=True)
    return name, time.monotonic() - began, done.returncode == 0


# --- the desktop ---


def prepare_desktop() -> None:
    """Install what the desktop tests lack; say which are left out where that cannot be."""
    missing = missing_packages()
    if not missing:
        return
    reason = install(missing)
    missing = missing_packages()
    for tests, packages in DESKTOP_TESTS.items():
        lacking = ", ".join(package for package in packages if package in missing)
        if lacking:
            say(f"Left out: {tests} (no {lacking}: {reason}).")


def prepare_windows(python: str) -> None:
    """Make what the tests under Wine stand on; where that cannot be, it says so in one line."""
    if sys.platform.startswith("linux"):
        subprocess.call([python, str(ROOT / "tests" / "windows" / "ground.py")])


def missing_packages() -> "list[str]":
    return [
        package
        for package, proof in DESKTOP_PACKAGES.items()
        if not (os.path.exists(proof) if os.path.isabs(proof) else shutil.which(proof))
    ]


def install(packages: "list[str]") -> str:
    """Install packages of Debian or Ubuntu; return why that cannot be, empty if it worked."""
    if sys.platform in ("win32", "darwin"):
        return "those tests need Linux and an X server"
    if not shutil.which("apt-get"):
        return "only Debian's and Ubuntu's packages are installed from here"
    as_root = []
    if os.geteuid() != 0:
        if not shutil.which("sudo") or not quietly(["sudo", "-n", "true"]):
            return "installing takes root: sudo apt install " + " ".join(packages)
        as_root = ["sudo", "-n"]
    say("Installing for the desktop tests: " + " ".join(packages))
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes"]
    get = [*apt, "install", "--no-install-recommends", *packages]
    # The lists are asked for only where they are missing or too old: that takes longest.
    if quietly(get) or (quietly([*apt, "update"]) and quietly(get)):
        return ""
    return "apt-get could not install it"


def quietly(command: "list[str]") -> bool:
    """Run it without a word; tell whether it succeeded."""
    silent = subprocess.DEVNULL
    return subprocess.call(command, stdin=silent, stdout=silent, stderr=silent) == 0


if __name__ == "__main__":
    run_main(main)
