"""Frames that are not as RFC 9113 has them, or come where they must not."""

import struct

from http2.case import case, connection_error, sent, stream_error
from http2.wire import (
    ACK, CONTINUATION, DATA, ENABLE_PUSH, END_HEADERS, END_STREAM, GOAWAY, HEADERS, MAX_FRAME,
    PADDED, PING, PRIORITIZED, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW,
    WINDOW_UPDATE, frame, headers, priority, request, settings)

GET = request()
POST = request("POST")
PROTOCOL = connection_error("PROTOCOL_ERROR")
SIZE = connection_error("FRAME_SIZE_ERROR")
OPEN = headers(1, POST, END_HEADERS)

# --- 4.2: sizes -----------------------------------------------------------------------------

# A stream error is allowed where only the stream's state is at stake.
sent("size/data-too-large", "9113 4.2", stream_error("FRAME_SIZE_ERROR"),
     OPEN, frame(DATA, END_STREAM, 1, bytes((1 << 14) + 1)))
sent("size/headers-too-large", "9113 4.2", SIZE, headers(1, GET + bytes(1 << 14)))
sent("size/continuation-too-large", "9113 4.2", SIZE,
     frame(HEADERS, END_STREAM, 1, GET), frame(CONTINUATION, END_HEADERS, 1, bytes((1 << 14) + 1)))
sent("size/unknown-too-large", "9113 4.2", SIZE, frame(0x20, 0, 0, bytes((1 << 14) + 1)))
sent("size/settings-no-multiple-of-6", "9113 6.5", SIZE, frame(SETTINGS, 0, 0, bytes(3)))
sent("size/settings-acknowledged-with-more", "9113 6.5", SIZE, frame(SETTINGS, ACK, 0, bytes(6)))
sent("size/ping-6", "9113 6.7", SIZE, frame(PING, 0, 0, bytes(6)))
sent("size/ping-9", "9113 6.7", SIZE, frame(PING, 0, 0, bytes(9)))
sent("size/window-update-3", "9113 6.9", SIZE, frame(WINDOW_UPDATE, 0, 0, bytes(3)))
sent("size/window-update-of-a-stream-5", "9113 6.9", SIZE,
     OPEN, frame(WINDOW_UPDATE, 0, 1, bytes([0, 0, 0, 1, 0])))
sent("size/reset-3", "9113 6.4", SIZE, OPEN, frame(RST_STREAM, 0, 1, bytes(3)))
sent("size/priority-4", "9113 6.3", stream_error("FRAME_SIZE_ERROR"),
     OPEN, frame(PRIORITY, 0, 1, bytes(4)))
sent("size/goaway-7", "9113 4.2", SIZE, frame(GOAWAY, 0, 0, bytes(7)))
sent("size/headers-shorter-than-its-priority", "9113 4.2", SIZE | PROTOCOL,
     frame(HEADERS, END_HEADERS | END_STREAM | PRIORITIZED, 1, bytes(4)))

# --- 6: streams that a frame must have, or must not ------------------------------------------

sent("stream-0/data", "9113 6.1", PROTOCOL, frame(DATA, END_STREAM, 0, b"test"))
sent("stream-0/headers", "9113 6.2", PROTOCOL, headers(0, GET))
sent("stream-0/priority", "9113 6.3", PROTOCOL, priority(0))
sent("stream-0/reset", "9113 6.4", PROTOCOL, frame(RST_STREAM, 0, 0, bytes(4)))
sent("stream-0/continuation", "9113 6.10", PROTOCOL,
     frame(HEADERS, END_STREAM, 1, GET), frame(CONTINUATION, END_HEADERS, 0))
sent("a-stream/settings", "9113 6.5", PROTOCOL, frame(SETTINGS, 0, 1, bytes(6)))
sent("a-stream/ping", "9113 6.7", PROTOCOL, frame(PING, 0, 1, bytes(8)))
sent("a-stream/goaway", "9113 6.8", PROTOCOL, frame(GOAWAY, 0, 1, bytes(8)))
# 8.4: clients do not push.
sent("push/by-a-client", "9113 8.4", PROTOCOL,
     frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + GET))

# --- 6.1, 6.2: padding ------------------------------------------------------------------------

sent("padding/of-data-as-long-as-the-frame", "9113 6.1", PROTOCOL,
     OPEN, frame(DATA, END_STREAM | PADDED, 1, b"\5test"))
sent("padding/of-data-without-its-length", "9113 6.1", PROTOCOL | SIZE,
     OPEN, frame(DATA, END_STREAM | PADDED, 1))
sent("padding/of-headers-longer-than-the-frame", "9113 6.2", PROTOCOL,
     frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\xff" + GET))
sent("padding/of-headers-that-leaves-no-priority", "9113 6.2", PROTOCOL | SIZE,
     frame(HEADERS, END_HEADERS | END_STREAM | PADDED | PRIORITIZED, 1, b"\3" + bytes(6)))

# --- 4.3, 6.10: header blocks are whole --------------------------------------------------------

BEGUN = frame(HEADERS, END_STREAM, 1, GET)
for _name, _between in {
    "priority": priority(1),
    "headers-of-another": headers(3, GET),
    "data": frame(DATA, 0, 1, b"x"),
    "settings": settings(),
    "ping": frame(PING, 0, 0, bytes(8)),
    "unknown": frame(0x16, 0, 1, bytes(8)),
    "continuation-of-another": frame(CONTINUATION, END_HEADERS, 3),
}.items():
    sent(f"block/interrupted-by-{_name}", "9113 6.10", PROTOCOL,
         BEGUN, _between, frame(CONTINUATION, END_HEADERS, 1))
sent("block/interrupted-when-continued", "9113 6.10", PROTOCOL,
     BEGUN, frame(CONTINUATION, 0, 1), frame(DATA, END_STREAM, 1))
sent("block/continued-after-its-end", "9113 6.10", PROTOCOL,
     headers(1, GET, END_HEADERS), frame(CONTINUATION, END_HEADERS, 1))
sent("block/continued-twice-after-its-end", "9113 6.10", PROTOCOL,
     headers(1, GET, 0), frame(CONTINUATION, END_HEADERS, 1), frame(CONTINUATION, END_HEADERS, 1))
sent("block/continued-after-data", "9113 6.10", PROTOCOL,
     OPEN, frame(DATA, 0, 1, b"x"), frame(CONTINUATION, END_HEADERS, 1))

# --- 6.5.2: values ------------------------------------------------------------------------------

FLOW = connection_error("FLOW_CONTROL_ERROR")
sent("settings/push-2", "9113 6.5.2", PROTOCOL, settings((ENABLE_PUSH, 2)))
sent("settings/window-of-2^31", "9113 6.5.2", FLOW, settings((WINDOW, 1 << 31)))
sent("settings/frame-below-2^14", "9113 6.5.2", PROTOCOL, settings((MAX_FRAME, (1 << 14) - 1)))
sent("settings/frame-of-2^24", "9113 6.5.2", PROTOCOL, settings((MAX_FRAME, 1 << 24)))


@case("error/goaway-tells-the-last-stream", "9113 6.8", frozenset({"1"}))
def _(connect):
    connection = connect()
    connection.send(headers(1, GET), frame(PING, 0, 0, bytes(8)))
    connection.next(lambda f: f.kind == PING)
    connection.send(frame(PING, 0, 1, bytes(8)))
    found = connection.next(lambda f: f.kind == GOAWAY)
    return str(int.from_bytes(found.payload[:4], "big")) if found else "none"
