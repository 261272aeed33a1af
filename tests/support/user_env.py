"""A user with fresh folders, no settings and no desktop; a browser that only takes notes."""

from __future__ import annotations

import os
from pathlib import Path

# What whoever runs the tests may have set, and traymon would heed; the last makes a start slower.
SETTINGS = ("IB_", "TRAYMON_", "PYTHONDONTWRITEBYTECODE")
# IB's reset, in which a fault is amber and not announced, must not depend on when the tests run.
NO_RESETS = {"TRAYMON_REGION": "off"}
DESKTOP = ("DBUS_", "DISPLAY", "PYSTRAY_", "WAYLAND_", "XAUTHORITY", "XDG_")


def inherited_env(*without: str) -> dict[str, str]:
    """Return this process's environment without the variables that begin so."""
    return {name: value for name, value in os.environ.items() if not name.startswith(without)}


def user_env(home: Path) -> dict[str, str]:
    """Return the environment of a user whose files all lie in `home`."""
    runtime = home / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    return inherited_env(*SETTINGS, *DESKTOP) | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHONIOENCODING": "utf-8",
        **NO_RESETS,
    }


class RecordingBrowser:
    """A program in the browser's place that writes down what it is asked to open."""

    def __init__(self, folder: Path, name: str = "browser") -> None:
        self.program = folder / name
        self._record = folder / f"{name}.opened"
        self.program.write_text(f'#!/bin/sh\necho "$1" >> "{self._record}"\n')
        self.program.chmod(0o755)

    @property
    def env(self) -> dict[str, str]:
        """What makes a program ask this browser."""
        return {"BROWSER": f"{self.program} %s"}

    def opened(self) -> list[str]:
        """Return the addresses that were opened so far."""
        return self._record.read_text().splitlines() if self._record.exists() else []

    def opened_files(self) -> list[Path]:
        """Return the files that were opened so far."""
        return [Path(address.removeprefix("file://")) for address in self.opened()]
