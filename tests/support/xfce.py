"""XFCE's panel on the virtual desktop, with nothing on it but a place for icons.

The panel keeps them as a StatusNotifier host: what GNOME and KDE have instead of an X11 tray.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from support.polling import wait_for
from support.virtual_desktop import Desktop

# As traymon chooses by itself: first such a panel, then an X11 tray.
ANYWHERE = {"PYSTRAY_BACKEND": ""}
WATCHER = "org.kde.StatusNotifierWatcher"
SETTINGS = "org.xfce.Xfconf"
# Debian keeps xfconfd beside the library of its architecture.
XFCONFD = next(Path("/usr/lib").glob("*/xfce4/xfconf/xfconfd"), None)

# At the top, as wide as the screen. An icon that the panel knows is not hidden behind its arrow.
PANEL = """\
<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray">
      <property name="known-items" type="array">
        <value type="string" value="traymon"/>
      </property>
    </property>
  </property>
</channel>
"""


def panel_is_here() -> bool:
    """Tell whether xfce4-panel and what it reads its settings from are installed."""
    return bool(shutil.which("xfce4-panel") and XFCONFD)


def start_settings(desktop: Desktop) -> None:
    """Start what XFCE's programs read their settings from."""
    desktop.spawn("xfconfd", str(XFCONFD))
    wait_for(lambda: desktop.answers(SETTINGS), "XFCE's settings")


def start_panel(desktop: Desktop) -> None:
    """Start the panel; return when it takes icons."""
    if not desktop.answers(SETTINGS):
        channels = Path(desktop.env["XDG_CONFIG_HOME"]) / "xfce4/xfconf/xfce-perchannel-xml"
        channels.mkdir(parents=True, exist_ok=True)
        (channels / "xfce4-panel.xml").write_text(PANEL)
        start_settings(desktop)
    desktop.spawn("xfce4-panel", "xfce4-panel", "--disable-wm-check")
    wait_for(lambda: _takes_icons(desktop), "the panel")


def stop_panel(desktop: Desktop) -> None:
    """End the panel."""
    desktop.end("xfce4-panel")
    wait_for(lambda: not desktop.answers(WATCHER), "the end of the panel")


def _takes_icons(desktop: Desktop) -> bool:
    return desktop.answers(WATCHER) and bool(
        desktop.get(WATCHER, "/StatusNotifierWatcher", WATCHER, "IsStatusNotifierHostRegistered")
    )


def choose(desktop: Desktop, *keys: str) -> None:
    """Open the icon's menu, go to an item by keys and take it."""
    desktop.click_tray_icon(button=3)
    wait_for(desktop.menu, "the menu on the screen")
    desktop.press(*keys, "Return")
    wait_for(lambda: not desktop.menu(), "the end of the menu")
