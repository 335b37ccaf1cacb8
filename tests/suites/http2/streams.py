"""Streams: their numbers, their states, their windows (RFC 9113, 5)."""

from http2.case import case, connection_error, sent, stream_error
from http2.wire import (
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, MAX_STREAMS, PRIORITIZED, WINDOW, frame, headers, priority, request, reset, settings, window_update)

GET = request()
POST = request("POST")
OPEN = headers(1, POST, END_HEADERS)
PROTOCOL = connection_error("PROTOCOL_ERROR")

# --- 5.1.1: numbers ------------------------------------------------------------------------

sent("number/even", "9113 5.1.1", PROTOCOL, headers(2, GET), stream=2)
sent("number/lower-than-before", "9113 5.1.1", PROTOCOL,
     headers(5, POST, END_HEADERS), headers(3, GET), stream=3)

# --- 5.1: states -----------------------------------------------------------------------------

sent("idle/data", "9113 5.1", PROTOCOL, frame(DATA, END_STREAM, 1, b"test"))
sent("idle/reset", "9113 5.1", PROTOCOL, reset(1))
sent("idle/window-update", "9113 5.1", PROTOCOL, window_update(1, 100))
sent("idle/continuation", "9113 6.10", PROTOCOL, frame(CONTINUATION, END_HEADERS, 1, GET))

# A stream on which the client has ended, but not the server: it has no window for the page.
CLOSED = stream_error("STREAM_CLOSED")
ENDED = settings((WINDOW, 0)) + headers(1, GET)
TRAILER = frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\0\1x\1y")
LATE = {
    "data": (frame(DATA, END_STREAM, 1, b"test"), CLOSED),
    # What reopens a stream has a number that was used (5.1.1).
    "headers": (TRAILER, CLOSED | PROTOCOL),
    "continuation": (frame(CONTINUATION, END_HEADERS, 1, GET), CLOSED | PROTOCOL),
}

for _name, (_frame, _allowed) in LATE.items():
    @case(f"half-closed/{_name}", "9113 5.1", _allowed)
    def _(connect, late=_frame):
        connection = connect()
        connection.send(ENDED)
        connection.response(1)
        connection.send(late)
        return connection.outcome(1)

    sent(f"reset-by-us/{_name}", "9113 5.1", _allowed, OPEN, reset(1), _frame)

    @case(f"closed/{_name}", "9113 5.1", _allowed)
    def _(connect, late=_frame):
        connection = connect()
        connection.send(headers(1, GET))
        connection.response(1)
        connection.next(lambda f: f.stream == 1 and f.kind == DATA and f.flags & END_STREAM)
        connection.send(late)
        return connection.outcome(1)

sent("trailers/do-not-end-the-stream", "9113 8.1", stream_error("PROTOCOL_ERROR") | {"400"},
     OPEN, headers(1, b"\0\1x\1y", END_HEADERS))
# RFC 7540, 5.3.1, calls it an error; RFC 9113 (5.3.2) takes nothing from priorities any more.
EITHER = stream_error("PROTOCOL_ERROR") | {"goes on", "200"}
sent("priority/of-headers-on-itself", "7540 5.3.1", EITHER,
     frame(HEADERS, END_HEADERS | END_STREAM | PRIORITIZED, 1, b"\0\0\0\1\xff" + GET))
sent("priority/on-itself", "7540 5.3.1", EITHER, priority(1, depends_on=1))


@case("number/more-than-allowed", "9113 5.1.2", stream_error("PROTOCOL_ERROR", "REFUSED_STREAM"))
def _(connect):
    connection = connect()
    allowed = connection.settings.get(MAX_STREAMS)
    if allowed is None:
        return "no limit"
    # Sockets, which stay open. Their answers are not waited for.
    socket = request("CONNECT", "/ws", protocol="websocket",
                     more=[("sec-websocket-version", "13")])
    for number in range(allowed + 1):
        connection.send(headers(2 * number + 1, socket, END_HEADERS))
    return connection.outcome(2 * allowed + 1)


# --- 6.9: windows ------------------------------------------------------------------------------

FLOW = stream_error("FLOW_CONTROL_ERROR")
sent("window/nothing-more-for-the-connection", "9113 6.9", PROTOCOL, window_update(0, 0))
sent("window/nothing-more-for-a-stream", "9113 6.9", stream_error("PROTOCOL_ERROR"),
     settings((WINDOW, 0)), OPEN, window_update(1, 0))
sent("window/of-the-connection-above-2^31", "9113 6.9.1", connection_error("FLOW_CONTROL_ERROR"),
     window_update(0, 0x7fffffff))
# A socket, which stays open whatever room it has.
SOCKET = headers(1, request("CONNECT", "/ws", protocol="websocket",
                            more=[("sec-websocket-version", "13")]), END_HEADERS)
sent("window/of-a-stream-above-2^31", "9113 6.9.1", FLOW, SOCKET, window_update(1, 0x7fffffff))
sent("window/of-a-stream-above-2^31-by-settings", "9113 6.9.2",
     connection_error("FLOW_CONTROL_ERROR"),
     settings((WINDOW, 0)), SOCKET, window_update(1, 0x7fffffff), settings((WINDOW, 1)))


def sizes(name, clause, allowed, first, *later):
    """The sizes of DATA: of a page for which there is so much room, and then more or less."""

    @case(name, clause, frozenset({allowed}))
    def _(connect):
        connection = connect((WINDOW, first))
        connection.send(headers(1, GET))
        connection.response(1)
        seen = []
        for data in (b"", *later):
            connection.send(data)
            got = connection.next(lambda f: f.kind == DATA and f.payload, seconds=0.3)
            seen.append(len(got.payload) if got else 0)
        return " ".join(map(str, seen))


sizes("window/of-one", "9113 6.9.1", "1", 1)
sizes("window/none-then-one", "9113 6.9.2", "0 1", 0, settings((WINDOW, 1)))
sizes("window/none-then-update", "9113 6.9.1", "0 5", 0, window_update(1, 5))
# 6.9.2: three were sent, and two are allowed now: it owes one.
sizes("window/negative", "9113 6.9.2", "3 0 0 1", 3,
      settings((WINDOW, 2)), window_update(1, 1), window_update(1, 1))
sizes("window/several-values", "9113 6.5.3", "0 2", 0, settings((WINDOW, 100), (WINDOW, 2)))

