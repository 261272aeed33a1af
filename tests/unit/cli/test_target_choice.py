"""`--target` names one of several targets by its whole name; anything else is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from traymon.cli.common import EXIT_USAGE
from traymon.cli.target_choice import choose, choose_one, find_name
from traymon.config.in_force import Config, OwnSettings, TargetConfig
from traymon.core.calendar import Calendar
from traymon.core.target import Target

OWN = OwnSettings("off", 0, "ask", "on", "info")


def config(*names: str) -> Config:
    many = len(names) > 1
    targets = (Target(name, one_of_many=many) for name in names)
    return Config(OWN, tuple(TargetConfig(one, Calendar(), {}, None) for one in targets))


def names(chosen: object) -> list[str]:
    assert isinstance(chosen, (list, tuple))
    return [one.target.name for one in chosen]


def test_without_a_name_all_are_meant_or_the_only_one() -> None:
    assert names(choose(config("live", "paper"), None)) == ["live", "paper"]
    assert choose_one(config("bot"), None).target.name == "bot"


@pytest.mark.parametrize("wanted", ["Straße", "straße", "STRASSE"])
def test_a_name_counts_in_whatever_case(wanted: str) -> None:
    found = choose(config("live", "Straße"), wanted)
    assert names(found) == ["Straße"]
    assert choose_one(config("live", "Straße"), wanted) is not None


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("lvie", "'lvie'. Did you mean live? It knows: live, live-2."),
        ("liv", "'liv'. Did you mean live? It knows: live, live-2."),
        ("euro", "'euro'. It knows: live, live-2."),
        ("", "''. It knows: live, live-2."),
        ("U1234567\x1b[2J", "'U***567?[2J'. It knows: live, live-2."),
    ],
)
def test_a_part_of_a_name_or_another_one_is_refused_with_the_names(
    wanted: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        choose(config("live", "live-2"), wanted)
    assert ended.value.code == EXIT_USAGE
    assert capsys.readouterr().err == f"The configuration has no target {says}\n"


def test_a_name_that_several_sources_know_is_listed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        find_name("euro", ["live", "paper", "live"], "The history has")
    assert capsys.readouterr().err.endswith("It knows: live, paper.\n")


def test_where_nothing_is_known_nothing_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        find_name("live", [], "The history has")
    assert capsys.readouterr().err == "The history has no target 'live'.\n"


def test_what_is_about_one_target_asks_which(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        choose_one(config("live", "paper"), None)
    assert ended.value.code == EXIT_USAGE
    says = "Several targets are configured. Use --target with one of: live, paper.\n"
    assert capsys.readouterr().err == says
    assert choose_one(config("live", "paper"), "Paper").target.name == "paper"


def test_the_one_that_is_left_of_several_is_not_taken_to_be_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = config("live", "paper")
    left = replace(whole, targets=whole.targets[1:], left_out=("live",))
    with pytest.raises(SystemExit):
        choose_one(left, None)
    capsys.readouterr()
    with pytest.raises(SystemExit):
        choose(left, "LIVE")
    assert capsys.readouterr().err == "The settings of live cannot be used.\n"
