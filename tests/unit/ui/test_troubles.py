"""What is wrong with traymon itself, from several sources, and what of it is new."""

from __future__ import annotations

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
