"""What a case is: what is sent, the clause that it is about, and what that clause allows."""

import dataclasses
from collections.abc import Callable

from http2.wire import Connection

CASES = {}


class CannotBegin(Exception):
    """What a case begins with did not succeed; this is what was seen instead."""


SERVED = frozenset({"200"})
# Whatever a server thinks of the request, it has understood it.
ANSWERED = frozenset({"200", "204", "400", "404", "405", "other status"})
GOES_ON = frozenset({"goes on"})


def connection_error(*codes):
    """RFC 9113, 5.4.1: the connection is closed, and the peer should be told why."""
    return frozenset({"closed", *("GOAWAY " + code for code in codes)})


def stream_error(*codes):
    """5.4.2: the stream is reset; 5.4.1: it may always be the connection that ends."""
    return connection_error(*codes) | {"RST_STREAM " + code for code in codes}


# 8.1.1: a malformed request is a stream error, which may have an answer before it.
MALFORMED = stream_error("PROTOCOL_ERROR") | {"400"}


@dataclasses.dataclass(frozen=True)
class Case:
    clause: str
    allowed: frozenset
    run: Callable


def case(name, clause, allowed):
    """A case that is a function of a way to connect. It returns what it saw."""

    def add(function):
        assert name not in CASES, name
        CASES[name] = Case(clause, allowed, function)
        return function

    return add


def sent(name, clause, allowed, *data, stream=1):
    """A case of bytes that are sent at once; it is about what comes of them on a stream."""

    @case(name, clause, allowed)
    def _(connect):
        connection = connect()
        connection.send(*data)
        return connection.outcome(stream)


def run(chosen, port):
    """Run a case against a server. Return what was seen."""
    opened = []

    def connect(*settings, opening=None):
        opened.append(Connection(port, *settings, opening=opening))
        return opened[-1]

    try:
        return chosen.run(connect)
    except CannotBegin as seen:
        return str(seen)
    finally:
        for connection in opened:
            connection.close()
