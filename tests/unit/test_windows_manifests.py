"""The manifests for winget and Scoop follow their rules, as far as no schema is at hand offline.

The rules are those of winget's manifest schema 1.10 and of Scoop's, read and written down here.
"""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
import yaml
from windows_manifests import Setup, scoop, winget

URL = "https://example.org/o/traymon/releases/download/v0.2.0/traymon-0.2.0-setup.exe"
SETUP = Setup("0.2.0", date(2026, 11, 28), "https://example.org/o/traymon", URL, "ab" * 32)

IDENTIFIER = r"[^.\s\\/:*?\"<>|]{1,32}(\.[^.\s\\/:*?\"<>|]{1,32}){1,7}"
REQUIRED = {
    "version": {"DefaultLocale"},
    "installer": {"Installers"},
    "defaultLocale": {"PackageLocale", "Publisher", "PackageName", "License", "ShortDescription"},
}
COMMON = {"PackageIdentifier", "PackageVersion", "ManifestType", "ManifestVersion"}
LONGEST = {"ShortDescription": 256, "Publisher": 256, "PackageName": 256, "Moniker": 40}


def manifests() -> dict[str, dict[str, object]]:
    """Return the manifests by their type."""
    read = [yaml.safe_load(text) for text in winget(SETUP).values()]
    return {manifest["ManifestType"]: manifest for manifest in read}


@pytest.mark.parametrize("kind", REQUIRED)
def test_a_winget_manifest_has_what_it_must_have(kind: str) -> None:
    manifest = manifests()[kind]
    assert REQUIRED[kind] | COMMON <= set(manifest)
    assert re.fullmatch(IDENTIFIER, str(manifest["PackageIdentifier"]))
    assert (manifest["PackageVersion"], manifest["ManifestVersion"]) == ("0.2.0", "1.10.0")
    for key, most in LONGEST.items():
        assert len(str(manifest.get(key, ""))) <= most
    for key, value in manifest.items():
        if key.endswith("Url"):
            assert str(value).startswith("https://example.org/o/traymon")


def test_the_three_winget_files_are_named_as_winget_wants_them() -> None:
    assert set(winget(SETUP)) == {
        "traymon.traymon.yaml",
        "traymon.traymon.installer.yaml",
        "traymon.traymon.locale.en-US.yaml",
    }


def test_winget_gets_the_setup_and_its_hash() -> None:
    manifest = manifests()["installer"]
    assert manifest["InstallerType"] in ("exe", "inno", "msi", "nullsoft", "portable", "wix", "zip")
    assert manifest["Scope"] in ("user", "machine")
    assert manifest["ReleaseDate"] == date(2026, 11, 28)
    assert manifest["Installers"] == [
        {"Architecture": "x64", "InstallerUrl": URL, "InstallerSha256": "AB" * 32}
    ]


def test_scoop_gets_the_setup_and_its_hash() -> None:
    manifest = json.loads(scoop(SETUP))
    assert {"version", "description", "homepage", "license"} <= set(manifest)  # its schema's
    assert re.fullmatch(r"[\w.+-]+", manifest["version"])
    (arch,) = manifest["architecture"].values()
    assert arch["url"] == f"{URL}#/dl.7z"
    assert re.fullmatch(r"[a-f0-9]{64}", arch["hash"])
    assert manifest["shortcuts"] == [["traymon-tray.exe", "traymon"]]
    assert '"$dir\\`$PLUGINSDIR"' in manifest["pre_install"]  # PowerShell must not expand it
