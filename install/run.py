"""Starts traymon, and sets it up first if necessary: `python3 install/run.py ...`.

Must not print to stdout, which belongs to traymon, nor change the folder, whose .env is read.
"""

import os
import subprocess
import sys

from environment import prepare, run_main


def main(arguments: "list[str]") -> int:
    # -P: no file in the user's folder may be imported in place of a module.
    return replace_process([str(prepare("run")), "-P", "-m", "traymon", *arguments])


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
