"""Writes the lock files: every package at one version, with its hashes.

The two of `.venv` are made from pyproject.toml; the others (of the audit, and of what the tests let
in or install with) from the .in files beside them. For developers; needs uv. Must not write the URL
of a package index into a lock: the machine that installs decides which index it uses.

    python install/lock.py              keeps versions that still satisfy pyproject.toml
    python install/lock.py --upgrade    takes the newest ones that do
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

# hatchling asks for it only while it builds the editable install, so no metadata names it.
EDITABLE_BUILD = "editables"
FOLDERS = ("install", "tests/support/clients")


def main() -> int:
    uv = shutil.which("uv")
    if uv is None:
        print("The locks are made with uv: pip install uv", file=sys.stderr)
        return 3
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = "\n".join([*pyproject["build-system"]["requires"], EDITABLE_BUILD])
    oldest = pyproject["project"]["requires-python"].split(",")[0].removeprefix(">=")
    command = [
        uv, "pip", "compile", "--quiet",
        "--universal", "--python-version", oldest, "--generate-hashes",
        "--custom-compile-command", "python install/lock.py",
        *sys.argv[1:],
    ]  # fmt: skip
    ours = ["pyproject.toml", "-"]
    test = [*ours, "--extra", "test", "--output-file", "install/requirements-test.txt"]
    # The test packages come first, because they restrict versions more (ib_async excludes the
    # newest tzdata). They constrain the other lock, so that tests and users run the same packages.
    run = [*ours, "--constraint", "install/requirements-test.txt"]
    run += ["--output-file", "install/requirements.txt"]
    others = [
        [f"{folder}/{wanted.name}", "--output-file", f"{folder}/{wanted.stem}.txt"]
        for folder in FOLDERS
        for wanted in sorted((ROOT / folder).glob("*.in"))
    ]
    for options in (test, run, *others):
        done = subprocess.run([*command, *options], input=build, text=True, cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
