"""Where this traymon's releases are published, as its package says it."""

from __future__ import annotations

from importlib import metadata

from traymon.core.releases import Releases

# Of the project's addresses in pyproject.toml.
LATEST, PAGE = "Latest release", "Releases"


def published(package: str = "traymon") -> Releases | None:
    """Return where a package's releases are published; None if it does not say so."""
    try:
        rows = metadata.metadata(package).get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return None
    addresses = {name.strip(): url.strip() for name, _, url in (row.partition(",") for row in rows)}
    latest, page = addresses.get(LATEST), addresses.get(PAGE)
    return Releases(latest, page) if latest and page else None
