"""The status in a terminal: plain lines into a file, a live picture on a screen, 80 columns."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import replace

import pytest
from rich.console import Console
from rich.text import Text

from support.polling import wait_for
from traymon.core.facts import FACTS, Fact
from traymon.core.model import Diagnosis, Evidence, Reading, Status, Suspicion, what_changed
from traymon.core.target import Target
from traymon.core.vocabulary import Light, Symptom
from traymon.diagnosis.catalogue import ENTRIES, diagnose
from traymon.diagnosis.stages import STAGES
from traymon.ui import check_text, presenter, terminal
from traymon.ui.console import THEME, new_console
from traymon.ui.terminal import Terminal

NOW = 1_795_000_000.0
BELL_AND_LINK = re.compile(r"[\x07\x08]|\x1b\]")  # an OSC 8 sequence makes a link of text
SHARP = Suspicion(Diagnosis("tls-expected", Light.RED, {Fact.PORT: 7497}), 1, 2)


def status(symptom: Symptom, name: str = "bot", detail: str = "seen", **facts: object) -> Status:
    found = {FACTS[fact]: value for fact, value in facts.items()}
    reading = Reading("handshake", symptom, detail, found, 0.0124, NOW)  # type: ignore[arg-type]
    evidence = Evidence(Target(name, port=7497), NOW).with_reading(reading)
    return Status(evidence.target, diagnose(evidence), NOW, NOW, evidence, NOW)


HEALTHY = status(Symptom.OK, took=0.0124, server_version=193)
SILENT = status(Symptom.SILENT)


def one_of_many(shown: Status) -> Status:
    return replace(shown, target=replace(shown.target, one_of_many=True))


def printed(what: object, screen: bool = False) -> str:
    """Return what 80 columns show, with the escape codes of a screen or without any."""
    console = Console(
        file=io.StringIO(),
        width=80,
        force_terminal=screen,
        color_system="256" if screen else None,
        highlight=False,
    )
    console.print(what)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def show(surface: Terminal, *pictures: list[Status]) -> None:
    """Show statuses as the hub does: each time with what is new since the last time."""
    last: dict[str, Status] = {}
    for statuses in pictures:
        named = {status.target.name: status for status in statuses}
        surface.show(statuses, {name: what_changed(last.get(name), named[name]) for name in named})
        last |= named


# --- into a file or a pipe


@pytest.fixture
def plain() -> tuple[Terminal, io.StringIO]:
    file = io.StringIO()
    return Terminal(Console(file=file, width=80, force_terminal=False), lambda: NOW), file


def test_a_file_gets_one_whole_line_per_change_and_none_for_a_repetition(
    plain: tuple[Terminal, io.StringIO],
) -> None:
    surface, file = plain
    other = status(Symptom.REFUSED, "other")
    show(
        surface,
        [HEALTHY],
        [replace(HEALTHY, checked_at=NOW + 30)],
        [HEALTHY, other],
        [replace(HEALTHY, suspicion=SHARP), other],
        [SILENT, other],
    )
    lines = file.getvalue().splitlines()
    assert [line[10:] for line in lines] == [
        f"✓ Programs can connect to port 7497 · 127.0.0.1:7497 · since {clock()} · 12 ms",
        f"✗ 127.0.0.1 refuses connections to port 7497 · 127.0.0.1:7497 · since {clock()}",
        f"✓ Programs can connect to port 7497 · 127.0.0.1:7497 · since {clock()} · 12 ms"
        " · 1 of 2: Port 7497 expects an encrypted connection (SSL)",
        f"✗ TWS does not answer programs (port 7497) · 127.0.0.1:7497 · since {clock()}",
    ]
    assert {line[:10] for line in lines} == {f"{clock('%H:%M:%S')}  "}
    assert "\x1b" not in file.getvalue()


def clock(form: str = "%H:%M") -> str:
    return time.strftime(form, time.localtime(NOW))


def test_a_file_is_no_screen_and_running_waits_without_a_word(
    plain: tuple[Terminal, io.StringIO],
) -> None:
    surface, file = plain
    stopping = threading.Event()
    thread = threading.Thread(target=surface.run, args=(stopping,))
    thread.start()
    stopping.set()
    thread.join(20)
    assert not thread.is_alive()
    assert file.getvalue() == ""


def test_a_screen_that_can_draw_nothing_gets_plain_lines() -> None:
    file, stopped = io.StringIO(), threading.Event()
    console = Console(file=file, width=80, force_terminal=True, _environ={"TERM": "dumb"})
    surface = Terminal(console, lambda: NOW)
    stopped.set()
    surface.run(stopped)
    show(surface, [SILENT])
    assert "TWS does not answer programs" in file.getvalue()
    assert "Ctrl-C" not in file.getvalue()


# --- on a screen


class Screen(io.StringIO):
    """A terminal of 80 columns that keeps all that was written to it."""

    def wait_for(self, holds: Callable[[str], bool]) -> str:
        """Return the text without escape codes once it is as it should be."""

        def expected_text() -> str | None:
            text = Text.from_ansi(self.getvalue()).plain
            return text if holds(text) else None

        try:
            return wait_for(expected_text, "the text on the screen")
        except AssertionError as error:
            error.add_note(self.getvalue())
            raise


@pytest.fixture
def live() -> Iterator[tuple[Terminal, Screen]]:
    screen, stopping = Screen(), threading.Event()
    console = Console(file=screen, width=80, force_terminal=True, _environ={"TERM": "xterm"})
    surface = Terminal(console, lambda: NOW)
    thread = threading.Thread(target=surface.run, args=(stopping,))
    thread.start()
    try:
        screen.wait_for(lambda text: "press Ctrl-C to quit" in text)
        yield surface, screen
    finally:
        stopping.set()
        thread.join(20)
    assert not thread.is_alive()
    assert screen.getvalue().endswith("\x1b[?25h"), "the cursor is back"


def test_a_screen_shows_status_and_changes_each_in_one_line(live: tuple[Terminal, Screen]) -> None:
    surface, screen = live
    show(surface, [HEALTHY], [replace(HEALTHY, suspicion=SHARP)], [SILENT])
    text = screen.wait_for(lambda text: text.count("TWS does not answer programs") >= 2)
    picture = text[text.rindex("traymon ") :]
    lines = [line.rstrip() for line in picture.splitlines()]
    assert lines[2:4] == [
        "✗ TWS does not answer programs (port 7497)",
        f"  bot · 127.0.0.1:7497 · since {clock()}",
    ]
    assert lines[5].startswith("  Look behind your other windows")
    changes = lines[lines.index("Changes") + 1 :]
    assert [change[10:] for change in changes if change] == [
        "✓ Programs can connect to port 7497",
        "? 1 of 2: Port 7497 expects an encrypted connection (SSL)",
        "✗ TWS does not answer programs (port 7497)",
    ]


def test_a_screen_has_the_worst_target_on_top_and_names_whose_change_it_is(
    live: tuple[Terminal, Screen],
) -> None:
    surface, screen = live
    other = status(Symptom.SILENT, "a trading project with a very long name")
    show(surface, [one_of_many(HEALTHY), one_of_many(other)])
    text = screen.wait_for(lambda text: "Changes" in text)
    picture, changes = text.split("Changes")
    named = "a trading p…ry long name: TWS does not answer"
    assert f"✗ 1 of 2 red: {named}" in picture
    assert picture.index(f"\n✗ {named}") < picture.index("✓ bot: Programs can connect")
    assert "  ✓ bot: Programs can connect to port 7497" in changes
    (change,) = [line for line in changes.splitlines() if f"  ✗ {named}" in line]
    assert len(change.rstrip()) <= 80


def test_a_screen_keeps_the_last_changes_only(live: tuple[Terminal, Screen]) -> None:
    surface, screen = live
    show(surface, *[[HEALTHY], [SILENT]] * 20)
    text = screen.wait_for(lambda text: "Changes" in text)
    changes = text[text.rindex("Changes") :].split("\n")[1:]
    assert len([change for change in changes if change.strip()]) == terminal.MAX_CHANGES


# --- what check and explain print

PORT, HANDSHAKE = "Test 1: Port Connectivity", "Test 2: IB API Handshake"
REST = [
    "… Test 3: Full Connection: not checked: TRAYMON_SESSION=off",
    "… Test 4: Client Library: not checked: TRAYMON_SESSION=off",
    "… Test 5: Client IDs: not checked: no IB_CLIENT_ID set",
]


@pytest.mark.parametrize(
    ("symptom", "only", "shown"),
    [
        (Symptom.OK, None, [f"✓ {PORT}: passed", f"✓ {HANDSHAKE}: passed (12 ms)"]),
        (Symptom.SLOW, None, [f"✓ {PORT}: passed", f"! {HANDSHAKE}: needs attention (12 ms)"]),
        (Symptom.SILENT, None, [f"✓ {PORT}: passed", f"✗ {HANDSHAKE}: failed (12 ms)"]),
        (Symptom.REFUSED, None, [f"✗ {PORT}: failed (12 ms)", f"… {HANDSHAKE}: not reached"]),
        (Symptom.CRASHED, None, [f"… {PORT}: not checked", f"… {HANDSHAKE}: not reached"]),
        (Symptom.SILENT, "port", [f"✓ {PORT}: passed", f"✗ {HANDSHAKE}: failed (12 ms)"]),
    ],
)
def test_every_check_has_its_line_and_one_that_was_not_made_says_why(
    symptom: Symptom, only: str | None, shown: list[str]
) -> None:
    lines = printed(check_text.check_results(status(symptom), only)).splitlines()
    assert [line.rstrip() for line in lines if "Test" in line] == shown + REST


def test_only_the_check_that_was_asked_for_is_shown_with_its_details() -> None:
    found = "port 7497 is open and accepts connections"
    for only, there in ((None, True), ("port", True), ("handshake", False)):
        assert (found in printed(check_text.check_results(HEALTHY, only))) is there


def last_lines(shown: Status, only: str | None = None) -> list[str]:
    return [line.rstrip() for line in printed(check_text.verdict(shown, NOW, only)).splitlines()]


@pytest.mark.parametrize("code", ENTRIES)
def test_the_verdict_of_every_code_fits_a_small_window_and_says_what_to_do(code: str) -> None:
    light = ENTRIES[code].light
    lines = last_lines(replace(SILENT, diagnosis=replace(SILENT.diagnosis, code=code, light=light)))
    assert len(lines) <= 16
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"{presenter.MARKS[light]} {light.word.upper()}: ")
    if light is not Light.GREEN:
        assert lines[1].startswith("  ")
        assert lines[-1].startswith("Everything about it: traymon check --full")
        assert not any(line.strip().endswith(":") for line in lines[-2:-1]), lines


def test_the_verdict_names_the_check_that_was_asked_for_if_it_came_out_otherwise() -> None:
    assert last_lines(SILENT, "port")[-1] == "✓ The check port: passed"
    assert last_lines(SILENT, "handshake")[-1].startswith("Everything about it: ")


def test_a_pipe_gets_whole_lines_without_blanks_at_their_ends() -> None:
    file = io.StringIO()
    with redirect_stdout(file):
        console = new_console()
    for code in ENTRIES:
        console.print(check_text.explanation(code))
        console.print(check_text.fix_steps(SILENT, NOW))
    console.print(check_text.check_results(SILENT, None))
    text = file.getvalue()
    assert text.count("\n") > 1000
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert "\x1b" not in text
    prompt = next(line for line in text.splitlines() if "Look for a prompt." in line)
    assert "Accept incoming connection" in prompt, "a paragraph is one line"


def test_code_can_be_read_on_a_light_and_on_a_dark_terminal() -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system="256", theme=THEME)
    console.print(check_text.explanation("handshake-silent"))
    colours = {
        code for part in re.findall(r"\x1b\[([\d;]*)m", file.getvalue()) for code in part.split(";")
    }
    assert "1" in colours, "code is bold"
    assert not colours & {str(number) for number in (*range(30, 38), 38, *range(40, 49))}
    assert "\n     traymon check handshake" not in file.getvalue()


def test_every_code_belongs_to_one_stage() -> None:
    assert sorted(code for codes in STAGES.values() for code in codes) == sorted(ENTRIES)


@pytest.mark.parametrize("text", [
    "[click](https://evil.example/)", "<https://evil.example>", "\x1b]8;;https://x\x07y",
    "\x1b[2J", "[bold red on white]all is well[/]", "# All is well", "\u202etxt.exe",
])  # fmt: skip
def test_nothing_from_outside_steers_the_terminal(text: str) -> None:
    shown = status(Symptom.NOT_IB, detail=text, program=text, pid=4711, env_file=text)
    for what in (check_text.fix_steps(shown, NOW), check_text.check_results(shown, None)):
        on_screen = printed(what, screen=True)
        assert not BELL_AND_LINK.search(on_screen)
        assert "\x1b[2J" not in on_screen
        assert "\u202e" not in on_screen
    words = " ".join(printed(check_text.fix_steps(shown, NOW)).split())
    if text.isprintable():
        assert text in words, "it reads as it is"


@pytest.mark.parametrize("code", ENTRIES)
def test_no_line_of_any_page_is_wider_than_the_terminal(code: str) -> None:
    shown = replace(SILENT, diagnosis=replace(SILENT.diagnosis, code=code))
    for what in (check_text.explanation(code), check_text.fix_steps(shown, NOW)):
        lines = printed(what).splitlines()
        assert max(map(len, lines)) <= 80
        assert any(line.strip() for line in lines)
