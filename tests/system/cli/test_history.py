"""`traymon history`, as users type it: with a history, without one, with a damaged one."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path

import pytest

from support.a_fortnight import TARGET, write_fortnight
from support.traymon_process import IsolatedTraymon

# as Windows and a terminal without a language have it
ASCII = {"PYTHONIOENCODING": "ascii"}


@pytest.fixture
def user(tmp_path: Path) -> IsolatedTraymon:
    return IsolatedTraymon(tmp_path)


def history_of(user: IsolatedTraymon) -> Path:
    """Return where this user's history lies."""
    return Path(user.env["XDG_STATE_HOME"]) / "traymon" / "history.db"


def test_without_a_history_it_says_so_calmly(user: IsolatedTraymon) -> None:
    done = user.run("history")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("No history yet. It begins when traymon runs: ")
    off = user.run("history", TRAYMON_HISTORY="off")
    assert (off.returncode, off.stdout) == (0, "No history is kept: TRAYMON_HISTORY=off.\n")


def test_it_is_a_table_or_csv_or_json(user: IsolatedTraymon) -> None:
    write_fortnight(history_of(user), until=time.time() - 10)
    shown = user.run("history", "--days", "13")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith(f"History of {TARGET}, ")
    assert "✗ TWS does not answer programs (port 7497)" in shown.stdout
    plain = user.run("history", **ASCII)
    assert (plain.returncode, plain.stderr) == (0, "")
    assert plain.stdout.isascii()
    assert "?" not in plain.stdout
    as_csv = user.run("history", "--csv", "--target", TARGET)
    rows = list(csv.DictReader(io.StringIO(as_csv.stdout)))
    assert sum(float(row["seconds"]) for row in rows if row["condition"] == "down") == 41
    by_day = user.run("history", "--csv", "--by-day")
    assert len(by_day.stdout.splitlines()) in {8, 9}
    figures = json.loads(user.run("history", "--json").stdout)["all_hours"]
    assert (figures["outages"], figures["seconds"]["down"]) == (1, 41)


def test_what_cannot_be_done_is_one_clear_line(user: IsolatedTraymon) -> None:
    write_fortnight(history_of(user), until=time.time() - 10)
    for words, says in (
        (("--csv", "--json"), "only one of"),
        (("--days", "0"), "from 1 to 731"),
        (("--since", "yesterday"), "is not a date or time"),
        (("--since", "2999-01-01"), "in the future"),
        (("--target", "other"), f"It knows: {TARGET}"),
    ):
        done = user.run("history", *words)
        assert (done.returncode, done.stdout) == (3, ""), words
        assert says in done.stderr
        assert done.stderr.count("\n") == 1
    history_of(user).write_bytes(b"no database " * 100)
    done = user.run("history")
    assert (done.returncode, done.stdout) == (3, "")
    assert "cannot be read" in done.stderr


def test_the_settings_pick_the_target(user: IsolatedTraymon) -> None:
    write_fortnight(history_of(user), until=time.time() - 10)
    for name in (TARGET, "never-watched"):
        folder = user.home / name
        folder.mkdir()
        (folder / ".env").write_text("IB_PORT=7497\n")
    found = user.run("history", "--env", str(user.home / TARGET / ".env"))
    assert found.stdout.startswith(f"History of {TARGET}, ")
    other = user.run("history", "--env", str(user.home / "never-watched" / ".env"))
    assert (other.returncode, other.stdout.startswith("No history yet")) == (0, True)
    (user.home / "never-watched" / ".env").write_text("IB_PORT=seven\n")
    broken = IsolatedTraymon(user.home, user.home / "never-watched").run("history")
    assert (broken.returncode, broken.stderr) == (0, "")  # the past needs no settings


def test_a_week_is_one_file_and_an_incident_a_text_or_a_page(user: IsolatedTraymon) -> None:
    write_fortnight(history_of(user), until=time.time() - 10)
    done = user.run("report", "--week")
    assert (done.returncode, done.stderr) == (0, "")
    (file,) = user.cwd.glob("traymon-20*.html")
    assert done.stdout == f"Written to {file.name}\n"
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert user.run("report", "--days", "2", "-o", "-").stdout.startswith("<!doctype html>")

    last = user.run("incident")
    assert (last.returncode, last.stderr) == (0, "")
    assert "code: amber, `handshake-slow`" in last.stdout
    numbers = json.loads(user.run("history", "--json").stdout)["incidents"]
    red = next(one["number"] for one in numbers if one["condition"] == "down")
    page = user.run("incident", str(red), "--html", "-o", "for support.html")
    assert (page.returncode, page.stdout) == (0, "Written to for support.html\n")
    assert "port-refused" in (user.cwd / "for support.html").read_text(encoding="utf-8")
    plain = user.run("incident", str(red), **ASCII)
    assert (plain.returncode, plain.stdout.isascii()) == (0, True)


@pytest.mark.parametrize("words", [("incident",), ("report",), ("incident", "7", "--html")])
def test_without_a_history_there_is_nothing_to_report(
    user: IsolatedTraymon, words: tuple[str, ...]
) -> None:
    done = user.run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("No history yet.")
    assert not list(user.cwd.glob("*.html"))


def test_reports_that_cannot_be_written_say_why(user: IsolatedTraymon) -> None:
    write_fortnight(history_of(user), until=time.time() - 10)
    for words, says in (
        (("incident", "99999"), "There is no incident 99999."),
        (("incident", "-o", str(user.cwd)), "cannot be written"),
        (("report", "-o", str(user.cwd)), "cannot be written"),
        (("report", "--days", "32"), "from 1 to 31"),
        (("report", "--days", "3", "--week"), "only one of"),
    ):
        done = user.run(*words)
        assert (done.returncode, done.stdout) == (3, ""), words
        assert says in done.stderr
        assert done.stderr.count("\n") == 1
