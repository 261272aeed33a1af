"""Keeps what has to outlive a restart: snoozes, and the trading hours that IB gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from traymon.core.calendar import Calendar
from traymon.core.facts import Fact
from traymon.core.model import Change, Status
from traymon.core.target import Target
from traymon.core.time_windows import Schedule
from traymon.core.vocabulary import SensorName
from traymon.storage.state import StateStore


def calendar_with_hours(calendar: Calendar, store: StateStore, target: Target) -> Calendar:
    """Return the settings' calendar, with the trading hours that IB last gave, if it has."""
    hours = store.hours(target.hours_contract)
    return calendar if hours is None else replace(calendar, hours=hours)


class StateKeeper:
    """Writes to the store what changes in the statuses. A surface."""

    name = "state"
    shows = Change.MUTE | Change.HOURS
    names_times = False

    def __init__(
        self,
        store: StateStore,
        calendars: Mapping[str, Calendar],
        on_calendar: Callable[[Calendar, str], None],
    ) -> None:
        """`calendars` are the settings', by target name.

        `on_calendar` gets a target's new one, and its name.
        """
        self._store, self._calendars, self._on_calendar = store, calendars, on_calendar
        self._hours: dict[str, Schedule | None] = {}  # by contract

    def calendar_of(self, target: Target) -> Calendar:
        """Return a target's calendar: the settings', with IB's trading hours if they are known."""
        calendar, contract = self._calendars.get(target.name, Calendar()), target.hours_contract
        if contract not in self._hours:
            self._hours[contract] = self._store.hours(contract)
        hours = self._hours[contract]
        return calendar if hours is None else replace(calendar, hours=hours)

    def use_calendars(self, calendars: Mapping[str, Calendar]) -> None:
        """Use the calendars of new settings, by target name, from now on."""
        self._calendars = calendars

    def show(self, statuses: Sequence[Status], changes: Mapping[str, Change]) -> None:
        """Write what is new."""
        for status in statuses:
            changed = changes.get(status.target.name, Change.NOTHING)
            if changed & Change.MUTE:
                self._store.keep_snooze(status.target, status.snoozed_until)
            if changed & Change.HOURS:
                self._keep_hours(status, statuses)

    def _keep_hours(self, status: Status, statuses: Sequence[Status]) -> None:
        days = status.evidence.fact(SensorName.HOURS, Fact.HOURS)
        zone = status.evidence.fact(SensorName.HOURS, Fact.HOURS_ZONE)
        contract = status.target.hours_contract
        if days is None or zone is None or not self._store.keep_hours(contract, days, zone):
            return
        self._hours[contract] = self._store.hours(contract)
        for other in statuses:
            if other.target.hours_contract == contract:
                self._on_calendar(self.calendar_of(other.target), other.target.name)
