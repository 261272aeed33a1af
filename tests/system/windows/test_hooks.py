"""The user's programs on Windows: what they are told, and a job that ends all that they start."""

from __future__ import annotations

import pytest

from support.wine import Windows

pytestmark = pytest.mark.timeout(600)


def test_a_program_is_told_literally_and_ends_with_all_that_it_started(windows: Windows) -> None:
    done = windows.run("-c", SCRIPT)
    assert (done.returncode, done.stderr) == (0, b"")
    told, killed, child, left = done.stdout.decode().splitlines()
    assert told == '3 "& calc é漢 %PATH%| the order'.encode("unicode_escape").decode()
    assert killed == "None"
    assert child == "gone"
    assert left == "0 alive"


SCRIPT = r"""
import os, sys, tempfile, time
from pathlib import Path
import psutil
from traymon.outbound.program import Program

folder = Path(tempfile.mkdtemp())

def run(code, timeout, **variables):
    command = [sys.executable, "-c", code, str(folder / "pid")]
    return Program(command, {**os.environ, **variables}, b"the order\n", folder).run(timeout)

def started():
    return int((folder / "pid").read_text())

says = (
    "import os, sys; order = sys.stdin.read();"
    "text = os.environ['TRAYMON_HEADLINE'] + '| ' + order.strip();"
    "print(ascii(text)[1:-1]); sys.exit(3)"
)
ended = run(says, 60, TRAYMON_HEADLINE='"& calc \u00e9\u6f22 %PATH%')
print(ended.code, ended.output.strip())

starts = (
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "open(sys.argv[1], 'w').write(str(child.pid));"
)
print(run(starts + "time.sleep(600)", 20).code)
deadline = time.monotonic() + 30
while psutil.pid_exists(started()) and time.monotonic() < deadline:
    time.sleep(0.1)
print("alive" if psutil.pid_exists(started()) else "gone")

print(run(starts, 60).code, "alive" if psutil.pid_exists(started()) else "gone")
psutil.Process(started()).kill()
"""
