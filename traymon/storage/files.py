"""Write files so that a reader never sees half of one.

Imports only the standard library: autostart uses it, and the installer uses autostart.
"""

from __future__ import annotations

import os
from pathlib import Path

OWNER_ONLY = 0o600
AS_UMASK_ALLOWS = 0o666  # what `open` asks for


def write_atomically(path: Path, data: str | bytes, mode: int = OWNER_ONLY) -> None:
    """Replace a file in one step, creating its folder if needed. Raises OSError.

    Text is written as UTF-8 with the platform's line ends.
    """
    if isinstance(data, str):
        data = data.replace("\n", os.linesep).encode("utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.urandom(4).hex()}.new")
    try:
        with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
        os.replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
