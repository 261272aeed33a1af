"""The lights' pictures as files, for notification services that take a path."""

from __future__ import annotations

import logging
from pathlib import Path

from traymon.core.vocabulary import Light
from traymon.ui import icons

log = logging.getLogger(__name__)


class PictureFiles:
    """One PNG file per light, drawn when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, light: Light) -> str:
        """Return the path of a light's picture; "" if it cannot be written."""
        path = self._folder / f"{light.word}.png"
        try:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                icons.save(light, path)
        except OSError as error:
            log.warning("no picture for the notification: %s", error)
            return ""
        return str(path)
