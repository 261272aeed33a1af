"""What is wrong with traymon itself, from several sources, and what of it is new."""

from __future__ import annotations

import threading

from support.polling import PATIENCE
from traymon.ui.troubles import Troubles


def test_the_troubles_of_all_sources_are_one_line_until_each_ends() -> None:
    shown: list[tuple[str, str]] = []
    troubles = Troubles(lambda line, warning: shown.append((line, warning)))
    troubles.report("the ping fails", "ping")
    troubles.report("no alarm proven", "drill", grave=True)
    troubles.report("", "ping")
    troubles.report("", "drill", grave=True)
    assert shown == [
        ("the ping fails", ""),
        ("the ping fails; no alarm proven", "no alarm proven"),
        ("no alarm proven", "no alarm proven"),
        ("", ""),
    ]


def test_a_trouble_is_news_until_it_was_reported() -> None:
    troubles = Troubles(lambda line, warning: None)
    assert not troubles.is_news("", "ping")
    for trouble in ("HTTP 404", "HTTP 500", "", "HTTP 500"):
        assert troubles.is_news(trouble, "ping")
        troubles.report(trouble, "ping")
        assert not troubles.is_news(trouble, "ping")
        assert troubles.is_news("HTTP 404", "push phone")


def test_what_is_shown_last_is_the_newest() -> None:
    shown: list[str] = []
    is_showing, may_go_on = threading.Event(), threading.Event()

    def show(line: str, warning: str) -> None:
        if line:
            is_showing.set()
            may_go_on.wait()
        shown.append(line)

    troubles = Troubles(show)
    begun = threading.Thread(target=troubles.report, args=("HTTP 404", "ping"))
    ended = threading.Thread(target=troubles.report, args=("", "ping"))
    begun.start()
    assert is_showing.wait(PATIENCE)
    ended.start()
    ended.join(0.3)  # it must not overtake the other one meanwhile
    may_go_on.set()
    for thread in (begun, ended):
        thread.join(PATIENCE)
    assert shown == ["HTTP 404", ""]
