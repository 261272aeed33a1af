"""Where the pages, the template and the style lie: inside the wheel, or beside the package."""

from __future__ import annotations

from pathlib import Path


def folder() -> Path:
    """Return the folder `assets`; a wheel carries it inside the package, a checkout beside it."""
    package = Path(__file__).parent
    inside = package / "assets"
    return inside if inside.is_dir() else package.parent / "assets"
