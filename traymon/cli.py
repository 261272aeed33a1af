"""The commands of traymon. The only module that prints, but for the terminal surface.

Exit codes: 0 green, 1 red, 2 amber, 3 the settings or the command line cannot be used.
"""

from __future__ import annotations

import asyncio
import codecs
import difflib
import http.client
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from platformdirs import user_config_path, user_state_path
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from traymon import __version__, autostart, config, reset_windows
from traymon.errors import ConfigError
from traymon.model import Evidence, Light, Status, Target
from traymon.own_id import remembered
from traymon.windows import NO_SNOOZE, SNOOZES, UNTIL_OPEN

log = logging.getLogger(__name__)

EXIT_OF_LIGHT = {Light.GREEN: 0, Light.RED: 1, Light.AMBER: 2, Light.GREY: 1}
UNUSABLE = 3
CLICK_WITHIN = 30.0  # seconds that `test-notify` waits for a click
PLAIN = {"✓": "+", "✗": "x", "…": "...", "→": "->", "·": "-"}
TRAY_WITHIN = 20.0  # seconds after login in which a desktop brings up its tray
NEEDS = ("port", "handshake", "session", "ids")

Env = Annotated[Path | None, typer.Option("--env", help="The .env file of the trading project.")]
Host = Annotated[str | None, typer.Option("--host", help="Look at this host; beats IB_HOST.")]
Port = Annotated[str | None, typer.Option("--port", help="Look at this port; beats IB_PORT.")]
Timeout = Annotated[str | None, typer.Option("--timeout", help="Seconds to wait for an answer.")]
NoTray = Annotated[bool, typer.Option("--no-tray", help="Show the status in this terminal.")]

app = typer.Typer(
    help="Watches the API of TWS / IB Gateway and says what to do when it fails.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Outcome(SystemExit):
    """An exit code that a command chose, as opposed to one of a misused command line."""


def main() -> None:
    """Run the command line; the console script `traymon`."""
    codecs.register_error("traymon", _in_its_letters)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what is piped on Windows is cp1252, without a tick
            stream.reconfigure(errors="traymon")
    try:
        app()
    except Outcome:
        raise
    except SystemExit as error:  # 2, the libraries' code for misuse, means amber here
        raise SystemExit(UNUSABLE if error.code == 2 else error.code) from None
    finally:
        _leave_quietly()


def _in_its_letters(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that a stream's encoding lacks; an error handler."""
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in lacking), error.end


def _leave_quietly() -> None:
    """Flush what was printed; where its reader has left, Python shall not complain at its end."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # as the documentation of the module `signal` has it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main_tray() -> None:
    """Run the tray without a console; the gui script `traymon-tray`."""
    if sys.stdout is None:
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    main()


@app.callback(invoke_without_command=True)
def _default(
    context: typer.Context,
    env: Env = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    no_tray: NoTray = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(f"traymon {__version__}")
        raise Outcome(0)
    if context.invoked_subcommand is None:
        run(env, host, port, timeout, no_tray)


@app.command()
def run(
    env: Env = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    no_tray: NoTray = False,
    at_login: Annotated[bool, typer.Option("--at-login", hidden=True)] = False,
) -> None:
    """Watch from the system tray; what `traymon` alone does."""
    unread = at_login or sys.__stdout__ is None  # nobody sees what is printed
    if unread:
        _begin_log("info")
    try:
        settings = _load(env, host, port, timeout)
    except Outcome:
        if unread:
            _tell_on_the_desktop("cannot-start")
        raise
    instance = _instance()
    if not instance.begin():
        if at_login:
            raise Outcome(0)  # the page is not to open by itself
        _ask_the_running_one(instance, "POST", "/open-page")
        print("traymon runs already; its page is opened.")
        raise Outcome(0)
    from traymon.app import App, Folders

    if unread:
        logging.getLogger("traymon").setLevel(settings.settings.log.upper())
    else:
        _begin_log(settings.settings.log)
    console = _console(quiet=unread)
    target = settings.target
    console.print(f"traymon watches {escape(target.name)}, {target.address}.", highlight=False)
    try:
        App(
            [target],
            console=console,
            want_tray=not no_tray,
            notify=settings.settings.notify,
            folders=Folders.of_this_user(),
            instance=instance,
            page_port=settings.settings.page_port,
            calendar=settings.calendar,
            login_options=_login_options(target, host, port, timeout),
            patience=TRAY_WITHIN if at_login else 0.0,
        ).run()
    finally:
        instance.end()
    raise Outcome(0)


def _begin_log(level: str) -> None:
    from traymon.app import Folders, start_log

    try:
        start_log(Folders.of_this_user().logs, level)
    except OSError as error:
        _complain(f"No log can be written: {error}")


def _tell_on_the_desktop(name: str) -> None:
    """Tell the notice of this name, where there is no terminal to say it in."""
    from traymon.app import Folders
    from traymon.diagnosis import fixes
    from traymon.ui import view
    from traymon.ui.notifier import Notifier

    title, body = fixes.notice(name)
    body = f"{body} Log: {Folders.of_this_user().logs}"
    if sys.platform == "win32":  # its notices belong to an icon
        from traymon.ui import dialog_windows

        dialog_windows.show(title, body)
        return
    body = view.clip(body, view.BODY)
    notifier = Notifier(lambda key: None, lambda why: None)
    notifier.notify("traymon", view.NoticeText(title, body, urgent=True, clickable=False), "")
    notifier.stop()


def _login_options(
    target: Target, host: str | None, port: str | None, timeout: str | None
) -> list[str]:
    """Return the options of `run` that at login, elsewhere, watch the same as here."""
    options = {"--env": target.env_file, "--host": host, "--port": port, "--timeout": timeout}
    return [part for option, value in options.items() if value for part in (option, value)]


@app.command("autostart")
def start_at_login(
    wish: Annotated[str, typer.Argument(help="What to do.", metavar="on|off|status")] = "status",
    env: Env = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    systemd: Annotated[
        bool, typer.Option("--systemd", help="Linux: a systemd user unit instead of the desktop's.")
    ] = False,
) -> None:
    """Start at login: on (with the settings that hold here), off, or status (exit code 0: on)."""
    if wish not in ("on", "off", "status"):
        _misuse(f"There is no wish {wish!r}: on, off or status.")
    try:
        if wish == "on":
            settings = _load(env, host, port, timeout)
            options = _login_options(settings.target, host, port, timeout)
            autostart.turn_on(options, systemd=systemd)
            lost = [key for key, value in settings.values.items() if value.source == "environment"]
            if lost:
                _complain(f"Set in this terminal alone, so not known at login: {', '.join(lost)}")
        elif wish == "off":
            autostart.turn_off()
        state = autostart.state()
    except (OSError, ValueError) as error:
        _misuse(f"Start at login cannot be changed or read: {error}")
    print(state.says)
    raise Outcome(0 if state.on or wish == "off" else 1)


def _instance() -> Any:
    from traymon.instance import Instance

    try:
        return Instance()
    except OSError as error:
        _misuse(f"traymon needs a folder of yours to write to: {error}")


def _ask_the_running_one(instance: Any, method: str, path: str) -> Any:
    """Ask the traymon that runs; return its answer. Ends the program where none answers."""
    where = instance.running()
    if where is None:
        _misuse("No traymon runs for this user, or it serves no page: see its log.")
    connection = http.client.HTTPConnection("127.0.0.1", where.port, timeout=10)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {where.secret}"})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
    except OSError as error:
        _misuse(f"The traymon that runs (pid {where.pid}) does not answer: {error}")
    finally:
        connection.close()
    if answer.status >= 400:
        _misuse(f"The traymon that runs (pid {where.pid}) says: {text}")
    return json.loads(text) if text else None


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print the status as JSON.")] = False,
) -> None:
    """Ask the traymon that runs what it shows; exit codes as `check`."""
    _show_status(as_json)


def _show_status(as_json: bool) -> NoReturn:
    targets = _ask_the_running_one(_instance(), "GET", "/status")
    if as_json:
        print(json.dumps(targets, indent=2))
    lights = [Light[target["light"].upper()] for target in targets]
    for light, target in zip(lights, targets, strict=True):
        if not as_json:
            where = f"{target['target']['host']}:{target['target']['port']}"
            parts = [target["headline"], f"{target['target']['name']}, {where}"]
            parts += filter(None, (target["notices"], target["market"]))
            print(f"{light.word}: {' · '.join(parts)}")
    raise Outcome(EXIT_OF_LIGHT[max(lights, default=Light.GREY)])


@app.command("open")
def open_page(
    print_url: Annotated[
        bool, typer.Option("--print-url", help="Print an address that opens the page once.")
    ] = False,
) -> None:
    """Open the page of the traymon that runs."""
    if print_url:
        print(_ask_the_running_one(_instance(), "POST", "/one-time")["url"])
    else:
        _ask_the_running_one(_instance(), "POST", "/open-page")


@app.command()
def snooze(
    wish: Annotated[
        str,
        typer.Argument(help="15m, 1h, open (until the market opens) or off.", metavar="HOW_LONG"),
    ],
) -> None:
    """Let the traymon that runs send no notices for a while; it ends when the API is back."""
    wishes = (*SNOOZES, UNTIL_OPEN, NO_SNOOZE)
    if wish not in wishes:
        _misuse(f"snooze {wish}: allowed are {', '.join(wishes)}.")
    _ask_the_running_one(_instance(), "POST", f"/snooze/{wish}")
    _show_status(as_json=False)


@app.command("test-notify")
def test_notify() -> None:
    """Send a test notice through every channel, and say which came out and which can be clicked."""
    from traymon.ui.notifier import Notifier
    from traymon.ui.tray import icon_for_balloons

    logging.captureWarnings(True)  # plyer's are for packagers; what failed is said below
    clicked = threading.Event()
    notifier = Notifier(lambda key: clicked.set(), lambda why: None)
    icon = icon_for_balloons(lambda key: clicked.set())
    came_out: list[bool] = []

    def test() -> None:
        came_out.append(_test_notices(notifier, clicked))

    if icon is None:
        test()
    else:
        notifier.prefer("balloon", icon.deliver)
        icon.run_beside(test)
    notifier.stop()
    raise Outcome(0 if any(came_out) else 1)


def _test_notices(notifier: Any, clicked: threading.Event) -> bool:
    """Send them and say what came of it; return whether any came out."""
    from traymon.diagnosis import fixes
    from traymon.ui.view import NoticeText

    results = notifier.test(NoticeText(*fixes.notice("test"), urgent=False))
    for name, fault, clickable in results:
        clicks = "clicks arrive" if clickable else "clicks do not arrive"
        print(f"{name}: " + (f"failed: {fault}" if fault else f"sent; {clicks}"))
    if any(clickable for _, _, clickable in results):
        print(
            f"Click on the notice within {CLICK_WITHIN:.0f} s to see a click arrive; Ctrl-C ends."
        )
        print("The click has arrived." if clicked.wait(CLICK_WITHIN) else "No click has arrived.")
    return any(not fault for _, fault, _ in results)


@app.command()
def check(
    test: Annotated[
        str | None,
        typer.Argument(help="One test alone: port, handshake, session or ids.", metavar="[TEST]"),
    ] = None,
    env: Env = None,
    host: Host = None,
    port: Port = None,
    timeout: Timeout = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Print a Markdown report.")] = False,
) -> None:
    """Look once: the tests in order, the root cause and the fix."""
    from traymon import check as checking
    from traymon.diagnosis.ladder import ladder
    from traymon.sensors import OwnPrograms
    from traymon.ui import render, terminal

    settings = _load(env, host, port, timeout)
    tests = [rung.name for rung in ladder(Evidence(settings.target, now=0.0))]
    if test == "ids" and test not in tests:
        _misuse("No client IDs are set. Write IB_CLIENT_ID=10 into the .env of your project.")
    if test is not None and test not in tests:
        _misuse(f"There is no test {test!r}; the tests are {', '.join(tests)}.")
    status = checking.check(settings.target, OwnPrograms(user_state_path("traymon")))
    rungs = {rung.name: rung for rung in ladder(status.evidence)}
    console = _console()
    if as_json:
        print(json.dumps(checking.as_json(status, rungs.get(test or "")), indent=2))
    elif report:
        print(render.report(status, time.time()), end="")
    else:
        where = f"{status.target.name}, {status.target.address}"
        console.print(f"traymon check: {escape(where)}\n", highlight=False)
        console.print(terminal.test_results(status, test))
        if test != "port" and rungs["handshake"].passed:
            print("\n✓ IB API handshake completed successfully!")
        found = rungs[test].light if test else status.diagnosis.light
        if found is not Light.GREEN and status.diagnosis.light is not Light.GREEN:
            console.print()
            console.print(terminal.fix(status, time.time()))
    light = status.diagnosis.light if test is None else rungs[test].light
    raise Outcome(EXIT_OF_LIGHT[light])


@app.command("wait")
def wait_until_good(
    command: Annotated[
        list[str] | None, typer.Argument(help="What to start then: -- python live/run_live.py")
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, help="Seconds after which to give up.")
    ] = 300.0,
    need: Annotated[
        str, typer.Option("--need", help="Up to which test: port, handshake, session or ids.")
    ] = "ids",
    env: Env = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Wait until the API, the session and the client IDs are good; then start a command."""
    from traymon import wait as waiting
    from traymon.sensors import OwnPrograms
    from traymon.ui import terminal, view

    if need not in NEEDS:
        _misuse(f"--need {need}: allowed are {', '.join(NEEDS)}.")
    program = shutil.which(command[0]) if command else None
    if command and program is None:
        _misuse(f"There is no program {command[0]!r}, so that nothing could be started.")
    target = _load(env, host, port, None).target
    if command and program:
        target = replace(target, starting=_what_starts(command, program))
    console = Console(highlight=False, stderr=True)  # the command's own output stays its own
    began = time.monotonic()
    with console.status(f"waiting for {escape(target.address)}") as progress:
        told = ""

        def tell(status: Status) -> None:
            nonlocal told
            line = view.waiting(status)
            progress.update(f"{escape(line)} · {time.monotonic() - began:.0f} s")
            if line != told and not console.is_terminal:
                console.print(escape(line), soft_wrap=True)
            told = line

        own_programs = OwnPrograms(user_state_path("traymon"))
        try:
            good, status = asyncio.run(waiting.wait(target, need, timeout, own_programs, tell))
        except KeyboardInterrupt:
            raise Outcome(130) from None  # as shells have it for Ctrl-C
    if not good:
        if status is not None:
            console.print(terminal.test_results(status, None))
            if status.diagnosis.light is not Light.GREEN:
                console.print()
                console.print(terminal.fix(status, time.time()))
        waited = f"Waited {timeout:g} s"
        console.print(
            f"\n{waited}; not started: {escape(' '.join(command))}" if command else waited
        )
        raise Outcome(1)
    console.print(f"✓ {escape(target.address)} is ready.")
    if command and program:
        _become(command, program)
    raise Outcome(0)


def _what_starts(command: list[str], program: str) -> str:
    """Return the script that the command runs, or the program itself where it is none."""
    from traymon.sensors.programs import script_of

    return script_of(command, os.getcwd()) or os.path.realpath(program)


def _become(command: list[str], program: str) -> None:
    """Replace this process by the command; on Windows, where that is not so, start it."""
    if sys.platform == "win32":
        raise Outcome(subprocess.call(command, executable=program))
    sys.stdout.flush()
    for name in ("SIGPIPE", "SIGXFSZ"):  # Python ignores them, and a command would inherit that
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execv(program, command)
    except OSError as error:
        _misuse(f"{command[0]} cannot be started: {error}")


@app.command()
def explain(
    code: Annotated[str | None, typer.Argument(help="A code, such as wrong-port.")] = None,
) -> None:
    """Print the page of a diagnosis, or the list of all of them."""
    from traymon.diagnosis import fixes
    from traymon.diagnosis.catalogue import ENTRIES
    from traymon.ui import terminal

    console = _console()
    if code is None:
        table = Table(box=None, pad_edge=False)
        for column in ("Code", "Light", "Headline"):
            table.add_column(column)
        for entry in ENTRIES.values():
            style = terminal.STYLES[entry.light]
            headline = fixes.fill(fixes.page(entry.code).headline, {})
            table.add_row(entry.code, f"[{style}]{entry.light.word}[/]", escape(headline))
        console.print(table)
        return
    if code not in ENTRIES:
        near = difflib.get_close_matches(code, ENTRIES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        _misuse(f"There is no diagnosis {code!r}.{hint} `traymon explain` lists all of them.")
    console.print(terminal.explained(code))


@app.command("config")
def show_config(
    env: Env = None,
    example: Annotated[bool, typer.Option("--example", help="Print an example .env.")] = False,
    not_mine: Annotated[
        int | None, typer.Option("--not-mine", help="Forget the program with this number.")
    ] = None,
) -> None:
    """Print every setting in force with where it comes from, and the programs that are yours."""
    from traymon.sensors import OwnPrograms
    from traymon.settings import example as example_file

    if example:
        print(example_file(), end="")
        return
    own_programs = OwnPrograms(user_state_path("traymon"))
    if not_mine is not None:
        try:
            exe, script = own_programs.forget(not_mine)
        except IndexError:
            _misuse(f"There is no program {not_mine}; `traymon config` lists them.")
        except OSError as error:
            _misuse(f"It cannot be forgotten: {error}")
        print(f"Not yours any more: {script or exe}")
        return
    settings = _load(env, None, None, None)
    table = Table(box=None, pad_edge=False)
    for column in ("Setting", "Value", "From"):
        table.add_column(column, overflow="fold")
    for key, value, source in config.listing(settings):
        if key == "IB_PORT" and settings.target.discovered:
            value, source = _discovered(settings.target)
        table.add_row(key, escape(value), escape(source))
    console = _console()
    console.print(table)
    folder = user_config_path("traymon")
    console.print(
        f"\nIB's reset times: {escape(str(reset_windows.path(folder)))}\n"
        f"A copy of your own: {escape(str(folder / reset_windows.NAME))}",
        soft_wrap=True,
    )
    for number, (exe, script) in enumerate(own_programs.all(), 1):
        program = f"{script} ({exe})" if script and exe else script or exe
        console.print(
            f"\nYours, as you said: {number}. {escape(program)}\n"
            f"`traymon config --not-mine {number}` takes it back."
        )


def _discovered(target: Target) -> tuple[str, str]:
    """Return the port that would be watched, and how it was chosen."""
    from traymon.sensors.discover import discover
    from traymon.sensors.listener import listening_ports

    port = discover(target).port
    found = port in (listening_ports() or ())
    return str(port), "discovered" if found else "default: no usual port of IB's listens yet"


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the story.")] = False,
    speed: Annotated[
        float, typer.Option("--speed", min=0.1, max=20, help="2 is twice as fast.")
    ] = 1.0,
    no_tray: NoTray = False,
) -> None:
    """Play a story against a simulated Gateway: no TWS, no account, no settings needed."""
    from traymon import demo as story
    from traymon.app import Folders, start_log

    start_log(Folders.of_this_user().logs, "info")
    went_well = story.play(console=_console(), want_tray=not no_tray, once=once, speed=speed)
    raise Outcome(0 if went_well or not once else 1)


@app.command()
def simulate(
    scenario: Annotated[str | None, typer.Argument(help="What to play.")] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65_535)] = 7497,
    listed: Annotated[bool, typer.Option("--list", help="List the scenarios.")] = False,
) -> None:
    """Run a simulated Gateway alone, until Ctrl-C."""
    from traymon.sim.scenarios import SCENARIOS

    if listed or scenario is None:
        table = Table(box=None, pad_edge=False)
        for column in ("Scenario", "Shows as", "What is played"):
            table.add_column(column)
        for known in SCENARIOS.values():
            table.add_row(known.name, known.code, known.says)
        _console().print(table)
        return
    if scenario not in SCENARIOS:
        _misuse(f"There is no scenario {scenario!r}; `traymon simulate --list` lists them.")
    try:
        asyncio.run(_simulate(SCENARIOS[scenario], port))
    except KeyboardInterrupt:
        raise Outcome(0) from None
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        _misuse(f"It cannot be played: {error}")


async def _simulate(scenario: Any, port: int) -> None:
    from traymon.sim.scenarios import perform

    async with perform(scenario, port) as stage:
        print(scenario.says)
        settings = "".join(f"{key}={value} " for key, value in stage.scenario.env.items())
        where = f"--host {stage.host} --port {stage.port}"
        if stage.env_file is not None:
            where += f" --env {stage.env_file}"
        print(f"See it with: {settings}traymon check {where}")
        print("Ctrl-C ends it.", flush=True)
        await asyncio.Event().wait()


def _load(
    env: Path | None, host: str | None, port: str | None, timeout: str | None
) -> config.Config:
    try:
        loaded = config.load(
            env,
            environ=os.environ,
            folder=Path.cwd(),
            options={"IB_HOST": host, "IB_PORT": port, "TRAYMON_TIMEOUT": timeout},
        )
    except ConfigError as error:
        count = len(error.mistakes)
        _complain(f"The settings cannot be used: {count} mistake{'s' if count > 1 else ''}.")
        for mistake in error.mistakes:
            _complain(f"  {mistake}")
        raise Outcome(UNUSABLE) from None
    if loaded.settings.session == "off" or loaded.target.own_client_id is not None:
        return loaded
    own_id = remembered(user_state_path("traymon"))
    return replace(loaded, target=replace(loaded.target, own_client_id=own_id))


def _console(quiet: bool = False) -> Console:
    logging.captureWarnings(True)  # a library's warning is for the log, not for the user
    return Console(highlight=False, quiet=quiet)


def _misuse(text: str) -> NoReturn:
    _complain(text)
    raise Outcome(UNUSABLE)


def _complain(text: str) -> None:
    print(text, file=sys.stderr)
    if logging.getLogger().handlers:  # there is a log; without one Python would print it again
        log.error("%s", text)
