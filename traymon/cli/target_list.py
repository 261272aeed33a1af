"""Adds a target to the list of those that are watched, in targets.toml.

A traymon whose settings come from no such list gets one, with what it watches already. The file
stays as the user has written it; the new target is appended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from platformdirs import user_config_path

from traymon.cli.common import read_settings
from traymon.cli.settings_process import SettingsRequest
from traymon.config import targets_file
from traymon.config.in_force import Config, TargetConfig
from traymon.config.layers import CLIENT_ID_KEY, COMMAND_LINE, ENVIRONMENT, environment_of_all
from traymon.config.targets_file import CLIENT_IDS, short_name
from traymon.config.toml_file import MAX_SIZE
from traymon.errors import ConfigError, Mistake
from traymon.storage.files import lies_at, read_file, write_atomically


def entry_of(config: TargetConfig) -> dict[str, str]:
    """Return what a list says of a target that comes from a `.env`, or from options alone.

    What the environment and the command line say of this target alone has to stand in the list,
    where they mean all targets.
    """
    entry = {}
    if config.env_file is not None:
        entry["env"] = str(config.env_file.absolute())
    for key, value in config.values.items():
        of_this_one = value.source == COMMAND_LINE and key.startswith("IB_")
        if value.source == ENVIRONMENT:
            of_this_one = key not in environment_of_all({key: value.text})
        if of_this_one and CLIENT_ID_KEY.fullmatch(key):
            entry[short_name(CLIENT_IDS)] = ",".join(map(str, config.target.client_ids))
        elif of_this_one:
            entry[short_name(key)] = value.text
    if config.target.discovered:
        from traymon.sensors.port_discovery import discover

        entry["port"] = str(discover(config.target).port)
    return entry


def add_target(request: SettingsRequest, entry: Mapping[str, str]) -> SettingsRequest:
    """Append a target to the list; return how the settings are read from now on.

    Raises ConfigError if that is impossible, and then leaves everything as it was.
    """
    config = read_settings(request)
    path, entries = config.targets_file, [entry]
    if path is None:
        path = user_config_path("traymon") / targets_file.NAME
        if lies_at(path):
            problem = "is there already, though the running traymon does not use it"
            hint = "add the target to it, quit traymon and start it again without --env"
            raise ConfigError([Mistake(str(path), "", "", problem, hint)])
        entries = [
            *({"name": one.target.name, **entry_of(one)} for one in config.targets),
            entry,
        ]
    listed = replace(request, envs=(), targets=str(path.absolute()), host=None, port=None)
    try:
        _append(path.resolve(), entries, listed, config)
    except (OSError, ValueError) as error:
        raise ConfigError([Mistake(str(path), "", "", f"nothing can be added: {error}")]) from error
    return listed


def _append(
    path: Path, entries: Sequence[Mapping[str, str]], listed: SettingsRequest, config: Config
) -> None:
    """Write the file; put back what it held if the new target cannot be watched."""
    before = read_file(path, MAX_SIZE) if lies_at(path) else None
    write_atomically(path, targets_file.appended(before or b"", entries))
    try:
        new = read_settings(listed)
        if len(new.left_out) > len(config.left_out):
            raise ConfigError([one for one in new.mistakes if one not in config.mistakes])
    except BaseException:
        if before is None:
            path.unlink()
        else:
            write_atomically(path, before)
        raise
