"""What a traymon that runs has loaded, noted by itself at its end."""

from __future__ import annotations

from pathlib import Path

# traymon ends with os._exit, after which Python does nothing more
NOTE_AT_THE_END = """
import os, sys
def end(code, leave=os._exit):
    with open({note!r}, "w") as file:
        file.write("\\n".join(sorted(sys.modules)))
    leave(code)
os._exit = end
"""
CLIENT_LIBRARIES = {"ib_insync", "ib_async", "ibapi", "eventkit", "numpy", "nest_asyncio"}
# What reads alerts.toml, and what speaks HTTP to a push service.
FOR_PUSH = {"traymon.config.alerts_file", "traymon.outbound.push"}
FOR_DRILLS = {"traymon.drills", "traymon.ui.drill_text"}
FOR_SENDING = {
    *("http.client", "urllib.request", "traymon.outbound.http_post"),
    *("apprise", "requests", "urllib3", "traymon.outbound.by_apprise"),
}
# What reads the command line and the settings, and what the page needs once somebody opens it.
FOR_THE_START = {"typer", "click", "rich", "pydantic", "pydantic_core", "dotenv"}
FOR_THE_PAGE = {"jinja2", "markupsafe", "markdown_it", "starlette", "uvicorn", "anyio", "h11"}


class LoadedModules:
    """The modules of a process that is started with `env` and ends in order."""

    def __init__(self, folder: Path) -> None:
        self._note = folder / "modules.txt"
        hook = folder / "hook"
        hook.mkdir()
        code = NOTE_AT_THE_END.format(note=str(self._note))
        (hook / "sitecustomize.py").write_text(code, encoding="utf-8")
        self.env = {"PYTHONPATH": str(hook)}

    def modules(self) -> set[str]:
        """Return the names of all modules, once the process has ended."""
        return {*self._note.read_text().split()}

    def packages(self) -> set[str]:
        """Return the names of the packages, once the process has ended."""
        return {name.partition(".")[0] for name in self.modules()}
