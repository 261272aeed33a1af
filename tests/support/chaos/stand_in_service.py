"""A notification service that misbehaves: answers late, has no actions, or refuses them.

    python -m support.chaos.stand_in_service plain|slow|strict

Ends with the bus, and when another service takes its name.
"""

from __future__ import annotations

import sys
import threading
from itertools import count

from jeepney import HeaderFields, Message, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from support.bus import NOTIFICATIONS

DELAY = 8.0  # seconds in which a slow one has shown a notification and not answered
CAPABILITIES = {"plain": ["body"], "slow": ["body", "actions"], "strict": ["body", "actions"]}


def main(manner: str) -> None:
    """Serve until the bus is gone."""
    connection = open_dbus_connection("SESSION")
    connection.send_and_get_reply(message_bus.RequestName(NOTIFICATIONS), timeout=5)
    numbers = count(1)
    while True:
        message = connection.receive()
        if message.header.message_type is MessageType.method_call:
            answer(connection, message, manner, numbers)


def answer(connection: DBusConnection, message: Message, manner: str, numbers: count[int]) -> None:
    """Answer one call as a service of this manner does."""
    member = message.header.fields.get(HeaderFields.member)
    if member == "GetCapabilities":
        reply = new_method_return(message, "as", (CAPABILITIES[manner],))
    elif member == "GetServerInformation":
        reply = new_method_return(message, "ssss", (f"stand-in {manner}", "traymon", "1", "1.2"))
    elif member == "Notify":
        _, replaced, picture, _, _, actions, *_ = message.body
        if manner == "strict" and (actions or picture):
            reply = new_error(message, f"{NOTIFICATIONS}.Refused", "s", ("too much",))
        else:
            reply = new_method_return(message, "u", (replaced or next(numbers),))
        if manner == "slow":
            threading.Timer(DELAY, connection.send, [reply]).start()
            return
    else:
        reply = new_method_return(message)
    connection.send(reply)


if __name__ == "__main__":
    main(sys.argv[1])
