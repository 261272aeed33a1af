"""What TWS says of its data farms: names in any punctuation, lists, and a time for each farm."""

from __future__ import annotations

import pytest

from traymon.sensors.farms import MAX_FARMS, NAMELESS, Farms, farm_name

NOW = 1_000.0


def broken(farms: Farms) -> str:
    return ", ".join(map(str, farms.broken))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Market data farm connection is broken:usfarm", "usfarm"),
        ("Market data farm connection is broken: usfarm.nj ", "usfarm.nj"),
        (
            "HMDS data farm connection is inactive but should be available upon demand.ushmds",
            "ushmds",
        ),
        ("... should be available upon demand. ushmds.", "ushmds"),
        ("... should be available upon demand: usfarm.nj", "usfarm.nj"),
        ("Market data farm connection is broken (cashfarm)", "cashfarm"),
        ("Market data farm connection is broken - us-farm2", "us-farm2"),
        ("Market data farm connection is broken usfarm", "usfarm"),
        ("\u884c\u60c5\u8fde\u63a5\u4e2d\u65ad\uff1ausfarm", "usfarm"),
        ("\u884c\u60c5\u8fde\u63a5\u4e2d\u65adusfarm", "usfarm"),
        ("Market data farm connection is broken", NAMELESS),
        ("Sec-def data farm connection is OK", NAMELESS),
        ("... should be available upon demand.", NAMELESS),
        ("", NAMELESS),
        (":" * 5_000, NAMELESS),
    ],
)
def test_the_name_ends_the_text_whatever_comes_before_it(text: str, name: str) -> None:
    assert farm_name(text) == name


@pytest.mark.parametrize("sign", [":", ".", ": ", ". ", " - ", " "])
@pytest.mark.parametrize(("bad", "dormant"), [(2105, 2107), (2103, 2108)])
def test_an_inactive_farm_is_not_broken_whatever_the_punctuation(
    sign: str, bad: int, dormant: int
) -> None:
    farms = Farms()
    farms.take_message(bad, "connection is broken:xfarm", NOW)
    assert farms.take_message(
        dormant, f"is inactive but should be available upon demand{sign}xfarm", NOW
    )
    assert farms.broken == ()


def test_each_farm_has_its_own_time() -> None:
    farms = Farms()
    farms.take_message(2157, "broken:secdefil", NOW)
    farms.take_message(2103, "broken:usfarm", NOW + 200)
    farms.take_message(2103, "broken:usfarm", NOW + 250)
    assert farms.broken_since == NOW
    assert farms.take_message(2158, "OK:secdefil", NOW + 290)
    assert (broken(farms), farms.broken_since) == ("market data (usfarm)", NOW + 200)
    farms.take_message(2104, "OK:usfarm", NOW + 300)
    assert farms.broken_since is None


RESTORED = "Connectivity between IB and Trader Workstation has been restored - data maintained. "
PARTLY = (
    f"{RESTORED}The following farms are connected: cashfarm; secdefil. "
    "The following farms are not connected: usfarm; ushmds."
)


def test_a_list_of_missing_farms_replaces_what_was_known() -> None:
    farms = Farms()
    farms.take_message(2103, "broken:cashfarm", NOW)
    farms.take_message(2104, "OK:usfarm", NOW)
    assert farms.take_lists(PARTLY, NOW + 5)
    assert (broken(farms), farms.broken_since) == ("market data (usfarm)", NOW + 5)
    assert not farms.take_lists(PARTLY, NOW + 9)
    assert farms.broken_since == NOW + 5
    assert farms.take_lists(f"{RESTORED}All data farms are connected: usfarm; cashfarm.", NOW + 20)
    assert farms.broken == ()


def test_a_missing_farm_that_was_broken_before_keeps_its_time() -> None:
    farms = Farms()
    farms.take_message(2103, "broken:usfarm", NOW)
    farms.take_lists(PARTLY, NOW + 60)
    assert farms.broken_since == NOW


def test_a_farm_of_which_nothing_was_heard_is_broken_if_it_is_missing() -> None:
    farms = Farms()
    assert farms.take_lists(PARTLY, NOW)
    assert broken(farms) == "market data (usfarm)", "one for history connects on demand"


@pytest.mark.parametrize("dormant", ["ushmds", "usfarm"])
def test_a_dormant_farm_is_not_broken_because_a_list_says_that_it_is_missing(dormant: str) -> None:
    farms = Farms()
    farms.take_message(2106, "OK:ushmds", NOW)
    farms.take_message(2107 if dormant == "ushmds" else 2108, f"upon demand.{dormant}", NOW)
    farms.take_lists(PARTLY, NOW)
    assert dormant not in broken(farms)
    assert farms.broken, "the other one is missed"


@pytest.mark.parametrize(
    "text", [RESTORED, "", "not connected: none", "connected connected:", "not connected: ;;;"]
)
def test_a_text_without_a_list_changes_nothing(text: str) -> None:
    farms = Farms()
    farms.take_message(2103, "broken:usfarm", NOW)
    assert not farms.take_lists(text, NOW + 1)
    assert broken(farms) == "market data (usfarm)"


def test_every_farm_is_well_if_the_message_says_so_without_naming_them() -> None:
    farms = Farms()
    farms.take_message(2103, "broken:usopt", NOW)
    assert farms.take_lists(f"{RESTORED}All data farms are connected.", NOW)
    assert farms.broken == ()


def test_ten_thousand_farms_are_bounded() -> None:
    farms = Farms()
    for number in range(10_000):
        farms.take_message((2103, 2104, 2108)[number % 3], f"x:farm{number}", NOW)
    assert len(farms.broken) <= MAX_FARMS
