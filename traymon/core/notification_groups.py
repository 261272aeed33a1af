"""Gather the notifications that are one: several targets that fail at one moment for one cause.

Pure: the time is an argument. What is due for a target alone is decided by `notification_policy`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from traymon.core.notification import Kind, Notification

GATHER_TIME = 1.0  # seconds for which the first of several targets waits for others
JOIN_TIME = 60.0  # seconds after the first, in which a later one joins those that were sent


@dataclass(frozen=True, slots=True)
class Group:
    """Notifications of one kind and cause, one per target; they are shown as one."""

    notifications: tuple[Notification, ...]  # in the order in which they came
    unsent: tuple[Notification, ...]  # those of them that nobody has been sent yet
    began: float
    due: float

    @property
    def about(self) -> tuple[Kind, str]:
        """What it is about: the kind, and the code of the fault or of the state."""
        return _about(self.notifications[0])


Groups = tuple[Group, ...]


def gather(groups: Groups, notification: Notification, now: float) -> Groups:
    """Return the groups with one more notification; one of its target leaves its former group."""
    target, about = notification.status.target, _about(notification)
    groups, _ = leave(groups, target.name)
    due = now + (GATHER_TIME if target.one_of_many else 0.0)
    for group in groups:
        if group.about == about and now - group.began < JOIN_TIME:
            joined = replace(
                group,
                notifications=(*group.notifications, notification),
                unsent=(*group.unsent, notification),
                due=group.due if group.unsent else due,
            )
            return tuple(joined if one is group else one for one in groups)
    return (*groups, Group((notification,), (notification,), began=now, due=due))


def take_due(groups: Groups, now: float) -> tuple[Groups, list[Group]]:
    """Return the groups that go on, and those to be sent now."""
    due = [group for group in groups if group.unsent and now >= group.due]
    rest = (replace(group, unsent=()) if group in due else group for group in groups)
    return tuple(one for one in rest if one.unsent or now - one.began < JOIN_TIME), due


def leave(groups: Groups, target: str) -> tuple[Groups, list[Notification]]:
    """Return the groups without a target, and those of its notifications that were not sent."""
    unsent = [one for group in groups for one in group.unsent if one.status.target.name == target]
    rest = [
        replace(
            group,
            notifications=_without(group.notifications, target),
            unsent=_without(group.unsent, target),
        )
        for group in groups
    ]
    return tuple(group for group in rest if group.notifications), unsent


def _without(notifications: Iterable[Notification], target: str) -> tuple[Notification, ...]:
    return tuple(one for one in notifications if one.status.target.name != target)


def _about(notification: Notification) -> tuple[Kind, str]:
    return notification.kind, (notification.ended or notification.status.diagnosis).code
