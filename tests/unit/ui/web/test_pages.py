"""The fix page and the report: nothing from outside gets through as markup, nothing private at all.

The status is diagnosed from evidence, as everywhere.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from types import MappingProxyType

import pytest
from markdown_it import MarkdownIt

from support.documents import HOSTILE, Document, assert_nothing_steers
from support.page_scenes import TEN_CODES, scene, shows_window
from traymon.core.facts import NO_FACTS, Fact, Facts
from traymon.core.model import Diagnosis, Evidence, Reading, SettingsState, Status, Suspicion
from traymon.core.target import Commands, Program, Target
from traymon.core.vocabulary import Light, SensorName, SettingsNews, Symptom
from traymon.diagnosis.catalogue import ENTRIES, diagnose
from traymon.ui.web import live_html, reports, side_pages, static_html

NOW = 1_795_000_000.0
# The sections of the document that traymon grew out of.
SEED_SECTIONS = [
    "IB Connection Diagnosis Results",
    "Summary",
    "Test Results",
    "Diagnosis",
    "Required Fix",
    "Additional Notes",
    "Diagnostic Tools",
    "Next Steps",
    "Support",
]
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def status(text: str, code: str = "foreign-listener") -> Status:
    """A status into which `text` came by every way that is open to others."""
    facts: Facts = {Fact.PROGRAM: text, Fact.PID: 4711, Fact.DETAIL: text, Fact.HOST: text}
    target = Target("bot", port=7497, env_file=f"/home/{text}/.env", account="DU123456")
    readings = MappingProxyType(
        {
            SensorName.LISTENER: Reading(SensorName.LISTENER, Symptom.OK, text, facts, 0.01, NOW),
            SensorName.HANDSHAKE: Reading(
                SensorName.HANDSHAKE, Symptom.NOT_IB, text, facts, 0.02, NOW
            ),
        }
    )
    evidence = Evidence(target, NOW, readings)
    diagnosis = replace(diagnose(evidence), code=code, facts={**diagnose(evidence).facts, **facts})
    return Status(target, diagnosis, NOW, NOW, evidence, NOW, streak=2)


def test_a_page_that_is_open_while_no_target_is_watched_says_so() -> None:
    event = live_html.live_event([], NOW)
    assert "<h1>No target is watched</h1>" in event["html"]
    assert (event["light"], event["title"]) == ("grey", "traymon")


@hostile
def test_the_page_is_built_the_same_whatever_a_fact_a_detail_or_a_program_is_called(
    text: str,
) -> None:
    page = static_html.page(status(text), NOW)
    assert Document(page).tags == Document(static_html.page(status("harmless"), NOW)).tags
    assert_nothing_steers(page)
    assert "1337" not in page


@hostile
def test_the_report_is_built_the_same_too(text: str) -> None:
    report = reports.diagnosis_markdown(status(text), NOW)
    harmless = reports.diagnosis_markdown(status("harmless"), NOW)
    assert Document(as_html(report)).tags == Document(as_html(harmless)).tags
    assert_nothing_steers(report)
    assert "1337" not in report


def as_html(report: str) -> str:
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return str(markdown.render(report))


LINK_TO_IBKR = "a href=https://www.interactivebrokers.com/"


@pytest.mark.parametrize("code", ENTRIES)
def test_every_code_has_its_page_and_its_report(code: str) -> None:
    shown = status("java", code)
    shown = replace(shown, diagnosis=replace(shown.diagnosis, light=ENTRIES[code].light))
    document = Document(static_html.page(shown, NOW))
    assert f"body class={ENTRIES[code].light.word}" in document.tags
    addresses = [tag for tag in document.tags if "https://" in tag]
    assert all(tag.startswith(LINK_TO_IBKR) for tag in addresses), (
        "nothing is loaded from elsewhere"
    )
    assert all("rel=noreferrer target=_blank" in tag for tag in addresses)
    report = reports.diagnosis_markdown(shown, NOW)
    assert f"code `{code}`" in report
    assert "{" not in report
    assert ("NO FAULT FOUND" in report) is (ENTRIES[code].light is Light.GREEN)


def test_the_page_allows_its_own_script_alone_and_looks_again_by_itself() -> None:
    page = static_html.page(status("java"), NOW)
    document = Document(page)
    script = page.partition("<script>")[2].partition("</script>")[0]
    name = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{name}'"
    )
    assert f"meta http-equiv=Content-Security-Policy content={policy}" in document.tags
    assert "meta http-equiv=refresh content=10" in document.tags
    assert [tag for tag in document.tags if tag.startswith(("script", "img", "a "))] == ["script"]
    (link,) = (tag for tag in document.tags if tag.startswith("link"))
    assert "href=data:image/svg+xml," in link


def test_the_page_of_a_traymon_that_has_ended_says_so_is_grey_and_stands_still() -> None:
    page = static_html.ended_page(status("java"), NOW)
    document = Document(page)
    assert "body class=grey" in document.tags
    assert "article class=target grey" in document.tags
    assert "traymon ended at 20" in document.text
    assert "(ended) ✗ " in document.text
    assert "refresh" not in page
    assert "<script" not in page
    assert "java" in document.text, "what was wrong can still be read"


def test_the_page_shows_the_evidence_and_the_suspicion() -> None:
    leaning = Suspicion(Diagnosis("tls-expected", Light.RED, {Fact.PORT: 7497}), 1, 2)
    text = Document(static_html.page(replace(status("SSH-2.0"), suspicion=leaning), NOW)).text
    assert "1 of 2: Port 7497 expects an encrypted connection (SSL)" in text
    assert "not-ib" in text
    assert text.count("SSH-2.0") >= 3


def test_the_report_has_the_sections_of_the_seed_document() -> None:
    report = reports.diagnosis_markdown(status("java"), NOW)
    assert re.findall(r"^##? (.+)$", report, re.M) == SEED_SECTIONS
    assert "### ✅ Test 1: Port Connectivity (PASSED)" in report
    assert "### ❌ Test 2: IB API Handshake (FAILED)" in report


def test_a_test_that_was_not_reached_is_not_in_the_report() -> None:
    shown = status("java")
    refused = Reading(SensorName.HANDSHAKE, Symptom.REFUSED, "refused", at=NOW)
    report = reports.diagnosis_markdown(
        replace(shown, evidence=shown.evidence.with_reading(refused)), NOW
    )
    assert "### ❌ Test 1: Port Connectivity (FAILED)\n- refused" in report
    assert "Test 2" not in report


def test_the_account_is_masked_wherever_it_stands() -> None:
    shown = status("java")
    assert "- Account: DU***456" in reports.diagnosis_markdown(shown, NOW)
    assert "DU123456" not in reports.diagnosis_markdown(shown, NOW) + static_html.page(shown, NOW)


@pytest.mark.parametrize(
    ("news", "words"),
    [
        (SettingsNews.IN_FORCE, ""),
        (SettingsNews.CHANGED, "traymon still uses the old ones"),
        (SettingsNews.FLAWED, "does not count: line 3"),
        (SettingsNews.UNUSABLE, "cannot be used: line 3"),
        (SettingsNews.GONE, "The settings file /home/me/.env no longer exists"),
    ],
)
def test_what_is_new_in_the_settings_is_said_on_every_page(news: SettingsNews, words: str) -> None:
    settings = SettingsState(news, "line 3")
    target = Target("bot", env_file="/home/me/.env")
    shown = replace(status("x"), target=target, settings=settings)
    event = live_html.live_event([shown], NOW)
    for page in (static_html.page(shown, NOW), str(event["html"])):
        assert words in page
        assert "in force" not in page
    assert ("new-settings" in event["state"]) is (news is SettingsNews.CHANGED)
    assert 'data-post="/use-settings"' not in static_html.page(shown, NOW)


def test_tws_logs_are_offered_where_its_log_was_read() -> None:
    shown = status("x")
    assert "tws-logs" not in live_html.live_event([shown], NOW)["state"]
    found: Facts = {Fact.APP: "TWS", Fact.APP_PID: 4711}
    for facts in (NO_FACTS, found):
        reading = Reading(SensorName.LOGIN_LOG, Symptom.UNKNOWN, facts=facts, at=NOW)
        read = replace(shown, evidence=shown.evidence.with_reading(reading))
        assert ("tws-logs" in live_html.live_event([read], NOW)["state"]) is bool(facts)
    demo = replace(read, target=replace(read.target, demo=True))
    assert "tws-logs" not in live_html.live_event([demo], NOW)["state"]


@pytest.mark.parametrize(
    ("version", "session", "offered"),
    [
        (219, Symptom.OK, True),
        (226, Symptom.OK, True),
        (218, Symptom.OK, False),
        (226, Symptom.LOST, False),
        (226, Symptom.UNKNOWN, False),
    ],
)
def test_the_live_page_offers_to_look_at_the_settings_of_a_tws_that_can_tell_them(
    version: int, session: Symptom, offered: bool
) -> None:
    shown = scene("healthy")
    facts: Facts = {Fact.SERVER_VERSION: version}
    evidence = shown.evidence.with_reading(
        Reading(SensorName.HANDSHAKE, Symptom.OK, "", facts, at=NOW)
    ).with_reading(Reading(SensorName.SESSION, session, at=NOW))
    event = live_html.live_event([replace(shown, evidence=evidence)], NOW)
    assert ("can-ask" in event["state"]) is offered
    assert 'data-post="/tws-settings"' in live_html.live_page()
    assert 'data-post="/tws-settings"' not in static_html.page(shown, NOW)


def test_after_a_fix_it_says_what_was_fixed_and_what_to_check_now() -> None:
    causes = (Diagnosis("handshake-silent", Light.RED, {Fact.PORT: 7497}),)
    shown = replace(scene("healthy"), was_down=250.0, was_wrong=causes)
    text = Document(static_html.page(shown, NOW)).text
    assert "Fixed after 4 min 10 s: TWS does not answer programs (port 7497)." in text
    assert "Now check that your trading program has reconnected." in text
    faulty = replace(scene("handshake-silent"), was_down=250.0, was_wrong=causes)
    assert "Fixed after" not in static_html.page(faulty, NOW)


def test_a_healthy_page_has_nothing_to_fix_and_says_when_the_account_was_not_compared() -> None:
    shown = scene("healthy")
    text = Document(static_html.page(shown, NOW)).text
    assert not re.search(r"Fix\n|Nothing to do", text)
    assert "Checked:" in text
    facts = {fact: value for fact, value in shown.diagnosis.facts.items() if fact != Fact.ACCOUNT}
    uncompared = replace(shown, diagnosis=replace(shown.diagnosis, facts=facts))
    assert "not compared: IB_ACCOUNT is not set" in static_html.page(uncompared, NOW)


@pytest.mark.parametrize("code", TEN_CODES)
def test_fix_comes_first_and_the_rest_is_folded(code: str) -> None:
    document = Document(static_html.page(scene(code), NOW))
    has_fix = ENTRIES[code].light is not Light.GREEN
    is_green = ENTRIES[code].light is Light.GREEN  # which begins with what there is to know
    assert document.tags.count("h2") == (0 if is_green else 1)
    assert ("dl class=glance" in document.tags) is is_green
    assert ("\n  Fix\n" in document.text) is has_fix
    folded = [tag for tag in document.tags if tag.startswith("details class=fold")]
    assert len(folded) == (4 if has_fix or is_green else 3)


def test_a_program_can_be_claimed_on_the_live_page_where_it_is_named() -> None:
    shown = scene("client-id-clash")
    holder = Program("<b>", 4711, "C:\\<i>.py", "x")
    named = replace(shown.diagnosis, facts={**shown.diagnosis.facts, Fact.HOLDER: (holder,)})
    html = live_html.live_event([replace(shown, diagnosis=named)], NOW)["html"]
    assert 'data-post="/mine/bot"' in html
    assert "<i>" not in html
    assert "That one is mine</button>" not in static_html.page(shown, NOW)
    assert "data-post" not in live_html.live_event([scene("handshake-silent")], NOW)["html"]


def test_a_window_that_is_on_this_screen_can_be_shown_from_the_live_page() -> None:
    shown = shows_window("<i>Existing session detected")
    html = live_html.live_event([shown], NOW)["html"]
    assert 'data-post="/show-window/bot"' in html
    assert "Show that window</button>" in html
    assert "<i>" not in html
    assert "Show that window" not in static_html.page(shown, NOW), (
        "nobody answers a page on the disk"
    )
    known_otherwise = replace(shown.diagnosis, witnesses=frozenset({SensorName.LOGIN_LOG}))
    html = live_html.live_event([replace(shown, diagnosis=known_otherwise)], NOW)["html"]
    assert "Show that window" not in html


def test_a_demo_says_so_on_the_page_and_in_its_title() -> None:
    shown = scene("handshake-silent")
    demo = replace(shown, target=replace(shown.target, demo=True))
    assert "DEMO" in Document(static_html.page(demo, NOW)).text
    assert live_html.live_event([demo], NOW)["title"].startswith("✗ DEMO TWS does not")
    assert "DEMO" not in static_html.page(shown, NOW)


def test_a_page_for_reference_is_neutral_whatever_its_light() -> None:
    pages = [side_pages.explain_page(code) for code in ENTRIES]
    for page in pages:
        document = Document(page)
        assert "body class=reference" in document.tags
        assert "Reference page, not your current status" in document.text
        assert "Back to current status" in document.text
        assert not re.search(r"class=\"[^\"]*\b(red|amber|green)\b|rgb\(211", page)


def test_pages_print_the_command_that_starts_this_traymon() -> None:
    command = r'& "C:\Program Files\traymon.exe"'
    pages = (
        live_html.live_page(command),
        side_pages.explain_page("handshake-silent", Commands(command, f"{command} check")),
        side_pages.error_page(401, "x", command)[0],
    )
    for page in pages:
        assert re.search(re.escape(command) + " (open|check|status)", Document(page).text)


@pytest.mark.parametrize("status", [401, 403, 404, 405, 413, 421, 500, 503])
def test_an_error_has_a_page_of_its_own_words_that_loads_nothing(status: int) -> None:
    page, policy = side_pages.error_page(status, "What went wrong")
    document = Document(page)
    style = page.partition("<style>")[2].partition("</style>")[0]
    name = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{name}'" in policy
    assert "What went wrong" in document.text
    assert "body class=reference" in document.tags
    assert not [tag for tag in document.tags if tag.startswith(("script", "img"))]
    assert all("href=data:" in tag for tag in document.tags if tag.startswith("link"))
