"""WebSockets over HTTP/2 (RFC 8441), which other suites of HTTP/2 leave out."""

from http2.case import ANSWERED, MALFORMED, CannotBegin, case, connection_error, sent, stream_error
from http2.wire import (
    CONNECT_PROTOCOL, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PADDED, PING,
    RST_STREAM, WINDOW, field, frame, headers, request, reset, settings)

VERSION = ("sec-websocket-version", "13")


def handshake(*more, **pseudo):
    pseudo = {"method": "CONNECT", "path": "/ws", "protocol": "websocket"} | pseudo
    return request(more=[VERSION, *more], **pseudo)


SOCKET = headers(1, handshake(), END_HEADERS)


def text(payload, mask=bytes(4)):
    """A text in a frame of its own. The mask is 0, so that what is echoed has the same bytes."""
    return b"\x81" + bytes([0x80 | len(payload)]) + mask + payload


def echoed(payload):
    return b"\x81" + bytes([len(payload)]) + payload


def socket(connect, *settings):
    connection = connect(*settings)
    connection.send(SOCKET)
    if (status := connection.response(1)) != "200":
        raise CannotBegin(f"no socket: {status}")
    return connection


def received(connection, length, stream=1):
    """So many bytes of the stream, or what there are."""
    data = b""
    while len(data) < length:
        found = connection.next(lambda f: f.stream == stream and f.kind in (DATA, RST_STREAM))
        if not found or found.kind == RST_STREAM:
            break
        data += found.payload
        if found.flags & END_STREAM:
            break
    return data


# --- 3: the setting ---------------------------------------------------------------------------

@case("connect-protocol/is-announced", "8441 3", frozenset({"1"}))
def _(connect):
    return str(connect().settings.get(CONNECT_PROTOCOL))


sent("connect-protocol/value-2", "8441 3", connection_error("PROTOCOL_ERROR"),
     settings((CONNECT_PROTOCOL, 2)))

# --- 4, 5: the handshake -------------------------------------------------------------------------

sent("handshake/accepted", "8441 5", frozenset({"200"}), SOCKET)
sent("handshake/continued", "8441 5", frozenset({"200"}), frame(HEADERS, 0, 1, handshake()[:9]),
     frame(CONTINUATION, END_HEADERS, 1, handshake()[9:]))
for _name in ("scheme", "path"):
    sent(f"handshake/without-{_name}", "8441 4", MALFORMED,
         headers(1, handshake(**{_name: None}), END_HEADERS))
sent("handshake/not-connect", "8441 4", MALFORMED, headers(1, handshake(method="GET")))
sent("handshake/protocol-twice", "9113 8.3", MALFORMED,
     headers(1, field(":protocol", "websocket") + handshake(), END_HEADERS))
sent("handshake/protocol-after-others", "9113 8.3", MALFORMED,
     headers(1, request("CONNECT", "/ws", more=[VERSION, (":protocol", "websocket")]), END_HEADERS))
sent("handshake/upgrade", "8441 5", MALFORMED,
     headers(1, handshake(("upgrade", "websocket")), END_HEADERS))
sent("handshake/connection", "8441 5", MALFORMED,
     headers(1, handshake(("connection", "upgrade")), END_HEADERS))
for _name, _block in {
    "another-protocol": handshake(protocol="connect-udp"),
    "of-version-8": request("CONNECT", "/ws", protocol="websocket",
                            more=[("sec-websocket-version", "8")]),
    "elsewhere": handshake(path="/nowhere"),
}.items():
    sent(f"handshake/{_name}", "8441 5", ANSWERED - {"200"}, headers(1, _block, END_HEADERS))
# It can send nothing, but it may receive.
sent("handshake/ended-at-once", "8441 5", ANSWERED | stream_error("PROTOCOL_ERROR"),
     headers(1, handshake()))

# --- 5: the stream is the connection ---------------------------------------------------------------

WAYS = {
    "in-one-frame": [text(b"Hello")],
    "byte-by-byte": [bytes([byte]) for byte in text(b"Hello")],
    "beside-empty-frames": [b"", text(b"Hello")[:3], b"", b"", text(b"Hello")[3:], b""],
}
for _name, _parts in WAYS.items():
    @case("message/" + _name, "8441 5", frozenset({"echoed"}))
    def _(connect, parts=_parts):
        connection = socket(connect)
        connection.send(*(frame(DATA, 0, 1, part) for part in parts))
        data = received(connection, 7)
        return "echoed" if data == echoed(b"Hello") else repr(data)


@case("message/padded", "9113 6.1", frozenset({"echoed"}))
def _(connect):
    connection = socket(connect)
    connection.send(frame(DATA, PADDED, 1, b"\7" + text(b"Hello") + bytes(7)))
    data = received(connection, 7)
    return "echoed" if data == echoed(b"Hello") else repr(data)


@case("message/behind-the-handshake", "8441 5", frozenset({"echoed"}))
def _(connect):
    connection = connect()
    connection.send(SOCKET, frame(DATA, 0, 1, text(b"Hello")))
    if connection.response(1) != "200":
        return "refused"
    data = received(connection, 7)
    return "echoed" if data == echoed(b"Hello") else repr(data)


@case("message/not-masked", "6455 5.1", frozenset({"1002"}))
def _(connect):
    connection = socket(connect)
    connection.send(frame(DATA, 0, 1, echoed(b"Hello")))
    data = received(connection, 4)
    return str(int.from_bytes(data[2:4], "big")) if data[:1] == b"\x88" else repr(data)


@case("end/by-end-stream", "8441 5", frozenset({"ended"}))
def _(connect):
    connection = socket(connect)
    connection.send(frame(DATA, END_STREAM, 1))
    found = connection.next(lambda f: f.stream == 1 and (
        f.kind == RST_STREAM or f.kind == DATA and f.flags & END_STREAM))
    return "ended" if found and found.kind == DATA else str(found)


@case("end/by-trailers", "9113 8.1", frozenset({"ended"}) | stream_error("PROTOCOL_ERROR"))
def _(connect):
    connection = socket(connect)
    connection.send(headers(1, field("x-trailer", "test")))
    found = connection.next(lambda f: f.stream == 1 and (
        f.kind == RST_STREAM or f.kind == DATA and f.flags & END_STREAM))
    return "ended" if found and found.kind == DATA else f"RST_STREAM {found.code()}"


# 9113 8.5: a stream of CONNECT carries DATA only; any other frame is an error of the stream.
@case("end/by-fields-that-do-not-end", "9113 8.5", stream_error("PROTOCOL_ERROR"))
def _(connect):
    connection = socket(connect)
    connection.send(headers(1, field("x-trailer", "test"), END_HEADERS))
    return connection.outcome(1)


@case("end/by-reset-leaves-others", "8441 5", frozenset({"echoed"}))
def _(connect):
    connection = socket(connect)
    connection.send(headers(3, handshake(), END_HEADERS))
    if connection.response(3) != "200":
        return "refused"
    connection.send(frame(DATA, 0, 1, text(b"Hello")[:4]), reset(1),
                    frame(DATA, 0, 3, text(b"Hello")))
    data = received(connection, 7, stream=3)
    return "echoed" if data == echoed(b"Hello") else repr(data)


@case("end/data-after-end-stream", "9113 5.1", stream_error("STREAM_CLOSED"))
def _(connect):
    connection = socket(connect, (WINDOW, 0))
    connection.send(frame(DATA, END_STREAM, 1), frame(DATA, 0, 1, text(b"Hello")))
    return connection.outcome(1)


# Echoes have no room, so the server takes no more than it may hold; we send on.
@case("window/overrun", "9113 6.9.1", stream_error("FLOW_CONTROL_ERROR"))
def _(connect):
    connection = socket(connect, (WINDOW, 0))
    message = b"\x82\xfe" + (8192).to_bytes(2, "big") + bytes(4) + bytes(8192)
    connection.send(*(frame(DATA, 0, 1, message) for _ in range(400)))
    return connection.outcome(1)


# A socket that is behind does not hold up the connection.
@case("window/of-one-that-is-full-leaves-others", "9113 5.2", frozenset({"200"}))
def _(connect):
    connection = socket(connect, (WINDOW, 0))
    message = b"\x82\xfe" + (1000).to_bytes(2, "big") + bytes(4) + bytes(1000)
    connection.send(*(frame(DATA, 0, 1, message) for _ in range(50)))
    connection.send(frame(PING, 0, 0, bytes(8)), headers(3, request()))
    return connection.response(3)
