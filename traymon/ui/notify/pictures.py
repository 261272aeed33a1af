"""The lights' pictures as files, for notification services that take a path."""

from __future__ import annotations

import logging
from pathlib import Path

from traymon.core.vocabulary import Light
from traymon.storage.files import write_atomically
from traymon.ui import icons

log = logging.getLogger(__name__)


class PictureFiles:
    """One PNG file per light, with and without a mark. Its bytes are kept, to be written again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pngs: dict[str, bytes] = {}  # by the file's name

    def path(self, light: Light, marked: bool = False) -> str:
        """Return the path of a light's picture; "" if it cannot be written."""
        name = f"{light.word}{'-marked' if marked else ''}.png"
        path = self._folder / name
        if name not in self._pngs:
            self._pngs[name] = icons.png(light, marked=marked)
        try:
            if not _holds(path, self._pngs[name]):
                write_atomically(path, self._pngs[name])
        except OSError as error:
            log.warning("no picture for the notification: %s", error)
            return ""
        return str(path)


def _holds(path: Path, data: bytes) -> bool:
    """Tell whether a file holds just that; an older version or a full disk may have left another.

    Raises OSError.
    """
    if not path.is_file() or path.stat().st_size != len(data):  # nor is a pipe read
        return False
    return path.read_bytes() == data
