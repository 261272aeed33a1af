"""What the tray icon and its menu show."""

from __future__ import annotations

from dataclasses import replace

from traymon.core.facts import Fact
from traymon.core.model import Diagnosis, Evidence, SettingsState, Status
from traymon.core.target import Program, Target
from traymon.core.vocabulary import Light, StartAtLogin
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui import presenter
from traymon.ui.tray.appearance import Appearance, Controls, MenuState, appearance_of

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
