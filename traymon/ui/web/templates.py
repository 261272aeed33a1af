"""Fills in the templates of assets/, with what every page has: its style and its icon.

Everything but our own templates is untrusted and escaped.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any
from urllib.parse import quote

import jinja2

from traymon import assets
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.ui import icons


def icon_of(light: Light) -> str:
    """Return the icon of a light as an address that a page can use."""
    return as_icon(icons.svg(light))


def as_icon(shape: str) -> str:
    """Return the inside of an SVG as an address that a page can use as its icon."""
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{shape}</svg>'
    return "data:image/svg+xml," + quote(picture, safe="")


def content_hash(script: str) -> str:
    """Return a script's name in a Content-Security-Policy, which allows it alone."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def fill_template(name: str, /, **values: Any) -> str:
    """Return a template of assets/ with its values filled in."""
    return _environment().get_template(name).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(assets.folder()),
        autoescape=jinja2.select_autoescape(("html", "html.j2")),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {"literal": fix_pages.literal, "in_code": fix_pages.literal_in_code}
    return environment


@cache
def style_sheet() -> str:
    """Return the style of every page."""
    return (assets.folder() / "page.css").read_text(encoding="utf-8")
