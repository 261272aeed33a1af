"""traymon's icon and menu as a panel hears of them over the session's bus."""

from __future__ import annotations

from html import unescape
from typing import Any

from support.polling import wait_for
from support.virtual_desktop import Desktop
from support.xfce import WATCHER

ITEM, MENU = "org.kde.StatusNotifierItem", "com.canonical.dbusmenu"
ROOT = 0  # the number of the menu itself


def items(desktop: Desktop) -> list[str]:
    """Return the icons that the panel knows."""
    if not desktop.answers(WATCHER):
        return []
    known = desktop.get(WATCHER, "/StatusNotifierWatcher", WATCHER, "RegisteredStatusNotifierItems")
    return [str(item) for item in known]


class Indicator:
    """The icon that is registered with the panel."""

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self._name, _, path = wait_for(lambda: items(desktop), "an icon")[0].partition("/")
        self._path = f"/{path}"

    @property
    def title(self) -> str:
        """What the panel shows as the icon's tooltip."""
        _, _, head, details = self._desktop.get(self._name, self._path, ITEM, "ToolTip")
        return f"{head}\n{unescape(details)}"

    @property
    def tooltip(self) -> str:
        """What the panel shows while the pointer rests on the icon."""
        _, _, head, text = self._desktop.get(self._name, self._path, ITEM, "ToolTip")
        return f"{head}\n{text}"

    def labels(self, *submenus: str) -> list[str]:
        """Return the texts of the menu, or of a submenu, without lines and what is hidden."""
        number = self._number_of(*submenus) if submenus else ROOT
        return [label for label, _ in self._entries(number)]

    def choose(self, *labels: str) -> None:
        """Take an item of the menu. The labels before the last lead to its submenu."""
        self._ask("Event", "isvu", self._number_of(*labels), "clicked", ("s", ""), 0)

    def _number_of(self, *labels: str) -> int:
        number = ROOT
        for label in labels:
            entries = dict(self._entries(number))
            assert label in entries, (label, list(entries))
            number = entries[label]
        return number

    def _entries(self, parent: int) -> list[tuple[str, int]]:
        _, (_, _, entries) = self._ask("GetLayout", "iias", parent, 1, ["label"])
        return [
            (entry["label"][1], number) for _, (number, entry, _) in entries if "label" in entry
        ]

    def _ask(self, method: str, signature: str, *arguments: Any) -> tuple[Any, ...]:
        path = self._desktop.get(self._name, self._path, ITEM, "Menu")
        return self._desktop.ask(self._name, path, f"{MENU}.{method}", signature, *arguments)
