"""Load the settings of traymon and of every target: which files are read, and what they add up to.

One target comes from a `.env`, the environment and the command line; several come from several
`.env` files or from targets.toml, where a mistake costs the target that it is in. Does not look at
ports or programs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from platformdirs import user_config_path

from traymon.config import ib_resets, targets_file
from traymon.config.in_force import Config, OwnSettings, TargetConfig, Value
from traymon.config.layers import (
    COMMAND_LINE,
    ENVIRONMENT,
    TRADING_MODE,
    Entry,
    Layers,
    environment_of_all,
    gather,
)
from traymon.config.masking import masked
from traymon.config.names import Wish, distinct_names
from traymon.config.schema import FIELDS, OWN, default_text
from traymon.config.settings_watch import dates_of
from traymon.config.target_settings import (
    NAMELESS,
    parse,
    project_of,
    read_target,
    refuse_open_metrics,
)
from traymon.config.targets_file import Described
from traymon.errors import ConfigError, Mistake
from traymon.storage.files import lies_at

DOTENV = ".env"
OF_ENDPOINT = frozenset({"IB_HOST", "IB_PORT"})  # options that can mean one target alone


def load(
    env_files: Sequence[Path] = (),
    *,
    targets: Path | None = None,
    environ: Mapping[str, str],
    folder: Path,
    options: Mapping[str, str | None] | None = None,
) -> Config:
    """Return the configuration in force.

    `env_files` and `targets`, a targets.toml, are what the command line names. Without any of them
    the first that there is of `folder`'s targets.toml and .env and of those in the user's
    configuration folder is read. `options` are the keys that were set on the command line:
    `{"IB_PORT": "7497"}`. Raises ConfigError with every mistake if nothing can be watched.
    """
    given = {key: text for key, text in (options or {}).items() if text is not None}
    own_folder = user_config_path("traymon")
    found = _find(env_files, targets, folder, own_folder, of_one=bool(OF_ENDPOINT & {*given}))
    looked_at = [*found.looked_at, own_folder / ib_resets.NAME]
    dates = dates_of(looked_at)  # before they are read: a change from here on is seen
    if found.targets is None and len(found.env_files) < 2:
        env_file = next(iter(found.env_files), None)
        config = _load_one(Entry(env_file), environ, given, own_folder)
        return replace(config, files=tuple(looked_at), dates=dates)
    if alone := sorted(OF_ENDPOINT & {*given}):
        problem = "names one target, and here are several"
        raise ConfigError([Mistake(COMMAND_LINE, key, given[key], problem) for key in alone])
    if found.targets is None:
        described = Described(tuple(map(Entry, found.env_files)))
    else:
        described = targets_file.read(found.targets)
        env_files = [entry.env_file for entry in described.entries if entry.env_file is not None]
        looked_at += env_files
        dates += dates_of(env_files)
    config = _Several(described, environ, given, own_folder).load()
    return replace(config, files=tuple(looked_at), dates=dates, targets_file=found.targets)


@dataclass(frozen=True, slots=True)
class _Found:
    """The files that describe the targets, and those that would if they were there."""

    looked_at: Sequence[Path]
    env_files: Sequence[Path] = ()
    targets: Path | None = None


def _find(
    env_files: Sequence[Path],
    targets: Path | None,
    folder: Path,
    own_folder: Path,
    *,
    of_one: bool,
) -> _Found:
    """Return the files to read; `of_one`: the command line names an endpoint, so no list of them.

    A file that cannot be read is not passed over.
    """
    if targets is not None:
        return _Found([targets], (), targets)
    if env_files:
        return _Found(env_files, env_files)
    names = (DOTENV,) if of_one else (targets_file.NAME, DOTENV)
    candidates = [place / name for place in (folder, own_folder) for name in names]
    first = next(filter(lies_at, candidates), None)
    if first is None:
        return _Found(candidates)
    if first.name == targets_file.NAME:
        return _Found(candidates, (), first)
    return _Found(candidates, (first,))


def _load_one(
    entry: Entry, environ: Mapping[str, str], options: Mapping[str, str], own_folder: Path
) -> Config:
    layers = gather(entry, environ, options, environ)
    settings, config = read_target(layers, entry, own_folder)
    own = {row.name: getattr(settings, row.name) for row in fields(OwnSettings)}
    return Config(OwnSettings(**own), (config,))


@dataclass(slots=True)
class _Several:
    """Several targets that are loaded together; a mistake costs the target that it is in."""

    described: Described
    environ: Mapping[str, str]
    options: Mapping[str, str]
    own_folder: Path
    mistakes: list[Mistake] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # names

    def load(self) -> Config:
        """Return the configuration. Raises ConfigError if no target is left."""
        entries = self.described.entries
        self.mistakes += self.described.mistakes
        gathered = [self._gather(entry) for entry in entries]
        own = self._own_values(gathered)
        names = self._names(gathered)
        settings = self._own_settings(own)
        targets = []
        for entry, layers, name in zip(entries, gathered, names, strict=True):
            config = None if layers is None else self._read(entry, layers, name)
            if config is None:
                self.left_out.append(name)
            else:
                targets.append(replace(config, values={**config.values, **own}))
        mistakes = tuple(dict.fromkeys(self.mistakes))
        if not targets:
            raise ConfigError(mistakes)
        return Config(settings, tuple(targets), mistakes, tuple(self.left_out))

    def _gather(self, entry: Entry) -> Layers | None:
        environ = environment_of_all(self.environ)
        try:
            return gather(entry, environ, self.options, self.environ)
        except ConfigError as error:
            unreadable = (_as_written(mistake, entry) for mistake in error.mistakes)
            self.mistakes += [*entry.mistakes, *unreadable]
            return None

    def _names(self, gathered: Sequence[Layers | None]) -> list[str]:
        wishes = []
        for entry, layers in zip(self.described.entries, gathered, strict=True):
            values = entry.values if layers is None else layers.values
            named = values.get("TRAYMON_NAME")
            wishes.append(Wish(named.text if named else "", self._parts(entry, values)))
        return distinct_names(wishes)

    def _parts(self, entry: Entry, values: Mapping[str, Value]) -> Sequence[str]:
        """Return what a target's name is made of: its project's folder, or else its address."""
        if entry.env_file is not None and project_of(entry.env_file, self.own_folder):
            folders = entry.env_file.absolute().parent.parts[1:]
            return [folder for folder in folders if folder.isprintable()]
        host, port = values.get("IB_HOST"), values.get("IB_PORT")
        address = f"{host.text if host else '127.0.0.1'}:{port.text if port else '?'}"
        return [address if address.isprintable() else NAMELESS]

    def _read(self, entry: Entry, layers: Layers, name: str) -> TargetConfig | None:
        """Return the settings of a target under its name; None, with the mistakes noted."""
        layers.values = {key: value for key, value in layers.values.items() if key not in OWN}
        named = layers.values.get("TRAYMON_NAME")
        if named is not None and named.text != name:
            layers.mistakes.append(
                Mistake(named.source, "TRAYMON_NAME", named.text, "another target has this name")
            )
        try:
            settings, config = read_target(layers, entry, self.own_folder)
            if settings.port is None:
                where = entry.where or str(entry.env_file)
                problem = "must be set in a list of targets"
                raise ConfigError([Mistake(where, "IB_PORT", "", problem)])
        except ConfigError as error:
            self.mistakes += [_as_written(mistake, entry) for mistake in error.mistakes]
            return None
        is_one_of_many = len(self.described.entries) > 1
        return replace(config, target=replace(config.target, name=name, one_of_many=is_one_of_many))

    def _own_values(self, gathered: Sequence[Layers | None]) -> dict[str, Value]:
        """Return the values of traymon's own settings.

        Of the `.env` files, the first that sets one counts. One that sets it otherwise is noted,
        unless the environment, the command line or the table [traymon] has the last word.
        """
        found: dict[str, Value] = {}
        for layers in filter(None, gathered):
            for key in OWN & layers.values.keys():
                value = layers.values[key]
                first = found.setdefault(key, value)
                if value.text != first.text and key not in self.described.own:
                    shown = masked(key, value.text)
                    problem = f"does not count, as {first.source} says otherwise"
                    hint = f"put one into [traymon] of {targets_file.NAME}"
                    self.mistakes.append(Mistake(value.source, key, shown, problem, hint))
        strongest = {
            key: value
            for key, value in found.items()
            if value.source in (ENVIRONMENT, COMMAND_LINE)
        }
        return {**found, **self.described.own, **strongest}

    def _own_settings(self, values: dict[str, Value]) -> OwnSettings:
        """Return traymon's own settings; one with a mistake, which is noted, has its default.

        What is left is checked again: without the token, the metrics may be open to others.
        """
        while True:
            mistakes: list[Mistake] = []
            settings = parse(values, mistakes)
            if settings is not None:
                refuse_open_metrics(settings, values, mistakes)
                if not mistakes:
                    break
            for mistake in mistakes:
                del values[mistake.key]
            own = Entry(None, self.described.own)
            self.mistakes += [_as_written(mistake, own) for mistake in mistakes]
        return OwnSettings(**{row.name: getattr(settings, row.name) for row in fields(OwnSettings)})


def _as_written(mistake: Mistake, entry: Entry) -> Mistake:
    """Return a mistake with the key as the entry has it: `port`, not `IB_PORT`."""
    if entry.where and mistake.where == str(entry.env_file):
        problem = f"{mistake.where}: {mistake.problem}"
        return replace(mistake, where=entry.where, key="env", problem=problem)
    value = entry.values.get(mistake.key)
    if mistake.where in (entry.where, value and value.source):
        return replace(mistake, key=targets_file.short_name(mistake.key))
    return mistake


def listing(config: TargetConfig) -> Iterator[tuple[str, str, str]]:
    """Yield (key, value, source) of every setting of a target, without secrets."""
    given = [key for key in config.values if key not in FIELDS]
    for key in (*FIELDS, *given):
        if key in config.values:
            value = config.values[key]
            yield key, masked(key, value.text), value.source
        else:
            yield key, default_text(key), "default"
    if config.trading_mode is not None:
        yield TRADING_MODE, config.trading_mode.text, config.trading_mode.source
