"""What the tray icon and its menu show."""

from __future__ import annotations

from dataclasses import replace

from traymon.core.facts import Fact
from traymon.core.model import Diagnosis, Evidence, SettingsState, Status
from traymon.core.target import Program, Target
from traymon.core.vocabulary import Light, SettingsNews, StartAtLogin
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui import presenter
from traymon.ui.chips import CHIP_MARKS
from traymon.ui.tray.appearance import Appearance, Controls, MenuState, TargetStates, appearance_of

NOON = 1_795_000_000.0


def status(code: str, name: str = "bot") -> Status:
    target = Target(name, port=7497)
    diagnosis = Diagnosis(code, ENTRIES[code].light, {Fact.PORT: 7497})
    return Status(target, diagnosis, NOON, NOON, Evidence(target, NOON), NOON)


def shown(*statuses: Status) -> Appearance:
    return appearance_of(statuses, NOON, trouble="", start_at_login=StartAtLogin.OFF)


def test_before_the_first_status_there_is_a_grey_icon_with_a_name() -> None:
    assert Appearance().light is Light.GREY
    assert Appearance().tooltip == "traymon"
    assert MenuState().headline == "… traymon"


def test_new_settings_are_in_tooltip_and_menu_until_they_are_in_force() -> None:
    assert shown(status("healthy")).menu.settings == ""
    for news, words in presenter.SETTINGS_TEXTS.items():
        look = shown(replace(status("healthy"), settings=SettingsState(news)))
        assert look.light is Light.GREEN
        assert look.menu.settings == words
        assert f"\n{words}\n" in look.tooltip


def test_the_worst_target_gives_light_headline_and_rim() -> None:
    closed = replace(status("port-refused", "other"), closed=True)
    look = shown(status("healthy"), closed)
    assert look.light is Light.RED
    assert look.rimmed
    assert look.menu.headline.startswith("✗ ")
    assert not shown(status("healthy")).rimmed


def test_the_menu_says_with_which_settings_traymon_would_start_at_login() -> None:
    green = status("healthy")
    project = replace(green, target=replace(green.target, env_file="/home/ann/bot/.env"))
    without = "Start at login (without a project)"
    for state in StartAtLogin:
        look = appearance_of([green], NOON, trouble="", start_at_login=state)
        assert look.menu.login_label == without
    labels = {
        state: appearance_of([project], NOON, trouble="", start_at_login=state).menu.login_label
        for state in StartAtLogin
    }
    assert labels == {
        StartAtLogin.OFF: "Start at login",
        StartAtLogin.ON: "Start at login",
        StartAtLogin.OTHER_SETTINGS: "Start at login with these settings",
    }


def test_the_menu_offers_what_can_be_done_now() -> None:
    green = status("healthy")
    assert shown(green).menu.headline == "✓ Programs can connect to port 7497"
    assert shown(green).menu.controls == Controls()
    assert shown(replace(green, opens_at=NOON + 60)).menu.controls.hours_known
    snoozed = shown(replace(green, snoozed_until=NOON + 60)).menu.controls
    assert snoozed.snoozed
    assert snoozed.mute_text.startswith("snoozed until ")
    quiet = shown(replace(green, quiet_until=NOON + 60)).menu.controls
    assert not quiet.snoozed
    assert quiet.mute_text.startswith("quiet until ")
    paused = replace(green, paused=True)
    assert shown(paused).menu.controls.paused
    assert not shown(paused, status("healthy", "other")).menu.controls.paused


def test_a_program_that_could_be_the_users_own_is_named() -> None:
    holder = Program("python", 4711, "/home/me/run_live.py", "/usr/bin/python")
    diagnosis = Diagnosis("client-id-clash", Light.AMBER, {Fact.HOLDER: (holder,)}, claimable=True)
    held = replace(status("healthy"), diagnosis=diagnosis)
    (target,) = shown(held).menu.targets
    assert target.claimable_program == "run_live.py"


def test_a_grave_trouble_of_traymon_itself_turns_green_amber_and_hides_no_fault() -> None:
    why = "Alarm not proven for 15 days (phone): run a drill"

    def warned(*statuses: Status) -> Appearance:
        off = StartAtLogin.OFF
        return appearance_of(statuses, NOON, trouble=why, warning=why, start_at_login=off)

    for green in ([status("healthy")], [status("healthy"), status("healthy", "other")]):
        look = warned(*green)
        assert look.light is Light.AMBER
        assert look.tooltip.startswith(f"{why}\n")
        assert presenter.utf16_length(look.tooltip) <= presenter.MAX_TOOLTIP
        assert look.menu.trouble == why
        assert look.menu.headline == shown(*green).menu.headline
    red = warned(status("port-refused"))
    assert red.light is Light.RED
    assert red.tooltip.startswith(shown(status("port-refused")).tooltip)


# --- several targets


def one_of(name: str, code: str, **more: object) -> Status:
    shown = status(code, name)
    target = replace(shown.target, one_of_many=True)
    return replace(shown, target=target, **more)  # type: ignore[arg-type]


def test_the_icon_shows_the_worst_target_that_is_not_muted() -> None:
    live, paper = one_of("live", "port-refused"), one_of("paper", "healthy")
    look = shown(live, paper)
    assert (look.light, look.marked) == (Light.RED, False)
    assert look.menu.speaks_of == "live"  # the headline opens its page
    muted = replace(live, muted=True)
    look = shown(muted, paper)
    assert (look.light, look.marked) == (Light.GREEN, True)
    assert look.menu.speaks_of is None
    assert not shown(replace(paper, muted=True), paper).marked  # nothing is wrong with it
    assert shown(muted).light is Light.GREY
    assert not shown(replace(one_of("live", "paused", paused=True), muted=True), paper).marked


def test_green_is_marked_while_a_target_is_left_out() -> None:
    live = one_of("live", "healthy")
    assert not shown(replace(live, settings=SettingsState(SettingsNews.FLAWED))).marked
    look = shown(replace(live, settings=SettingsState(left_out=frozenset({"paper"}))))
    assert (look.light, look.marked) == (Light.GREEN, True)


def test_the_submenus_keep_their_order_whatever_happens_and_say_how_it_is() -> None:
    good = [one_of(name, "healthy") for name in ("b", "A", "c")]
    assert [one.label for one in shown(*good).menu.targets] == ["✓ A", "✓ b", "✓ c"]
    bad = [*good[:2], one_of("c", "port-refused", muted=True)]
    targets = shown(*bad).menu.targets
    assert [one.label for one in targets] == ["✓ A", "✓ b", "✗ c (muted)"]
    assert targets[2].headline.startswith("✗ ")
    assert f"{CHIP_MARKS[Light.GREY]} Handshake not checked" in targets[0].checks
    assert shown(status("healthy")).menu.targets[0].checks == ()  # its menu lists none


def test_what_is_offered_for_all_follows_all_of_them() -> None:
    snoozed = one_of("a", "healthy", snoozed_until=NOON + 60)
    menu = shown(snoozed, one_of("b", "healthy")).menu
    assert menu.controls.snoozed
    assert menu.controls.mute_text == ""  # the other one still notifies
    assert menu.targets[0].controls.mute_text.startswith("snoozed until ")
    assert not menu.targets[1].controls.snoozed


def test_a_state_is_found_anew_for_a_new_status_alone_and_every_minute() -> None:
    states = TargetStates()
    a, b = one_of("a", "healthy"), one_of("b", "healthy")
    first = states.of([a, b], NOON)
    second = states.of([a, replace(b, streak=2)], NOON + 1)
    assert second[0] is first[0]
    assert second[1] is not first[1]
    assert states.of([a, b], NOON + 60)[0] is not first[0]
    assert [one.name for one in states.of([b], NOON + 61)] == ["b"]
