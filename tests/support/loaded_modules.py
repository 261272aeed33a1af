"""What a traymon that runs has loaded, noted by Python itself at its end."""

from __future__ import annotations

from pathlib import Path

NOTE_AT_THE_END = """
import atexit, pathlib, sys
atexit.register(lambda: pathlib.Path({note!r}).write_text("\\n".join(sorted(sys.modules))))
"""
CLIENT_LIBRARIES = {"ib_insync", "ib_async", "ibapi", "eventkit", "numpy", "nest_asyncio"}


class LoadedModules:
    """The modules of a process that is started with `env` and ends in order."""

    def __init__(self, folder: Path) -> None:
        self._note = folder / "modules.txt"
        hook = folder / "hook"
        hook.mkdir()
        code = NOTE_AT_THE_END.format(note=str(self._note))
        (hook / "sitecustomize.py").write_text(code, encoding="utf-8")
        self.env = {"PYTHONPATH": str(hook)}

    def packages(self) -> set[str]:
        """Return the names of the packages, once the process has ended."""
        return {name.partition(".")[0] for name in self._note.read_text().split()}
