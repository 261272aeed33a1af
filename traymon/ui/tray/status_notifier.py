"""The icon as an object on the session bus, which panels read: a StatusNotifierItem.

The protocol is org.kde.StatusNotifierItem, which freedesktop.org describes. Knows nothing of where
panels are: see `panel_connection`. Calls are answered in any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

from traymon.core.vocabulary import Light
from traymon.ui import icons
from traymon.ui.bus_object import BusObject, Method, Variant

PATH, INTERFACE = "/StatusNotifierItem", "org.kde.StatusNotifierItem"
SIZES = (16, 22, 24, 32, 48, 64)  # pixels; a panel takes the one that fits, or scales it badly

Pixmap = tuple[int, int, bytes]  # width, height, pixels


@dataclass(frozen=True, slots=True)
class Face:
    """What a panel shows of the icon."""

    pixmaps: list[Pixmap]
    title: str  # its first line is the headline of the tooltip

    @property
    def headline(self) -> str:
        """The first line of the title."""
        return self.title.partition("\n")[0]

    @property
    def details(self) -> str:
        """The other lines, as the markup that panels read."""
        return escape(self.title.partition("\n")[2], quote=False)


class StatusNotifierItem:
    """The item. Its face is replaced as a whole."""

    def __init__(self, name: str, menu_path: str, on_click: Callable[[], None]) -> None:
        """A panel knows the item by its `name`. `on_click` is called in the answering thread."""
        self._name, self._menu_path, self._on_click = name, menu_path, on_click
        self.face = Face([], name)
        click = Method(self._click, "ii")
        self.object = BusObject(
            path=PATH,
            interface=INTERFACE,
            methods={
                "Activate": click,
                "SecondaryActivate": click,
                "ContextMenu": Method(lambda x, y: (), "ii"),  # a panel draws the menu itself
                "Scroll": Method(lambda delta, orientation: (), "is"),
                "ProvideXdgActivationToken": Method(lambda token: (), "s"),
            },
            properties=self._properties,
            signals={"NewTitle": "", "NewIcon": "", "NewToolTip": ""},
        )

    def _click(self, x: int, y: int) -> tuple[()]:
        self._on_click()
        return ()

    def _properties(self) -> Mapping[str, Variant]:
        face = self.face
        return {
            "Category": ("s", "ApplicationStatus"),
            "Id": ("s", self._name),
            "Title": ("s", face.headline),
            "Status": ("s", "Active"),
            "WindowId": ("i", 0),
            "IconName": ("s", ""),
            "IconPixmap": ("a(iiay)", face.pixmaps),
            "IconThemePath": ("s", ""),
            "OverlayIconName": ("s", ""),
            "OverlayIconPixmap": ("a(iiay)", []),
            "AttentionIconName": ("s", ""),
            "AttentionIconPixmap": ("a(iiay)", []),
            "AttentionMovieName": ("s", ""),
            "IconAccessibleDesc": ("s", face.headline),  # GNOME reads it aloud
            "ToolTip": ("(sa(iiay)ss)", ("", [], face.headline, face.details)),
            "ItemIsMenu": ("b", False),  # so that a left click is reported
            "Menu": ("o", self._menu_path),
        }


def pixmaps(light: Light, rimmed: bool, marked: bool) -> list[Pixmap]:
    """Return the light's picture at every size that panels ask for."""
    return [(size, size, icons.argb(light, size, rimmed, marked)) for size in SIZES]
