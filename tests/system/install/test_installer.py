"""The installers for users, in a fresh home: with a private environment for real, else by fakes.

Must not reach a network: traymon's packages are lent from the environment that runs the tests.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import select
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import platformdirs.macos
import platformdirs.unix
import platformdirs.windows
import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

from support.installing import User, copy_sources, new_user
from support.repository import ROOT

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="a shell script, and links")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_sources(tmp_path_factory.mktemp("installer") / "the sources")


@pytest.fixture
def user(sources: Path, tmp_path: Path) -> User:
    return new_user(sources, tmp_path)


# --- a private environment, for real


@posix_only
def test_what_was_installed_starts_at_login_and_uninstalling_leaves_what_it_says(
    user: User,
) -> None:
    project = user.home / ".env"
    project.write_text("IB_PORT=4002\n")
    before = user.files()
    assert user.install(PIP_FIND_LINKS="").returncode == 3
    assert user.files() == before

    done = user.install("--start-at-login")

    assert done.returncode == 0, done.stderr
    assert "Installing traymon (private venv). This takes about a minute.\n" in done.stdout
    link = user.home / ".local" / "bin" / "traymon"
    assert f"traymon is installed. Start it: {link}\n" in done.stdout
    assert f"Start at login is on, with the settings in {project}" in done.stdout
    said = subprocess.run([link, "--version"], env=user.env, capture_output=True, text=True)
    assert said.stdout.startswith("traymon "), said.stderr
    added = {name for name in user.files() - before if "/traymon/venv/" not in name}
    assert added == {
        ".local/bin/traymon",
        ".config/autostart/traymon.desktop",
        ".local/state/traymon/state.json",
        ".local/state/traymon/state.lock",
    }
    log_in_and_see_the_icon(user)

    done = user.install("--uninstall")

    assert done.returncode == 0, done.stderr
    assert f"  {user.home / '.local/state/traymon'}\n" in done.stdout
    left = user.files() - before
    assert left
    assert all(name.startswith(".local/state/traymon/") for name in left)
    assert not (user.home / ".local" / "share" / "traymon").exists()

    assert user.install("--uninstall", "--purge").returncode == 0
    assert user.files() == before


def log_in_and_see_the_icon(user: User) -> None:
    """Run the entry's command line on a desktop where this user logs in."""
    if sys.platform != "linux":
        return
    from support.colours import RED
    from support.desktop_traymon import wait_until_it_shows
    from support.virtual_desktop import Desktop, missing

    if missing():
        return
    entry = (user.home / ".config" / "autostart" / "traymon.desktop").read_text()
    (command,) = [line[5:] for line in entry.splitlines() if line.startswith("Exec=")]
    with Desktop() as desktop:
        desktop.start_tray()
        session = {name: desktop.env[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")}
        clean = ("env", "-i", "PATH=/usr/bin:/bin", f"HOME={user.home}", "IB_HOST=127.0.0.1")
        session["TRAYMON_INTERVAL"] = "5"
        session["TRAYMON_REGION"] = "off"  # or IB's own reset would explain the refusal
        desktop.spawn(
            "traymon",
            *clean,
            *(f"{name}={value}" for name, value in session.items()),
            f"XDG_RUNTIME_DIR={user.env['XDG_RUNTIME_DIR']}",
            *shlex.split(command),
        )
        # nobody listens on the port of its .env
        wait_until_it_shows(desktop, RED, "red")
        refused = user.install("--uninstall")
        assert refused.returncode == 3
        assert "traymon is running. Quit it first" in refused.stderr
        assert re.search(r", or: kill \d+\)", refused.stderr)
        assert desktop.end("traymon") == 0


@posix_only
def test_an_update_that_fails_or_is_cut_off_leaves_the_one_before(user: User) -> None:
    venv = user.home / ".local" / "share" / "traymon" / "venv"
    venv.with_name("venv.old").mkdir(parents=True)  # as if the machine had stopped meanwhile
    (venv.with_name("venv.old") / "of the one before").touch()
    venv.mkdir()

    failed = user.install(PIP_FIND_LINKS="")

    assert failed.returncode == 3
    sentence = failed.stderr.splitlines()[0]
    assert sentence.startswith(
        "pip could not install traymon's packages. Check your internet connection"
    )
    assert (venv / "of the one before").exists()
    again = user.install("--no-start-at-login")
    assert again.returncode == 0, again.stderr
    assert "traymon is up to date." in again.stdout
    assert not (venv / "of the one before").exists()
    assert [path.name for path in venv.parent.iterdir()] == ["venv"]


@posix_only
def test_beside_unusable_settings_and_another_command_of_its_name_it_is_installed_all_the_same(
    user: User,
) -> None:
    (user.home / ".env").write_text("IB_PORT=74970\n")
    other = user.home / ".local" / "bin" / "traymon"
    other.parent.mkdir(parents=True)
    other.write_text("another")
    before = user.files()

    done = user.install("--yes")

    assert done.returncode == 3
    assert f"Start it: {user.home / '.local/share/traymon/venv/bin/traymon'}\n" in done.stdout
    assert "IB_PORT=74970" in done.stderr
    assert "traymon is installed, but it does not start at login." in done.stderr
    assert user.install("--uninstall", "--purge").returncode == 0
    assert user.files() == before
    assert other.read_text() == "another"


# --- uv and pipx, by fakes that write down what they are asked

FAKE = """\
#!/bin/sh
printf '%s ' "$(basename "$0")" "$@" >> "{log}"; echo >> "{log}"
environments="{home}/{name}s"
program="$environments/traymon/bin/traymon"
case "$*" in
*dir|*environment*) echo "$environments" ;;
*uninstall*) rm -r "$environments/traymon" ;;
*install*)
    [ -n "$FAIL" ] && {{ echo it does not work here; exit 1; }}
    mkdir -p "$(dirname "$program")"
    printf '%s\\n' '#!/bin/sh' 'echo "$@" >> "{log}"' 'exit 3' > "$program"
    chmod +x "$program" ;;
esac
"""


def give(user: User, name: str) -> Path:
    """Put a fake of uv or pipx on the user's PATH; return where it writes what it is asked."""
    log = user.home / "asked"
    fake = Path(user.env["PATH"]) / name
    fake.write_text(FAKE.format(log=log, home=user.home, name=name))
    fake.chmod(0o755)
    for tool in ("basename", "mkdir", "chmod", "cp", "rm"):
        tool_here = Path(user.env["PATH"]) / tool
        if not tool_here.exists():
            tool_here.symlink_to(str(shutil.which(tool)))
    return log


@posix_only
@pytest.mark.parametrize(("tools", "chosen"), [(["uv", "pipx"], "uv"), (["pipx"], "pipx")])
def test_whichever_is_there_installs_it_and_removes_it(
    user: User, tools: list[str], chosen: str
) -> None:
    for tool in tools:
        give(user, tool)
    done = user.install()
    assert done.returncode == 0, done.stderr
    assert f"Installing traymon (with {chosen}). " in done.stdout
    again = user.install()
    assert "up to date" in again.stdout
    done = user.install("--uninstall")
    assert f"Removed traymon, which was installed with {chosen}.\n" in done.stdout
    done = user.install("--uninstall")
    assert "traymon is not installed for this user.\n" in done.stdout


@posix_only
@pytest.mark.parametrize("tool", ["uv", "pipx"])
def test_the_tools_get_the_sources_and_this_python(user: User, tool: str) -> None:
    log = give(user, tool)
    assert user.install("--start-at-login", "--env", "some.env").returncode == 3
    asked = log.read_text().splitlines()
    (install,) = [line for line in asked if " --force " in line]
    assert f" --python {getattr(sys, '_base_executable', sys.executable)} " in install
    assert install.endswith(f" {user.sources} ")
    assert asked[-1] == "autostart on --env some.env"


@posix_only
def test_an_installation_stays_with_its_tool(user: User) -> None:
    give(user, "pipx")
    assert user.install().returncode == 0
    give(user, "uv")
    assert "with pipx" in user.install().stdout
    assert "with uv" in user.install("--with", "uv").stdout
    removed = user.install("--uninstall").stdout
    assert "with pipx" in removed
    assert "with uv" in removed


@posix_only
def test_the_tools_own_words_follow_one_sentence(user: User) -> None:
    give(user, "uv")
    done = user.install(FAIL="1")
    assert done.returncode == 3
    assert done.stderr == "uv could not install traymon.\n\nit does not work here\n"


@posix_only
def test_without_a_network_pips_own_words_follow_one_sentence(user: User) -> None:
    log = give(user, "uv")
    done = user.install(PIP_FIND_LINKS="")
    assert done.returncode == 3
    sentence, *words = done.stderr.splitlines()
    assert sentence.startswith(
        "pip could not download traymon's packages. Check your internet connection"
    )
    assert "No matching distribution found" in words[-1]
    assert "install" not in log.read_text()


# --- what it asks

HERE, LOCAL, REMOTE = {"DISPLAY": ":9"}, "[Y/n]", "[y/N]"
NO_PROJECT = "autostart on"
PROJECT = "autostart on --env {home}/bot/.env"


@posix_only
@pytest.mark.parametrize(
    ("where", "choices", "answers", "asked"),
    [
        (HERE, LOCAL, ["n"], None),
        (HERE, LOCAL, ["", ""], NO_PROJECT),
        (HERE, LOCAL, ["", "no such", '"bot/.env" '], PROJECT),
        ({"WAYLAND_DISPLAY": "wayland-0"}, LOCAL, ["y", "~/bot"], PROJECT),
        ({}, REMOTE, [""], None),
        ({**HERE, "SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"}, REMOTE, [""], None),
        ({**HERE, "SSH_TTY": "/dev/pts/1"}, REMOTE, ["yes", "bot"], PROJECT),
    ],
)
def test_on_a_terminal_it_asks_whether_to_start_at_login_and_for_which_project(
    user: User, where: dict[str, str], choices: str, answers: list[str], asked: str | None
) -> None:
    (user.home / "bot").mkdir()
    (user.home / "bot" / ".env").touch()
    log = give(user, "uv")
    said = talk(user, where, answers)
    assert f"Start traymon at login? {choices} " in said
    assert last_asked(log) == (asked and asked.format(home=user.home))


@posix_only
@pytest.mark.parametrize(
    ("answer", "asked"), [("", "autostart on --env {home}/.env"), ("none", NO_PROJECT)]
)
def test_the_project_of_this_folder_is_proposed(user: User, answer: str, asked: str) -> None:
    (user.home / ".env").touch()
    log = give(user, "uv")
    said = talk(user, HERE, ["y", answer])
    assert f"(Enter: {user.home}/.env; none: no project)" in said
    assert last_asked(log) == asked.format(home=user.home)


@posix_only
def test_the_end_of_the_input_is_an_answer(user: User) -> None:
    log = give(user, "uv")
    talk(user, {}, ["\x04"])
    assert last_asked(log) is None


def last_asked(log: Path) -> str | None:
    """Return how the installed traymon was called; None if it was not."""
    last = log.read_text().splitlines()[-1]
    return last if last.startswith("autostart") else None


def read_soon(terminal: int) -> bytes:
    """Return what is printed on a terminal within a minute; nothing at its end."""
    assert select.select([terminal], [], [], 60)[0], "nothing is printed"
    with contextlib.suppress(OSError):  # Linux's end of a terminal
        return os.read(terminal, 4096)
    return b""


def talk(user: User, env: dict[str, str], answers: list[str]) -> str:
    """Install on a terminal, give an answer to each question, and return what was printed."""
    if sys.platform == "win32":
        pytest.skip("POSIX alone")
    import pty

    ours = {**user.env, **env}
    for name in {"DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY"} - env.keys():
        ours.pop(name, None)
    terminal, end = pty.openpty()
    command = user.command()
    with subprocess.Popen(
        command, env=ours, cwd=user.home, stdin=end, stdout=end, stderr=end
    ) as process:
        os.close(end)
        said = b""
        for answer in answers:
            begun = len(said)
            while not said[begun:].endswith((b"] ", b"): ")):
                said += read_soon(terminal)
            os.write(terminal, answer.encode() + b"\n" * (answer != "\x04"))
        try:
            while more := read_soon(terminal):
                said += more
        finally:
            process.kill()  # in vain, unless it asks once more
    os.close(terminal)
    return said.decode()


# --- what cannot be


@posix_only
def test_without_any_python_one_sentence_says_what_to_install(user: User) -> None:
    (Path(user.env["PATH"]) / "python3").write_text("#!/bin/sh\nexit 1\n")
    done = user.install()
    assert done.returncode == 3
    assert done.stderr.startswith("traymon needs Python 3.11 to 3.14, or uv")
    assert len(done.stderr.splitlines()) == 1
    log = give(user, "uv")
    assert user.install("--yes").returncode == 0
    asked = "uv run --no-project --python-preference only-managed --python >=3.11,<3.15 python -E "
    assert log.read_text().startswith(asked)


@posix_only
def test_a_python_without_ensurepip_says_what_to_install(user: User, tmp_path: Path) -> None:
    python = python_without_ensurepip(tmp_path / "python")
    (user.programs / "python3").write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
    done = user.install()
    assert done.returncode == 3
    assert "cannot make virtual environments: its venv module is missing" in done.stderr
    assert user.files() == set()

    log = give(user, "uv")  # brings a Python that lacks nothing
    assert user.install().returncode == 0
    assert log.read_text().startswith("uv run ")


def python_without_ensurepip(folder: Path) -> Path:
    """Make a Python as on Debian, where ensurepip is a package of its own."""
    library = Path(sysconfig.get_path("stdlib"))
    ours = folder / "lib" / library.name
    ours.mkdir(parents=True)
    for path in library.iterdir():
        if path.name not in ("ensurepip", "site-packages"):
            (ours / path.name).symlink_to(path)
    (folder / "bin").mkdir()
    base = Path(getattr(sys, "_base_executable", sys.executable))
    return Path(shutil.copy(base, folder / "bin" / base.name))


@posix_only
@pytest.mark.parametrize("arguments", [["--purge"], ["--with", "apt"], ["--perhaps"]])
def test_a_misused_command_line_does_nothing(user: User, arguments: list[str]) -> None:
    assert user.install(*arguments).returncode == 3
    assert user.files() == set()


# --- the scripts themselves


@pytest.mark.parametrize("script", ["install.py", "installers.py", "running.py", "questions.py"])
def test_they_have_no_syntax_that_an_old_python_cannot_read(script: str) -> None:
    ast.parse((ROOT / "install" / script).read_text(encoding="utf-8"), feature_version=(3, 7))


def test_the_script_for_powershell_is_plain_ascii_which_every_version_reads_alike() -> None:
    assert (ROOT / "install" / "install.ps1").read_bytes().isascii()


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_folders_that_purge_takes_are_those_that_traymon_uses(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "install"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    if platform == "linux":
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    else:
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    by_environment = platformdirs.windows.get_win_folder_from_env_vars
    monkeypatch.setattr(platformdirs.windows, "get_win_folder", by_environment)
    import install as script

    known: dict[str, type[Unix | MacOS | Windows]] = {
        "linux": Unix,
        "darwin": MacOS,
        "win32": Windows,
    }
    dirs = known[platform]("traymon")
    used = [Path(dirs.user_config_dir), Path(dirs.user_state_dir), Path(dirs.user_log_dir)]
    used.append(Path(dirs.user_runtime_dir))
    monkeypatch.setattr(sys, "platform", platform)

    taken = script.own_folders()

    for folder in used:
        assert any(folder == own or own in folder.parents for own in taken), folder
    for own in taken:
        assert any(folder == own or own in folder.parents for folder in used), own
