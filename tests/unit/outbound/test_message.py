"""What is pushed: the words of the notification, the first steps, and no account number."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from email.header import decode_header, make_header

import pytest

from support.push_scene import GREEN, NOON, RED, status
from traymon.core.facts import Fact
from traymon.core.model import Diagnosis
from traymon.core.notification import Kind, Notification
from traymon.diagnosis.catalogue import ENTRIES
from traymon.outbound import ntfy
from traymon.outbound.message import (
    MAX_STEP,
    STEPS,
    Message,
    compose,
    compose_bare,
    compose_drill,
    compose_test,
)
from traymon.ui.notification_text import notification_text
from traymon.ui.presenter import utf16_length

# docs/push.md promises these to whoever receives them.
FIELDS = {
    *("schema", "kind", "title", "message", "light", "urgent", "code", "target", "since", "time"),
    *("targets", "fix", "url", "drill"),
}


def fault(code: str) -> Notification:
    return Notification(Kind.FAULT, status(code, NOON, since=NOON - 60))


def test_the_json_of_a_message_is_as_documented() -> None:
    message = compose([fault(RED)], NOON, "https://me.example/")
    values = json.loads(json.dumps(message.as_json()))
    assert values.keys() == FIELDS
    assert values["schema"] == 1
    assert (values["since"], values["time"]) == (
        "2027-01-15T07:59:00+00:00",
        "2027-01-15T08:00:00+00:00",
    )
    assert (values["kind"], values["code"], values["light"]) == ("fault", RED, "red")


@pytest.mark.parametrize("code", ENTRIES)
def test_every_fault_says_what_its_notification_says_and_its_first_steps(code: str) -> None:
    notification = fault(code)
    message, text = compose([notification], NOON), notification_text(notification, NOON)
    assert (message.title, message.message) == (text.title, text.body)
    assert len(message.fix) <= STEPS
    assert all(utf16_length(step) <= MAX_STEP for step in message.fix)
    for step in message.fix:
        assert step.strip()
        assert not {"**", "`", "](", "{?", "{>"} & {mark for mark in step.split()}
        assert "**" not in step
        assert "`" not in step
    assert bool(message.fix) is (message.light != "green")


def test_an_end_has_no_steps() -> None:
    recovery = Notification(Kind.RECOVERY, status(GREEN, NOON), ended=status(RED, NOON).diagnosis)
    assert compose([recovery], NOON).fix == ()


def test_account_numbers_are_masked_and_facts_are_no_markup() -> None:
    seen = status("start-rejected", NOON)
    facts = {Fact.DETAIL: "DU1234567 **bold** `x`", Fact.HOST: "DU1234567"}
    seen = replace(seen, diagnosis=replace(seen.diagnosis, facts=facts))
    seen = replace(seen, target=replace(seen.target, name="DU1234567"))
    text = json.dumps(compose([Notification(Kind.FAULT, seen)], NOON).as_json())
    assert "1234567" not in text


def test_a_message_that_cannot_be_worded_says_light_and_headline() -> None:
    bare = compose_bare([fault(RED)], NOON)
    assert bare.title == "bot: red"
    assert "refuses connections" in bare.message


def test_the_text_numbers_the_steps() -> None:
    message = Message(kind="fault", title="x", message="Look.", time="", fix=("One.", "Two."))
    assert message.as_text() == "Look.\n\n1. One.\n\n2. Two."


def test_ntfy_takes_titles_in_any_language_and_no_line_break() -> None:
    message = compose_test("phone", NOON).as_json() | {"title": "TWS · Störung “x”"}
    told = ntfy.headers(message, "")
    assert told["Title"].isascii()
    assert "\n" not in told["Title"]
    assert str(make_header(decode_header(told["Title"]))) == "TWS · Störung “x”"
    assert (told["Priority"], told["Tags"]) == ("3", "bell")
    assert "Authorization" not in told
    assert "Click" not in told
    long = ntfy.encoded("ü" * 500)
    assert "\n" not in long
    assert str(make_header(decode_header(long))) == "ü" * 500


@pytest.mark.parametrize("code", ENTRIES)
def test_several_targets_are_one_message_with_the_steps_for_all(code: str) -> None:
    light = ENTRIES[code].light
    alike = [
        Notification(
            Kind.FAULT,
            replace(
                status(code, NOON, name, since=NOON - since),
                diagnosis=Diagnosis(code, light, {Fact.PORT: port, Fact.TOOK: took}),
            ),
        )
        for name, port, took, since in (("two", 5402, 1.5, 60), ("one", 5401, 2.5, 90))
    ]
    message = compose(alike, NOON, total=3)
    assert message.title.startswith("2 of 3: ")
    assert (message.target, message.targets) == ("one", ("one", "two"))
    assert message.since == "2027-01-15T07:58:30+00:00"
    assert bool(message.fix) is (message.light != "green")
    steps = " ".join(message.fix)
    assert steps.count("5401") == steps.count("5401, 5402"), "the steps of one alone"
    assert "traymon check, " not in steps


def test_several_targets_that_cannot_be_worded_are_all_listed() -> None:
    faults = [Notification(Kind.FAULT, status(RED, NOON, name)) for name in ("one", "two")]
    bare = compose_bare(faults, NOON)
    assert (bare.title, bare.targets) == ("one: red", ("one", "two"))


def test_a_drill_names_a_command_that_can_be_pasted_whatever_the_channels_name() -> None:
    quote = '"' if sys.platform == "win32" else "'"
    message = compose_drill("my phone", NOON).message
    assert message.endswith(f"run: traymon drill answer {quote}my phone{quote}")
