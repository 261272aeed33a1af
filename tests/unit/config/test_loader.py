"""The settings: where each value comes from, and every mistake told at once.

Nothing here looks at a port; the files are real ones.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.repository import ROOT
from traymon.config import documents, loader, schema
from traymon.config.in_force import TargetConfig
from traymon.config.target_settings import parse_client_ids
from traymon.core.target import Limits
from traymon.errors import ConfigError

Load = Callable[..., TargetConfig]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a `.env` of the given text; `environ` and `options` as the program gets them."""
    monkeypatch.setattr(loader, "user_config_path", lambda _: tmp_path / "of-the-user")

    def load(
        text: str | bytes = "", environ: dict[str, str] | None = None, **options: str
    ) -> TargetConfig:
        path = tmp_path / "bot" / ".env"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        try:
            return loader.load(
                [path], environ=environ or {}, folder=tmp_path, options=options
            ).targets[0]
        finally:
            written = text if isinstance(text, bytes) else text.encode()
            assert path.read_bytes() == written, "the user's file was touched"

    return load


def mistakes(load: Load, text: str | bytes = "", **how: object) -> list[str]:
    """Return the mistakes in a text, each without the folder of its file."""
    with pytest.raises(ConfigError) as caught:
        load(text, **how)
    return [
        str(mistake).partition("bot" + os.sep)[2] or str(mistake)
        for mistake in caught.value.mistakes
    ]


# --- what is read


def test_nothing_set_means_this_computer_and_a_port_yet_to_be_found(load: Load) -> None:
    target = load().target
    assert (target.host, target.discovered, target.client_ids) == ("127.0.0.1", True, ())
    assert target.limits == Limits()


@pytest.mark.parametrize(
    "text",
    [
        "IB_HOST=10.0.0.9\nIB_PORT=4002\nIB_CLIENT_ID=10\n",
        "\ufeffIB_HOST=10.0.0.9\nIB_PORT=4002\nIB_CLIENT_ID=10\n",
        "IB_HOST=10.0.0.9\r\nIB_PORT=4002\r\nIB_CLIENT_ID=10",
        "export IB_HOST=10.0.0.9\n  export   IB_PORT = 4002\nIB_CLIENT_ID = 10 \n",
        "IB_HOST='10.0.0.9'\nIB_PORT=\"4002\"\nIB_CLIENT_ID=10 # the executor's\n",
        "NET=10.0.0\nIB_HOST=${NET}.9\nIB_PORT=${NO_SUCH_KEY:-4002}\nIB_CLIENT_ID=10\n",
        "IB_PORT=1\nIB_HOST=10.0.0.9\n# IB_PORT=2\nIB_PORT=4002\nIB_CLIENT_ID=10\n",
        "IB_HOST=10.0.0.9\nIB_PORT=4002\nIB_CLIENT_ID=10\nTRAYMON_NAME=\nIB_ACCOUNT='  '\n",
    ],
    ids=["plain", "BOM", "CRLF", "export", "quotes", "interpolated", "duplicate", "empty"],
)
def test_a_file_is_read_as_python_dotenv_reads_it(load: Load, text: str) -> None:
    target = load(text).target
    assert (target.host, target.port, target.client_ids) == ("10.0.0.9", 4002, (10,))
    assert target.name == "bot"
    assert not target.discovered


@pytest.mark.parametrize(
    ("environ", "options", "port", "source"),
    [
        ({"IB_PORT": "2"}, {"IB_PORT": "3"}, 3, "command line"),
        ({"IB_PORT": "2"}, {}, 2, "environment"),
        ({"IB_PORT": ""}, {}, 1, "line 2"),
        ({}, {}, 1, "line 2"),
    ],
)
def test_command_line_beats_environment_beats_file(
    load: Load, environ: dict[str, str], options: dict[str, str], port: int, source: str
) -> None:
    loaded = load("# the port\nIB_PORT=1\n", environ, **options)
    assert loaded.target.port == port
    listed = {key: (value, where) for key, value, where in loader.listing(loaded)}
    assert listed["IB_PORT"][0] == str(port)
    assert listed["IB_PORT"][1].endswith(source)
    assert listed["IB_HOST"] == ("127.0.0.1", "default")


def test_every_key_that_traymon_knows_is_listed_once_and_accounts_are_masked(load: Load) -> None:
    rows = list(loader.listing(load("IB_ACCOUNT=DU123456\nIB_DATA_CLIENT_ID=7\n")))
    keys = [key for key, _, _ in rows]
    assert sorted(keys) == sorted([*schema.FIELDS, "IB_DATA_CLIENT_ID"])
    assert "DU123456" not in str(rows)


@pytest.mark.parametrize(
    ("text", "environ", "mode", "source"),
    [
        ("", {}, "", ""),
        ("TRADING_MODE=paper\n", {}, "paper", "line 1"),
        ("A=1\nTRADING_MODE = 'Live' # real\n", {}, "live", "line 2"),
        ("TRADING_MODE=both\n", {}, "", ""),
        ("TRADING_MODE\n", {}, "", ""),
        ("TRADING_MODE=paper\n", {"TRADING_MODE": "live"}, "live", "environment"),
        ("TRADING_MODE=paper\n", {"TRADING_MODE": "backtest"}, "paper", "line 1"),
    ],
)
def test_the_mode_of_the_docker_images_is_read_listed_and_never_a_mistake(
    load: Load, text: str, environ: dict[str, str], mode: str, source: str
) -> None:
    loaded = load(text, environ)
    assert loaded.target.trading_mode == mode
    listed = {key: (value, where) for key, value, where in loader.listing(loaded)}
    assert listed.get("TRADING_MODE", ("", ""))[0] == mode
    assert listed.get("TRADING_MODE", ("", ""))[1].endswith(source)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("TRAYMON_QUIET=22:00-07:00 Mars/Base", "Mars/Base is no time zone"),
        ("TRAYMON_MAINTENANCE=23:45+0m UTC", "1 to 1439 minutes"),
        ("TRAYMON_HOURS=Mon-Fry 09:30-16:00 UTC", "days are Mon, Tue"),
        ("TRAYMON_HOURS=sometimes", "always, auto, or a window like"),
        ("TRAYMON_QUIET=always", "a window like"),
        ("TRAYMON_HOURS=auto\nTRAYMON_SESSION=off", "set TRAYMON_SESSION=hold"),
    ],
)
def test_a_window_that_cannot_be_used_is_named_with_what_is_wrong(
    load: Load, text: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        load(text + "\n")


def test_an_api_version_that_no_tws_has_is_refused(load: Load) -> None:
    assert load("TRAYMON_MIN_SERVER_VERSION=226\n").target.limits.min_version == 226
    says = "a whole number from 100 to 226 (IBKR's newest API version)"
    with pytest.raises(ConfigError, match=re.escape(says)):
        load("TRAYMON_MIN_SERVER_VERSION=227\n")


def test_the_settings_of_tws_are_asked_for_only_if_wanted_and_in_a_session(load: Load) -> None:
    assert load().target.tws_settings is False
    assert load("TRAYMON_TWS_SETTINGS=yes\n").target.tws_settings is True
    with pytest.raises(ConfigError, match="must be yes or no"):
        load("TRAYMON_TWS_SETTINGS=perhaps\n")
    with pytest.raises(ConfigError, match="set TRAYMON_SESSION=hold, or remove this line"):
        load("TRAYMON_TWS_SETTINGS=yes\nTRAYMON_SESSION=off\n")


def test_every_number_reaches_the_target(load: Load) -> None:
    numbers = {
        "TRAYMON_INTERVAL": 31.5,
        "TRAYMON_QUICK": 6,
        "TRAYMON_BACKOFF": 61,
        "TRAYMON_TIMEOUT": 6.5,
        "TRAYMON_SLOW": 2.5,
        "TRAYMON_MIN_SERVER_VERSION": 158,
        "TRAYMON_JUST_STARTED": 62,
        "TRAYMON_HALF_CLOSED": 6,
    }
    loaded = load("".join(f"{key}={value}\n" for key, value in numbers.items()))
    assert loaded.target.limits == Limits(31.5, 6, 61, 6.5, 2.5, 158, 62, 6)


@pytest.mark.parametrize(
    ("named", "here", "of_the_user", "port"),
    [(1, 2, 3, 1), (None, 2, 3, 2), (None, None, 3, 3), (None, None, None, 7497)],
)
def test_the_named_file_beats_the_one_here_and_that_the_users(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    named: int | None,
    here: int | None,
    of_the_user: int | None,
    port: int,
) -> None:
    folders = {name: tmp_path / name for name in ("named", "here", "user")}
    monkeypatch.setattr(loader, "user_config_path", lambda _: folders["user"])
    for folder, number in zip(folders.values(), (named, here, of_the_user), strict=True):
        folder.mkdir()
        if number is not None:
            (folder / ".env").write_text(f"IB_PORT={number}\n")
    given = [] if named is None else [folders["named"] / ".env"]
    loaded = loader.load(given, environ={}, folder=folders["here"]).targets[0]
    assert loaded.target.port == port
    is_of_a_project = loaded.env_file in (folders["named"] / ".env", folders["here"] / ".env")
    assert (loaded.target.name == "TWS / IB Gateway") is not is_of_a_project


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("10", {10}),
        ("10,11", {10, 11}),
        (" 10 , 12-14 ", {10, 12, 13, 14}),
        ("0", {0}),
        ("2147483647", {2147483647}),
    ],
)
def test_client_ids_are_a_number_a_list_or_a_range(text: str, ids: set[int]) -> None:
    assert parse_client_ids(text) == ids


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "10,", "12-10", "1-2-3", "2147483648", "1-101", "1e3"]
)
def test_other_client_ids_are_mistakes(load: Load, text: str) -> None:
    with pytest.raises(ValueError, match="a list like 10,11"):
        parse_client_ids(text)


def test_every_role_adds_its_client_ids_and_foreign_keys_add_none(load: Load) -> None:
    target = load(
        "IB_CLIENT_ID=1\nIB_CLIENT_IDS=10,11\nIB_EXEC_CLIENT_ID=11-12\nMY_CLIENT_ID=x\n"
    ).target
    assert target.client_ids == (1, 10, 11, 12)


# --- what cannot be used

REFUSED_LINES = [
    ("IB_PORT=0", "IB_PORT=0: must be a whole number from 1 to 65535"),
    ("IB_PORT=65536", "IB_PORT=65536: must be a whole number from 1 to 65535"),
    ("IB_PORT=7497x", "IB_PORT=7497x: must be a whole number from 1 to 65535"),
    (
        "IB_HOST=localhost:7497",
        "IB_HOST=localhost:7497: must be a host name or an IP address, without a port",
    ),
    ("IB_HOST=http://x", "IB_HOST=http://x: must be a host name or an IP address, without a port"),
    (
        "IB_CLIENT_ID=ten",
        "IB_CLIENT_ID=ten: must be a number, a list like 10,11 or a range like 10-12",
    ),
    ("IB_ACCOUNT=DU 1", "IB_ACCOUNT=DU 1: must be letters and digits only, at most 20"),
    ("TRAYMON_INTERVAL=nan", "TRAYMON_INTERVAL=nan: must be a number of seconds from 5 to 3600"),
    ("TRAYMON_TIMEOUT=0", "TRAYMON_TIMEOUT=0: must be a number of seconds from 0.5 to 60"),
    ("TRAYMON_TIMEOUT=inf", "TRAYMON_TIMEOUT=inf: must be a number of seconds from 0.5 to 60"),
    ("TRAYMON_FORWARDED=perhaps", "TRAYMON_FORWARDED=perhaps: must be yes or no"),
    ("TRAYMON_NOTIFY=loud", "TRAYMON_NOTIFY=loud: must be auto, plyer or off"),
    (
        f"TRAYMON_NAME={'n' * 41}",
        f"TRAYMON_NAME={'n' * 41}: must be at most 40 printable characters",
    ),
    ('TRAYMON_NAME="\x1b[31m"', "TRAYMON_NAME=?[31m: must be at most 40 printable characters"),
    ("TRAYMON_TIMOUT=9", "TRAYMON_TIMOUT=9: no such setting (did you mean TRAYMON_TIMEOUT?)"),
    ("traymon_quick=9", "traymon_quick=9: no such setting (did you mean TRAYMON_QUICK?)"),
    ("TRAYMON_PORT=9", "TRAYMON_PORT=9: no such setting (did you mean IB_PORT?)"),
    ("TRAYMON_XYZZY=9", "TRAYMON_XYZZY=9: no such setting (traymon config lists every setting)"),
    ("IB_PORT", "IB_PORT: has no value; write KEY=value"),
    ("IB_PORT 7497", "IB_PORT 7497: is not a KEY=value line"),
    ("TRAYMON_QUICK: 9", "TRAYMON_QUICK: 9: is not a KEY=value line"),
    (
        "IB_HOST=10.0.0.9",
        "IB_PORT: must be set for this IB_HOST (ports are detected on this computer only; add a "
        "line such as IB_PORT=7497)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "told"), REFUSED_LINES, ids=[line for line, _ in REFUSED_LINES])
def test_a_mistake_is_told_with_its_line_and_what_is_allowed(
    load: Load, line: str, told: str
) -> None:
    assert mistakes(load, f"# mine\n{line}\n") == [f".env, line 2: {told}"]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(load: Load) -> None:
    lines = [pair for pair in REFUSED_LINES if "=" in pair[0] and "10.0.0.9" not in pair[0]]
    of_each_key = {line.partition("=")[0]: (line, told) for line, told in lines}
    text = "\n".join(line for line, _ in of_each_key.values())
    assert mistakes(load, text) == [
        f".env, line {number}: {told}" for number, (_, told) in enumerate(of_each_key.values(), 1)
    ]


def test_mistakes_outside_the_file_name_their_place(load: Load) -> None:
    told = mistakes(load, "IB_PORT=bad\n", environ={"TRAYMON_LOG": "x"}, IB_PORT="y")
    assert told == [
        "command line: IB_PORT=y: must be a whole number from 1 to 65535",
        "environment: TRAYMON_LOG=x: must be info or debug",
    ]


def test_a_value_cannot_steer_the_terminal_that_shows_the_mistake(load: Load) -> None:
    (told,) = mistakes(load, f'IB_PORT="\x1b]0;x\x07\u202e{"9" * 100_000}"\n')
    assert told.isprintable()
    assert len(told) < 150


@pytest.mark.parametrize(
    "line", ["IB_GATEWAY_VERSION=ten", "IB_GATEWAY_LIVE", "IB_GATEWAY live", "PORT=x", "= 3", "x y"]
)
def test_other_programs_lines_are_none_of_our_business(load: Load, line: str) -> None:
    assert load(f"{line}\nIB_PORT=4001\n").target.port == 4001


AS_UTF_8 = "save it as UTF-8 (Notepad: Save as, Encoding: UTF-8)"
LATIN_1 = "# Börse\nIB_PORT=7497\n".encode("latin-1")
UTF_16 = "\ufeffIB_PORT=7497\r\n".encode("utf-16-le")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"A=1\nIB_PORT=74\x0097\n", ".env: has a NUL byte on line 2; it is no text file"),
        (UTF_16, f".env: is saved as UTF-16; {AS_UTF_8}"),
        (LATIN_1, f".env: line 1 is not UTF-8; {AS_UTF_8}"),
        (b"A=1\n" * 2_500_000, ".env: is larger than 100 kB; that is no .env file"),
    ],
    ids=["NUL", "UTF-16", "Latin-1", "10 MB"],
)  # fmt: skip
def test_a_file_that_is_no_text_is_refused_as_a_whole(load: Load, data: bytes, told: str) -> None:
    assert mistakes(load, data) == [told]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (".", "is a folder; give the .env file in it"),
        ("none.env", "there is no such file"),
        ("a\0b", "there is no such file"),
        ("n" * 5000, "cannot be read: "),
        pytest.param("pipe", "is not a file", marks=pytest.mark.skipif("sys.platform == 'win32'")),
    ],
)  # fmt: skip
def test_a_path_that_is_no_file_is_refused(tmp_path: Path, path: str, told: str) -> None:
    if path == "pipe":
        if sys.platform == "win32":
            pytest.skip("there are no pipes in folders")
        os.mkfifo(tmp_path / path)  # to read from it would wait for ever
    with pytest.raises(ConfigError, match=told):
        loader.load([tmp_path / path], environ={}, folder=tmp_path)


WITHOUT_RIGHTS = """
import os, sys
from pathlib import Path
from traymon.config import loader as config
if os.geteuid() == 0:  # root may read everything
    os.setgid(65534)
    os.setuid(65534)
config.user_config_path = lambda _: Path("none")
try:
    print(config.load(environ={}, folder=Path(sys.argv[1])).targets[0].target.port)
except config.ConfigError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_a_file_that_may_not_be_read_is_refused_and_so_is_a_closed_folder(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / ".env").write_text("IB_PORT=4001\n")
    (tmp_path / ".env").chmod(0)

    def load_in(folder: str) -> str:
        command = [sys.executable, "-c", WITHOUT_RIGHTS, folder]
        return subprocess.check_output(command, cwd=tmp_path, text=True, timeout=60)

    assert load_in(".").startswith(".env: cannot be read: [Errno 13] Permission denied")
    assert load_in("closed").startswith("closed/targets.toml: cannot be used: [Errno 13]")
    assert load_in("none") == "7497\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has folder names that are no text")
def test_a_folder_whose_name_is_no_text_does_not_name_the_target(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"B\xf6rse")
    folder.mkdir()
    (folder / ".env").write_text("IB_PORT=4001\n")
    target = loader.load(environ={}, folder=folder).targets[0].target
    assert (target.name, target.port) == ("TWS / IB Gateway", 4001)


# --- the example


def test_the_example_in_the_repository_is_made_from_the_settings() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == documents.env_example(), (
        "run docs/settings.py"
    )


def test_the_example_is_all_default_and_each_of_its_lines_may_be_switched_on(load: Load) -> None:
    assert load(documents.env_example()).values == {}
    switched_on = "\n".join(
        line.removeprefix("#") for line in documents.env_example().splitlines() if line[:2] != "# "
    )
    loaded = load(switched_on)
    assert loaded.target.limits == Limits()
    assert loaded.target.client_ids == (10, 11)
    assert {key.partition("=")[0] for key in switched_on.split() if "=" in key} >= set(
        schema.FIELDS
    )
