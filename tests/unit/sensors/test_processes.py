"""Which processes are TWS and the Gateway, and which port is watched where none is set."""

from __future__ import annotations

import pytest

from traymon.core.target import Target
from traymon.sensors.listener import ib_program
from traymon.sensors.port_discovery import discover

LINUX_JAVA = "/home/me/.local/share/i4j_jres/Oda-jK0/17.0.10.0.101_64/bin/java"
GATEWAY_JARS = "-cp /home/me/Jts/ibgateway/1037/jars/*"


@pytest.mark.parametrize(
    ("name", "command_line", "program"),
    [
        # Windows: launchers of their own
        ("tws.exe", "", "TWS"),
        ("ibgateway.exe", "", "IB Gateway"),
        ("IBGateway.EXE", "", "IB Gateway"),
        ("java.exe", r"C:\jre\java.exe -cp C:\IBC\IBC.jar ibcalpha.ibc.IbcTws", "TWS"),
        ("javaw.exe", r"-cp C:\Jts\1030\jars\jts4launch-1030.jar Main", "TWS / IB Gateway"),
        # macOS: the launcher names its application alone
        (
            "JavaApplicationStub",
            "/Users/me/Applications/IB Gateway 10.30/IB Gateway 10.30.app/Contents/MacOS/"
            "JavaApplicationStub",
            "IB Gateway",
        ),
        (
            "JavaApplicationStub",
            "/Applications/Trader Workstation/Trader Workstation.app/Contents/MacOS/"
            "JavaApplicationStub",
            "TWS",
        ),
        ("JavaApplicationStub", "/Applications/JabRef.app/JavaApplicationStub", None),
        # Linux: plain Java
        ("ibgateway", "", "IB Gateway"),
        ("java", f"{LINUX_JAVA} {GATEWAY_JARS} install4j.ibgateway.GWClient", "IB Gateway"),
        ("java", f"{LINUX_JAVA} {GATEWAY_JARS} install4j.jclient.LoginFrame", "TWS"),
        ("java", f"java {GATEWAY_JARS} ibcalpha.ibc.IbcGateway /opt/c.ini", "IB Gateway"),
        ("java", "java -cp /opt/Jts/jars/twslaunch-1.jar:. ibcontroller.X", "TWS / IB Gateway"),
        (
            "java",
            "java -Dtwslaunch.autoupdate.serviceImpl=x install4j.ibgateway.GWClient",
            "IB Gateway",
        ),
        # not theirs
        ("java", "", None),
        ("java", "java -jar /opt/jetty/start.jar", None),
        ("java", "java -cp /home/me/src/jts/lib/idea.jar com.intellij.idea.Main", None),
        ("java", "java -cp jts-core-1.19.jar org.locationtech.jtstest.Main", None),
        ("java", "java -jar /home/me/ibgateway/bot.jar --gateway ibgateway:4002", None),
        ("python3", "python3 watch.py install4j.ibgateway.GWClient", None),
        ("vim", "vim /home/me/Jts/jts.ini", None),
        ("twsd", "", None),
        ("", "", None),
    ],
)
def test_a_program_of_ibs_is_known_by_name_and_command_line(
    name: str, command_line: str, program: str | None
) -> None:
    assert ib_program(name, command_line) == program


@pytest.mark.parametrize(
    ("listening", "chosen"),
    [
        ({4001, 4002, 80}, 4002),
        ({7496, 4001}, 7496),
        ({7497, 7496}, 7497),
        ({80}, 1),
        (set(), 1),
    ],
)
def test_the_first_usual_port_that_listens_is_chosen(
    monkeypatch: pytest.MonkeyPatch, listening: set[int], chosen: int
) -> None:
    monkeypatch.setattr(
        "traymon.sensors.port_discovery.listening_ports", lambda: frozenset(listening)
    )
    assert discover(Target("test", port=1, discovered=True)).port == chosen
