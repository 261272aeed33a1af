"""The short-lived process that takes one request out of this computer.

`python -P -m traymon.outbound.send`: the request as JSON on stdin, the answer as JSON on stdout. It
ends within the request's time limit, whatever the peer does and whoever has started it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from traymon.outbound.answer import Answer, Verdict

MAX_WHY = 200  # characters
SECRETS = ("url", "token")  # keys of a request whose values no answer may hold

Sender = Callable[[Mapping[str, Any]], Answer]


def _ntfy(request: Mapping[str, Any]) -> Answer:
    from traymon.outbound import ntfy

    return ntfy.send(request)


def _webhook(request: Mapping[str, Any]) -> Answer:
    from traymon.outbound import webhook

    return webhook.send(request)


# By the `kind` of a request; each imports what it needs only here.
SENDERS: Mapping[str, Sender] = {"ntfy": _ntfy, "webhook": _webhook}


def main() -> None:
    """Send the request of stdin and end the process."""
    request = json.load(sys.stdin)
    _end_after(float(request["time_limit"]))
    try:
        answer = SENDERS[request["kind"]](request)
    except Exception as error:  # whatever a peer or a library does, there is an answer
        answer = Answer(Verdict.FAILED, f"{type(error).__name__}: {error}")
    _answer(answer, request)


def _end_after(seconds: float) -> None:
    def end() -> None:
        _answer(Answer(Verdict.FAILED, f"no complete answer within {seconds:g} s"), {})

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


_answering = threading.Lock()  # never let go: the first answer is the only one


def _answer(answer: Answer, request: Mapping[str, Any]) -> None:
    """Print the answer and end the process."""
    _answering.acquire()
    values = asdict(answer) | {"why": _printable(answer.why, request)}
    print(json.dumps(values), flush=True)
    os._exit(0)  # a plain exit would wait for what hangs


def _printable(why: str, request: Mapping[str, Any]) -> str:
    """Return words of a peer or a library as one short line without the request's secrets."""
    for secret in (request.get(key) for key in SECRETS):
        if secret:
            why = why.replace(secret, "***")
    line = " ".join("".join(c if c.isprintable() else " " for c in why).split())
    return line if len(line) <= MAX_WHY else f"{line[: MAX_WHY - 1]}…"


if __name__ == "__main__":
    main()
