"""Asks the user of a terminal what the installer cannot know: start at login, and for what."""

import os
import sys
from pathlib import Path

WITHOUT_PROJECT = "none"  # the answer of somebody whose project lies here, but is not wanted


def can_ask() -> bool:
    """Tell whether somebody sits in front of a terminal."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stdout.isatty())


def ask_for_start_at_login() -> bool:
    """Ask whether to start traymon at login. Enter means yes where there is a desktop."""
    choices, usual = ("[Y/n]", "y") if has_desktop() else ("[y/N]", "n")
    answer = ask(f"Start traymon at login? {choices} ") or usual
    return answer.lower() in ("y", "yes")


def ask_for_settings(usual: "Path | None") -> "Path | None":
    """Ask for the .env of the trading project; return None for no project."""
    print(
        "Which .env file of your trading project should traymon use? It names your port, account"
        " and client IDs."
    )
    choices = f"Enter: {usual}; {WITHOUT_PROJECT}: no project" if usual else "Enter: no project"
    while True:
        answer = ask(f"Path of the .env file ({choices}): ")
        if not answer:
            return usual
        if answer.lower() == WITHOUT_PROJECT:
            return None
        path = Path(os.path.expanduser(answer))
        if path.is_dir():
            path /= ".env"
        if path.is_file():
            return path.absolute()
        print(f"There is no file {path}.")


def ask(question: str) -> str:
    """Return the answer without spaces and without the quotes that Explorer's copied paths have.

    An end of the input is an empty answer.
    """
    try:
        return input(question).strip().strip("\"'")
    except EOFError:
        print()
        return ""


def has_desktop() -> bool:
    """Tell whether this login has a desktop of its own, unlike one over SSH."""
    if "SSH_CONNECTION" in os.environ or "SSH_TTY" in os.environ:
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
