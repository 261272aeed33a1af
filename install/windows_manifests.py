"""The manifests by which winget and Scoop install the setup for Windows.

Pure. Field names and allowed values: winget's manifest schema 1.10 and Scoop's wiki, "App
Manifests".
"""

import json
from datetime import date
from typing import Any, NamedTuple

import yaml

WINGET_SCHEMA = "1.10.0"
IDENTIFIER = "traymon.traymon"
DESCRIPTION = "Watches the API of TWS / IB Gateway and says what to do when it fails"
PROGRAMS = ("traymon.exe", "traymon-tray.exe")


class Setup(NamedTuple):
    """A setup program that can be downloaded."""

    version: str
    day: date
    address: str  # of the repository
    url: str  # of the setup
    sha256: str


def winget(setup: Setup) -> "dict[str, str]":
    """Return the three manifests of winget, by the names of their files."""
    return {
        f"{IDENTIFIER}.yaml": _winget(setup, "version", DefaultLocale="en-US"),
        f"{IDENTIFIER}.installer.yaml": _winget(
            setup,
            "installer",
            InstallerType="nullsoft",
            Scope="user",
            InstallModes=["interactive", "silent"],
            UpgradeBehavior="install",
            ProductCode="traymon",  # its key under Uninstall in the registry
            Commands=["traymon"],
            ReleaseDate=setup.day,
            Installers=[
                {
                    "Architecture": "x64",
                    "InstallerUrl": setup.url,
                    "InstallerSha256": setup.sha256.upper(),
                }
            ],
        ),
        f"{IDENTIFIER}.locale.en-US.yaml": _winget(
            setup,
            "defaultLocale",
            PackageLocale="en-US",
            Publisher="traymon",
            PackageName="traymon",
            PackageUrl=setup.address,
            License="MIT",
            LicenseUrl=f"{setup.address}/blob/v{setup.version}/LICENSE",
            ShortDescription=DESCRIPTION,
            Moniker="traymon",
            Tags=["interactive-brokers", "monitoring", "trading"],
            ReleaseNotesUrl=f"{setup.address}/releases/tag/v{setup.version}",
        ),
    }


def scoop(setup: Setup) -> str:
    """Return the manifest of Scoop, which unpacks the setup and runs nothing of it."""
    manifest = {
        "version": setup.version,
        "description": DESCRIPTION,
        "homepage": setup.address,
        "license": "MIT",
        "architecture": {
            "64bit": {"url": f"{setup.url}#/dl.7z", "hash": setup.sha256.lower()},
        },
        # What is left of the setup itself.
        "pre_install": 'Remove-Item "$dir\\`$PLUGINSDIR", "$dir\\uninstall.exe*" -Recurse -Force'
        " -ErrorAction SilentlyContinue",
        "bin": PROGRAMS[0],
        "shortcuts": [[PROGRAMS[1], "traymon"]],
    }
    return json.dumps(manifest, indent=4) + "\n"


def _winget(setup: Setup, kind: str, **fields: Any) -> str:
    manifest = {
        "PackageIdentifier": IDENTIFIER,
        "PackageVersion": setup.version,
        **fields,
        "ManifestType": kind,
        "ManifestVersion": WINGET_SCHEMA,
    }
    text: str = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True)
    return text
