"""An outlet that is told of statuses, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from support.push_scene import NOON, status
from traymon.core.model import Change, Status, Update
from traymon.outbound.base import Outlet, Surroundings

O = TypeVar("O", bound=Outlet)  # noqa: E741


@dataclass
class OutletScene(Generic[O]):
    """An outlet on a clock that the test sets."""

    outlet: O
    now: float = NOON
    troubles: dict[str, str] = field(default_factory=dict)  # those that last, by source
    statuses: dict[str, Status] = field(default_factory=dict)  # the newest, by target name

    def see(self, code: str, target: str = "bot", *, ended: bool = False, **more: Any) -> None:
        """Let the outlet see a status of now."""
        seen = replace(status(code, self.now, target), **more)
        self.statuses[target] = seen
        if ended:
            del self.statuses[target]
        self.outlet.on_update(Update(seen, None, Change.NOTHING, ended))


@contextmanager
def outlet_scene(make: Callable[[Surroundings], O]) -> Iterator[OutletScene[O]]:
    """Run an outlet until the end of the block."""
    troubles: dict[str, str] = {}

    def report(trouble: str, source: str) -> None:
        troubles.pop(source, None)
        if trouble:
            troubles[source] = trouble

    statuses: dict[str, Status] = {}
    around = Surroundings(lambda: scene.now, report, statuses=lambda: tuple(statuses.values()))
    scene: OutletScene[O] = OutletScene(make(around), NOON, troubles, statuses)
    scene.outlet.start()
    try:
        yield scene
    finally:
        scene.outlet.stop(20.0)
