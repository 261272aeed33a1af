"""What people watch a TWS with, started as they would start it: for peers.py.

Each is a command that runs until it is ended, and a rule that finds its alarms in what it prints.
"""

from __future__ import annotations

import re
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from support import client_setup
from support.user_env import user_env

MONIT_CYCLE, SCRAPE_INTERVAL, LOOP_INTERVAL = 30, 15, 10  # seconds
PACKAGES = {"monit": "monit", "prometheus-blackbox-exporter": "prometheus-blackbox-exporter"}

# The reconnecting script that people write: connect with a timeout, print what goes wrong.
CLIENT = """
import sys, time
from {library} import IB
ib = IB()
ib.disconnectedEvent += lambda: print("ALARM disconnected", flush=True)
ib.errorEvent += lambda request, code, text, contract: (
    code in (1100, 1101, 1300, 326) and print(f"ALARM {{code}} {{text}}", flush=True))
while True:
    try:
        if not ib.isConnected():
            ib.connect("127.0.0.1", int(sys.argv[1]), clientId=7, timeout=10)
        ib.sleep(1)
    except Exception as error:
        print(f"ALARM {{type(error).__name__}}: {{error}}", flush=True)
        time.sleep(10)
"""

LOOP = """
import socket, sys, time
while True:
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5).close()
    except OSError as error:
        print(f"ALARM {type(error).__name__}: {error}", flush=True)
    time.sleep(int(sys.argv[2]))
"""

MONIT = """
set daemon {cycle}
set log {folder}/monit.log
set pidfile {folder}/monit.pid
set idfile {folder}/monit.id
set statefile {folder}/monit.state
check host gateway with address 127.0.0.1
    if failed port {port} type tcp with timeout 5 seconds then alert
"""

BLACKBOX = """
modules:
  tcp_connect:
    prober: tcp
    timeout: 5s
"""


@dataclass(frozen=True)
class Program:
    """A program that watches a port."""

    name: str
    command: list[str]
    alarm: re.Pattern[str]  # in a line that it prints; its first group is what it says
    env: dict[str, str] = field(default_factory=dict)
    log: Path | None = None  # where it writes, if not to stdout
    scrape: str = ""  # the address at which it is asked again and again


Maker = Callable[[int, Path], Program]  # by port and a folder of its own; may raise NotHere


class NotHere(Exception):
    """Why a program cannot be run here."""


def traymon(port: int, folder: Path) -> Program:
    """Return traymon as it comes."""
    command = [sys.executable, "-m", "traymon", "run", "--no-tray", "--port", str(port)]
    env = {**user_env(folder), "TRAYMON_REGION": "off", "TRAYMON_NOTIFY": "off"}
    return Program("traymon", command, re.compile(r"^\S+ +[!✗] +(.*?) · 127"), env)


def client(library: str) -> Maker:
    """Return the maker of a script on one of the client libraries, in an environment of its own."""

    def make(port: int, folder: Path) -> Program:
        try:
            client_setup.prepare(library)
        except client_setup.SetupError as error:
            raise NotHere(str(error)) from error
        python = str(Path(sys.executable).resolve())
        env = {**user_env(folder), "PYTHONPATH": str(client_setup.place(library))}
        command = [python, "-c", CLIENT.format(library=library), str(port)]
        return Program(f"a script on {library}", command, re.compile(r"^ALARM (.*)"), env)

    return make


def monit(port: int, folder: Path) -> Program:
    """Return monit with one TCP check."""
    config = folder / "monitrc"
    config.write_text(MONIT.format(cycle=MONIT_CYCLE, folder=folder, port=port))
    config.chmod(0o600)
    command = [found("monit"), "-c", str(config), "-I"]
    alarm = re.compile(r"error +: '?gateway'? (.*)")
    return Program(f"monit, every {MONIT_CYCLE} s", command, alarm, log=folder / "monit.log")


def blackbox(port: int, folder: Path) -> Program:
    """Return the blackbox exporter; it is asked as Prometheus asks it."""
    config = folder / "blackbox.yml"
    config.write_text(BLACKBOX)
    with socket.create_server(("127.0.0.1", 0)) as free:
        own = free.getsockname()[1]
    command = [
        found("prometheus-blackbox-exporter"),
        f"--config.file={config}",
        f"--web.listen-address=127.0.0.1:{own}",
    ]
    url = f"http://127.0.0.1:{own}/probe?module=tcp_connect&target=127.0.0.1:{port}"
    name = f"blackbox_exporter, every {SCRAPE_INTERVAL} s"
    return Program(name, command, re.compile(r"^(probe_success 0)"), scrape=url)


def connect_loop(port: int, folder: Path) -> Program:
    """Return a loop that connects and closes."""
    command = [sys.executable, "-c", LOOP, str(port), str(LOOP_INTERVAL)]
    name = f"connect and close, every {LOOP_INTERVAL} s"
    return Program(name, command, re.compile(r"^ALARM (.*)"))


def found(program: str) -> str:
    """Return the path of an installed program. Raises NotHere."""
    path = shutil.which(program) or shutil.which(program, path="/usr/bin:/usr/sbin")
    if path is None:
        raise NotHere(f"no {program}")
    return path


MAKERS: tuple[Maker, ...] = (
    traymon,
    client("ib_insync"),
    client("ib_async"),
    monit,
    blackbox,
    connect_loop,
)
