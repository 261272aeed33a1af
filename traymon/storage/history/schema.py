"""The tables of the history, and whether a file is ours to write to."""

from __future__ import annotations

from pathlib import Path

from traymon.storage.files import read_start

VERSION = 1  # of the tables; a file with a higher one is left alone
APPLICATION_ID = 0x7472616D  # `tram`: marks the file as ours
HEADER, HEADER_SIZE = b"SQLite format 3\x00", 100  # https://sqlite.org/fileformat.html

# The ids of events begin at the seconds since 1970, so that a file that takes the place of a lost
# one gives none of its ids a second time.
TABLES = """
CREATE TABLE IF NOT EXISTS run (
    id INTEGER PRIMARY KEY, target TEXT NOT NULL, started INTEGER NOT NULL,
    last_alive INTEGER NOT NULL, program TEXT NOT NULL, UNIQUE (target, started)
);
CREATE TABLE IF NOT EXISTS flip (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, at INTEGER NOT NULL, condition TEXT NOT NULL,
    code TEXT NOT NULL, light INTEGER NOT NULL, transient INTEGER NOT NULL,
    description INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS description (
    id INTEGER PRIMARY KEY, headline TEXT NOT NULL, facts TEXT NOT NULL, evidence TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS flip_by_time ON flip (run, at);
CREATE TABLE IF NOT EXISTS target (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS minute (
    at INTEGER NOT NULL, target INTEGER NOT NULL, sensor INTEGER NOT NULL, lost INTEGER NOT NULL,
    counts BLOB NOT NULL, PRIMARY KEY (at, target, sensor)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hour (
    at INTEGER NOT NULL, target INTEGER NOT NULL, sensor INTEGER NOT NULL, lost INTEGER NOT NULL,
    counts BLOB NOT NULL, PRIMARY KEY (at, target, sensor)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notification (
    target TEXT NOT NULL, at INTEGER NOT NULL, channel TEXT NOT NULL, kind TEXT NOT NULL,
    code TEXT NOT NULL, title TEXT NOT NULL, outcome TEXT NOT NULL, why TEXT NOT NULL,
    PRIMARY KEY (at, target, channel)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS observation (
    first INTEGER NOT NULL, run INTEGER NOT NULL, sensor TEXT NOT NULL, last INTEGER NOT NULL,
    symptom TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (first, run, sensor)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS missed (
    target TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER, code TEXT NOT NULL,
    light INTEGER NOT NULL, facts TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS trading (
    target TEXT NOT NULL, begins INTEGER NOT NULL, ends INTEGER NOT NULL,
    PRIMARY KEY (begins, target)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS program (
    target TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, began INTEGER NOT NULL,
    ended INTEGER NOT NULL, client_id INTEGER, run INTEGER NOT NULL, runs INTEGER NOT NULL,
    left_well INTEGER NOT NULL, missed INTEGER NOT NULL, PRIMARY KEY (began, target, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, type TEXT NOT NULL, target TEXT,
    data TEXT NOT NULL
);
INSERT INTO sqlite_sequence (name, seq) SELECT 'event', strftime('%s', 'now')
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'event');
"""


class UnusableFileError(Exception):
    """The file is not to be touched: a newer traymon, or another program, has written it."""


class DamagedFileError(Exception):
    """The file is no longer a database that can be used."""


def check_header(path: Path) -> None:
    """Look at the first bytes of a file, which says more than SQLite does and changes nothing.

    Raises UnusableFileError, DamagedFileError and OSError.
    """
    header = read_start(path, HEADER_SIZE)
    if not header:
        return  # a new one
    if len(header) < HEADER_SIZE or not header.startswith(HEADER):
        raise DamagedFileError("it is no SQLite file")
    version, application = (int.from_bytes(header[n : n + 4], "big") for n in (60, 68))
    if version:  # 0: another process has created it and is about to mark it
        check_version(version, application)


def check_version(version: int, application: int) -> None:
    """Raise UnusableFileError unless a file is new, or ours and no newer than this traymon."""
    if (version or application) and application != APPLICATION_ID:
        raise UnusableFileError("another program has written it")
    if version > VERSION:
        raise UnusableFileError("a newer traymon has written it")
