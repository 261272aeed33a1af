"""What axe-core finds wrong with the page that a browser shows."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


def complaints(chromium: Any) -> list[object]:
    """Return what axe finds wrong on the page, with everything folded out."""
    if not chromium.execute_script("return 'axe' in window"):
        chromium.execute_script(_axe_core())
    unfold = "for (const one of document.querySelectorAll('details:not(.menu)')) one.open = true"
    chromium.execute_script(unfold)
    run = "axe.run({resultTypes: ['violations']}).then(arguments[0])"
    found = chromium.execute_async_script(run)
    assert found["passes"]
    return [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]]


@cache
def _axe_core() -> str:
    import axe_core_python

    return Path(axe_core_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
