"""Moves a page of the repository to its place on the website, where its links lead on.

A link to another page leads to that page. A link to any other file of the repository leads to a
copy of it, which the website carries under files/.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)


class Links:
    """The links of pages that are moved."""

    def __init__(self, root: Path, pages: Mapping[str, str]) -> None:
        """`pages`: where the website has each page of the repository."""
        self._root = root
        self._pages = pages
        self.files: set[str] = set()  # to which the pages moved so far link

    def moved(self, text: str, source: str, place: str) -> str:
        """Return a page's text as it stands at its place. Raises FileNotFoundError."""
        parts = _CODE.split(text)  # text, code, text, ...
        parts[::2] = [
            _LINK.sub(lambda link: f"{link[1]}{self._target(link[2], source, place)}{link[3]}", one)
            for one in parts[::2]
        ]
        return "".join(parts)

    @staticmethod
    def place_of_file(name: str) -> str:
        """Return where the website has a file that is no page; a server may hide dotfiles."""
        return f"files/{name.lstrip('.')}"

    def _target(self, link: str, source: str, place: str) -> str:
        path, hash_sign, anchor = link.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return link
        name = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if name in self._pages:
            found = self._pages[name]
        elif (self._root / name).is_file():
            self.files.add(name)
            found = self.place_of_file(name)
        else:
            raise FileNotFoundError(f"{source} links to {link}, which is not there")
        return posixpath.relpath(found, posixpath.dirname(place) or ".") + hash_sign + anchor
