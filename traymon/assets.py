"""Find the folder with the fix pages, templates, style and icons."""

from __future__ import annotations

from pathlib import Path


def folder() -> Path:
    """Return the folder: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "assets"
    return inside if inside.is_dir() else package.parent / "assets"
