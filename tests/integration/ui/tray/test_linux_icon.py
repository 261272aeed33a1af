"""The icon on a real session bus, with panels good and bad, and no display."""

from __future__ import annotations

import itertools
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psutil
import pytest

if sys.platform != "linux":
    pytest.skip("D-Bus is Linux's", allow_module_level=True)

from jeepney import HeaderFields, MessageType

from support.bus import SessionBus
from support.panel import HAS_HOST, ITEM, ITEM_PATH, MENU, PROPERTIES, Panel
from support.polling import wait_for
from traymon.core.vocabulary import Light
from traymon.ui import icons
from traymon.ui.tray import backend
from traymon.ui.tray.backend import NoTray

MENU_PATH = "/MenuBar"
NO_HOST = ("v", (("b", False),))


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionBus]:
    bus = SessionBus(tmp_path)
    bus.start()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "PYSTRAY_BACKEND", "XDG_SESSION_ID"):
        monkeypatch.delenv(name, raising=False)
    backend.icon_class()  # imports pystray so that it looks for no display
    yield bus
    bus.stop()


class Shown:
    """An icon with a menu whose state a test sets."""

    def __init__(self) -> None:
        icon_class = backend.icon_class()
        from pystray import Menu, MenuItem

        self.clicked: list[str] = []
        self.headline, self.trouble, self.lines = "all is well", "", ["one"]
        self.checked: bool | None = False
        self.icon = icon_class(
            "traymon",
            icon=icons.draw(Light.GREY),
            title="well & <good>\nmore & <more>",
            menu=Menu(
                MenuItem(lambda item: self.headline, self._click("headline"), default=True),
                MenuItem(
                    lambda item: self.trouble,
                    self._click("trouble"),
                    visible=lambda item: bool(self.trouble),
                ),
                Menu.SEPARATOR,
                MenuItem(
                    "Lines",
                    Menu(lambda: [MenuItem(line, self._click(line)) for line in self.lines]),
                ),
                MenuItem("Tick", self._click("tick"), checked=lambda item: self.checked),
                MenuItem("Fails", self._fail),
                Menu.SEPARATOR,
            ),
        )
        self.is_ended = threading.Event()

    def _click(self, name: str) -> Any:
        return lambda: self.clicked.append(name)

    def _fail(self) -> None:
        self.clicked.append("fails")
        raise RuntimeError("as it should")

    def change(self, **values: Any) -> None:
        def apply() -> None:
            for name, value in values.items():
                setattr(self, name, value)
            self.icon.update_menu()

        self.icon.post(apply)

    def show(self, light: Light) -> None:
        def apply() -> None:
            self.icon.light = light
            self.icon.icon = icons.draw(light)

        self.icon.post(apply)

    def run(self) -> None:
        self.icon.run(lambda icon: icon.post(lambda: setattr(icon, "visible", True)))
        self.is_ended.set()


@contextmanager
def shown() -> Iterator[Shown]:
    """Show an icon, as traymon does; but in a thread."""
    it = Shown()
    threading.Thread(target=it.run, daemon=True).start()
    try:
        yield it
    finally:
        it.icon.post(it.icon.stop)
        assert it.is_ended.wait(30)


def light_of(panel: Panel) -> Light:
    """Return the light whose picture the panel gets."""
    pixmaps = {width: pixels for width, _, pixels in panel.get(ITEM_PATH, ITEM, "IconPixmap")}
    return next(light for light in Light if icons.argb(light, 22) == pixmaps[22])


def shows(panel: Panel, light: Light) -> bool:
    return light_of(panel) is light


def number_of(panel: Panel, label: str) -> int:
    def walk(node: Any) -> Iterator[Any]:
        yield node
        for _, child in node[2]:
            yield from walk(child)

    return next(
        int(n) for n, values, _ in walk(panel.layout()) if values.get("label") == ("s", label)
    )


def test_a_panel_reads_picture_tooltip_and_menu_and_reports_clicks(bus: SessionBus) -> None:
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        assert light_of(panel) is Light.GREY
        assert panel.get(ITEM_PATH, ITEM, "Title") == "well & <good>"
        tooltip = panel.get(ITEM_PATH, ITEM, "ToolTip")
        assert tooltip == ("", [], "well & <good>", "more &amp; &lt;more&gt;")
        assert panel.get(ITEM_PATH, ITEM, "ItemIsMenu") is False
        assert panel.labels() == ["all is well", "Lines", "Tick", "Fails"]
        for method in ("Activate", "SecondaryActivate"):
            assert panel.ask(ITEM_PATH, f"{ITEM}.{method}", "ii", 1, 2).body == ()
        wait_for(lambda: it.clicked == ["headline"] * 2, "both clicks")
        click = (number_of(panel, "one"), "clicked", ("s", ""), 0)
        assert panel.ask(MENU_PATH, f"{MENU}.Event", "isvu", *click).body == ()
        wait_for(lambda: it.clicked[2:] == ["one"], "the item of the submenu")
        panel.signals.clear()
        it.show(Light.RED)
        panel.wait_for(lambda: ("NewIcon", ()) in panel.signals, "word of the picture")
        assert light_of(panel) is Light.RED


@pytest.mark.parametrize(
    ("method", "types", "values"),
    [
        ("ContextMenu", "ii", (1, 2)),
        ("Scroll", "is", (120, "vertical")),
        ("ProvideXdgActivationToken", "s", ("token",)),
    ],
)
def test_what_else_a_panel_reports_is_answered_and_does_nothing(
    bus: SessionBus, method: str, types: str, values: tuple[Any, ...]
) -> None:
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        answer = panel.ask(ITEM_PATH, f"{ITEM}.{method}", types, *values)
        assert answer.header.message_type is MessageType.method_return
        assert it.clicked == []


def test_a_text_that_changes_is_told_as_such_and_an_item_that_comes_as_a_new_layout(
    bus: SessionBus,
) -> None:
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        headline, tick = number_of(panel, "all is well"), number_of(panel, "Tick")
        panel.signals.clear()
        it.change(headline="all is lost", checked=True)
        panel.wait_for(lambda: panel.signals, "the signal")
        assert panel.signals == [
            (
                "ItemsPropertiesUpdated",
                (
                    [
                        (headline, {"label": ("s", "all is lost")}),
                        (tick, {"toggle-state": ("i", 1)}),
                    ],
                    [],
                ),
            )
        ]
        panel.signals.clear()
        it.change(trouble="the log is full")
        panel.wait_for(lambda: panel.signals, "the signal")
        assert [name for name, _ in panel.signals] == ["LayoutUpdated"]
        assert panel.labels()[:2] == ["all is lost", "the log is full"]
        assert number_of(panel, "Tick") == tick
        panel.signals.clear()
        it.change(lines=["three"])  # new objects, in the same places
        panel.wait_for(lambda: panel.signals, "the signal")
        assert [name for name, _ in panel.signals] == ["ItemsPropertiesUpdated"]
        panel.signals.clear()
        it.change()
        it.show(Light.RED)
        panel.wait_for(lambda: panel.signals, "the signal")
        assert [name for name, _ in panel.signals] == ["NewIcon"]


def test_changes_that_come_together_are_one_update_of_the_menu(bus: SessionBus) -> None:
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        headline = number_of(panel, "all is well")
        panel.signals.clear()
        held = threading.Event()
        it.icon.post(lambda: held.wait(30))
        for number in range(100):
            it.change(headline=f"{number} of 100 red")
        held.set()
        panel.wait_for(lambda: panel.signals, "the signal")
        news = [(headline, {"label": ("s", "99 of 100 red")})]
        assert panel.signals == [("ItemsPropertiesUpdated", (news, []))]


def test_items_come_and_go_only_while_the_menu_is_closed(
    bus: SessionBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traymon.ui.tray.dbus_menu.OPEN_TIME", 300.0)  # on a busy machine, too
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        panel.ask(MENU_PATH, f"{MENU}.AboutToShow", "i", 0)
        panel.signals.clear()
        it.change(headline="all is lost", trouble="the log is full")
        panel.wait_for(lambda: panel.signals, "the signal")
        assert [name for name, _ in panel.signals] == ["ItemsPropertiesUpdated"]
        assert panel.labels()[:2] == ["all is lost", "Lines"]
        panel.ask(MENU_PATH, f"{MENU}.Event", "isvu", 0, "closed", ("s", ""), 0)
        panel.wait_for(lambda: len(panel.signals) > 1, "the new layout")
        assert panel.labels()[:2] == ["all is lost", "the log is full"]


def test_a_panel_that_never_stops_asking_gets_new_items_all_the_same(
    bus: SessionBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traymon.ui.tray.dbus_menu.OPEN_TIME", 300.0)
    monkeypatch.setattr("traymon.ui.tray.dbus_menu.LONGEST_WAIT", 1.0)

    def tells_of_the_item() -> bool:
        panel.ask(MENU_PATH, f"{MENU}.AboutToShow", "i", 0)
        return "LayoutUpdated" in [name for name, _ in panel.signals]

    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        panel.signals.clear()
        assert not tells_of_the_item()
        it.change(trouble="the log is full")
        panel.wait_for(tells_of_the_item, "the new layout")
        assert panel.labels()[:2] == ["all is well", "the log is full"]


def test_an_item_of_another_kind_is_another_item(bus: SessionBus) -> None:
    """A panel that has drawn a box to tick does not take it away again."""
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        tick = number_of(panel, "Tick")
        panel.signals.clear()
        it.change(checked=None)
        panel.wait_for(lambda: panel.signals, "the signal")
        assert [name for name, _ in panel.signals] == ["LayoutUpdated"]
        assert number_of(panel, "Tick") != tick
        it.change(checked=True)
        panel.wait_for(lambda: number_of(panel, "Tick") == tick, "the box")


def test_an_action_that_fails_leaves_icon_and_menu(bus: SessionBus) -> None:
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        for name in ("Fails", "Tick"):
            click = (number_of(panel, name), "clicked", ("s", ""), 0)
            panel.ask(MENU_PATH, f"{MENU}.Event", "isvu", *click)
        wait_for(lambda: it.clicked == ["fails", "tick"], "both clicks")


# --- panels that come late, go, move


def test_a_panel_that_comes_again_or_another_that_takes_its_place_gets_the_icon(
    bus: SessionBus,
) -> None:
    with Panel(bus.address) as first, shown() as it:
        first.wait_for_item()
        first.wait_for(lambda: it.icon.has_host, "its word")
        with Panel(bus.address) as second:  # waits for the watcher's name
            first.connection.close()
            second.wait_for_item()
            second.wait_for(lambda: it.icon.has_host, "its word")
            it.show(Light.GREEN)
            second.wait_for(lambda: light_of(second) is Light.GREEN, "the light")
        wait_for(lambda: not it.icon.has_host, "the end of the panel")


def test_a_watcher_without_a_panel_is_no_place_for_an_icon(bus: SessionBus) -> None:
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        panel.change(NO_HOST)
        panel.wait_for(lambda: not it.icon.has_host, "its word")
        panel.change(HAS_HOST)
        panel.wait_for(lambda: it.icon.has_host, "its word")


def test_a_bus_that_ends_and_begins_again_has_the_icon_again(
    bus: SessionBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traymon.ui.tray.linux.RETRY_INTERVAL", 0.1)
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        bus.stop()
        wait_for(lambda: not it.icon.has_host, "the end of the bus")
        it.show(Light.AMBER)
        bus.start()
        with Panel(bus.address) as again:
            again.wait_for_item()
            assert light_of(again) is Light.AMBER
            assert again.labels()[0] == "all is well"


def test_a_bus_that_hangs_is_tried_once_at_a_time(
    bus: SessionBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traymon.ui.tray.linux.RETRY_INTERVAL", 0.1)
    with Panel(bus.address) as panel, shown() as it, socket.socket(socket.AF_UNIX) as silent:
        panel.wait_for_item()
        bus.stop()
        silent.bind(bus.address.removeprefix("unix:path="))
        silent.listen()
        silent.settimeout(30)
        with silent.accept()[0] as first:
            it.icon.post(it.icon._find_place)  # as when the display goes meanwhile
            with silent.accept()[0]:
                first.setblocking(False)
                assert first.recv(4096).startswith(b"\0AUTH")
                assert first.recv(4096) == b"", "the first try goes on"


def test_without_panel_and_display_there_is_no_tray(bus: SessionBus) -> None:
    with pytest.raises(NoTray, match="no display"):
        Shown()


def test_on_wayland_the_icon_waits_for_a_panel(
    bus: SessionBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with shown() as it:
        assert not it.icon.has_host
        with Panel(bus.address) as panel:
            panel.wait_for_item()
            panel.wait_for(lambda: it.icon.has_host, "its word")


def test_a_bus_that_answers_late_still_brings_the_icon_into_the_panel(
    bus: SessionBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traymon.ui.tray.linux.PANEL_TIMEOUT", 0.0)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        panel.wait_for(lambda: it.icon.has_host, "the panel to be known")


def test_on_a_text_terminal_there_is_no_tray_although_a_desktop_has_a_panel(
    bus: SessionBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As over SSH: the bus is the user's, and so is the desktop, but nobody may sit there."""
    monkeypatch.setenv("XDG_SESSION_TYPE", "tty")
    with Panel(bus.address), pytest.raises(NoTray, match="no display"):
        Shown()


# --- panels that do harm


@pytest.mark.parametrize(
    "answer", [None, ("s", ("what?",)), ("", ()), ("v", (("s", "yes"),)), ("ii", (1, 2))]
)
def test_whatever_a_watcher_answers_the_icon_lives(
    bus: SessionBus, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with Panel(bus.address, answer) as panel, shown() as it:
        panel.wait_for_item()
        it.show(Light.RED)
        panel.wait_for(lambda: light_of(panel) is Light.RED, "the light")


WRONG_CALLS = [
    (ITEM_PATH, f"{ITEM}.Activate", "s", ("here",)),
    (ITEM_PATH, f"{ITEM}.Nonsense", None, ()),
    (ITEM_PATH, "no.such.Interface.Activate", "ii", (1, 2)),
    ("/elsewhere", f"{ITEM}.Activate", "ii", (1, 2)),
    (ITEM_PATH, f"{PROPERTIES}.Get", "ss", (ITEM, "Nonsense")),
    (ITEM_PATH, f"{PROPERTIES}.Set", "ssv", (ITEM, "Title", ("s", "mine"))),
    (MENU_PATH, f"{MENU}.GetLayout", "iias", (2_000_000_000, -1, [])),
    (MENU_PATH, f"{MENU}.GetLayout", "iias", (-7, 0, ["label"])),
    (MENU_PATH, f"{MENU}.GetLayout", "a(ia{sv}av)", ([],)),
    (MENU_PATH, f"{MENU}.GetProperty", "is", (0, "nonsense")),
    (MENU_PATH, f"{MENU}.GetProperty", "is", (-1, "label")),
]


@pytest.mark.parametrize(("path", "method", "types", "values"), WRONG_CALLS)
def test_a_wrong_call_is_answered_with_an_error(
    bus: SessionBus, path: str, method: str, types: str | None, values: tuple[Any, ...]
) -> None:
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        answer = panel.ask(path, method, types, *values)
        assert answer.header.message_type is MessageType.error
        error = answer.header.fields[HeaderFields.error_name]
        assert error.rpartition(".")[2] in {"InvalidArgs", "UnknownMethod", "UnknownObject"}
        assert it.clicked == []


def test_numbers_of_no_item_and_events_of_no_kind_do_nothing(bus: SessionBus) -> None:
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        wrong = [(number, "clicked", ("s", ""), 0) for number in (-1, 0, 99, 2_000_000_000)]
        answer = panel.ask(MENU_PATH, f"{MENU}.EventGroup", "a(isvu)", wrong)
        assert answer.body == ([-1, 99, 2_000_000_000],)
        panel.ask(MENU_PATH, f"{MENU}.Event", "isvu", 1, "nonsense", ("a{sv}", {}), 0)
        answer = panel.ask(
            MENU_PATH, f"{MENU}.GetGroupProperties", "aias", [*range(-5, 100_000)], []
        )
        assert 0 < len(answer.body[0]) < 20
        assert it.clicked == []


def test_a_flood_of_calls_delays_the_light_by_no_more_than_they_take(bus: SessionBus) -> None:
    with Panel(bus.address) as panel, Panel(bus.address) as flood, shown() as it:
        flood.items.append(panel.wait_for_item())
        ended = threading.Event()

        def pour() -> None:
            for number in itertools.count():
                if ended.is_set():
                    return
                flood.ask(MENU_PATH, f"{MENU}.AboutToShow", "i", number % 1_000_000)
                flood.ask(ITEM_PATH, f"{ITEM}.Activate", "ii", 0, 0)

        pouring = threading.Thread(target=pour)
        pouring.start()
        try:
            for light in (Light.GREEN, Light.RED, Light.AMBER):
                begun = time.monotonic()
                it.show(light)
                panel.wait_for(partial(shows, panel, light), "the light")
                assert time.monotonic() - begun < 2.0
        finally:
            ended.set()
            pouring.join()


def test_a_flood_of_calls_takes_a_share_of_the_cpu_and_no_more(
    bus: SessionBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traymon.ui.session_bus.MAX_SHARE", 0.02)
    monkeypatch.setattr("traymon.ui.session_bus.BURST", 0.05)
    with Panel(bus.address) as panel, shown():
        panel.wait_for_item()
        reader = next(each for each in threading.enumerate() if each.name == "dbus")
        deadline = time.monotonic() + 3.0
        while time.monotonic() < deadline:
            panel.ask(MENU_PATH, f"{MENU}.AboutToShow", "i", 0)
        (used,) = (
            each.user_time + each.system_time
            for each in psutil.Process().threads()
            if each.id == reader.native_id
        )
        assert used < 0.3


def test_clicks_beyond_what_a_person_does_are_dropped(bus: SessionBus) -> None:
    with Panel(bus.address) as panel, shown() as it:
        panel.wait_for_item()
        held, entered = threading.Event(), threading.Event()

        def hold() -> None:
            entered.set()
            held.wait(30)

        it.icon.post(hold)
        assert entered.wait(30)
        number = number_of(panel, "Tick")
        panel.ask(
            MENU_PATH, f"{MENU}.EventGroup", "a(isvu)", [(number, "clicked", ("s", ""), 0)] * 1000
        )
        held.set()
        it.icon.post(lambda: it.clicked.append("the last"))
        wait_for(lambda: it.clicked[-1:] == ["the last"], "all clicks")
        assert it.clicked == [*["tick"] * 8, "the last"]


def test_its_objects_describe_themselves(bus: SessionBus) -> None:
    with Panel(bus.address) as panel, shown():
        panel.wait_for_item()
        method = "org.freedesktop.DBus.Introspectable.Introspect"
        (item,), (menu,) = (panel.ask(path, method).body for path in (ITEM_PATH, MENU_PATH))
        (interface,) = ElementTree.fromstring(item)
        assert interface.get("name") == ITEM
        properties = {each.get("name"): each.get("type") for each in interface.iter("property")}
        assert properties["IconPixmap"] == "a(iiay)"
        layout = ElementTree.fromstring(menu).find(".//method[@name='GetLayout']")
        assert layout is not None
        arguments = [(each.get("type"), each.get("direction")) for each in layout]
        assert arguments == [
            *(("i", "in"), ("i", "in"), ("as", "in")),
            *(("u", "out"), ("(ia{sv}av)", "out")),
        ]
