"""The request that a ping is, by the kind of its address."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from support.push_scene import AMBER, GREEN, NOON, RED, status
from traymon.config.alerts_file import kind_of
from traymon.core.alerts import Ping, Secret
from traymon.core.model import Status
from traymon.core.ping_policy import Signal
from traymon.core.target import Target
from traymon.outbound.ping import request, state_line

CHECK = "https://hc.example/0123-uuid"


def sent(url: str, *codes: str, kind: str | None = None) -> dict[str, str]:
    address = Secret(url)
    statuses = [status(code, NOON) for code in codes]
    what = Signal.RED if RED in codes else Signal.WELL
    return dict(request(Ping(address, kind=kind or kind_of(address)), what, statuses))


def test_healthchecks_is_told_of_red_by_the_address_and_of_the_state_by_the_body() -> None:
    well, red = sent(CHECK, GREEN), sent(CHECK, RED)
    assert (well["method"], well["url"]) == ("POST", CHECK)
    assert well["text"].startswith("green: ")
    assert (red["method"], red["url"]) == ("POST", f"{CHECK}/fail")
    assert red["text"].endswith(f"({RED})")
    assert sent(f"{CHECK}?create=1", RED)["url"] == f"{CHECK}/fail?create=1"
    assert sent(f"{CHECK}/", RED)["url"] == f"{CHECK}/fail"


def test_uptime_kuma_is_told_by_the_query_whatever_its_address_came_with() -> None:
    url = "https://kuma.example/api/push/abc?status=up&msg=OK&ping="
    for code, word in ((GREEN, "up"), (RED, "down")):
        asked = sent(url, code)
        query = parse_qs(urlsplit(asked["url"]).query)
        assert asked["method"] == "GET"
        assert query["status"] == [word]
        assert code in query["msg"][0]
        assert asked["url"].startswith("https://kuma.example/api/push/abc?")


def test_another_service_hears_that_traymon_is_alive_whatever_the_light() -> None:
    assert sent(CHECK, RED, kind="plain")["url"] == CHECK


def seen(code: str, name: str, *, muted: bool = False) -> Status:
    target = Target(name, one_of_many=True)
    return replace(status(code, NOON), target=target, muted=muted)


def test_the_line_is_that_of_the_worst_target_that_is_not_muted() -> None:
    assert state_line([seen(AMBER, "live")]).startswith("live: amber: ")
    reds = [seen(RED, "live"), seen(RED, "paper")]
    assert state_line(reds).startswith("live: red: ")
    assert state_line(reds).endswith(f"({RED}), and 1 more")
    muted = [seen(RED, "paper", muted=True), seen(GREEN, "live")]
    assert state_line(muted).startswith("live: green: ")


def test_the_line_holds_no_account_number() -> None:
    assert state_line([seen(GREEN, "U1234567")]).startswith("U***567: green: ")
