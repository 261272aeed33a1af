"""Installs traymon for this user, updates it, or removes it (`--uninstall`).

Needs nothing but Python 3.11. Must not touch what it has not created: the trading project, other
programs.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from environment import EXIT_CANNOT_SET_UP, ROOT, run_main
from installers import (
    EXE,
    INSTALLERS,
    LINK,
    choose_installer,
    command_of,
    data_folder,
    installed_with,
    remove_tree,
)
from running import check_none_runs, lock_folders
from subprocesses import InstallError, clean_environ, exclusive_lock


def main(arguments: "list[str]") -> int:
    options = parse_options(arguments)
    try:
        with only_one_installation():
            folders = [command_of(installer).parent.parent for installer in installed_with()]
            if folders or options.uninstall:
                check_none_runs(folders)
            return uninstall(options.purge) if options.uninstall else install(options)
    except OSError as error:
        raise InstallError(
            f"Cannot change {error.filename} ({error.strerror})."
            " If a traymon still runs, quit it; else make that folder writable for you."
        ) from error


@contextlib.contextmanager
def only_one_installation() -> "Iterator[None]":
    """Wait until no other installation of this user runs, and keep others waiting meanwhile."""
    lock = data_folder() / "install.lock"
    with exclusive_lock(lock, "Another installation of traymon is at work: waiting for it."):
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # Windows removes no open file
                lock.unlink()
                lock.parent.rmdir()


def parse_options(arguments: "list[str]") -> argparse.Namespace:
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
    parser.add_argument(
        "--with", dest="installer", choices=("uv", "pipx", "venv"), help="install so"
    )
    try:
        options = parser.parse_args(arguments)
        if options.purge and not options.uninstall:
            parser.error("--purge goes with --uninstall")
    except SystemExit as error:  # argparse exits with 2, which elsewhere in traymon means amber
        sys.exit(EXIT_CANNOT_SET_UP if error.code == 2 else error.code)
    return options


# --- install ---


def install(options: argparse.Namespace) -> int:
    before = installed_with()
    chosen = (installer for installer in INSTALLERS if installer.name == options.installer)
    installer = next(chosen, None) or choose_installer()
    print(f"Installing traymon with {installer.name}: takes a minute.", flush=True)
    installer.install()
    command = command_of(installer)
    print(f"traymon is {'up to date' if before else 'installed'}. Start it: {typed(command)}")
    code = 0
    if wants_start_at_login(options):
        settings = ["--env", options.env] if options.env else []
        on = [str(command), "autostart", "on", *settings]
        code = subprocess.call(on, env=clean_environ())
        if code:
            print("It is installed, but does not start at login.", file=sys.stderr)
    print("The same script with --uninstall removes it.")
    return code


def typed(command: Path) -> str:
    """Return what the user has to type to run the command."""
    if sys.platform == "win32":  # PowerShell's syntax, and the program that needs no console
        return f'& "{command.with_name("traymon-tray" + EXE)}"'
    found = shutil.which("traymon")
    if found and os.path.samefile(found, str(command)):
        return "traymon"
    return str(LINK if LINK.exists() and LINK.samefile(str(command)) else command)


def wants_start_at_login(options: argparse.Namespace) -> bool:
    if options.login is not None:
        return bool(options.login)
    if autostart().state().on:
        return False  # nothing to change
    if options.yes:
        return True
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return input("Start traymon at login? [Y/n] ").strip().lower() in ("", "y", "yes")


def autostart() -> "ModuleType":
    """Return traymon's own module from the sources, because the installed one may be broken."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from traymon import autostart

    return autostart


# --- uninstall ---


def uninstall(purge: bool) -> int:
    installers = installed_with()
    autostart().turn_off()
    for installer in installers:
        installer.uninstall()
        print(f"Removed traymon, which was installed with {installer.name}.")
    if not installers:
        print("traymon is not installed for this user.")
    print("It does not start at login.")
    folders = [*own_folders(), *lock_folders()]
    nested = {folder for folder in folders if set(folder.parents) & set(folders)}
    left = [f for f in dict.fromkeys(folders) if f not in nested and os.path.lexists(str(f))]
    if purge:
        return remove_all(left)
    if left:
        print("Left, with your settings and the log (--purge takes them too):")
        print(*(f"  {folder}" for folder in left), sep="\n")
    return 0


def remove_all(folders: "list[Path]") -> int:
    """Remove the folders, and say so of each; return the exit code."""
    code = 0
    for folder in folders:
        target = folder.is_symlink() and os.readlink(str(folder))
        try:
            remove_tree(folder)
        except OSError as error:
            why = error.strerror or error
            print(f"Not removed: {error.filename or folder} ({why})", file=sys.stderr)
            code = EXIT_CANNOT_SET_UP
        else:
            print(f"Removed as well: {folder}")
            if target:
                print(f"  It was a link. The folder that it led to is left: {target}")
    return code


def own_folders() -> "list[Path]":
    """Return the folders that traymon writes to, and the one for the user's settings.

    The same as platformdirs returns, which is uninstalled by then.
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
    run_main(main)
