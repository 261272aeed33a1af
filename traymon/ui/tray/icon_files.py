"""The icon's pictures as files, for panels that read the icon from a path whenever they start.

Not in the temporary folder, which the system cleans while the icon stays the same for weeks.
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

from traymon.core.vocabulary import Light
from traymon.storage.files import write_atomically
from traymon.ui import icons

log = logging.getLogger(__name__)


class IconFiles:
    """One PNG file per light, with and without a rim and a mark."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = Path()  # of the picture that is shown
        self._png = b""

    def show(self, light: Light, rimmed: bool, marked: bool = False) -> str:
        """Write the picture and return its path. Raises OSError if no folder can be written to."""
        self._png = icons.png(light, rimmed=rimmed, marked=marked)
        name = f"{light.word}{'-closed' if rimmed else ''}{'-marked' if marked else ''}.png"
        try:
            return self._write(name)
        except OSError as error:
            log.warning("another folder is taken for the icon's pictures: %s", error)
            self._folder = _make_private_folder()
            return self._write(name)

    def _write(self, name: str) -> str:
        self._path = self._folder / name
        self.restore()
        return str(self._path)

    def restore(self) -> bool:
        """Write the shown picture again if its file is missing or damaged; return whether it was.

        Raises OSError.
        """
        if _holds(self._path, self._png):
            return False
        write_atomically(self._path, self._png)
        return True


def _make_private_folder() -> Path:
    """Make a folder that is this user's alone, in the session's own if there is one."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(
        tempfile.mkdtemp(prefix="traymon-", dir=runtime if os.path.isdir(runtime) else None)
    )


def _holds(path: Path, data: bytes) -> bool:
    """Tell whether a file holds just this. Raises OSError."""
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data
