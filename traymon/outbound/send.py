"""The short-lived process that takes one request out of this computer.

`python -P -m traymon.outbound.send`: the request as JSON on stdin, the answer as JSON on stdout. It
ends within the request's time limit, whatever the peer does and whoever has started it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from traymon.outbound.answer import Answer, Verdict

MAX_WHY = 200  # characters
MAX_MEMORY = 256 * 2**20  # bytes; Apprise takes a fifth of it
SECRETS = ("url", "token")  # keys of a request whose values no answer may hold

Sender = Callable[[Mapping[str, Any]], Answer]


def _ntfy(request: Mapping[str, Any]) -> Answer:
    from traymon.outbound import ntfy

    return ntfy.send(request)


def _webhook(request: Mapping[str, Any]) -> Answer:
    from traymon.outbound import webhook

    return webhook.send(request)


def _apprise(request: Mapping[str, Any]) -> Answer:
    try:
        from traymon.outbound import by_apprise
    except ImportError as error:  # it was removed, or is damaged
        return Answer(Verdict.REFUSED, f"Apprise cannot be loaded: {error}")
    return by_apprise.send(request)


def _ping(request: Mapping[str, Any]) -> Answer:
    from traymon.outbound import ping_sender

    return ping_sender.send(request)


def _release(request: Mapping[str, Any]) -> Answer:
    from traymon.outbound import release_question

    return release_question.send(request)


# By the `kind` of a request; each imports what it needs only here.
SENDERS: Mapping[str, Sender] = {
    "ntfy": _ntfy,
    "webhook": _webhook,
    "apprise": _apprise,
    "ping": _ping,
    "release": _release,
}


def main() -> None:
    """Send the request of stdin and end the process."""
    gc.disable()  # there is nothing to collect yet when it ends, and to look for it takes CPU time
    request = json.load(sys.stdin)
    _end_after(float(request["time_limit"]))
    _bound_memory()
    try:
        answer = SENDERS[request["kind"]](request)
    except Exception as error:  # whatever a peer or a library does, there is an answer
        answer = Answer(Verdict.FAILED, f"{type(error).__name__}: {error}")
    _answer(answer, request)


def _end_after(seconds: float) -> None:
    def end() -> None:
        try:
            _answer(Answer(Verdict.FAILED, f"no complete answer within {seconds:g} s"), {})
        finally:  # there may be no memory left for an answer
            os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _bound_memory() -> None:
    """Let no peer fill the memory; where the system cannot do that, the time is bounded alone."""
    if sys.platform == "linux":
        import resource

        _, allowed = resource.getrlimit(resource.RLIMIT_DATA)
        if allowed == resource.RLIM_INFINITY or allowed > MAX_MEMORY:
            resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))


_answering = threading.Lock()  # never let go: the first answer is the only one


def _answer(answer: Answer, request: Mapping[str, Any]) -> None:
    """Print the answer and end the process."""
    _answering.acquire()
    values = answer._asdict() | {"why": _printable(answer.why, request)}
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
