"""`traymon status`, `open` and `snooze`: talk to the running traymon over its page's server."""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from urllib.parse import quote

import typer

from traymon.cli.common import EXIT_OF_LIGHT, EXIT_USAGE, Exit, open_state, usage_error
from traymon.cli.streams import print_error
from traymon.cli.target_choice import TargetName, find_name
from traymon.core.calendar import SNOOZE_EXAMPLES, UNTIL_OPEN, Calendar, snooze_until
from traymon.core.target import Target
from traymon.core.vocabulary import Light
from traymon.diagnosis.fix_pages import clean

if TYPE_CHECKING:
    from traymon.storage.single_instance import Instance, InstanceInfo

TIMEOUT = 10.0  # seconds for the running traymon to answer
KEEP_TIMEOUT = 2.0  # seconds for it to write down a snooze
NOT_KEPT = "The snooze could not be saved, so it ends when traymon is restarted. See its log."
START_TIMEOUT = 10.0  # seconds for a traymon that starts to serve its page
TRY_INTERVAL = 0.05  # seconds
WATCHES = "The running traymon watches"  # and then: no target 'x'
ONE_TIME_LIFETIME = "two minutes"  # of an address that opens the page; see ui/web/keys.py


def this_users_instance() -> Instance:
    """Return where this user's running traymon can be found."""
    from traymon.storage.single_instance import Instance

    return Instance()


class NoAnswer(Exception):
    """No traymon has answered; the message says why."""


class Refused(Exception):
    """The running traymon, or whatever has its port now, refused a request; says why."""


def request(info: InstanceInfo, method: str, path: str, timeout: float = TIMEOUT) -> Any:
    """Send a request to the running traymon; return its JSON. Raises NoAnswer or Refused."""
    connection = http.client.HTTPConnection("127.0.0.1", info.port, timeout=timeout)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {info.secret}"})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
        if answer.status >= 400:
            raise Refused(text or f"HTTP {answer.status}")
        return json.loads(text) if text else None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error
    finally:
        connection.close()


class NotRunning(Exception):
    """There is no running traymon."""


def ask_running(instance: Instance, method: str, path: str) -> Any:
    """Send a request to the running traymon and return its JSON; exit if it does not answer.

    Waits for a traymon that is just starting.
    """
    try:
        return ask_if_running(instance, method, path)
    except NotRunning:
        exit_not_running()


def ask_if_running(instance: Instance, method: str, path: str) -> Any:
    """Do the same, but raise NotRunning if there is no traymon, or it has just ended."""
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        info, reason, words = instance.find_info(), "", ""
        try:
            if info is not None:
                return request(info, method, path)
        except Refused as error:
            words = str(error)
        except NoAnswer as error:
            reason = str(error)
        if not instance.is_held():  # what answers has the port of one that crashed
            raise NotRunning
        if words:
            usage_error(words)
        if time.monotonic() > deadline:
            exit_without_answer(info, reason)
        time.sleep(TRY_INTERVAL)


def exit_not_running() -> NoReturn:
    """Say that no traymon runs, and how to start it, and exit."""
    from traymon.cli.own_command import own_commands

    usage_error(f"traymon is not running. Start it with: {own_commands().traymon}")


def exit_without_answer(info: InstanceInfo | None, reason: str) -> NoReturn:
    """Say that a traymon holds the lock and does not answer, and exit."""
    if info is None:
        usage_error("traymon is starting, or it cannot serve its page. Try again, or see its log.")
    usage_error(f"The running traymon (pid {info.pid}) does not answer: {reason}. {by_force(info)}")


def by_force(info: InstanceInfo) -> str:
    """Return how to end a traymon that does not end by itself."""
    how = f"taskkill /F /PID {info.pid}" if sys.platform == "win32" else f"kill -9 {info.pid}"
    return f"To end it by force: {how}"


def show_page(instance: Instance) -> str:
    """Open the running traymon's page in this session's browser; return "", or else the way out.

    Exits if the running traymon does not answer.
    """
    from traymon.storage.paths import Folders
    from traymon.ui.openers import CannotOpen, open_secret_address

    url = ask_running(instance, "POST", "/one-time")["url"]
    in_terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    try:
        open_secret_address(url, Folders.of_this_user().state, in_terminal=in_terminal)
    except CannotOpen as error:
        way_out = f"Open this address within {ONE_TIME_LIFETIME}; it works once:\n{url}"
        return f"No browser could be opened: {error}.\n{way_out}"
    return ""


def status(
    target: TargetName = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show the status of the running traymon (exit codes: as check)."""
    shown = watched(target)
    if as_json:
        print(json.dumps(shown, indent=2))
    else:
        print_status(shown)
    raise Exit(_exit_of(shown, is_whole=target is not None))


def watched(target: str | None) -> list[dict[str, Any]]:
    """Return what the running traymon shows of a target, or of all of them.

    The worst comes first, and what is muted last. Exits if there is no such target.
    """
    shown: list[dict[str, Any]] = ask_running(this_users_instance(), "GET", "/status")
    if target is None:
        return shown
    name = find_name(target, [one["target"]["name"] for one in shown], WATCHES)
    return [one for one in shown if one["target"]["name"] == name]


def _exit_of(shown: Sequence[Mapping[str, Any]], *, is_whole: bool) -> int:
    """Return the exit code; green says that every target is watched, unless one alone was meant."""
    light = _light_of(shown)
    # an older traymon, which may run until it is restarted, says nothing of it
    is_whole = is_whole or not any(one["settings"].get("left_out") for one in shown)
    return EXIT_OF_LIGHT[light] if is_whole or light is not Light.GREEN else EXIT_USAGE


def _light_of(shown: Sequence[Mapping[str, Any]]) -> Light:
    """Return the light of the worst target that is not muted; of the worst if every one is."""
    heard = [one for one in shown if not one.get("muted")] or shown
    return Light[heard[0]["light"].upper()] if heard else Light.GREY


def print_status(shown: Sequence[Mapping[str, Any]]) -> None:
    """Print a line for each target."""
    from traymon.ui.presenter import SETTINGS_TEXTS

    for one in shown:
        target = one["target"]
        parts = [one["headline"], f"{target['name']}, {target['host']}:{target['port']}"]
        settings = SETTINGS_TEXTS.get(one["settings"]["news"])
        muted = "muted" if one.get("muted") else ""  # not said by one that is older than this
        parts += filter(None, (muted, one["notices"], one["market"], settings))
        print(f"{one['light']}: {' · '.join(parts)}")


def open_page(
    print_url: Annotated[
        bool, typer.Option("--print-url", help="Print a one-time address instead.")
    ] = False,
) -> None:
    """Open the running traymon's status page."""
    if print_url:
        print(ask_running(this_users_instance(), "POST", "/one-time")["url"])
    elif way_out := show_page(this_users_instance()):
        print(way_out)
        raise Exit(EXIT_USAGE)


def snooze(
    how_long: Annotated[
        list[str], typer.Argument(help=f"{SNOOZE_EXAMPLES}.", metavar="<how long>")
    ],
    target: TargetName = None,
) -> None:
    """Silence notifications for a while (ends early when the API recovers)."""
    wish = " ".join(how_long).lower()
    try:
        if wish != UNTIL_OPEN:  # the running traymon knows when the market opens
            snooze_until(wish, time.time(), Calendar())
    except ValueError as error:
        usage_error(f"Cannot snooze for {wish!r}. {error}")
    path = f"/snooze/{quote(wish, safe='')}"
    if target is not None:
        path += f"?target={quote(name_of(target), safe='')}"
    ask_running(this_users_instance(), "POST", path)
    print_status(watched(target))
    if not _wait_until_kept():
        print_error(NOT_KEPT)


def name_of(target: str) -> str:
    """Return the name of a target of the running traymon as its page knows it; or exit."""
    (found,) = watched(target)
    return clean(found["target"]["name"])


def _wait_until_kept() -> bool:
    """Tell whether the snoozes of the running traymon are written down, as they are in a moment."""
    deadline = time.monotonic() + KEEP_TIMEOUT
    shown = watched(None)
    targets = [
        Target(one["name"], one["host"], one["port"], one["discovered"])
        for one in (status["target"] for status in shown)
    ]
    while True:
        state = open_state()
        kept = [*map(state.snoozed_until, targets)]
        if kept == [one["snoozed_until"] for one in shown]:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
