"""A desktop, a Gateway and a traymon of which everything can fail: how each disturbance is made."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from shutil import rmtree

from support.bus import NOTIFICATIONS
from support.chaos import mounts
from support.chaos.observer import Observer
from support.chaos.plan import Disturbance, Kind, Outage, Service
from support.chaos.residents import Residents
from support.chaos.verdict import Span
from support.gateway_process import GatewayProcess
from support.polling import wait_for
from support.repository import ROOT
from support.virtual_desktop import Desktop

STAND_INS = {Service.PLAIN: "plain", Service.SLOW: "slow", Service.STRICT: "strict"}
AWAY = ".away"


class World:
    """What a plan disturbs. `begin` and `end` bring about and undo one disturbance."""

    def __init__(self, desktop: Desktop, gateway: GatewayProcess) -> None:
        self.desktop, self.gateway = desktop, gateway
        self.state = Path(desktop.env["XDG_STATE_HOME"])
        self.residents = Residents(desktop, gateway.port)
        self.observer = Observer(desktop)
        self.outages: list[Span] = []
        self.outage_began = 0.0
        self.service = Service.DUNST
        self._service_runs = False
        desktop.start_tray()
        self.start_service(Service.DUNST)
        self.residents.log_in()
        self.note_reach()

    def begin(self, one: Disturbance) -> None:
        """Bring about a disturbance."""
        self._act(
            {
                Kind.SERVICE_REPLACED: self.stop_service,
                Kind.SERVICE_GONE: self.stop_service,
                Kind.BUS_RESTARTED: self._lose_bus,
                Kind.TRAY_RESTARTED: self.desktop.stop_tray,
                Kind.SCREEN_LOST: self._lose_screen,
                Kind.FILES_MOVED: lambda: self._move(one.package, "", AWAY),
                Kind.DISK_FULL: lambda: mounts.fill(self.state),
                Kind.ZONE_CHANGED: lambda: mounts.change_zone(
                    Random(one.begins).choice(mounts.ZONES)
                ),
                Kind.STOPPED: self.residents.stop,
                Kind.FOLDER_REMOVED: self._remove_runtime_folder,
                Kind.SECOND_START: self.residents.start_again,
            }[one.kind]
        )

    def end(self, one: Disturbance) -> None:
        """Undo a disturbance, as far as it does not end by itself."""
        undo: dict[Kind, Callable[[], object]] = {
            Kind.SERVICE_REPLACED: lambda: self.start_service(one.service),
            Kind.SERVICE_GONE: lambda: self.start_service(self.service),
            Kind.BUS_RESTARTED: self._bring_back_bus,
            Kind.TRAY_RESTARTED: self.desktop.start_tray,
            Kind.SCREEN_LOST: self._begin_session,
            Kind.FILES_MOVED: lambda: self._move(one.package, AWAY, ""),
            Kind.DISK_FULL: lambda: mounts.free(self.state),
            Kind.STOPPED: self.residents.go_on,
        }
        if one.kind in undo:
            self._act(undo[one.kind])

    def begin_outage(self, outage: Outage) -> None:
        """Have the Gateway fail."""
        self.outage_began = time.monotonic()
        if outage is Outage.FROZEN:
            self.gateway.freeze()
        elif outage is Outage.SILENT:
            self.gateway.play("handshake-silent")
        else:
            self.gateway.kill()

    def end_outage(self, outage: Outage) -> None:
        """Have the Gateway serve again."""
        if outage is Outage.FROZEN:
            self.gateway.thaw()
        else:
            self.gateway.play()
        self.outages.append(Span(self.outage_began, time.monotonic()))

    def note_reach(self) -> None:
        """Write down whether a notification can be shown from now on."""
        watched = bool(self.residents.watching) and not self.residents.stopped
        self.observer.set_reachable(watched and self._service_runs)

    def start_service(self, service: Service) -> None:
        """Start a notification service; return when it can be called."""
        self.service = service
        if service is Service.DUNST:
            self.desktop.start_dunst()
        else:
            command = [sys.executable, "-m", "support.chaos.stand_in_service", STAND_INS[service]]
            self.desktop.spawn("stand-in", *command, PYTHONPATH=str(ROOT / "tests"))
            wait_for(lambda: self.desktop.answers(NOTIFICATIONS), "the stand-in")
        self._service_runs = True

    def stop_service(self) -> None:
        """End the notification service; it may have ended with the screen or the bus."""
        self.observer.service_changed()
        self._service_runs = False
        self.note_reach()
        self.desktop.end("dunst" if self.service is Service.DUNST else "stand-in")

    def _act(self, action: Callable[[], object]) -> None:
        action()
        self.observer.look()
        self.note_reach()

    def _lose_bus(self) -> None:
        self.stop_service()
        self.desktop.stop_bus()

    def _bring_back_bus(self) -> None:
        self.desktop.restart_bus()
        self.start_service(self.service)

    def _lose_screen(self) -> None:
        self.stop_service()
        self.desktop.end("trayer")
        self.desktop.stop_screen()

    def _begin_session(self) -> None:
        self.desktop.restart_screen()
        self.desktop.start_tray()
        self.start_service(self.service)
        self.residents.log_in()

    def _move(self, package: str, before: str, after: str) -> None:
        path = self.residents.site / package
        path.with_name(path.name + before).rename(path.with_name(path.name + after))

    def _remove_runtime_folder(self) -> None:
        rmtree(Path(self.desktop.env["XDG_RUNTIME_DIR"]) / "traymon", ignore_errors=True)
