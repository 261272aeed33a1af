"""Start at login on macOS: a launch agent of the user.

Does not ask launchd to load or unload it: launchd reads the folder at every login, loading would
start a second traymon at once, and unloading would end the one whose menu was just used.
"""

from __future__ import annotations

import os
import plistlib
from collections.abc import Sequence
from pathlib import Path
from xml.parsers.expat import ExpatError

from traymon.autostart.entry import OFF, State, judge
from traymon.storage.files import AS_UMASK_ALLOWS, write_atomically


def turn_on(command: Sequence[str]) -> None:
    """Write the agent."""
    agent = {
        "Label": "traymon",
        "ProgramArguments": list(command),
        "RunAtLoad": True,
        "ProcessType": "Interactive",
        "LimitLoadToSessionType": "Aqua",
    }
    write_atomically(_agent(), plistlib.dumps(agent), AS_UMASK_ALLOWS)


def turn_off() -> None:
    """Remove the agent."""
    _agent().unlink(missing_ok=True)


def state() -> State:
    """Return the state of the agent."""
    try:
        agent = plistlib.loads(_agent().read_bytes())
    except FileNotFoundError:
        return OFF
    except (ValueError, ExpatError) as error:
        return State(False, f"Start at login does not work: {_agent()} cannot be read ({error}).")
    if agent.get("Disabled"):
        return State(False, f"Start at login is off: {_agent()} says Disabled.")
    return judge(_agent(), agent.get("ProgramArguments", []))


def _agent() -> Path:
    return Path(os.path.expanduser("~/Library/LaunchAgents/traymon.plist"))
