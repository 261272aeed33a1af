"""Reads the settings in a process of its own, which takes the libraries for it with it at its end.

`main` is that process (child_process.py): a request on stdin, the answer on stdout.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from traymon import __version__, child_process
from traymon.errors import ConfigError, Mistake

if TYPE_CHECKING:
    from traymon.config.in_force import Config

TIMEOUT = 60.0  # seconds
MODULE = "traymon.cli.settings_process"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRequest:
    """Where the settings come from, the environment aside."""

    envs: Sequence[str] = ()  # the paths of the .env files that were named
    targets: str | None = None  # the path of the targets.toml, if it was named
    host: str | None = None
    port: str | None = None
    timeout: str | None = None
    folder: str  # in which these files are looked for if none was named


Answer: TypeAlias = "tuple[Config | None, Sequence[Mistake], dict[str, Any]]"  # the request


class SettingsReader:
    """Reads the settings again and again, each time in a process of its own."""

    def __init__(self, request: SettingsRequest) -> None:
        self._request = request

    def load(self) -> Config:
        """Return the settings as they are now. Takes a second. Raises ConfigError."""
        return self._ask(None)

    def add(self, entry: Mapping[str, str]) -> Config:
        """Append a target to the list of those that are watched; return the settings then.

        `entry` is what the list says of it. Raises ConfigError if it cannot be added.
        """
        return self._ask(entry)

    def _ask(self, entry: Mapping[str, str] | None) -> Config:
        config, mistakes, request = _ask_process(self._request, entry)
        self._request = SettingsRequest(**request)
        if config is None:
            raise ConfigError(mistakes)
        return config


def _ask_process(request: SettingsRequest, entry: Mapping[str, str] | None) -> Answer:
    try:
        done = subprocess.run(
            child_process.command(MODULE),
            input=json.dumps([asdict(request), entry]).encode(),
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _cannot_read(str(error)) from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise _cannot_read(lines[-1] if lines else f"exit code {done.returncode}")
    version, _, answer = done.stdout.partition(b"\n")
    if version.decode() != __version__:
        raise _cannot_read(f"traymon {version.decode()} is installed now")
    return cast(Answer, pickle.loads(answer))


def _cannot_read(why: str) -> ConfigError:
    return ConfigError(
        [Mistake("", "", "", f"the settings cannot be read: {why}", "restart traymon")]
    )


def main() -> None:
    """Answer one request: with traymon's version, the settings and the mistakes in them.

    And with how the settings are read from now on, which a target that is added may change.
    """
    from traymon.cli.common import read_settings
    from traymon.cli.run import name_settings

    asked, entry = json.load(sys.stdin)
    request = SettingsRequest(**asked)
    config: Config | None = None
    mistakes: Sequence[Mistake] = ()
    try:
        if entry is not None:
            from traymon.cli.target_list import add_target

            request = add_target(request, entry)
        config = name_settings(read_settings(request), request)
    except ConfigError as error:
        mistakes = error.mistakes
    answer: Answer = config, mistakes, asdict(request)
    sys.stdout.buffer.write(f"{__version__}\n".encode() + pickle.dumps(answer))


if __name__ == "__main__":
    main()
