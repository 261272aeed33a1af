"""TWS's own words: bounded, plain, the last few, and routine only where there is nothing else."""

from __future__ import annotations

import pytest

from traymon.sensors.tws_words import MAX_SHOWN, MAX_SHOWN_LENGTH, MAX_TEXT_LENGTH, TwsWords, plain


def said(*messages: tuple[int, str]) -> TwsWords:
    words = TwsWords()
    for code, text in messages:
        words.add(code, text)
    return words


def test_the_newest_words_come_first() -> None:
    assert said((1100, "lost"), (10141, "accept")).text == "10141: accept / 1100: lost"
    assert said().text == ""


def test_a_repeated_message_is_named_once() -> None:
    assert said((1100, "lost"), (321, "no"), (1100, "lost")).text == "1100: lost / 321: no"


def test_routine_words_are_named_only_where_there_are_no_others() -> None:
    assert said((2104, "OK:usfarm")).text == "2104: OK:usfarm"
    assert said((10141, "accept"), *[(2104, f"OK:{n}") for n in range(9)]).text == "10141: accept"
    assert said((2104, "OK:usfarm")).notable == ""


def test_words_are_bounded_in_number_and_length() -> None:
    words = said(*[(number, "x" * 100_000) for number in range(10_000)])
    assert len(words.text) <= MAX_SHOWN * (MAX_SHOWN_LENGTH + 3)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\n\tc", "a b c"),
        ("bell\x07, \x1b[31mred, \u202eevil", "bell?, ?[31mred, ?evil"),
        (r"\u8fde\u63a5", "\u8fde\u63a5"),
        (r"\u202e\u0007", "??"),
        (r"\ud800", "?"),
        ("<b>**x**</b>", "<b>**x**</b>"),
    ],
)
def test_a_text_is_one_line_without_control_characters(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_an_endless_text_is_cut_before_it_is_read() -> None:
    assert len(plain("y" * 50_000_000)) == MAX_TEXT_LENGTH
