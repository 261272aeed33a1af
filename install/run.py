"""Starts traymon, and sets it up first where that is still to do: `python3 install/run.py ...`.

Must not print to stdout (that is traymon's) nor leave the user's folder (its .env is read).
"""

import os
import subprocess
import sys

from environment import guarded, prepare


def main(arguments: "list[str]") -> int:
    # -P: nothing in the user's folder may pass for a module of traymon's or of the library.
    return become([str(prepare("run")), "-P", "-m", "traymon", *arguments])


def become(command: "list[str]") -> int:
    if sys.platform != "win32":
        os.execv(command[0], command)
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the console sends it to traymon too, which ends by it
                continue


if __name__ == "__main__":
    guarded(main)
