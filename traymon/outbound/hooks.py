"""Runs the user's own programs when a light changes: `[hooks]` of alerts.toml. See docs/hooks.md.

A program is an argument list without a placeholder, and no shell reads it: what TWS or another
program has written into a headline is never part of a command line. One program runs at a time, and
what waits is replaced by what is newer.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from traymon.core.alerts import Hooks
from traymon.core.events import Event, EventType, as_json, as_variables, light_data
from traymon.core.model import Diagnosis, Status, Update
from traymon.core.redaction import Redactor
from traymon.core.vocabulary import Light
from traymon.diagnosis.fix_pages import clean
from traymon.outbound.base import Surroundings
from traymon.outbound.program import Ended, Program
from traymon.ui.presenter import headline

log = logging.getLogger(__name__)

HOOKS: Mapping[Light | None, str] = {Light.RED: "on_red", Light.GREEN: "on_green"}
MAX_LINES = 20  # of a program's output that go to the log
SECRET_SETTINGS = frozenset(
    {"TRAYMON_NTFY", "TRAYMON_WEBHOOK", "TRAYMON_PING", "TRAYMON_METRICS_TOKEN"}
)


@dataclass(frozen=True, slots=True)
class _Call:
    """A program that is to run, and what it is told."""

    hook: str  # `on_red`
    command: tuple[str, ...]
    event: Event


@dataclass(slots=True)
class _Shown:
    """What was seen of a target."""

    diagnosis: Diagnosis
    light: Light | None = None  # the last one that was not grey; None: none yet


class HookRunner:
    """Runs the programs of `[hooks]`, one after the other, in a thread of its own."""

    name = "hooks"

    def __init__(self, hooks: Hooks, around: Surroundings) -> None:
        self._hooks, self._around = hooks, around
        self._commands = {
            "on_red": hooks.on_red,
            "on_green": hooks.on_green,
            "on_flip": hooks.on_flip,
        }
        self._shown: dict[str, _Shown] = {}  # by target name
        self._waiting: dict[str, list[_Call]] = {}  # by target name: what the newest state asks
        self._changed = threading.Condition()
        self._running: Program | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begin, and say which programs are missing."""
        for hook, command in self._commands.items():
            if command and not os.access(command[0], os.X_OK):
                self._report(hook, f"there is no program {command[0]}")
        self._thread.start()

    def on_update(self, update: Update) -> None:
        """Run what a change of the light asks for; returns at once.

        What traymon finds at its start is no change.
        """
        status, name = update.status, update.status.target.name
        before = self._shown.get(name)
        if update.ended:
            self._shown.pop(name, None)
            self._replace(name, [], keep_lights=False)
        elif before is None or not status.diagnosis.same_as(before.diagnosis):
            last = None if before is None else before.light
            now = _Shown(status.diagnosis, _light(status) or last)
            self._shown[name] = now
            if before is not None and last is not None:
                calls = [*self._calls(before, now, status)]
                self._replace(name, calls, keep_lights=now.light is last)

    def stop(self, timeout: float) -> None:
        """End the program that runs, and run no more."""
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            if self._running is not None:
                self._running.kill()
            self._changed.notify()
        for hook in self._commands:
            self._around.report_trouble("", f"hook {hook}")
        with suppress(RuntimeError):  # it was never started
            self._thread.join(timeout)

    def _calls(self, before: _Shown, now: _Shown, status: Status) -> Iterator[_Call]:
        """Yield what is to run for a change."""
        data = {**light_data(before.diagnosis, status), "headline": headline(now.diagnosis)}
        event = Event(EventType.LIGHT, status.evidence.now, status.target.name, data)
        hook_of_light = HOOKS.get(now.light) if now.light is not before.light else None
        for hook in (hook_of_light, "on_flip"):
            command = self._commands.get(hook or "", ())
            if hook and command:
                yield _Call(hook, command, event)

    def _replace(self, name: str, calls: list[_Call], *, keep_lights: bool) -> None:
        """Let calls wait in place of older ones, but for those of a light that still holds."""
        with self._changed:
            before = self._waiting.get(name, []) if keep_lights else []
            waiting = [*(one for one in before if one.hook != "on_flip"), *calls]
            if waiting:
                self._waiting[name] = waiting  # in the place that it had, if it had one
            else:
                self._waiting.pop(name, None)
            self._changed.notify()

    # In the thread of its own

    def _run(self) -> None:
        while (call := self._next()) is not None:
            try:
                self._call(call)
            except Exception:  # the next one shall run
                log.exception("hook %s failed", call.hook)

    def _next(self) -> _Call | None:
        """Wait for a call; None at the end. A target that has had its turn goes to the end."""
        with self._changed:
            while not self._stopped and not self._waiting:
                self._changed.wait()
            if self._stopped:
                return None
            name, calls = next(iter(self._waiting.items()))
            del self._waiting[name]
            call, *later = calls
            if later:
                self._waiting[name] = later
            return call

    def _call(self, call: _Call) -> None:
        variables = {k: v for k, v in os.environ.items() if k not in SECRET_SETTINGS}
        program = Program(
            call.command,
            {**variables, **as_variables(call.event)},
            json.dumps(as_json(call.event)).encode() + b"\n",
            Path.home(),
        )
        with self._changed:
            if self._stopped:
                return
            self._running = program
        log.info("hook %s for %s: %s", call.hook, call.event.target, call.event.data["headline"])
        try:
            ended = program.run(self._hooks.timeout)
        except OSError as error:
            why = error.strerror or error
            self._report(call.hook, f"{call.command[0]} cannot be started: {why}")
            return
        finally:
            with self._changed:
                self._running = None
        self._log_output(call.hook, ended.output)
        if not self._stopped:
            self._report(call.hook, _trouble(ended, self._hooks.timeout))

    def _report(self, hook: str, trouble: str) -> None:
        if trouble:
            log.warning("hook %s: %s", hook, trouble)
        self._around.report_trouble(trouble and f"Hook {hook}: {clean(trouble)}", f"hook {hook}")

    def _log_output(self, hook: str, output: str) -> None:
        redact = Redactor()
        lines = [line for line in output.splitlines() if line.strip()]
        for line in lines[:MAX_LINES]:
            log.info("hook %s said: %s", hook, redact(clean(line)))
        if len(lines) > MAX_LINES:
            log.info("hook %s said more: %d lines", hook, len(lines) - MAX_LINES)


def _light(status: Status) -> Light | None:
    light = status.diagnosis.light
    return None if light is Light.GREY else light


def _trouble(ended: Ended, timeout: float) -> str:
    if ended.code is None:
        return f"it did not end within {timeout:g} s and was killed"
    return "" if ended.code == 0 else f"it ended with code {ended.code}"
