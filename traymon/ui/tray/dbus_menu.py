"""A pystray menu as an object on the session bus, which panels read, draw and report clicks to.

The protocol is com.canonical.dbusmenu, as libdbusmenu describes it. The menu is one immutable tree
that is replaced as a whole, so that calls can be answered in any thread.

GTK measures an open menu once: what is added then is cut off (seen in xfce4-panel 4.18). So items
come and go only while the menu is closed, and the others change at once. But not every panel says
when it has closed the menu: after a while it counts as closed, even if the panel goes on asking.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from jeepney import Message
from pystray import Menu, MenuItem

from traymon.ui.bus_object import BadCall, BusObject, Method, Variant

PATH, INTERFACE = "/MenuBar", "com.canonical.dbusmenu"
ROOT = 0  # the number of the menu itself
VERSION = 3  # of the protocol
OPEN_TIME = 10.0  # seconds that a menu counts as open after the last sign of it
LONGEST_WAIT = 30.0  # seconds that items wait at most for it to be closed

Place = tuple[int, ...]  # of an item: its index in each menu on the way to it


@dataclass(frozen=True, slots=True)
class Node:
    """An item as a panel sees it, with what is below it."""

    number: int
    properties: Mapping[str, Variant] = field(default_factory=dict)
    children: tuple[Node, ...] = ()
    item: Any = None  # pystray's

    def walk(self) -> Iterator[Node]:
        """Yield it and all that is below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def layout(self, depth: int, names: Set[str]) -> tuple[int, dict[str, Variant], list[Any]]:
        """Return it as the protocol writes it, `depth` levels down, with the named properties."""
        below = self.children if depth != 0 else ()
        return (
            self.number,
            self.named(names),
            [("(ia{sv}av)", child.layout(depth - 1, names)) for child in below],
        )

    def refreshed(self, news: Mapping[int, Node]) -> Node:
        """Return the same tree of items, each with what is new about it."""
        new = news.get(self.number, self)
        return replace(new, children=tuple(child.refreshed(news) for child in self.children))

    def named(self, names: Set[str]) -> dict[str, Variant]:
        """Return the properties with these names, or all if none is named."""
        return {
            name: value for name, value in self.properties.items() if not names or name in names
        }


class DBusMenu:
    """The menu. `update` in one thread; calls are answered in another."""

    def __init__(self, on_click: Callable[[Any], None], on_close: Callable[[], None]) -> None:
        """`on_click` gets pystray's item that was clicked; both are called in the other thread.

        `on_close` is called once the menu is closed if an update waits for that.
        """
        self._on_click, self._on_close = on_click, on_close
        self._opened = -inf  # the last sign that it is open, on the monotonic clock
        self._waits_since = inf  # the first item that shall come or go once it is closed
        self._numbers: dict[tuple[Place, str], int] = {}
        self._unused = itertools.count(ROOT + 1)
        self._revision = 0
        self._root = Node(ROOT)
        self.object = BusObject(
            path=PATH,
            interface=INTERFACE,
            methods={
                "GetLayout": Method(self._get_layout, "iias", "u(ia{sv}av)"),
                "GetGroupProperties": Method(self._get_group_properties, "aias", "a(ia{sv})"),
                "GetProperty": Method(self._get_property, "is", "v"),
                "Event": Method(self._take_event, "isvu"),
                "EventGroup": Method(self._take_events, "a(isvu)", "ai"),
                "AboutToShow": Method(lambda number: self._note_open(False), "i", "b"),
                "AboutToShowGroup": Method(lambda numbers: self._note_open([], []), "ai", "aiai"),
            },
            properties=lambda: {
                "Version": ("u", VERSION),
                "TextDirection": ("s", "ltr"),
                "Status": ("s", "normal"),
                "IconThemePath": ("as", []),
            },
            signals={"LayoutUpdated": "ui", "ItemsPropertiesUpdated": "a(ia{sv})a(ias)"},
        )

    def update(self, menu: Any) -> tuple[list[Message], float | None]:
        """Take the menu as it is now.

        Returns the signals that tell a panel what has changed, and the seconds after which to
        update again, as items shall come or go that must not do so now; None if there are none.
        """
        before, after = self._root, self._node(ROOT, {}, menu, ())
        old = {node.number: node for node in before.walk()}
        new = {node.number: node for node in after.walk()}
        wait = None if list(old) == list(new) else self._wait()
        if not wait:
            self._waits_since = inf
        if wait == 0:
            self._root = after
            self._revision += 1
            return [self.object.signal("LayoutUpdated", self._revision, ROOT)], None
        self._root = before.refreshed(new)
        changes = [_change(node, new[number]) for number, node in old.items() if number in new]
        changed = [(number, values) for number, values, _ in changes if values]
        removed = [(number, names) for number, _, names in changes if names]
        signals = []
        if changed or removed:
            signals.append(self.object.signal("ItemsPropertiesUpdated", changed, removed))
        return signals, wait

    def _wait(self) -> float:
        """Return the seconds for which items must not come or go yet; 0 if they may."""
        now = time.monotonic()
        self._waits_since = min(self._waits_since, now)
        return max(0.0, min(self._opened + OPEN_TIME, self._waits_since + LONGEST_WAIT) - now)

    # --- from pystray's menu to the tree

    def _node(
        self, number: int, properties: dict[str, Variant], menu: Any, at: Place, item: Any = None
    ) -> Node:
        children = tuple(self._children(menu, at)) if menu is not None else ()
        if menu is not None:
            properties["children-display"] = ("s", "submenu")
        return Node(number, properties, children, item)

    def _children(self, menu: Menu, at: Place) -> Iterator[Node]:
        begun = False
        line: Place | None = None  # where a separator is due, before the next item
        for index, item in enumerate(menu.items):
            place = (*at, index)
            if item is Menu.SEPARATOR:
                line = place
            elif item.visible:
                if line is not None and begun:
                    yield Node(self._number(line, "separator"), {"type": ("s", "separator")})
                line, begun = None, True
                number = self._number(place, _kind(item))
                yield self._node(number, _properties(item), item.submenu, place, item)

    def _number(self, place: Place, kind: str) -> int:
        """Return the number of a place: an item whose text changes keeps it, new object or not.

        An item of another kind gets another one: a panel does not turn what it has drawn into that.
        """
        if (place, kind) not in self._numbers:
            self._numbers[place, kind] = next(self._unused)
        return self._numbers[place, kind]

    # --- what a panel asks

    def _find(self, number: int) -> Node:
        for node in self._root.walk():
            if node.number == number:
                return node
        raise BadCall(f"the menu has no item {number}")

    def _get_layout(self, number: int, depth: int, names: Sequence[str]) -> tuple[Any, ...]:
        revision = self._revision  # before the tree: an old number makes the panel ask again
        return revision, self._find(number).layout(depth, frozenset(names))

    def _get_group_properties(
        self, numbers: Sequence[int], names: Sequence[str]
    ) -> tuple[list[Any]]:
        wanted, named = frozenset(numbers), frozenset(names)
        nodes = [node for node in self._root.walk() if not wanted or node.number in wanted]
        return ([(node.number, node.named(named)) for node in nodes],)

    def _get_property(self, number: int, name: str) -> tuple[Variant]:
        value = self._find(number).properties.get(name)
        if value is None:
            raise BadCall(f"item {number} has no {name}")
        return (value,)

    def _take_event(self, number: int, event: str, data: Variant, time: int) -> tuple[()]:
        self._take_events([(number, event, data, time)])
        return ()

    def _take_events(self, events: Sequence[tuple[int, str, Variant, int]]) -> tuple[list[int]]:
        nodes = {node.number: node for node in self._root.walk()}
        for number, event, _, _ in events:
            node = nodes.get(number)
            if event == "clicked" and node is not None and node.item is not None:
                self._note_closed()
                self._on_click(node.item)
            elif event == "closed" and number == ROOT:
                self._note_closed()
            elif event == "opened":
                self._note_open()
        return ([number for number, *_ in events if number not in nodes],)

    # --- whether the menu is open

    def _note_open(self, *answer: Any) -> tuple[Any, ...]:
        """Remember that it is open. A panel need not ask again: what changed was told by then."""
        self._opened = time.monotonic()
        return answer

    def _note_closed(self) -> None:
        self._opened = -inf
        if self._waits_since < inf:
            self._waits_since = inf
            self._on_close()


def _change(old: Node, new: Node) -> tuple[int, dict[str, Variant], list[str]]:
    """Return an item's number, its new properties, and the names of those that are gone."""
    values = {
        name: value for name, value in new.properties.items() if old.properties.get(name) != value
    }
    return old.number, values, [name for name in old.properties if name not in new.properties]


def _kind(item: MenuItem) -> str:
    if item.submenu is not None:
        return "submenu"
    if item.checked is not None:
        return "radio" if item.radio else "checkmark"
    return "plain"


def _properties(item: MenuItem) -> dict[str, Variant]:
    properties: dict[str, Variant] = {
        "label": ("s", item.text.replace("_", "__")),  # a single one marks a key
        "enabled": ("b", bool(item.enabled)),
    }
    if item.checked is not None:
        properties["toggle-type"] = ("s", _kind(item))
        properties["toggle-state"] = ("i", int(item.checked))
    return properties
