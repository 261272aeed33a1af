"""A real desktop without a screen: X server, session bus, tray host, notification daemon.

Knows nothing of traymon. Waits only on conditions, and ends every process that it started.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection
from jeepney.wrappers import unwrap_msg
from PIL import Image
from Xlib import X
from Xlib.display import Display
from Xlib.error import ConnectionClosedError, XError
from Xlib.xobject.drawable import Window

from support.bus import BUS_CONFIG, NOTIFICATIONS, TIMEOUT, Listener, Notification, has_owner
from support.polling import PATIENCE, wait_for
from support.user_env import DESKTOP, NO_RESETS, SETTINGS, inherited_env

WIDTH, HEIGHT = 800, 600
ICON_HEIGHT = 32
FIRST_DISPLAY = 40  # above those of people's own screens
ENDS_WITHIN = 15.0  # seconds, on a busy machine; then a program is ended by force

# The programs and the Debian packages that bring them. dunst draws its text with any font that
# fontconfig finds; fontconfig itself asks for one (fonts-dejavu-core).
PROGRAMS = {
    "Xvfb": "xvfb",
    "dbus-daemon": "dbus",
    "trayer": "trayer",
    "dunst": "dunst",
    "xdotool": "xdotool",
    "setpriv": "util-linux",
}

# By default dunst closes what is clicked; only so does a click run the notification's own action.
# From its menu "That one is mine" is taken where it stands there, else "Snooze".
DUNST_CONFIG = """\
[global]
    origin = top-right
    offset = 10x10
    width = 300
    frame_width = 3
    frame_color = "#446688"
    font = Sans 10
    mouse_left_click = do_action, close_current
    mouse_middle_click = context
    dmenu = /bin/sh -c "sort -r | grep -m1 -e mine -e Snooze"
    idle_threshold = 0
[urgency_low]
    timeout = 0
[urgency_normal]
    timeout = 0
[urgency_critical]
    timeout = 0
"""

WIDE = {"Dunst", "Xfce4-panel"}  # windows as wide as a menu
FRAME = (0x44, 0x66, 0x88)  # of a notification, see DUNST_CONFIG

T = TypeVar("T")


def missing() -> list[str]:
    """Return the Debian packages that a desktop needs and that are not installed."""
    return [package for program, package in PROGRAMS.items() if shutil.which(program) is None]


class Box(NamedTuple):
    """A rectangle of the screen, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2


class Desktop:
    """A desktop of its own; a context manager.

    `env` is the environment for the programs that a test starts: this display, this bus, and fresh
    folders for everything that is kept per user. No tray host and no notification daemon run until
    they are started.
    """

    env: dict[str, str]
    folder: Path

    def __enter__(self) -> Desktop:
        self._started: dict[str, subprocess.Popen[bytes]] = {}
        with ExitStack() as stack:  # what was begun is undone if a later step fails
            folder = tempfile.TemporaryDirectory(prefix="desktop-")
            self.folder = Path(stack.enter_context(folder))
            stack.callback(self._end_all)
            self.env = _environment(self.folder)
            self.env["DISPLAY"] = self._start_screen(stack.enter_context(_free_display()))
            self._look_at_screen(self.env["DISPLAY"])
            stack.callback(self._leave_screen)
            self.env["DBUS_SESSION_BUS_ADDRESS"] = address = self._start_bus()
            self._connect_to_bus(address, stack)
            self._cleanup = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    # Programs

    def spawn(self, name: str, *command: str, **env: str) -> subprocess.Popen[bytes]:
        """Start a program on this desktop; `end` and `log` know it by its name.

        It is ended with the desktop at the latest. Its standard input is a pipe.
        """
        return self._spawn(name, command, {**self.env, **env})

    def end(self, name: str) -> int:
        """End a program, by force if it does not go; return its exit code."""
        process = self._started.pop(name)
        process.terminate()
        with process:  # closes its standard input and waits for its end
            try:
                return process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                return process.wait(ENDS_WITHIN)

    def signal(self, name: str, number: int) -> None:
        """Send a program a signal."""
        self._started[name].send_signal(number)

    def log(self, name: str) -> str:
        """Return what the program has printed so far."""
        return self._log_file(name).read_text(errors="replace")

    def start_tray(self, height: int = ICON_HEIGHT) -> None:
        """Start a tray host in the bottom right corner; return when icons can dock."""
        self.spawn(
            *("trayer", "trayer", "--edge", "bottom", "--align", "right", "--widthtype", "request"),
            *("--heighttype", "pixel", "--height", str(height)),
        )
        self._wait("trayer", self._tray_host_stands, "a tray host")

    def stop_tray(self) -> None:
        """End the tray host."""
        self.end("trayer")
        wait_for(lambda: not self._tray_host_stands(), "the end of the tray host")

    def start_dunst(self) -> None:
        """Start a notification daemon in the top right corner; return when it can be called."""
        config = self.folder / "dunstrc"
        config.write_text(DUNST_CONFIG)
        self.spawn("dunst", "dunst", "-config", str(config))
        self._wait("dunst", self._notification_daemon_stands, "the notification daemon")

    def stop_dunst(self) -> None:
        """End the notification daemon."""
        self.end("dunst")
        wait_for(lambda: not self._notification_daemon_stands(), "the end of the daemon")

    def stop_bus(self) -> None:
        """End the session bus, and with it every connection to it."""
        self.end("dbus-daemon")

    def restart_bus(self) -> None:
        """Start the session bus again, at the same address; nothing is connected to it."""
        self._connect_to_bus(self._start_bus(), self._cleanup)

    def stop_screen(self) -> None:
        """End the X server, and with it every window."""
        self.end("Xvfb")

    def restart_screen(self) -> None:
        """Start the X server again, under the same name; nothing is on it."""
        self._leave_screen()
        self._look_at_screen(self._start_screen(self.env["DISPLAY"]))

    # What is on the bus

    def answers(self, name: str) -> bool:
        """Return whether a program answers to that name on the bus."""
        return has_owner(self._bus, name)

    def ask(
        self, name: str, path: str, method: str, signature: str | None = None, *arguments: Any
    ) -> tuple[Any, ...]:
        """Call a method, given with its interface, and return its answer."""
        interface, _, member = method.rpartition(".")
        address = DBusAddress(path, bus_name=name, interface=interface)
        call = new_method_call(address, member, signature, arguments)
        answer: tuple[Any, ...] = unwrap_msg(self._bus.send_and_get_reply(call, timeout=TIMEOUT))
        return answer

    def get(self, name: str, path: str, interface: str, wanted: str) -> Any:
        """Return the value of a property."""
        getter = "org.freedesktop.DBus.Properties.Get"
        ((_, value),) = self.ask(name, path, getter, "ss", interface, wanted)
        return value

    # What is on the screen

    def pixels(self, box: Box | None = None) -> Image.Image:
        """Return what the screen shows, or a part of it."""
        seen = self._root.get_image(0, 0, WIDTH, HEIGHT, X.ZPixmap, 0xFFFFFFFF)
        picture = Image.frombytes("RGB", (WIDTH, HEIGHT), seen.data, "raw", "BGRX")
        if box:
            picture = picture.crop((box.x, box.y, box.x + box.width, box.y + box.height))
        return picture

    def screenshot(self, path: Path) -> None:
        """Write what the screen shows to a PNG file."""
        self.pixels().save(path)

    def tray_icon(self) -> Box | None:
        """Return where the docked icon is, if one is."""
        xembed = self._screen.intern_atom("_XEMBED_INFO")
        for window, depth in self._windows():
            with suppress(XError):  # the window may go while we ask
                if depth > 1 and window.get_full_property(xembed, X.AnyPropertyType):
                    return self._box(window)
        return None

    def notification(self) -> Box | None:
        """Return where notifications are shown, if one is; not before it is drawn."""
        return next(filter(self._is_framed, self.windows_of("Dunst")), None)

    def windows_of(self, name: str) -> list[Box]:
        """Return where a program's windows are seen; `name` is their class."""
        found = []
        for window, _ in self._windows():
            with suppress(XError):
                if name in (window.get_wm_class() or ()):
                    found.append(self._box(window))
        return found

    def menu(self) -> Box | None:
        """Return where the menu of a tray icon is shown, if one is."""
        kind, tooltip = map(
            self._screen.intern_atom, ("_NET_WM_WINDOW_TYPE", "_NET_WM_WINDOW_TYPE_TOOLTIP")
        )
        for window, depth in self._windows():
            with suppress(XError):
                box = self._box(window)
                if depth > 1 or box.width <= 100 or WIDE & {*(window.get_wm_class() or ())}:
                    continue
                kinds = window.get_full_property(kind, X.AnyPropertyType)
                if kinds is None or tooltip not in kinds.value:
                    return box
        return None

    def _is_framed(self, box: Box) -> bool:
        # dunst maps its window first, and moves, sizes and draws it afterwards.
        seen = self.pixels(box)
        corners = [(0, 0), (box.width - 1, 0), (0, box.height - 1), (box.width - 1, box.height - 1)]
        return all(seen.getpixel(corner) == FRAME for corner in corners)

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Move the pointer there, press the button and let it go."""
        self._xdotool("mousemove", str(x), str(y), "click", str(button))

    def point(self, x: int, y: int) -> None:
        """Move the pointer there."""
        self._xdotool("mousemove", str(x), str(y))

    def press(self, *keys: str) -> None:
        """Press keys one after the other, by their X11 names: `Down`, `Return`."""
        self._xdotool("key", *keys)

    def _xdotool(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self.env, check=True, timeout=PATIENCE)

    def click_tray_icon(self, button: int = 1) -> None:
        """Click on the docked icon, as soon as there is one that stays where it is."""
        looks: list[Box | None] = []

        def at_rest() -> Box | None:
            looks.append(self.tray_icon())
            return looks[-1] if looks[-5:] == [looks[-1]] * 5 else None  # the tray makes room

        self.click(*wait_for(at_rest, "a docked icon").middle, button)

    def click_notification(self, button: int = 1) -> None:
        """Click on the notification, as soon as there is one."""
        self.click(*wait_for(self.notification, "a notification on the screen").middle, button)

    def notifications(self) -> list[Notification]:
        """Return every notification sent so far, the oldest first, as the bus carried it."""
        return self._listener.notifications()

    # How it is done

    def _start_screen(self, display: str) -> str:
        size = f"{WIDTH}x{HEIGHT}x24"
        self._start_and_read(
            *("Xvfb", display, "-displayfd", "{fd}"),
            *("-screen", "0", size, "-nolisten", "tcp", "-noreset"),
        )
        return display

    def _start_bus(self) -> str:
        config = self.folder / "bus.conf"
        config.write_text(BUS_CONFIG.format(socket=self.folder / "run" / "bus"))
        return self._start_and_read(
            "dbus-daemon", f"--config-file={config}", "--nofork", "--print-address={fd}"
        )

    def _look_at_screen(self, display: str) -> None:
        self._screen = Display(display)
        self._root = self._screen.screen().root

    def _connect_to_bus(self, address: str, stack: ExitStack) -> None:
        self._bus = stack.enter_context(open_dbus_connection(address))
        self._listener = Listener(stack.enter_context(open_dbus_connection(address)))

    def _start_and_read(self, name: str, *arguments: str) -> str:
        """Start a program that writes a line to the descriptor `{fd}` when it is ready."""
        if sys.platform == "win32":
            raise NotImplementedError
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        said = b""

        def line() -> bytes | None:
            nonlocal said
            with suppress(BlockingIOError):
                said += os.read(reader, 4096)
            return said if said.endswith(b"\n") else None

        try:
            command = [name, *(argument.format(fd=writer) for argument in arguments)]
            self._spawn(name, command, self.env, pass_fds=[writer])
            return self._wait(name, line, f"{name} to be ready").decode().strip()
        finally:
            os.close(reader)
            os.close(writer)

    def _spawn(
        self, name: str, command: Sequence[str], env: dict[str, str], pass_fds: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        assert name not in self._started, f"{name} was started before"
        with self._log_file(name).open("ab") as log:
            process = subprocess.Popen(
                # Were the tests killed, all that they had started would go with them.
                ["setpriv", "--pdeathsig", "TERM", *command],
                env=env,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=pass_fds,
            )
        self._started[name] = process
        return process

    def _log_file(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _wait(self, name: str, condition: Callable[[], T | None], what: str) -> T:
        """Wait for what the program shall bring about, while it runs."""

        def met_while_it_runs() -> T | None:
            code = self._started[name].poll()
            assert code is None, f"{name} ended with {code}"
            return condition()

        try:
            return wait_for(met_while_it_runs, what)
        except AssertionError as error:
            error.add_note(f"{name} printed:\n{self.log(name)}")
            raise

    def _end_all(self) -> None:
        for name in [*reversed(self._started)]:
            self.end(name)

    def _leave_screen(self) -> None:
        with suppress(ConnectionClosedError):  # the X server was stopped
            self._screen.close()

    def _tray_host_stands(self) -> bool:
        selection = self._screen.intern_atom("_NET_SYSTEM_TRAY_S0")
        return bool(self._screen.get_selection_owner(selection) != X.NONE)

    def _notification_daemon_stands(self) -> bool:
        return self.answers(NOTIFICATIONS)

    def _windows(self) -> Iterator[tuple[Window, int]]:
        """Yield every window that can be seen, and how deep in the tree it lies."""
        waiting = [(self._root, 0)]
        while waiting:
            parent, depth = waiting.pop()
            with suppress(XError):  # a window may go while we ask
                for window in parent.query_tree().children:
                    if window.get_attributes().map_state == X.IsViewable:
                        waiting.append((window, depth + 1))
                        yield window, depth + 1

    def _box(self, window: Window) -> Box:
        self._screen.grab_server()  # or it moves between the two questions
        try:
            size = window.get_geometry()
            corner = self._root.translate_coords(window, 0, 0)
        finally:
            self._screen.ungrab_server()
            self._screen.flush()
        return Box(corner.x, corner.y, size.width, size.height)


@contextmanager
def _free_display() -> Iterator[str]:
    """Give a display that nobody else takes meanwhile.

    An X server that looks for one itself takes that of another network, whose socket it then
    replaces: a network of its own hides by which name others are taken.
    """
    if sys.platform == "win32":
        raise NotImplementedError
    for number in range(FIRST_DISPLAY, FIRST_DISPLAY + 100):
        if Path(f"/tmp/.X11-unix/X{number}").exists():
            continue
        with (Path(tempfile.gettempdir()) / f"desktop-tests-{number}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield f":{number}"
            return
    raise AssertionError("a hundred displays are taken")


def _environment(folder: Path) -> dict[str, str]:
    """Return this process's environment without its desktop and with fresh user folders."""
    env = inherited_env(*DESKTOP, *SETTINGS) | NO_RESETS
    folders = {
        "HOME": "home",
        "XDG_CONFIG_HOME": "home/.config",
        "XDG_CACHE_HOME": "home/.cache",
        "XDG_DATA_HOME": "home/.local/share",
        "XDG_STATE_HOME": "home/.local/state",
        "XDG_RUNTIME_DIR": "run",
    }
    for name, place in folders.items():
        (folder / place).mkdir(mode=0o700, parents=True)
        env[name] = str(folder / place)
    env["NO_AT_BRIDGE"] = "1"  # or GTK looks for an accessibility bus and complains
    return env
