"""What a click on a notification, or on a button of it, asks for."""

from __future__ import annotations

from collections.abc import Callable

from traymon.actions.desktop import DesktopActions
from traymon.actions.targets import TargetActions
from traymon.core.programs import Expectation
from traymon.ui.drill import NOTIFICATION_KEY
from traymon.ui.hub import StatusHub
from traymon.ui.notification_text import ARRIVED, MARK_AS_MINE, NOT_EXPECTED, SNOOZE
from traymon.ui.program_notification_text import split_key

BUTTON_SNOOZE = "1h"  # as the button's label says


class NotificationActions:
    """Acts from any thread at once."""

    def __init__(
        self,
        hub: StatusHub,
        targets: TargetActions,
        desktop: DesktopActions,
        answer_drill: Callable[[], object],
    ) -> None:
        """`answer_drill` takes it that a test alarm was seen."""
        self._hub, self._targets, self._desktop = hub, targets, desktop
        self._answer_drill = answer_drill

    def click(self, key: str | None = None) -> None:
        """Open the page that a notification is about; a click on the drill's answers that."""
        if key == NOTIFICATION_KEY:
            self._answer_drill()
        else:
            self._desktop.open_fix_page(key)

    def press(self, target: str, button: str) -> None:
        """Do what a notification's button says."""
        if button == MARK_AS_MINE:
            self._targets.mark_as_mine(target)
        elif button == SNOOZE:
            self._targets.snooze(BUTTON_SNOOZE, self._known(target))
        elif button == ARRIVED:
            self._answer_drill()
        elif button == NOT_EXPECTED:
            _, program = split_key(target)
            self._targets.expect_program(program, Expectation.OFF)

    def _known(self, key: str) -> str | None:
        """Return the target that a notification is about; None if it is about several."""
        name = split_key(key)[0]
        return None if self._hub.find(name) is None else name
