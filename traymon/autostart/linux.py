"""Start at login on Linux: an XDG autostart entry, or on request a systemd user unit.

The entry is the default: the desktop runs it when the display and the bus are there. Not every
desktop reaches systemd's graphical-session.target, which the unit needs.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from traymon.autostart.entry import OFF, State, judge
from traymon.storage.files import AS_UMASK_ALLOWS, write_atomically

log = logging.getLogger(__name__)

ENTRY = """\
[Desktop Entry]
Type=Application
Name=traymon
Comment=Watches the API of TWS / IB Gateway
Exec={}
Terminal=false
X-GNOME-Autostart-Delay=5
"""

# Exit code 3: the settings cannot be used; another start would not change that.
UNIT = """\
[Unit]
Description=traymon, which watches the API of TWS / IB Gateway
PartOf=graphical-session.target
After=graphical-session.target

[Service]
ExecStart={}
Restart=on-failure
RestartPreventExitStatus=3

[Install]
WantedBy=graphical-session.target
"""

UNQUOTED = re.compile(r"[\w@+,./:=-]+")  # needs no quotes in either format
# Neither systemd nor GLib starts a program with one of these in its path, quoted or not. env does.
UNSTARTABLE = re.compile(r"[\"'\\%$`]")
ENV = "/usr/bin/env"


def turn_on(command: Sequence[str], *, systemd: bool = False) -> None:
    """Write the entry, or the unit and the link that enables it; then remove the other."""
    if UNSTARTABLE.search(command[0]):
        command = [ENV, *command]
    if systemd:
        _write(_unit(), UNIT.format(_quote_for_unit(command)))
        _link().parent.mkdir(parents=True, exist_ok=True)
        _link().unlink(missing_ok=True)
        _link().symlink_to(_unit())
        _reload()
        _remove(_entry())
    else:
        _write(_entry(), ENTRY.format(_quote_for_entry(command)))
        _remove_unit()


def turn_off() -> None:
    """Remove the entry and the unit."""
    _remove(_entry())
    _remove_unit()


def state() -> State:
    """Return the state of the entry, or else of the unit."""
    if (text := _read(_entry())) is not None:
        for key, off in (("Hidden", "true"), ("X-GNOME-Autostart-enabled", "false")):
            if _value(text, key).lower() == off:
                return State(False, f"Start at login is off: {_entry()} says {key}={off}.")
        return judge(_entry(), _without_env(_parse_entry(_value(text, "Exec"))))
    if (text := _read(_unit())) is not None:
        if not os.path.lexists(_link()):
            return State(False, f"Start at login is off: {_unit()} is there, but not enabled.")
        return judge(_unit(), _without_env(_parse_unit(_value(text, "ExecStart"))))
    return OFF


# --- paths


def _config() -> Path:
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    # the specification says to ignore a relative path
    return Path(folder if os.path.isabs(folder) else os.path.expanduser("~/.config"))


def _entry() -> Path:
    return _config() / "autostart" / "traymon.desktop"


def _unit() -> Path:
    return _config() / "systemd" / "user" / "traymon.service"


def _link() -> Path:
    return _unit().with_name("graphical-session.target.wants") / _unit().name


# --- files


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None


def _write(path: Path, text: str) -> None:
    write_atomically(path, text.encode("utf-8", "surrogateescape"), AS_UMASK_ALLOWS)


def _remove(path: Path) -> None:
    """Remove a file if it exists, and the parent folders that this leaves empty."""
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == _config():
            break
        with suppress(OSError):  # not empty, or not there
            folder.rmdir()


def _remove_unit() -> None:
    if os.path.lexists(_link()) or _unit().exists():
        _remove(_link())
        _remove(_unit())
        _reload()


def _reload() -> None:
    """Make systemd reload its units; without a running systemd, the next login does."""
    command = ["systemctl", "--user", "daemon-reload"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)
        log.info("systemd: %s", done.stderr.decode(errors="replace").strip() or "units reloaded")
    except (OSError, subprocess.TimeoutExpired) as error:
        log.info("systemd: %s", error)


# --- command lines


def _value(text: str, key: str) -> str:
    """Return the first value of a key, or ""."""
    found = re.search(rf"^{key}[ \t]*=[ \t]*(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _quote_for_entry(command: Sequence[str]) -> str:
    """Quote by the Desktop Entry specification: first each argument, then the whole value."""

    def quoted(part: str) -> str:
        return part if UNQUOTED.fullmatch(part) else '"' + re.sub(r'(["`$\\])', r"\\\1", part) + '"'

    return " ".join(map(quoted, command)).replace("%", "%%").replace("\\", "\\\\")


def _parse_entry(value: str) -> list[str]:
    unescaped = re.sub(r"\\(.)", lambda m: {"s": " "}.get(m[1], m[1]), value)
    return [part.replace("%%", "%") for part in _split(unescaped)]


def _quote_for_unit(command: Sequence[str]) -> str:
    """Quote by systemd.service(5)."""

    def quoted(part: str) -> str:
        return part if UNQUOTED.fullmatch(part) else '"' + re.sub(r'(["\\])', r"\\\1", part) + '"'

    return " ".join(map(quoted, command)).replace("%", "%%").replace("$", "$$")


def _parse_unit(value: str) -> list[str]:
    return [part.replace("%%", "%").replace("$$", "$") for part in _split(value)]


def _without_env(command: list[str]) -> list[str]:
    return command[1:] if command[:1] == [ENV] else command


def _split(line: str) -> list[str]:
    """Split at spaces outside double quotes."""
    parts = re.finditer(r'"((?:\\.|[^"\\])*)"|(\S+)', line)
    return [re.sub(r"\\(.)", r"\1", m[1]) if m[2] is None else m[2] for m in parts]
