"""Other people's client libraries and installers, each in a folder of its own.

The libraries share module names, and the installers must not change `.venv`.

Kept in the user's cache folder, so that a second run starts at once. Run as a program it fetches
what is not there, and prints a line for each that cannot be had. Everything is pinned by its hash;
`install/lock.py` writes the pins of Python's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent / "clients"
PYTHON_CLIENTS = ("ibapi-latest", "ibapi-stable", "nautilus-ibapi", "ib_insync", "ib_async")
INSTALLERS = "installers"  # uv and pipx
NODE_CLIENT = "stoqey"
MIN_NODE = 18  # @stoqey/ib's
TIMEOUT = 120.0  # seconds for one library


class SetupError(Exception):
    """Why a library cannot be had here."""


def cache() -> Path:
    """Return the folder that holds the libraries of all versions."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "traymon-tests"


def place(name: str) -> Path:
    """Return where the pinned version of a library is, or would be."""
    lock = f"{NODE_CLIENT}/package-lock.json" if name == NODE_CLIENT else f"{name}.txt"
    made_by = b"node" if name == NODE_CLIENT else sys.version.encode()
    digest = hashlib.sha256(made_by + (CLIENTS / lock).read_bytes()).hexdigest()
    return cache() / f"client-{name}-{digest[:12]}"


def why_not(name: str) -> str:
    """Return why a library cannot be used now; "" where it is there."""
    if name == NODE_CLIENT and (reason := why_no_node()):
        return reason
    if place(name).is_dir():
        return ""
    return f"{name} is not fetched: cd tests; {sys.executable} -m support.client_setup"


def why_no_node() -> str:
    """Return what is missing of Node; "" where nothing is."""
    if not (shutil.which("node") and shutil.which("npm")):
        return "no node and npm"
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    major = said.strip().removeprefix("v").partition(".")[0]
    if not major.isdecimal() or int(major) < MIN_NODE:
        return f"node is {said.strip() or 'broken'}; it takes {MIN_NODE} or newer"
    return ""


def prepare(name: str) -> None:
    """Fetch a library where it is not there. Raises SetupError."""
    if name == NODE_CLIENT and (reason := why_no_node()):
        raise SetupError(reason)
    if place(name).is_dir():
        return
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix="making-") as making:
        made = Path(making) / "made"
        if name == NODE_CLIENT:
            shutil.copytree(CLIENTS / NODE_CLIENT, made)
            settings = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
            npm = shutil.which("npm") or "npm"  # npm.cmd on Windows
            run([npm, "ci", *settings], made)
        else:
            made.mkdir()
            options = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--retries", "1")
            pip = [sys.executable, "-m", "pip", "install", "--quiet", *options]
            run([*pip, "--target", str(made), "--requirement", str(CLIENTS / f"{name}.txt")], made)
        for old in cache().glob(f"client-{name}-*"):
            shutil.rmtree(old, ignore_errors=True)
        try:
            made.rename(place(name))
        except OSError:
            if not place(name).is_dir():  # else another run was quicker
                raise


def run(command: list[str], folder: Path) -> None:
    """Run a program in a folder without a word. Raises SetupError where it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SetupError(f"not fetched within {TIMEOUT:.0f} s") from None
    if done.returncode:
        # pip gives its reason last, npm first.
        lines = [line for line in done.stderr.splitlines() if line.startswith(("ERROR", "npm err"))]
        lines = lines or ["no reason given"]
        raise SetupError(lines[0 if "npm" in command[0] else -1][:200])


def prepared(name: str) -> str:
    """Fetch a library; return the line for the user where it cannot be had, else ""."""
    try:
        prepare(name)
    except (SetupError, OSError) as error:
        return f"Left out: the tests with {name} ({error})."
    return ""


def main() -> int:
    wanted = [name for name in (*PYTHON_CLIENTS, INSTALLERS, NODE_CLIENT) if why_not(name)]
    if wanted:
        print(
            "Fetching client libraries and installers for the tests: seconds, once.",
            file=sys.stderr,
        )
    with ThreadPoolExecutor() as pool:
        left_out = [line for line in pool.map(prepared, wanted) if line]
    print(*left_out, sep="\n", end="\n" if left_out else "", file=sys.stderr)
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
