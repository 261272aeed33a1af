"""Keeps what is told outside the desktop equal to what alerts.toml says, while traymon runs."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from traymon.core.alerts import NO_ALERTS
from traymon.core.drill import DESKTOP
from traymon.core.model import Update
from traymon.diagnosis.fix_pages import clean
from traymon.outbound.base import Alarm, Surroundings
from traymon.outbound.outlets import Outlets
from traymon.ui.drill import DrillDesk, no_drills
from traymon.ui.phone import PhoneSetup

if TYPE_CHECKING:
    from traymon.config.alerts_watch import AlertsWatch
    from traymon.core.alerts import Alerts
    from traymon.drills import Drills

log = logging.getLogger(__name__)

INTERVAL = 5.0  # seconds between two looks at alerts.toml
SOURCE = "alerts"  # of troubles with the file


class Alerting:
    """The outlets of this traymon. A listener of updates."""

    def __init__(
        self,
        watch: AlertsWatch | None,
        post: Callable[[Callable[[], object]], None],
        around: Surroundings,
        target_names: Callable[[], Sequence[str]],
        new_drills: Callable[[Callable[[], Sequence[Alarm]]], Drills],
    ) -> None:
        """`watch` None: nobody is told. `post` runs a task in the one thread that looks at files.

        `around` is what the outlets may use; the address of the page is that of alerts.toml.
        `target_names` are those of all that is watched. `new_drills` makes what runs the drills,
        once they are wanted, from the channels they try.
        """
        self._watch, self._post, self._around = watch, post, around
        self._outlets = Outlets(lambda alerts: replace(around, page_url=alerts.page_url))
        self._target_names, self._new_drills = target_names, new_drills
        self._alerts, self._problems = NO_ALERTS, list[str]()
        self._trouble = ""  # that was reported last
        # while alerts.toml wants them; set in the thread of the tasks, so others read it once
        self._drills: Drills | None = None
        self._looked_at = -math.inf
        self._stopped = False
        self.pushes = False  # a push channel is in force

    def on_update(self, update: Update) -> None:
        """Hand an update to every outlet, and have the file looked at now and then."""
        if self._watch is None:
            return
        self._outlets.on_update(update)
        moment = time.monotonic()
        if moment - self._looked_at >= INTERVAL:
            self._looked_at = moment
            self._post(self.look)
        if (drills := self._drills) is not None:
            drills.on_update()

    def look(self) -> None:
        """Use what the file says, if it has changed. In the thread of the tasks."""
        if self._stopped or self._watch is None:
            return
        if (found := self._watch.look()) is not None:
            self._alerts = found.alerts
            self._problems = [str(mistake) for mistake in (*found.mistakes, *found.warnings)]
            for problem in self._problems:
                log.warning("%s", problem)
            self.pushes = bool(found.alerts.push)
            self._outlets.use(found.alerts)
            self._use_drill(found.alerts)
        # what is watched may have changed, too
        trouble = next(iter((*self._problems, *self._never_sent())), "")
        if trouble != self._trouble:
            self._trouble = trouble
            self._around.report_trouble(trouble, SOURCE)

    def _never_sent(self) -> Iterator[str]:
        """Yield what is wrong with channels that wait for a target of which nobody tells."""
        known = self._target_names()
        for channel in self._alerts.push:
            for name in channel.unknown_targets(known):
                yield f"push {channel.name}: no target {clean(name)!r} is watched"

    def _use_drill(self, alerts: Alerts) -> None:
        drills = self._drills
        if alerts.drill is None:
            self._drills = None
            if drills is not None:
                drills.end()
            return
        if drills is None:
            drills = self._new_drills(lambda: self._outlets.alarms)
        drills.use(alerts)
        self._drills = drills

    def drill_desk(self) -> DrillDesk | None:
        """Return what page and commands can ask of the drills; None: they are not offered."""
        if self._watch is None:
            return None
        return DrillDesk(
            view=lambda: None if (drills := self._drills) is None else drills.view(),
            run=lambda: no_drills() if (drills := self._drills) is None else drills.run(),
            answer=self._answer,
        )

    def answer_on_desktop(self) -> None:
        """Take it that the user has clicked on the drill's notification."""
        self._answer(DESKTOP)

    def _answer(self, name: str) -> str:
        return no_drills() if (drills := self._drills) is None else drills.answer(name)

    @property
    def next_drill(self) -> float | None:
        """When the next drill is sent, if nothing is wrong then; None: never."""
        return None if (drills := self._drills) is None else drills.view().next

    def phone_setup(self) -> PhoneSetup | None:
        """Return how the page sets up a phone; None: that is not offered."""
        if self._watch is None:
            return None
        return PhoneSetup(send_test=self._send_test, keep=partial(self._keep, self._watch.path))

    def _send_test(self, url: str) -> str:
        from traymon.core.alerts import PushChannel, Secret
        from traymon.outbound import push  # with all that sending needs

        return push.send_test(PushChannel("phone", "ntfy", Secret(url)), self._around.now()).why

    def _keep(self, path: Path, url: str) -> str:
        from traymon.config.alerts_entry import add_ntfy

        add_ntfy(path, url)
        self._post(self.look)
        return str(path)

    def stop(self, timeout: float) -> None:
        """End every outlet, each within `timeout` seconds."""
        self._stopped = True
        self._outlets.stop(timeout)
