"""Objects that traymon offers on the session bus: what others may call and read.

Knows nothing of what an object is for. A call is checked against its declared types before it is
answered, so that whatever a program sends costs an error message at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, new_error, new_method_return, new_signal
from jeepney.low_level import parse_signature

from traymon.ui.session_bus import BUS

PROPERTIES, PEER = f"{BUS}.Properties", f"{BUS}.Peer"
INTROSPECTABLE = f"{BUS}.Introspectable"

Variant = tuple[str, Any]  # D-Bus type, value


class BadCall(Exception):
    """A call that cannot be answered; the message says why."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method: its D-Bus types, and what answers it with one value for each type of `gives`."""

    answer: Callable[..., tuple[Any, ...]]  # may raise BadCall
    takes: str = ""
    gives: str = ""


@dataclass(frozen=True, slots=True)
class BusObject:
    """An object with one interface, beside those that every object has."""

    path: str
    interface: str
    methods: Mapping[str, Method]
    properties: Callable[[], Mapping[str, Variant]]  # all of them, as they are now
    signals: Mapping[str, str] = field(default_factory=dict)  # name -> D-Bus types

    def signal(self, name: str, *values: Any) -> Message:
        """Return one of its signals, to be sent."""
        address = DBusAddress(self.path, interface=self.interface)
        return new_signal(address, name, self.signals[name] or None, values)

    def answer(self, call: Message) -> Message:
        """Return the answer to a call, which may be an error."""
        fields = call.header.fields
        interface = fields.get(HeaderFields.interface, "")
        name, types = fields.get(HeaderFields.member), fields.get(HeaderFields.signature, "")
        method = self._methods_of(interface).get(name)
        if method is None:
            return new_error(call, f"{BUS}.Error.UnknownMethod", "s", (f"no {interface}.{name}",))
        if types != method.takes:
            wrong = f"{name} takes {method.takes!r} and not {types!r}"
            return new_error(call, f"{BUS}.Error.InvalidArgs", "s", (wrong,))
        try:
            values = method.answer(*call.body)
        except BadCall as error:
            return new_error(call, f"{BUS}.Error.InvalidArgs", "s", (str(error),))
        return new_method_return(call, method.gives or None, values)

    def _methods_of(self, interface: str) -> Mapping[str, Method]:
        common = {
            PROPERTIES: {
                "Get": Method(self._get, "ss", "v"),
                "GetAll": Method(lambda interface: (dict(self.properties()),), "s", "a{sv}"),
            },
            INTROSPECTABLE: {"Introspect": Method(lambda: (self.describe(),), "", "s")},
            PEER: {"Ping": Method(lambda: ())},
        }
        return {self.interface: self.methods, **common}.get(interface, {})

    def _get(self, interface: str, name: str) -> tuple[Variant]:
        value = self.properties().get(name)
        if value is None:
            raise BadCall(f"there is no property {name}")
        return (value,)

    def describe(self) -> str:
        """Return its description in the XML of D-Bus's introspection."""
        lines = [
            *(
                f'<property name="{name}" type="{types}" access="read"/>'
                for name, (types, _) in self.properties().items()
            ),
            *(
                f'<method name="{name}">{_arguments(method.takes, "in")}'
                f"{_arguments(method.gives, 'out')}</method>"
                for name, method in self.methods.items()
            ),
            *(
                f'<signal name="{name}">{_arguments(types)}</signal>'
                for name, types in self.signals.items()
            ),
        ]
        return f'<node><interface name="{self.interface}">{"".join(lines)}</interface></node>'


def answer_call(objects: Sequence[BusObject], call: Message) -> Message:
    """Return the answer of the object that a call is meant for."""
    path = call.header.fields.get(HeaderFields.path)
    for each in objects:
        if each.path == path:
            return each.answer(call)
    return new_error(call, f"{BUS}.Error.UnknownObject", "s", (f"there is no {path}",))


def _arguments(types: str, direction: str = "") -> str:
    way = f' direction="{direction}"' if direction else ""
    return "".join(f'<arg type="{each}"{way}/>' for each in _single(types))


def _single(types: str) -> Iterator[str]:
    """Split D-Bus types into the complete ones."""
    left = list(types)
    while left:
        before = "".join(left)
        parse_signature(left)  # takes one complete type off the front
        yield before[: len(before) - len(left)]
