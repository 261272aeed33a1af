"""How long the fuzz tests run, and from which seed: by the environment, else short and anew.

TRAYMON_FUZZ_EXAMPLES=100000 TRAYMON_FUZZ_SEED=7 python3 install/test.py fuzz
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, seed, settings

EXAMPLES = int(os.environ.get("TRAYMON_FUZZ_EXAMPLES") or 100)
SEED = int(os.environ.get("TRAYMON_FUZZ_SEED") or random.randrange(1_000_000))

SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,  # a busy machine; what must be quick is measured in its own CPU time
    database=None,  # what failed is found again by its seed
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def fuzz(test: Callable[..., Any]) -> Callable[..., Any]:
    """Run a test that is given values by hypothesis, as often as this run wants."""
    return seed(SEED)(SETTINGS(test))
