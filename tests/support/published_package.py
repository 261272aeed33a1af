"""A traymon whose package says where its releases are published."""

from __future__ import annotations

import os
from pathlib import Path

from traymon import __version__


def published_package(folder: Path, latest: str, page: str) -> dict[str, str]:
    """Write the metadata of such a package; return the environment that lets Python find it."""
    found = folder / "published" / f"traymon-{__version__}.dist-info"
    found.mkdir(parents=True)
    rows = [
        *("Metadata-Version: 2.1", "Name: traymon", f"Version: {__version__}"),
        *(f"Project-URL: Latest release, {latest}", f"Project-URL: Releases, {page}", ""),
    ]
    (found / "METADATA").write_text("\n".join(rows), encoding="utf-8")
    return {"PYTHONPATH": os.pathsep.join((str(found.parent), os.environ.get("PYTHONPATH", "")))}
