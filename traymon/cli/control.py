"""Asking the traymon that runs."""

from __future__ import annotations

import http.client
import json
from typing import Annotated, Any

import typer

from traymon.cli.common import EXIT_OF_LIGHT, Exit, usage_error
from traymon.core.calendar import NO_SNOOZE, SNOOZES, UNTIL_OPEN
from traymon.core.vocabulary import Light


def instance_of_this_user() -> Any:
    """Return this user's place for the one that runs. Ends the program where there is none."""
    from traymon.storage.single_instance import Instance

    try:
        return Instance()
    except OSError as error:
        usage_error(f"traymon needs a folder of yours to write to: {error}")


def ask_the_running_one(instance: Any, method: str, path: str) -> Any:
    """Ask the traymon that runs; return its answer. Ends the program where none answers."""
    where = instance.find_running()
    if where is None:
        usage_error("No traymon runs for this user, or it serves no page: see its log.")
    connection = http.client.HTTPConnection("127.0.0.1", where.port, timeout=10)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {where.secret}"})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
    except OSError as error:
        usage_error(f"The traymon that runs (pid {where.pid}) does not answer: {error}")
    finally:
        connection.close()
    if answer.status >= 400:
        usage_error(f"The traymon that runs (pid {where.pid}) says: {text}")
    return json.loads(text) if text else None


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print the status as JSON.")] = False,
) -> None:
    """Ask the traymon that runs what it shows; exit codes as `check`."""
    raise Exit(EXIT_OF_LIGHT[_show_status(as_json)])


def _show_status(as_json: bool) -> Light:
    """Print what the running one shows; return the worst light."""
    targets = ask_the_running_one(instance_of_this_user(), "GET", "/status")
    if as_json:
        print(json.dumps(targets, indent=2))
    lights = [Light[target["light"].upper()] for target in targets]
    for light, target in zip(lights, targets, strict=True):
        if not as_json:
            where = f"{target['target']['host']}:{target['target']['port']}"
            parts = [target["headline"], f"{target['target']['name']}, {where}"]
            parts += filter(None, (target["notices"], target["market"]))
            print(f"{light.word}: {' · '.join(parts)}")
    return max(lights, default=Light.GREY)


def open_page(
    print_url: Annotated[
        bool, typer.Option("--print-url", help="Print an address that opens the page once.")
    ] = False,
) -> None:
    """Open the page of the traymon that runs."""
    if print_url:
        print(ask_the_running_one(instance_of_this_user(), "POST", "/one-time")["url"])
    else:
        ask_the_running_one(instance_of_this_user(), "POST", "/open-page")


def snooze(
    wish: Annotated[
        str,
        typer.Argument(help="15m, 1h, open (until the market opens) or off.", metavar="HOW_LONG"),
    ],
) -> None:
    """Let the traymon that runs send no notices for a while; it ends when the API is back."""
    wishes = (*SNOOZES, UNTIL_OPEN, NO_SNOOZE)
    if wish not in wishes:
        usage_error(f"snooze {wish}: allowed are {', '.join(wishes)}.")
    ask_the_running_one(instance_of_this_user(), "POST", f"/snooze/{wish}")
    _show_status(as_json=False)
