"""Removes what is too old to keep, a little at a time."""

from __future__ import annotations

import sqlite3

from traymon.storage.history.values import HOUR, MINUTE, millis

DAY = 86_400.0
KEEP_MINUTES, KEEP_HOURS, KEEP_FLIPS = 14 * DAY, 400 * DAY, 2 * 365 * DAY  # seconds
KEEP_EVENTS, MAX_EVENTS = 30 * DAY, 10_000  # those that `traymon events` tells
MAX_OBSERVATIONS = 6_000  # the newest; about 20 for each incident
PRUNED_AT_ONCE = 500  # rows of a table; the others follow the next time


def remove_old(connection: sqlite3.Connection, now: float) -> None:
    """Remove some of what is too old at a moment. Raises sqlite3.Error."""
    flips = millis(now - KEEP_FLIPS)
    for table, column, before in (
        ("minute", "at", (now - KEEP_MINUTES) // MINUTE),
        ("hour", "at", (now - KEEP_HOURS) // HOUR),
        ("notification", "at", flips),
        ("trading", "begins", flips),
        ("program", "began", flips),
    ):
        connection.execute(
            f"DELETE FROM {table} WHERE {column} IN (SELECT {column} FROM {table}"
            f" WHERE {column} < ? ORDER BY {column} LIMIT {PRUNED_AT_ONCE})",
            (before,),
        )
    _remove_flips(connection, flips)
    _remove_events(connection, millis(now - KEEP_EVENTS))
    connection.execute(
        "DELETE FROM observation WHERE first < (SELECT first FROM observation"
        f" ORDER BY first DESC LIMIT 1 OFFSET {MAX_OBSERVATIONS})"
    )


def _remove_flips(connection: sqlite3.Connection, before: int) -> None:
    """Remove old flips, but for the last one of a run: it says what showed from then on."""
    connection.execute(
        "DELETE FROM flip WHERE id IN (SELECT id FROM flip WHERE at < ? AND EXISTS"
        " (SELECT 1 FROM flip AS later WHERE later.run = flip.run AND later.at > flip.at"
        f" AND later.at <= ?) LIMIT {PRUNED_AT_ONCE})",
        (before, before),
    )
    old = f"SELECT id FROM run WHERE last_alive < ? LIMIT {PRUNED_AT_ONCE}"
    connection.execute(f"DELETE FROM flip WHERE run IN ({old})", (before,))
    connection.execute("DELETE FROM description WHERE id NOT IN (SELECT description FROM flip)")
    connection.execute(
        f"DELETE FROM run WHERE id IN ({old}) AND NOT EXISTS"
        " (SELECT 1 FROM flip WHERE flip.run = run.id)",
        (before,),
    )


def _remove_events(connection: sqlite3.Connection, before: int) -> None:
    """Remove the oldest events, and none from between others: no reader takes that for a loss."""
    connection.execute(
        "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id < max("
        f"(SELECT max(id) FROM event) + 1 - {MAX_EVENTS}, coalesce("
        "(SELECT id FROM event WHERE at >= ? ORDER BY id LIMIT 1), 9223372036854775807))"
        f" ORDER BY id LIMIT {PRUNED_AT_ONCE})",
        (before,),
    )
