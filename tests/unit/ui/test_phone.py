"""The topic that a phone subscribes to, and the server that it is on."""

from __future__ import annotations

import re

import pytest

from traymon.ui.phone import DEFAULT_SERVER, SERVER_ALLOWED, PhoneDraft, new_topic, server_address


def test_a_topic_cannot_be_guessed_and_ntfy_takes_it() -> None:
    topics = {new_topic() for _ in range(1000)}
    assert len(topics) == 1000
    assert all(re.fullmatch(r"[-_A-Za-z0-9]{1,64}", topic) for topic in topics)  # ntfy's own rule
    assert not set("0o1il") & set("".join(topics).replace("traymon-", "")), "easily mistaken"


def test_a_topic_does_not_show_when_its_draft_is_printed() -> None:
    draft = PhoneDraft()
    assert draft.topic not in repr(draft)


@pytest.mark.parametrize(
    ("server", "link"),
    [
        (DEFAULT_SERVER, "ntfy://ntfy.sh/topic"),
        ("https://ntfy.example.com:8443", "ntfy://ntfy.example.com:8443/topic"),
        ("http://192.168.1.5", "ntfy://192.168.1.5/topic?secure=false"),
    ],
)
def test_the_link_opens_the_topic_in_the_app(server: str, link: str) -> None:
    assert PhoneDraft(server, "topic").link == link
    assert PhoneDraft(server, "topic").url == f"{server}/topic"


@pytest.mark.parametrize(
    ("typed", "server"),
    [
        ("https://ntfy.sh", "https://ntfy.sh"),
        (" ntfy.example.com/ ", "https://ntfy.example.com"),
        ("HTTP://NTFY.example.com:8080", "http://ntfy.example.com:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_server_may_be_typed_as_people_do(typed: str, server: str) -> None:
    assert server_address(typed) == server


@pytest.mark.parametrize(
    "typed",
    [
        *("", "https://", "ftp://ntfy.sh", "javascript://ntfy.sh", "https://ntfy.sh/topic"),
        *("https://me:secret@ntfy.sh", "https://ntfy.sh?a=b", "https://ntfy.sh#a"),
        *("https://ntfy.sh:99999", "https://a b", "https://ntfy\n.sh", "https://[", "https://ä.de"),
        *('https://"><script>', "https://" + "a" * 300),
    ],
)
def test_what_is_no_server_is_refused_in_words(typed: str) -> None:
    with pytest.raises(ValueError, match=re.escape(SERVER_ALLOWED)):
        server_address(typed)
