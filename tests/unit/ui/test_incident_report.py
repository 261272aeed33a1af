"""An incident told to others: all that explains it, and nothing of who and where the user is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.documents import Document
from support.planted_secrets import NAMES, SECRETS
from traymon.core.calendar import Calendar
from traymon.core.facts import FACTS, Fact, FactKey, ShownAs
from traymon.core.history import Observation, RunRecord
from traymon.core.incidents import Incident
from traymon.core.notification_record import NotificationRecord
from traymon.core.periods import Condition, Period
from traymon.core.time_windows import Span, parse
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.ui.incident_material import Material
from traymon.ui.incident_report import MAX_ENTRIES, IncidentReport, incident_report
from traymon.ui.web.reports import incident_html, incident_markdown

START = 1_795_773_600.0  # Fri 27 Nov 2026 10:00 UTC
END = START + 432
NOW = START + 5000
S, H = Symptom, SensorName.HANDSHAKE
Words = Callable[[str], str]


def plain(text: str) -> str:
    return text


def facts(words: Words = plain) -> dict[FactKey[Any], Any]:
    """Return every fact, as the history keeps it."""
    values: dict[FactKey[Any], Any] = {}
    for fact in FACTS.values():
        text = words(f"the {fact.name}")
        if fact.shown_as is ShownAs.PROGRAMS:
            values[fact] = text  # as it was shown
        elif fact.type is str:
            values[fact] = (text,) if fact.several else text
        else:
            values[fact] = (7, 8) if fact.several else 7
    return values | {Fact.PORT: 7497, Fact.SERVER_VERSION: 223, Fact.CLIENT_IDS: (10, 11)}


def material(words: Words = plain, **known: Any) -> Material:
    """Return a history in which every text has passed through `words`."""
    good = Period(
        START - 600, START, Condition.UP, "healthy", Light.GREEN, facts={Fact.HOST: "127.0.0.1"}
    )
    bad = Period(
        *(START, END, Condition.DOWN, "handshake-silent", Light.RED, words("TWS is silent")),
        facts=facts(words),
        evidence={H: words("silent: no reply")},
        number=17,
    )
    again = Period(END, END + 600, Condition.UP, "healthy", Light.GREEN)
    told = NotificationRecord(
        *(START + 6, "fault", "handshake-silent", words("TWS is silent"), words("D-Bus")),
        *("failed", words("no service answers")),
    )
    seen = (
        Observation(START - 9000, START - 30, H, S.OK, words("answered")),
        Observation(START, END - 5, H, S.SILENT, words("no reply within 5 s")),
        Observation(START + 9, END, SensorName.LINK, S.LINK_DOWN, words("1100: Connectivity lost")),
        Observation(END, END + 600, H, S.OK, words("answered")),
    )
    run = RunRecord(START - 9000, END + 600, words("traymon 0.1.0, Python 3.11.7"))
    whole = Material(
        *(words("bot"), Incident((bad,), notifications=(told,)), (good, bad, again), seen, (run,)),
        (Span(START - 3600, START + 3600),),
    )
    return replace(whole, **known)


def report(whole: Material, calendar: Calendar | None = None) -> IncidentReport:
    return incident_report(whole, calendar or Calendar(), NAMES)


def test_what_was_planned_is_not_known_without_settings() -> None:
    written = incident_report(material(trading=()), None, NAMES)
    assert (written.planned, written.market) == (None, "")
    assert "Planned then: not known" in incident_markdown(written, NOW)
    assert "not known, as the settings" in incident_html(written, NOW)


def texts(whole: Material, calendar: Calendar | None = None) -> tuple[str, str]:
    written = report(whole, calendar)
    return incident_markdown(written, NOW), incident_html(written, NOW)


def test_it_says_what_happened_and_what_it_rests_on() -> None:
    calendar = Calendar(reset=parse("10:05-10:30 UTC"), maintenance=parse("15:00+5m UTC"))
    written = report(material(), calendar)
    assert (written.light, written.code, written.lasted) == (
        "red",
        "handshake-silent",
        "7 min 12 s",
    )
    assert written.first_sign.words.startswith("silent: no reply within 5 s")
    assert written.first_sign.at == written.start
    assert len(written.last_good) == 1
    assert written.last_good[0].startswith("handshake: 2026-11-27 ")
    assert written.planned is not None
    assert len(written.planned) == 1
    assert written.planned[0].startswith("IB server reset, 2026-11-27 ")
    assert written.market == "open"
    assert written.tws == "TWS the tws_version, server version 223"
    assert written.watched_by == ("traymon 0.1.0, Python 3.11.7",)
    assert [one.words for one in written.tws_words] == ["the tws_words", "1100: Connectivity lost"]
    markdown, html = texts(material(), calendar)
    for text in (markdown, html):
        for part in ("red", "handshake-silent", "IB server reset", "no reply within 5 s", "UTC"):
            assert part in text


def test_the_timeline_is_in_order_and_has_everything_that_happened() -> None:
    timeline = report(material()).timeline
    assert [one.at for one in timeline] == sorted(one.at for one in timeline)
    assert [one.what for one in timeline] == [
        *("up", "handshake", "down", "notification", "link", "handshake", "up"),
    ]
    assert timeline[3].words == "TWS is silent: failed (D-Bus): no service answers"


def test_what_lasted_no_second_is_shown_only_if_something_was_wrong() -> None:
    whole = material(observations=())
    start, short = START - 700, START - 699.9
    moments = (
        Period(start, short, Condition.UNOBSERVED),
        Period(short, short + 0.1, Condition.DEGRADED, "session-lost", Light.AMBER, "Lost"),
    )
    timeline = report(replace(whole, periods=(*moments, *whole.periods))).timeline
    assert [one.what for one in timeline[:2]] == ["degraded", "up"]


def test_without_observations_the_periods_say_what_they_can() -> None:
    written = report(material(observations=(), runs=(), trading=()))
    assert written.first_sign.words == "silent: no reply"
    assert written.last_good == (f"all checks were good until {written.start}",)
    assert (written.market, written.watched_by, written.planned) == ("", (), ())
    markdown, html = texts(material(observations=(), runs=(), trading=(), periods=()))
    assert "Last good answer: not recorded" in markdown
    assert "hours not known" in html


@pytest.mark.parametrize(
    ("evidence", "says"),
    [
        ({H: "ok: answered", SensorName.CLIENT_IDS: "client-id-taken: 10"}, "client-id-taken: 10"),
        ({SensorName.LISTENER: "refused: x", H: "silent: y"}, "silent: y"),
        ({H: "ok: answered", SensorName.MONITOR: "resumed"}, "TWS is silent"),
        ({}, "TWS is silent"),
    ],
)
def test_of_the_evidence_that_counts_which_sees_most(
    evidence: dict[SensorName, str], says: str
) -> None:
    whole = material(observations=())
    (bad,) = whole.incident.periods
    incident = Incident((replace(bad, evidence=evidence),))
    assert report(replace(whole, incident=incident)).first_sign.words == says


def test_answers_that_never_stopped_are_not_called_the_last() -> None:
    always = Observation(START - 9000, END + 30, SensorName.SESSION, S.OK, "")
    written = report(material(observations=(always,)))
    assert written.last_good == ("heartbeat: answered throughout",)


def test_a_long_timeline_loses_its_middle_and_says_so() -> None:
    many = tuple(
        Observation(START + at, START + at, H, (S.SILENT, S.OK)[at % 2], "") for at in range(400)
    )
    written = report(material(observations=many))
    assert len(written.timeline) == MAX_ENTRIES
    assert written.left_out == 400 + 3 + 1 - MAX_ENTRIES
    assert (
        f"{written.left_out} entries of the middle are left out"
        in texts(material(observations=many))[0]
    )


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_in_it_wherever_it_was_planted(secret: str) -> None:
    whole = material(lambda text: f"{text} {secret} and so on")
    for text in texts(whole):
        assert secret.lower() not in text.lower()
        assert "[" in text  # the mark of what was taken out


@given(st.text(max_size=20), st.sampled_from(SECRETS), st.text(max_size=20))
def test_no_words_around_a_secret_bring_it_back(before: str, secret: str, after: str) -> None:
    markdown, html = texts(material(lambda text: f"{before} {secret} {after}"))
    assert secret not in markdown
    assert secret not in html


@pytest.mark.parametrize("host", ["gateway-box", "10.1.2.3", "fe80::7", "tws.example.com"])
def test_the_host_that_the_history_tells_is_left_out(host: str) -> None:
    whole = material()
    (bad,) = whole.incident.periods
    named = replace(
        bad, headline=f"{host} refuses connections", facts={Fact.HOST: host, Fact.PORT: 4001}
    )
    written = report(replace(whole, incident=replace(whole.incident, periods=(named,))))
    assert written.headline in {"[host] refuses connections", "[address] refuses connections"}
    assert written.where == "port 4001 of another computer"
    assert host not in "".join(texts(replace(whole, incident=Incident((named,)))))


def test_it_counts_what_it_has_taken_out() -> None:
    written = report(material(observations=(), runs=()))
    assert dict(written.removed).keys() <= {"project", "host"}
    markdown = texts(material(lambda text: f"{text} U1234567"))[0]
    assert "Replaced by a word in brackets: " in markdown
    assert "account (" in markdown


def test_no_word_of_others_is_markup() -> None:
    markdown, html = texts(material(lambda text: f"{text} <b>*x*</b> | `y` [z](w)"))
    assert "<b>" not in html
    assert "\\*x\\*" in markdown
    assert "\\| \\`y\\`" in markdown


def test_the_page_loads_nothing_and_runs_no_script() -> None:
    _, html = texts(material())
    tags = Document(html).tags
    assert not [tag for tag in tags if tag.startswith(("script", "img", "iframe"))]
    addresses = [tag for tag in tags if " href=" in tag or " src=" in tag]
    assert all(" href=data:" in tag for tag in addresses)
