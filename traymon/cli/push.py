"""`traymon push test`: a test message through each push channel."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from traymon.cli.alerts import read_alerts
from traymon.cli.common import EXIT_USAGE, Envs, Exit, Targets, load, usage_error
from traymon.cli.help_pages import CommandGroup, OneCommand

if TYPE_CHECKING:
    from traymon.core.alerts import PushChannel

EXIT_NOT_DELIVERED = 1

app = typer.Typer(cls=CommandGroup, no_args_is_help=True)


@app.callback()
def push() -> None:
    """Try the push channels, which bring notifications to a phone or another program."""


@app.command("test", cls=OneCommand)
def send_test_messages(
    name: Annotated[
        str | None, typer.Argument(help="Only the channel of this name.", metavar="<name>")
    ] = None,
    env: Envs = None,
    targets: Targets = None,
) -> None:
    """Send a test message through each push channel."""
    found = read_alerts(load(env, None, None, None, targets).settings)
    channels = [one for one in found.alerts.push if name in (None, one.name)]
    if not channels:
        which = "push channel" if name is None else f"push channel {name}"
        usage_error(f"There is no {which} in {found.path} and none in the settings.")
    delivered = [_send_test(channel) for channel in channels]
    if found.mistakes:
        raise Exit(EXIT_USAGE)
    raise Exit(0 if all(delivered) else EXIT_NOT_DELIVERED)


def _send_test(channel: PushChannel) -> bool:
    """Send one, print what became of it, and return whether it was delivered."""
    from traymon.outbound.answer import Verdict
    from traymon.outbound.push import send_test

    answer = send_test(channel, time.time())
    delivered = answer.verdict is Verdict.DELIVERED
    words = "delivered" if delivered else f"not delivered: {answer.why}"
    print(f"{channel.name} ({channel.kind}): {words}", flush=True)
    return delivered
