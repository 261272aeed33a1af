"""Runs a development tool in `.venv`, at the lock's version: `python install/tool.py ruff check`.

Sets `.venv` up first if it is missing or out of date. For .pre-commit-config.yaml.
"""

import subprocess

from environment import prepare, run_main
from subprocesses import clean_environ


def main(arguments: "list[str]") -> int:
    return subprocess.call([str(prepare("test")), "-m", *arguments], env=clean_environ())


if __name__ == "__main__":
    run_main(main)
