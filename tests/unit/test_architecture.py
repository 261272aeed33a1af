"""Who imports whom, and what stands where: the rules of docs/architecture.md, by the sources."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import traymon

ROOT = Path(traymon.__file__).parent
FILES = {path.relative_to(ROOT).as_posix().removesuffix(".py"): path for path in ROOT.rglob("*.py")}

PACKAGES = sorted({module.partition("/")[0] for module in FILES if "/" in module})

# The words of notifications, which are pushed as well.
WORDS = ("ui/notification_text", "ui/group_text", "ui/program_notification_text", "ui/presenter")

# Who may import whom: docs/architecture.md. Every package may import itself.
LAYERS = {
    "actions": {
        *("autostart", "config", "core", "diagnosis", "errors", "monitoring", "sensors"),
        *("storage", "traymon", "ui"),
    },
    "core": set(),
    "sensors": {"core"},
    "diagnosis": {"core", "assets", "errors"},
    "monitoring": {"core", "sensors", "diagnosis"},
    "storage": {"core"},
    "config": {"core", "assets", "errors", "shell", "storage/files"},
    "serving": set(),
    "ui": {"core", "diagnosis", "assets", "errors", "serving", "storage/files", "traymon"},
    "outbound": {
        "child_process",
        "core",
        "diagnosis",
        "serving",
        "storage/files",
        "traymon",
        *WORDS,
        "ui/worker",
    },
    "autostart": {"storage/files"},
    "sim": set(),
}
# Pure as well, though not in core/: they compute and look at nothing.
PURE = (
    *(module for module in FILES if module.startswith("core/")),
    "sensors/wire",
    "sensors/system_messages",
    "sensors/farms",
    "sensors/frame_reader",
    "sensors/inbox",
    "sensors/session_messages",
    "sensors/settings_wire",
    "sensors/protobuf",
    "sensors/session_pace",
    "sensors/jts_ini",
    "sensors/login_log_forms",
    "sensors/login_log_lines",
    "sensors/login_phase",
    "sensors/login_runs",
    "sensors/tws_words",
    "sensors/version_notice",
    "sensors/client_id_gate",
    "sensors/client_id_ledger",
    "sensors/heartbeat",
    "sensors/window_titles",
    "diagnosis/check_step",
    "diagnosis/library_check",
    "diagnosis/settings_check",
    "diagnosis/accounts",
    "diagnosis/conditions",
    "diagnosis/catalogue",
    "diagnosis/checks",
    "diagnosis/formatting",
    "ui/presenter",
    "ui/overview",
    "ui/tooltip",
    "ui/chips",
    "ui/program_text",
    "ui/notification_text",
    "ui/group_text",
    "ui/charts",
    "ui/latency_chart",
    "ui/reliability_text",
    "ui/status_json",
    "ui/gate_json",
    "ui/gatekeeper",
    "ui/stale",
    "ui/past",
    "storage/history/values",
    "storage/history/black_box",
    "ui/tray/appearance",
    "ui/tray/balloon_keys",
)
# What a pure module may import from elsewhere; all of it computes and nothing of it looks.
COMPUTES = {
    *("__future__", "collections.abc", "dataclasses", "enum", "math", "types", "typing"),
    *("struct", "datetime", "collections", "re", "unicodedata", "zoneinfo", "functools", "bisect"),
    *("ipaddress", "json", "hashlib", "urllib.parse", "itertools", "configparser", "shlex"),
}

# The modules that may import a library, which the others need not know.
COMMANDS = {module for module in FILES if module.startswith("cli/")}
# What of them the traymon that stays keeps in memory.
STAYS = {
    *("cli/__init__", "cli/main", "cli/streams"),
    *("cli/log", "cli/resident", "cli/settings_process"),
}

IMPORTERS = {
    "pystray": {
        "ui/tray/menu",
        "ui/tray/backend",
        "ui/tray/dbus_menu",
        "ui/tray/linux",
        "ui/tray/macos",
        "ui/tray/windows",
        "ui/tray/x11_fallback",
        "ui/tray/xorg",
    },
    "Xlib": {"ui/tray/xorg", "sensors/screen_x11", "sim/window"},
    "PyObjCTools": {"ui/tray/macos"},
    "plyer": {"ui/notify/plyer"},
    "jeepney": {
        *("ui/session_bus", "ui/bus_object", "ui/notify/dbus", "ui/notify/notification_service"),
        *("ui/tray/dbus_menu", "ui/tray/panel_connection"),
    },
    "desktop_notifier": {"ui/notify/macos"},
    "PIL": {"ui/icons"},
    "dotenv": {"config/dotenv_file"},
    "prometheus_client": {"outbound/metrics/exposition"},
    "psutil": {
        "sensors/library_process",
        "sensors/own_programs",
        "sensors/started_program",
        "sensors/listener",
        "sensors/process_reader",
        "sensors/processes",
        "sensors/socket_table",
        "sensors/tws_folder",
        "sensors/tws_windows",
    },
    "ib_insync": set(),
    "ibapi": {"sensors/traymon_library_check"},
    "typer": COMMANDS - STAYS,
    "rich": (COMMANDS - STAYS)
    | {"ui/check_text", "ui/console", "ui/history_text", "ui/terminal", "ui/terminal_lines"},
    "jinja2": {"ui/web/templates", "cli/completion"},
    "markdown_it": {"diagnosis/fix_pages"},
    "pydantic": {"config/schema", "config/target_settings", "config/value_types"},
    "ssl": {"sensors/version_exchange", "outbound/http_post"},
    "starlette": {
        f"ui/web/{name}"
        for name in (
            *("routes", "calendar_routes", "drill_routes", "phone_routes", "auth", "errors"),
        )
    },
    "icalendar": {"ui/ics"},
    "segno": {"ui/web/side_pages"},
    "apprise": {"outbound/by_apprise"},
    "requests": {"outbound/by_apprise"},
    "uvicorn": {"serving/connections"},
    "sqlite3": {
        f"storage/history/{name}" for name in ("database", "reader", "retention", "writer")
    },
    "filelock": {"storage/single_instance", "storage/state"},
}

# Calls that look at the world, whatever they are called on.
LOOKS = {"open", "now", "utcnow", "today", "read_text", "print", "input", "getenv"}

SOCKET_ERRORS = {
    *("ConnectionError", "ConnectionRefusedError", "ConnectionResetError"),
    *("ConnectionAbortedError", "gaierror", "herror"),
}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text(encoding="utf-8"))


@cache
def imports(module: str) -> frozenset[str]:
    """Return what a module imports anywhere in it, with dots; ours as `traymon.ui.presenter`."""
    found: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            assert node.module is not None
            submodules = {f"{node.module}.{name.name}" for name in node.names}
            ours = {name for name in submodules if is_ours(name)}
            found |= ours or {node.module}
    return frozenset(found)


def is_ours(name: str) -> bool:
    path = name.removeprefix("traymon.").replace(".", "/")
    return name.startswith("traymon.") and (path in FILES or f"{path}/__init__" in FILES)


def ours(module: str) -> set[str]:
    """Return the modules of ours that a module imports, as `ui/view`; a package by its name."""
    return {
        name.removeprefix("traymon.").replace(".", "/")
        for name in imports(module)
        if name.partition(".")[0] == "traymon"
    }


def within(*folders: str) -> list[str]:
    return [module for module in FILES if module.startswith(tuple(f"{f}/" for f in folders))]


def calls(module: str) -> set[str]:
    """Return the last names of all that a module calls."""
    called = (node.func for node in ast.walk(tree(module)) if isinstance(node, ast.Call))
    return {
        function.attr if isinstance(function, ast.Attribute) else function.id
        for function in called
        if isinstance(function, ast.Name | ast.Attribute)
    }


def names(module: str) -> Iterator[str]:
    """Yield every name and attribute that a module's code uses."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def texts(module: str) -> Iterator[str]:
    """Yield the string constants of a module and the words of its f-strings, docstrings aside."""
    inside: set[ast.AST] = set()
    for node in ast.walk(tree(module)):  # from the outside in
        if isinstance(node, ast.Expr):
            inside.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            inside |= set(node.values)
            yield "".join(str(v.value) for v in node.values if isinstance(v, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside:
            yield node.value


def test_the_root_holds_the_wiring_alone() -> None:
    root = {module for module in FILES if "/" not in module}
    wiring = {
        "__init__",
        "__main__",
        "alerting",
        "app",
        "assets",
        "child_process",
        "drills",
        "errors",
        "process",
        "service",
        "wiring",
    }
    assert root == wiring | {"gate"}  # which trading programs import, or have a copy of


def test_every_package_has_its_rule() -> None:
    assert set(PACKAGES) == {*LAYERS, "cli"}


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_does_no_io_and_reads_no_clock(module: str) -> None:
    foreign = {name for name in imports(module) if name.partition(".")[0] != "traymon"}
    assert foreign <= COMPUTES
    assert ours(module) <= {
        *PURE,
        "diagnosis/fix_pages",
        "diagnosis/library_words",
        "diagnosis/settings_words",
    }  # the words, which are part of the program
    assert not calls(module) & LOOKS


@pytest.mark.parametrize("package", LAYERS)
def test_a_layer_imports_only_what_lies_below_it(package: str) -> None:
    allowed = LAYERS[package] | {package}
    for module in within(package):
        strangers = {name for name in ours(module) if not {name, name.partition("/")[0]} & allowed}
        assert not strangers, f"{module} imports {strangers}"


def test_start_at_login_imports_the_standard_library_alone_for_the_installer_uses_it() -> None:
    for module in (*within("autostart"), "storage/files"):
        found = {name.partition(".")[0] for name in imports(module)}
        assert found <= {*sys.stdlib_module_names, "traymon"}, module
        package = {name.split("/")[0] for name in ours(module) - {"storage/files"}}
        assert package <= {"autostart"}, module


@pytest.mark.parametrize("library", IMPORTERS)
def test_a_library_is_imported_where_it_belongs_alone(library: str) -> None:
    found = {m for m in FILES if library in {name.partition(".")[0] for name in imports(m)}}
    assert found <= IMPORTERS[library]


def test_the_program_that_lets_libraries_in_runs_alone_and_in_an_old_python() -> None:
    # a trading program's Python has nothing of traymon's, and may be years old
    module = "sensors/traymon_library_check"
    assert not ours(module)
    assert {name.partition(".")[0] for name in imports(module)} <= {
        *sys.stdlib_module_names,
        "ibapi",
    }
    ast.parse(FILES[module].read_text(encoding="utf-8"), feature_version=(3, 8))


def test_what_a_trading_program_asks_with_is_one_file_that_runs_in_an_old_python() -> None:
    assert not ours("gate")
    assert {name.partition(".")[0] for name in imports("gate")} <= sys.stdlib_module_names
    ast.parse(FILES["gate"].read_text(encoding="utf-8"), feature_version=(3, 8))


def test_the_fast_path_of_the_gate_imports_nothing_that_takes_time() -> None:
    assert ours("cli/quick_gate") == {"gate"}
    assert imports("cli/quick_gate") - {"traymon.gate"} <= {
        *("__future__", "json", "os", "sys", "time", "collections.abc", "typing")
    }


def test_the_traymon_that_stays_lets_no_client_library_in() -> None:
    # the sensor is no row of a table, so that only a command adds it
    users = {m for m in FILES if "sensors/client_library" in ours(m)}
    assert users == {"cli/check", "cli/wait"}


def test_no_tray_library_is_imported_before_an_icon_is_wanted() -> None:
    # pystray chooses its backend on import, and raises where there is no display
    at_once = {
        name.name if isinstance(node, ast.Import) else node.module
        for module in ("ui/tray/tray", "ui/tray/backend", "ui/tray/menu", "ui/tray/appearance")
        for node in tree(module).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert not {name for name in at_once if name and "pystray" in name}
    backends = {f"ui/tray/{name}" for name in ("linux", "macos", "windows", "xorg", "x11_fallback")}
    for module in FILES.keys() - backends - {"ui/tray/backend"}:
        assert not backends & ours(module), module


def test_one_module_speaks_http_to_others_and_only_a_short_lived_process_imports_it() -> None:
    assert {m for m in FILES if "urllib.request" in imports(m)} == {"outbound/http_post"}
    senders = {m for m in FILES if "outbound/http_post" in ours(m)}
    assert {m for m in FILES if senders & ours(m)} == {"outbound/send"}


def test_nothing_outside_the_sensors_names_a_socket_exception() -> None:
    peers_of_their_own = {*within("sensors", "sim"), "ui/session_bus", "gate"}  # a socket
    for module in FILES.keys() - peers_of_their_own:
        assert not SOCKET_ERRORS & set(names(module)), module


def test_a_client_id_is_sent_in_three_places_alone() -> None:
    assert {module for module in FILES if "start_api" in set(names(module))} == {
        "sensors/client_id_probe",
        "sensors/session_connection",  # an ID of traymon's own: see `own_ids`
        "sensors/tws_settings_session",  # likewise
    }


def test_nothing_but_the_commands_prints() -> None:
    printing = {module for module in FILES if "print" in {*bare_calls(module)}}
    programs_of_their_own = {"sim/client_id_holder", "outbound/send"}
    assert printing <= COMMANDS | programs_of_their_own


def bare_calls(module: str) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


@pytest.mark.parametrize("module", ["diagnosis/catalogue", "diagnosis/conditions", *within("ui")])
def test_no_advice_stands_in_python(module: str) -> None:
    # a heuristic: labels are short, and what explains or advises is long
    prose = [text for text in texts(module) if not text.startswith("<")]
    assert [text for text in prose if len(text) > 90] == []
