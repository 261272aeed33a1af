"""The installers of traymon for a user: uv, pipx, or a virtual environment of its own.

All of them install the locked files and nothing else, and build traymon with the locked tools. None
writes outside the user's own folders.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from environment import ROOT, base_python, check_venv_module, locked_packages
from subprocesses import isolated, output_of, run_or_fail

BIN, EXE = ("Scripts", ".exe") if sys.platform == "win32" else ("bin", "")
NETWORK_HINT = " Check your internet connection or proxy settings, then run this again."
LINK = Path(
    os.path.expanduser("~/.local/bin/traymon")
)  # not on Windows, whose PATH has no such folder


class UvInstaller:
    """An environment managed by uv."""

    name = "uv"
    kind = "with uv"

    def is_here(self) -> bool:
        """Tell whether this installer can be used here."""
        return shutil.which("uv") is not None

    def folder(self) -> "Path | None":
        """Return the environment that traymon is or would be in; None if it is unknown."""
        tools = output_of(["uv", "tool", "dir"]) if self.is_here() else None
        return Path(tools, "traymon") if tools else None

    def install(self) -> None:
        """Install or update traymon. Raises InstallError."""
        python = base_python()
        command = ["uv", "tool", "install", "--force", "--reinstall", "--python", python]
        with _verified_wheels(python) as wheels:
            run_or_fail(
                [*command, "--no-index", "--find-links", wheels, str(ROOT)],
                "uv could not install traymon.",
                _only_from(wheels),
            )

    def uninstall(self) -> None:
        """Uninstall traymon. Raises InstallError."""
        run_or_fail(["uv", "tool", "uninstall", "traymon"], "uv could not remove traymon.")


class PipxInstaller:
    """An environment managed by pipx."""

    name = "pipx"
    kind = "with pipx"

    def is_here(self) -> bool:
        """Tell whether this installer can be used here."""
        return shutil.which("pipx") is not None

    def folder(self) -> "Path | None":
        """Return the environment that traymon is or would be in; None if it is unknown."""
        query = ["pipx", "environment", "--value", "PIPX_LOCAL_VENVS"]
        environments = output_of(query) if self.is_here() else None
        return Path(environments, "traymon") if environments else None

    def install(self) -> None:
        """Install or update traymon. Raises InstallError."""
        python = base_python()
        with _verified_wheels(python) as wheels:
            run_or_fail(
                ["pipx", "install", "--force", "--python", python, str(ROOT)],
                "pipx could not install traymon.",
                _only_from(wheels),
            )

    def uninstall(self) -> None:
        """Uninstall traymon. Raises InstallError."""
        run_or_fail(["pipx", "uninstall", "traymon"], "pipx could not remove traymon.")


class VenvInstaller:
    """An environment of traymon's own."""

    name = "venv"
    kind = "private venv"

    def __init__(self) -> None:
        self._folder = data_folder() / "venv"
        self._old = self._folder.with_name("venv.old")

    def is_here(self) -> bool:
        """Always true; if something is missing, `install` raises an error that says what."""
        return True

    def folder(self) -> "Path | None":
        """Return the environment that traymon is or would be in; None if it is unknown."""
        return self._folder

    def install(self) -> None:
        """Create the environment. If that fails, restore the old one. Raises InstallError."""
        self._restore()  # if an earlier run was interrupted
        check_venv_module()
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        if self._folder.exists():
            self._folder.rename(self._old)
        try:
            self._create()
        except BaseException:
            _remove_what_can_be(self._folder)
            self._restore()
            _remove_if_empty(self._folder.parent)
            raise
        _remove_what_can_be(self._old)
        self._link()

    def _restore(self) -> None:
        if self._old.exists():
            _remove_what_can_be(self._folder)
            self._old.rename(self._folder)

    def _create(self) -> None:
        python = base_python()
        run_or_fail(
            isolated(python, "-m", "venv", str(self._folder)),
            f"{python} could not make a virtual environment.",
        )
        pip = isolated(self._folder / BIN / ("python" + EXE), "-m", "pip", "install", "--quiet")
        run_or_fail(
            [*pip, *locked_packages("run")],
            "pip could not install traymon's packages." + NETWORK_HINT,
        )
        # The lock contains the build tools, so nothing unlocked is fetched.
        run_or_fail(
            [*pip, "--no-deps", "--no-build-isolation", str(ROOT)],
            "pip could not install traymon itself.",
        )

    def _link(self) -> None:
        """Link the command into the user's PATH, unless something else has that name there."""
        if sys.platform == "win32" or (os.path.lexists(str(LINK)) and not self._owns_link()):
            return
        LINK.parent.mkdir(parents=True, exist_ok=True)
        if self._owns_link():
            LINK.unlink()
        LINK.symlink_to(self._folder / BIN / "traymon")

    def _owns_link(self) -> bool:
        return LINK.is_symlink() and Path(os.readlink(str(LINK))).parent.parent == self._folder

    def uninstall(self) -> None:
        """Remove the environment and the link to its command."""
        if self._owns_link():
            LINK.unlink()
            _remove_if_empty(LINK.parent)
        _remove_what_can_be(self._old)
        remove_tree(self._folder)
        _remove_if_empty(self._folder.parent)


def installed_with() -> "list[Installer]":
    """Return the installers that traymon is installed with now, whether it works or not."""
    folders = [(installer, installer.folder()) for installer in INSTALLERS]
    return [installer for installer, folder in folders if folder is not None and folder.exists()]


def command_of(installer: "Installer") -> Path:
    """Return the command of the traymon that the installer has installed."""
    return Path(installer.folder() or "", BIN, "traymon" + EXE)


def choose_installer() -> "Installer":
    """Return the installer that was used before, else the first one that can be used here."""
    usable = [installer for installer in INSTALLERS if installer.is_here()]
    return [*installed_with(), *usable][0]


def data_folder() -> Path:
    """Return the folder for traymon's data, following the platform's convention."""
    if sys.platform == "win32":
        return Path(os.environ["LOCALAPPDATA"], "traymon")
    if sys.platform == "darwin":
        return Path(os.path.expanduser("~/Library/Application Support/traymon"))
    return Path(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "traymon")


@contextlib.contextmanager
def _verified_wheels(python: str) -> "Iterator[str]":
    """Download the locked packages for this Python, check their hashes, and yield their folder.

    The folder (a URL, since pip and uv split their settings at spaces) is all that uv and pipx are
    shown: they check no hashes of a tool's packages, nor of the tools that build it.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "wheels")
        run_or_fail(
            [*_pip(python, Path(name)), "download", "--dest", str(folder), *locked_packages("run")],
            "pip could not download traymon's packages." + NETWORK_HINT,
        )
        yield folder.as_uri()


def _pip(python: str, folder: Path) -> "list[str]":
    """Return the command that runs this Python's pip, or that of a new environment in `folder`."""
    if output_of(isolated(python, "-c", "import pip")) is None:
        check_venv_module()
        venv = folder / "venv"
        run_or_fail(
            isolated(python, "-m", "venv", str(venv)),
            f"{python} could not make a virtual environment.",
        )
        python = str(venv / BIN / ("python" + EXE))
    return isolated(python, "-m", "pip", "--quiet")


def _only_from(wheels: str) -> "dict[str, str]":
    """Return the settings with which neither pip nor uv knows packages of any other place.

    pipx uses one or the other. UV_NO_INDEX is younger than the other settings.
    """
    return {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": wheels,
        "UV_NO_CONFIG": "1",
        "UV_OFFLINE": "1",
        "UV_NO_CACHE": "1",
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": wheels,
    }


def remove_tree(path: Path) -> None:
    """Remove a folder and everything in it; of a link, the link alone. Raises OSError."""
    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(str(path))


def _remove_what_can_be(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    shutil.rmtree(str(path), ignore_errors=True)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # it is not empty
        folder.rmdir()


if TYPE_CHECKING:
    Installer = UvInstaller | PipxInstaller | VenvInstaller

INSTALLERS: "tuple[Installer, ...]" = (UvInstaller(), PipxInstaller(), VenvInstaller())
