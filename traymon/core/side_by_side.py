"""Targets at one address, such as two trading projects with one TWS: each keeps its client IDs.

Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from traymon.core.addresses import is_loopback, parse_address, plain_name
from traymon.core.target import Target

STEP = 32  # IDs from one own session's first to the next one's; a session tries no more


def own_ids_apart(first: int, targets: Sequence[Target]) -> list[int]:
    """Return the client ID for traymon's own session with each target, by an ID for the first."""
    earlier: Counter[object] = Counter()
    ids = []
    for target in targets:
        ids.append(first + STEP * earlier[_endpoint(target)])
        earlier[_endpoint(target)] += 1
    return ids


def leave_ids_to_each_other(targets: Sequence[Target]) -> list[Target]:
    """Return the targets, told which client IDs the others at their address use.

    Those are the configured ones, and of traymon's own the ones of earlier targets.
    """
    groups: defaultdict[object, list[int]] = defaultdict(list)
    for number, target in enumerate(targets):
        groups[_endpoint(target)].append(number)
    told = []
    for number, target in enumerate(targets):
        taken: set[int] = set()
        for other in groups[_endpoint(target)]:
            if other != number:
                taken.update(targets[other].client_ids)
            if other < number and (own := targets[other].own_client_id) is not None:
                taken.add(own)
        told.append(replace(target, others_ids=frozenset(taken)))
    return told


def _endpoint(target: Target) -> object:
    """Return what is equal for two spellings of one address."""
    host = "" if is_loopback(target.host) else parse_address(target.host) or plain_name(target.host)
    return host, target.port
