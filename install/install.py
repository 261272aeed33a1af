"""Installs traymon for this user, updates it, or removes it (`--uninstall`).

Needs nothing but Python 3.11. Must not touch what it has not created: the trading project, other
programs.
"""

import argparse
import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from environment import EXIT_CANNOT_SET_UP, ROOT, run_main
from installers import (
    INSTALLERS,
    LINK,
    choose_installer,
    command_of,
    data_folder,
    installed_with,
    remove_tree,
)
from questions import ask_for_settings, ask_for_start_at_login, can_ask
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
            " If traymon is still running, quit it; otherwise make that folder writable for you."
        ) from error


@contextlib.contextmanager
def only_one_installation() -> "Iterator[None]":
    """Wait until no other installation of this user runs, and keep others waiting meanwhile."""
    lock = data_folder() / "install.lock"
    with exclusive_lock(
        lock, "Another installation of traymon is running. Waiting for it to finish."
    ):
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # Windows removes no open file
                lock.unlink()
                lock.parent.rmdir()


def parse_options(arguments: "list[str]") -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="install",
        description="Install traymon for this user. Run it again to update.",
    )
    parser.add_argument("--uninstall", action="store_true", help="remove traymon")
    parser.add_argument(
        "--purge", action="store_true", help="with --uninstall: also delete your settings and logs"
    )
    login = parser.add_mutually_exclusive_group()
    login.add_argument("--start-at-login", dest="login", action="store_true", default=None)
    login.add_argument("--no-start-at-login", dest="login", action="store_false")
    parser.add_argument(
        "--yes",
        action="store_true",
        help="ask nothing: start at login, with --env or the .env in this folder",
    )
    parser.add_argument("--env", metavar="FILE", help="the .env file to use at login")
    parser.add_argument(
        "--with", dest="installer", choices=("uv", "pipx", "venv"), help="choose the installer"
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
    print(f"Installing traymon ({installer.kind}). This takes about a minute.", flush=True)
    installer.install()
    command = command_of(installer)
    print(f"traymon is {'up to date' if before else 'installed'}. {how_to_start(command)}")
    at_login = wants_start_at_login(options)
    settings = choose_settings(options) if at_login or sys.platform == "win32" else None
    if sys.platform == "win32":
        from windows_entries import add_entries

        add_entries(command, settings)
    code = start_at_login(command, settings) if at_login else 0
    print("To uninstall, run this script again with --uninstall.")
    return code


def how_to_start(command: Path) -> str:
    """Return the sentence that says how the user starts the command."""
    if sys.platform == "win32":
        return "Start it from the Start menu, or open a NEW PowerShell window and type: traymon"
    found = shutil.which("traymon")
    if found and os.path.samefile(found, str(command)):
        return "Start it: traymon"
    linked = LINK.exists() and LINK.samefile(str(command))
    return f"Start it: {shlex.quote(str(LINK if linked else command))}"


def wants_start_at_login(options: argparse.Namespace) -> bool:
    if options.login is not None:
        return bool(options.login)
    state = autostart().state()
    if state.on and not options.env:
        print(state.says)
        return False  # nothing to change
    return bool(options.yes) or (can_ask() and ask_for_start_at_login())


def choose_settings(options: argparse.Namespace) -> "Path | None":
    """Return the .env of the trading project to watch, or None for no project."""
    if options.env:
        return Path(options.env)
    here = Path(".env").absolute()
    usual = here if here.is_file() else None
    return usual if options.yes or not can_ask() else ask_for_settings(usual)


def start_at_login(command: Path, settings: "Path | None") -> int:
    """Let the installed traymon turn it on and say so; return its exit code."""
    on = [str(command), "autostart", "on"]
    # Without a project, no .env of the folder that this is started in is meant.
    folder = None if settings else os.path.expanduser("~")
    named = ["--env", str(settings)] if settings else []
    code = subprocess.call([*on, *named], env=clean_environ(), cwd=folder)
    if code:
        print("traymon is installed, but it does not start at login.", file=sys.stderr)
    return code


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
    if sys.platform == "win32":
        from windows_entries import remove_entries

        remove_entries()
    for installer in installers:
        installer.uninstall()
        print(f"Removed traymon, which was installed with {installer.name}.")
    if not installers:
        print("traymon is not installed for this user.")
    print("Start at login is off.")
    folders = [*own_folders(), *lock_folders()]
    nested = {folder for folder in folders if set(folder.parents) & set(folders)}
    left = [f for f in dict.fromkeys(folders) if f not in nested and os.path.lexists(str(f))]
    if purge:
        return remove_all(left)
    if left:
        print("Kept: your settings and logs (--purge deletes them too):")
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
            print(f"Also removed: {folder}")
            if target:
                print(f"  It was a link. The folder it pointed to is kept: {target}")
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
