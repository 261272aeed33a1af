"""Starts traymon, and sets it up first if necessary: `python3 install/run.py ...`.

Must not print to stdout, which belongs to traymon, nor change the folder, whose .env is read, nor
import anything from that folder.
"""

import os
import sys

# PYTHONPATH is meant for the user's own programs. An empty entry in it stands for the folder that
# they are in, whose modules may be named like Python's own.
FOREIGN = {os.path.abspath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep)}
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path = [HERE, *(entry for entry in sys.path if os.path.abspath(entry) not in FOREIGN)]

import subprocess  # noqa: E402

from environment import prepare, run_main  # noqa: E402
from subprocesses import isolated  # noqa: E402


def main(arguments: "list[str]") -> int:
    return replace_process(isolated(prepare("run"), "-m", "traymon", *arguments))


def replace_process(command: "list[str]") -> int:
    if sys.platform != "win32":
        os.execv(command[0], command)
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the console sends it to traymon too, which then ends
                continue


if __name__ == "__main__":
    run_main(main)
