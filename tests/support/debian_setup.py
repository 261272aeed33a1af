"""A fresh Debian or Ubuntu in a folder, and the wheels that its package of traymon carries.

The release is that of this computer, from the mirrors that its apt is set to. Kept in the user's
cache folder, so that a second run starts at once, and so that the tests need no network. Run as a
program it fetches what is not there, and prints a line if it cannot be had.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from debian.build import RELEASES
from debian.carried import options, requirements

from support.client_setup import SetupError, cache

# What the package depends on, so that it can be installed without a network, and `man`.
PACKAGES = ("python3", "python3-numpy", "libgcc-s1", "libstdc++6", "man-db")
TIMEOUT = 600.0  # seconds


def release() -> str:
    """Return the name of this computer's release; "" elsewhere than on Debian and Ubuntu."""
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    except OSError:
        return ""


def place() -> Path:
    """Return where the system and the wheels are, or would be: `system.tar` and `wheels`."""
    made_from = repr(PACKAGES) + requirements(RELEASES[release()].python)
    return cache() / f"{release()}-{hashlib.sha256(made_from.encode()).hexdigest()[:12]}"


def why_not() -> str:
    """Return why no package can be installed here; "" where all is there."""
    if sys.platform != "linux" or platform.machine() != "x86_64" or release() not in RELEASES:
        return "no package is built for this system"
    if os.geteuid() != 0:
        return "only root may make a system in a folder"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        return "nothing can be mounted here"
    if not shutil.which("mmdebstrap"):
        return "needs: apt install mmdebstrap"
    if not place().is_dir():
        return f"nothing is fetched: {sys.executable} install/test.py system"
    return ""


def prepare() -> None:
    """Make the system and fetch the wheels. Raises SetupError."""
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix="making-") as making:
        made = Path(making) / "made"
        made.mkdir()
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(made / "wheels")]
        run([*pip, *options(RELEASES[release()].python, Path(making))])
        include = f"--include={','.join(PACKAGES)}"
        tar = str(made / "system.tar")
        run(
            ["mmdebstrap", "--quiet", "--variant=apt", "--mode=root", include, release(), tar, "-"],
            sources(),
        )
        for old in cache().glob(f"{release()}-*"):
            shutil.rmtree(old, ignore_errors=True)
        made.rename(place())


def sources() -> str:
    """Return the lines of a sources.list for this release, as this computer's apt has them."""
    line = "deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
    lines = run(["apt-get", "indextargets", "--format", line, "Created-By: Packages"]).splitlines()
    return "\n".join(sorted({line for line in lines if line.split()[2].startswith(release())}))


def run(command: list[str], given: str = "") -> str:
    """Run a program and return what it prints. Raises SetupError where it fails."""
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise SetupError(f"{command[0]} did not end within {TIMEOUT:.0f} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise SetupError(f"{command[0]}: {lines[-1][:200]}")
    return done.stdout


def main() -> int:
    reason = why_not()
    if not reason.startswith("nothing is fetched"):
        return 0  # there already, or impossible here: then the test says so
    print("Making a system for the test of the package: a minute, once.", file=sys.stderr)
    try:
        prepare()
    except (SetupError, OSError) as error:
        print(f"Left out: the package for Debian ({error}).", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
