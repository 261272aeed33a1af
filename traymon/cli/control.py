"""`traymon status`, `open` and `snooze`: talk to the running traymon over its page's server."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from traymon.cli.common import EXIT_OF_LIGHT, Exit, open_state, print_error, usage_error
from traymon.core.calendar import NO_SNOOZE, SNOOZES, UNTIL_OPEN
from traymon.core.vocabulary import Light

if TYPE_CHECKING:
    from traymon.storage.single_instance import Instance

TIMEOUT = 10.0  # seconds for the running traymon to answer
KEEP_TIMEOUT = 2.0  # seconds for it to write down a snooze
NOT_KEPT = "The snooze could not be written down: it ends when traymon is restarted. See its log."


def this_users_instance() -> Instance:
    """Return where this user's running traymon can be found; exit if there is no such place."""
    from traymon.storage.single_instance import Instance

    try:
        return Instance()
    except OSError as error:
        usage_error(f"traymon needs a folder of yours to write to: {error}")


def ask_running(instance: Instance, method: str, path: str) -> Any:
    """Send a request to the running traymon and return its JSON; exit if it does not answer."""
    info = instance.find_running()
    if info is None:
        usage_error("No traymon runs for this user, or it serves no page: see its log.")
    connection = http.client.HTTPConnection("127.0.0.1", info.port, timeout=TIMEOUT)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {info.secret}"})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
    except OSError as error:
        usage_error(f"The traymon that runs (pid {info.pid}) does not answer: {error}")
    finally:
        connection.close()
    if answer.status >= 400:
        usage_error(f"The traymon that runs (pid {info.pid}) says: {text}")
    return json.loads(text) if text else None


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print the status as JSON.")] = False,
) -> None:
    """Ask the traymon that runs what it shows; exit codes as `check`."""
    raise Exit(EXIT_OF_LIGHT[_show_status(as_json)])


def _show_status(as_json: bool) -> Light:
    """Print what the running traymon shows; return the worst light."""
    targets = ask_running(this_users_instance(), "GET", "/status")
    if as_json:
        print(json.dumps(targets, indent=2))
    from traymon.ui.presenter import SETTINGS_TEXTS

    lights = [Light[target["light"].upper()] for target in targets]
    for light, target in zip(lights, targets, strict=True):
        if not as_json:
            address = f"{target['target']['host']}:{target['target']['port']}"
            parts = [target["headline"], f"{target['target']['name']}, {address}"]
            settings = SETTINGS_TEXTS.get(target["settings"]["news"])
            parts += filter(None, (target["notices"], target["market"], settings))
            print(f"{light.word}: {' · '.join(parts)}")
    return max(lights, default=Light.GREY)


def open_page(
    print_url: Annotated[
        bool, typer.Option("--print-url", help="Print an address that opens the page once.")
    ] = False,
) -> None:
    """Open the page of the traymon that runs."""
    if print_url:
        print(ask_running(this_users_instance(), "POST", "/one-time")["url"])
    else:
        ask_running(this_users_instance(), "POST", "/open-page")


def snooze(
    duration: Annotated[
        str,
        typer.Argument(help="15m, 1h, open (until the market opens) or off.", metavar="HOW_LONG"),
    ],
) -> None:
    """Let the traymon that runs send no notices for a while; it ends when the API is back."""
    allowed = (*SNOOZES, UNTIL_OPEN, NO_SNOOZE)
    if duration not in allowed:
        usage_error(f"snooze {duration}: allowed are {', '.join(allowed)}.")
    ask_running(this_users_instance(), "POST", f"/snooze/{duration}")
    _show_status(as_json=False)
    if not _wait_until_kept():
        print_error(NOT_KEPT)


def _wait_until_kept() -> bool:
    """Tell whether the snoozes of the running traymon are written down, as they are in a moment."""
    deadline = time.monotonic() + KEEP_TIMEOUT
    targets = ask_running(this_users_instance(), "GET", "/status")
    while True:
        state = open_state()
        kept = [state.snoozed_until(target["target"]["name"]) for target in targets]
        if kept == [target["snoozed_until"] for target in targets]:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
