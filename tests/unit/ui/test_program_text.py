"""What notifications, menu, tooltip and page say of the user's programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from PIL import ImageChops

from support.page_scenes import scene
from traymon.core.model import Status
from traymon.core.notification import Kind, Notification
from traymon.core.program_notifications import ProgramKind, ProgramNotification
from traymon.core.programs import Expectation, ProgramState, Standing
from traymon.core.vocabulary import Light, SensorName, StartAtLogin
from traymon.diagnosis import fix_pages
from traymon.ui import icons, presenter, program_text
from traymon.ui.notification_text import NOT_EXPECTED, notification_text
from traymon.ui.program_notification_text import (
    notification_key,
    program_notification_text,
    split_key,
)
from traymon.ui.tray.appearance import appearance_of
from traymon.ui.web import live_html, static_html

SINCE = datetime(2026, 11, 2, 3, 14).timestamp()
LATER = SINCE + 600
GONE = ProgramState("a1", "bot.py", Standing.MISSING, SINCE, running=True, client_id=10)
HERE = replace(GONE, standing=Standing.CONNECTED, runs=1)
LONG = replace(GONE, name="a_program_with_a_name_that_is_long" * 5, client_id=2_147_483_647)
LONG_AFTER = SINCE + 40 * 86_400


def with_programs(*programs: ProgramState) -> Status:
    shown = scene("healthy")
    return replace(shown, target=replace(shown.target, program_grace=300.0), programs=programs)


def notification(kind: ProgramKind, *programs: ProgramState) -> ProgramNotification:
    return ProgramNotification(kind, with_programs(*programs), programs)


def test_it_names_script_id_since_when_and_whether_it_still_runs() -> None:
    text = program_notification_text(notification(ProgramKind.MISSING, GONE), LATER)
    assert text.title == "bot.py has not reconnected since 03:14"
    assert text.body.startswith("It is still running")
    assert "client ID was 10" in text.body
    assert text.buttons == (NOT_EXPECTED,)
    ended = replace(GONE, running=False, client_id=None)
    text = program_notification_text(notification(ProgramKind.MISSING, ended), LATER)
    assert text.body == "It has ended: start it again if you need it. The API works."


@pytest.mark.parametrize("kind", ProgramKind)
@pytest.mark.parametrize("count", [1, 2, 40])
@pytest.mark.parametrize("running", [True, False])
def test_it_fits_whole_with_the_longest_facts(kind: ProgramKind, count: int, running: bool) -> None:
    several = [replace(LONG, key=str(n), running=running) for n in range(count)]
    text = program_notification_text(notification(kind, *several), LONG_AFTER)
    assert presenter.utf16_length(text.title) <= presenter.MAX_TITLE
    assert presenter.utf16_length(text.body) <= presenter.MAX_BODY
    assert "…" not in text.title[-1:]
    assert text.body[-1] == "."
    assert "{" not in text.title + text.body


def test_the_button_knows_which_program_is_meant() -> None:
    one = notification(ProgramKind.MISSING, GONE)
    assert split_key(notification_key(one)) == (one.status.target.name, "a1")
    both = notification(ProgramKind.MISSING, GONE, replace(GONE, key="b2"))
    assert split_key(notification_key(both)) == (one.status.target.name, "")
    assert program_notification_text(both, LATER).buttons == ()
    assert split_key("project") == ("project", "")


def test_icon_tooltip_menu_and_terminal_name_the_missing_program() -> None:
    shown = with_programs(GONE, replace(HERE, key="b2", name="hedge.py"))
    seen = appearance_of([shown], LATER, trouble="", start_at_login=StartAtLogin.OFF)
    assert seen.light is Light.GREEN
    assert seen.marked
    assert "bot.py has not reconnected" in seen.tooltip
    assert "bot.py has not reconnected" in presenter.status_line(shown, LATER)
    (target,) = seen.menu.targets
    assert target.missing == "bot.py has not reconnected"
    assert target.programs == (
        "! bot.py has not reconnected since 03:14 (client ID 10, still running)",
        "✓ hedge.py connected since 03:14 (client ID 10)",
    )
    calm = appearance_of([with_programs(HERE)], LATER, trouble="", start_at_login=StartAtLogin.OFF)
    assert not calm.marked
    assert "bot.py" not in calm.tooltip


@pytest.mark.parametrize("light", Light)
@pytest.mark.parametrize("size", [16, 22, 32, 64])
def test_the_mark_is_seen_at_every_size_and_leaves_the_colour(light: Light, size: int) -> None:
    plain, marked = icons.draw(light, size), icons.draw(light, size, marked=True)
    data = ImageChops.difference(plain, marked).tobytes()
    clear = sum(max(data[at : at + 4]) > 100 for at in range(0, len(data), 4))
    assert clear >= size * size / 16  # a sixteenth of the picture: 16 pixels of 256
    middle = (size // 2 - size // 4, size // 2 + size // 8)
    assert plain.getpixel(middle) == marked.getpixel(middle)


def test_the_page_lists_the_programs_with_what_can_be_chosen() -> None:
    usual = replace(GONE, usual=((540, 990),))
    html = live_html.live_event([with_programs(usual)], LATER)["html"]
    assert "Your programs" in html
    assert "Usually connected 09:00 to 16:30" in html
    assert 'data-post="/programs/a1/expected"' in html
    assert 'data-post="/programs/a1/off"' in html
    assert 'data-post="/programs/a1/hours"' not in html  # as it is
    off = replace(GONE, standing=Standing.OFF, expectation=Expectation.OFF)
    assert (
        'data-post="/programs/a1/hours"'
        in live_html.live_event([with_programs(off)], LATER)["html"]
    )


def test_the_page_begins_with_what_is_missing_and_folds_what_nobody_waits_for() -> None:
    calm = replace(HERE, key="b2", name="a_bot.py")
    once = replace(GONE, key="c3", name="download.py", standing=Standing.NOT_EXPECTED)
    shown = with_programs(calm, GONE, once)
    html = live_html.live_event([shown], LATER)["html"]
    assert html.index("<strong>bot.py") < html.index("<strong>a_bot.py")
    assert html.index("Not expected now (1)") < html.index("<strong>download.py")
    assert not any("download.py" in line for line in program_text.menu_lines(shown, LATER))


def test_a_programs_name_is_no_html() -> None:
    evil = replace(GONE, name="<b>bot</b>.py")
    html = live_html.live_event([with_programs(evil)], LATER)["html"]
    assert "<b>bot" not in html


def test_the_static_page_offers_no_buttons_for_programs() -> None:
    html = static_html.page(with_programs(GONE), LATER)
    assert "bot.py" in html
    assert "/programs/" not in html


def test_the_page_says_if_nobody_can_be_seen() -> None:
    hidden = replace(with_programs(), programs=None)
    assert hidden.evidence.fresh(SensorName.LISTENER) is not None
    now = hidden.evidence.now
    assert "cannot be seen here" in live_html.live_event([hidden], now)["html"]
    off = replace(hidden, target=replace(hidden.target, program_grace=None))
    assert "Your programs" not in live_html.live_event([off], now)["html"]


def test_before_the_opening_the_absent_programs_are_named() -> None:
    absent = replace(GONE, standing=Standing.CLOSED, lacks_before_open=True)
    shown = replace(with_programs(absent), closed=True, opens_at=LATER + 900)
    text = notification_text(Notification(Kind.PRE_OPEN, shown), LATER)
    assert "Usually connected by now, but not today: bot.py." in text.body


def test_hours_read_as_times_of_day() -> None:
    assert program_text.hours_text(((540, 990), (1080, 1140))) == "09:00 to 16:30, 18:00 to 19:00"
    assert program_text.hours_text(((0, 1440),)) == "all day"


def test_all_texts_are_read_at_the_start() -> None:
    for kind in ProgramKind:
        for name in (kind, f"{kind}-several"):
            title, body = fix_pages.notification_text(name)
            assert title
            assert body
