"""Installs traymon for this user, brings it up to date, or removes it (`--uninstall`).

Takes Python 3.11 alone. Must not touch what it has not made: the trading project, other programs.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from environment import CANNOT_SET_UP, ROOT, InstallError, guarded
from ways import EXE, LINK, WAYS, best, installed, program


def main(arguments: "list[str]") -> int:
    wish = parse(arguments)
    check_none_runs()
    try:
        return uninstall(wish.purge) if wish.uninstall else install(wish)
    except OSError as error:
        raise InstallError(
            f"Cannot change {error.filename} ({error.strerror})."
            " If a traymon still runs, quit it; else make that folder writable for you."
        ) from error


def parse(arguments: "list[str]") -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="install",
        description="Installs traymon for this user; again, it brings it up to date.",
    )
    parser.add_argument("--uninstall", action="store_true", help="remove it again")
    parser.add_argument(
        "--purge", action="store_true", help="with --uninstall: also your settings and the log"
    )
    login = parser.add_mutually_exclusive_group()
    login.add_argument("--start-at-login", dest="login", action="store_true", default=None)
    login.add_argument("--no-start-at-login", dest="login", action="store_false")
    parser.add_argument("--yes", action="store_true", help="answer every question with yes")
    parser.add_argument("--env", metavar="FILE", help="the settings with which it starts at login")
    parser.add_argument("--with", dest="way", choices=("uv", "pipx", "venv"), help="install so")
    try:
        wish = parser.parse_args(arguments)
        if wish.purge and not wish.uninstall:
            parser.error("--purge goes with --uninstall")
    except SystemExit as error:  # 2 means amber elsewhere in traymon
        sys.exit(CANNOT_SET_UP if error.code == 2 else error.code)
    return wish


def check_none_runs() -> None:
    """Raise InstallError while the installed traymon runs: its files must not change under it."""
    for way in installed():
        try:
            done = subprocess.run(
                [str(program(way)), "status", "--json"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=False,
            )
            json.loads(done.stdout)
        except (OSError, ValueError):  # broken; or it says in words that none runs
            continue
        raise InstallError(
            "traymon is running. Quit it first (Quit in the icon's menu, Ctrl-C in its"
            f" terminal{by_its_number()}), then start this again."
        )


def by_its_number() -> str:
    """Return the last resort, for an icon that has no menu and was started at login."""
    for folder in own_folders():
        for file in (folder / "traymon.json", folder / "run" / "traymon.json"):
            if sys.platform != "win32" and file.exists():
                return f", or: kill {json.loads(file.read_text(encoding='utf-8'))['pid']}"
    return ""


# --- install


def install(wish: argparse.Namespace) -> int:
    before = installed()
    way = next((way for way in WAYS if way.name == wish.way), None) or best()
    print(f"Installing traymon with {way.name}: takes a minute.", flush=True)
    way.install()
    command = program(way)
    print(f"traymon is {'up to date' if before else 'installed'}. Start it: {shown(command)}")
    code = 0
    if wants_start_at_login(wish):
        settings = ["--env", wish.env] if wish.env else []
        code = subprocess.call([str(command), "autostart", "on", *settings])
        if code:
            print("It is installed, but does not start at login.", file=sys.stderr)
    print("The same script with --uninstall removes it.")
    return code


def shown(command: Path) -> str:
    """Return what to type."""
    if sys.platform == "win32":  # PowerShell's way, and the program that needs no console
        return f'& "{command.with_name("traymon-tray" + EXE)}"'
    found = shutil.which("traymon")
    if found and os.path.samefile(found, str(command)):
        return "traymon"
    return str(LINK if LINK.exists() and LINK.samefile(str(command)) else command)


def wants_start_at_login(wish: argparse.Namespace) -> bool:
    if wish.login is not None:
        return bool(wish.login)
    if autostart().state().on:
        return False  # as it is
    if wish.yes:
        return True
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return input("Start traymon at login? [Y/n] ").strip().lower() in ("", "y", "yes")


def autostart() -> "Any":
    """Return traymon's own module, from the sources: the installed one may be broken."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from traymon import autostart

    return autostart


# --- uninstall


def uninstall(purge: bool) -> int:
    ways = installed()
    autostart().turn_off()
    for way in ways:
        way.uninstall()
        print(f"Removed traymon, which was installed with {way.name}.")
    if not ways:
        print("traymon is not installed for this user.")
    print("It does not start at login.")
    left = [folder for folder in own_folders() if folder.exists()]
    if not left:
        return 0
    print(
        "Removed as well:"
        if purge
        else "Left, with your settings and the log (--purge takes them too):"
    )
    for folder in left:
        if purge:
            shutil.rmtree(str(folder))
        print(f"  {folder}")
    return 0


def own_folders() -> "list[Path]":
    """Return where traymon keeps what it writes, and where a user may put settings for it.

    As platformdirs has them, which is not there any more.
    """
    if sys.platform == "win32":
        local = Path(os.environ["LOCALAPPDATA"])
        return [local / "traymon" / "traymon", local / "Temp" / "traymon"]
    home = Path(os.path.expanduser("~"))
    if sys.platform == "darwin":
        library = home / "Library"
        return [
            library / "Application Support" / "traymon",
            library / "Logs" / "traymon",
            library / "Caches" / "TemporaryItems" / "traymon",
        ]
    folders = {
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "XDG_RUNTIME_DIR": f"/run/user/{os.getuid()}",
    }
    return [Path(os.environ.get(name) or usual, "traymon") for name, usual in folders.items()]


if __name__ == "__main__":
    guarded(main)
