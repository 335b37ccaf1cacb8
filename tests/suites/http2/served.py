"""What a server must take: requests in every form that the RFCs allow."""

import struct

from http2.case import ANSWERED, GOES_ON, SERVED, case, connection_error, sent
from http2.wire import (
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PREFACE,
    PRIORITIZED, PRIORITY, SETTINGS, TABLE_SIZE, WINDOW, field, fields, frame, headers, huffman,
    integer, priority, request, reset, settings, string, window_update)

GET = request()
POST = request("POST", more=[("content-length", "4")])

# --- RFC 9113, 3.4: the preface -------------------------------------------------------------


@case("preface/settings-come-first", "9113 3.4", frozenset({"SETTINGS"}))
def _(connect):
    first = connect(opening=PREFACE + settings()).next(lambda _: True)
    return "SETTINGS" if first and first.kind == SETTINGS and not first.flags & ACK else str(first)


@case("preface/settings-are-acknowledged", "9113 6.5.3", frozenset({"ACK"}))
def _(connect):
    connection = connect()
    connection.send(settings((WINDOW, 1000), (WINDOW, 2000)))
    return "ACK" if connection.next(lambda f: f.kind == SETTINGS and f.flags & ACK) else "none"


# It is HTTP/1.1 by then, and refused as such.
@case("preface/wrong", "9113 3.4", connection_error("PROTOCOL_ERROR"))
def _(connect):
    return connect(opening=b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n").outcome()


@case("preface/no-settings-behind-it", "9113 3.4", connection_error("PROTOCOL_ERROR"))
def _(connect):
    return connect(opening=PREFACE + headers(1, GET)).outcome()


@case("preface/request-before-the-servers-settings", "9113 3.4", SERVED)
def _(connect):
    return connect(opening=PREFACE + settings() + headers(1, GET)).response(1)


# --- Requests -------------------------------------------------------------------------------

sent("request/get", "9113 8.1", SERVED, headers(1, GET))
sent("request/head", "9113 8.1", SERVED, headers(1, request("HEAD")))
sent("request/options-of-the-server", "9113 8.3.1", ANSWERED, headers(1, request("OPTIONS", "*")))
sent("request/of-a-high-stream", "9113 5.1.1", SERVED, headers(0x7ffffffd, GET), stream=0x7ffffffd)
sent("request/te-trailers", "9113 8.2.2", SERVED, headers(1, request(more=[("te", "trailers")])))
sent("request/host-without-authority", "9113 8.3.1", SERVED,
     headers(1, request(authority=None, more=[("host", "127.0.0.1")])))
sent("request/cookie-in-crumbs", "9113 8.2.3", SERVED,
     headers(1, request(more=[("cookie", "a=b"), ("cookie", "c=d")])))
sent("data/one-frame", "9113 6.1", ANSWERED,
     headers(1, POST, END_HEADERS), frame(DATA, END_STREAM, 1, b"test"))
sent("data/some-frames", "9113 6.1", ANSWERED, headers(1, POST, END_HEADERS),
     *(frame(DATA, 0, 1, b"t") for _ in range(3)), frame(DATA, END_STREAM, 1, b"t"))
sent("data/padded", "9113 6.1", ANSWERED, headers(1, POST, END_HEADERS),
     frame(DATA, END_STREAM | PADDED, 1, b"\5test" + bytes(5)))
sent("data/padding-only", "9113 6.1", ANSWERED, headers(1, POST, END_HEADERS),
     frame(DATA, PADDED, 1, b"\xff" + bytes(255)), frame(DATA, END_STREAM, 1, b"test"))
sent("data/empty-and-last", "9113 6.1", ANSWERED,
     headers(1, request("POST"), END_HEADERS), frame(DATA, END_STREAM, 1))
sent("data/of-the-largest-size", "9113 4.2", ANSWERED, headers(1, request("POST"), END_HEADERS),
     frame(DATA, END_STREAM, 1, bytes(1 << 14)))
sent("data/trailers", "9113 8.1", ANSWERED, headers(1, POST, END_HEADERS),
     frame(DATA, 0, 1, b"test"), headers(1, field("x-trailer", "test")))
sent("headers/padded", "9113 6.2", SERVED,
     frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\5" + GET + bytes(5)))
sent("headers/with-priority", "9113 6.2", SERVED, frame(
    HEADERS, END_HEADERS | END_STREAM | PRIORITIZED, 1, struct.pack(">IB", 0, 255) + GET))
sent("headers/padded-with-priority", "9113 6.2", SERVED, frame(
    HEADERS, END_HEADERS | END_STREAM | PRIORITIZED | PADDED, 1,
    b"\3" + struct.pack(">IB", 0x80000000, 0) + GET + bytes(3)))
sent("headers/continued", "9113 6.10", SERVED, frame(HEADERS, END_STREAM, 1, GET[:1]),
     frame(CONTINUATION, END_HEADERS, 1, GET[1:]))
sent("headers/continued-byte-by-byte", "9113 6.10", SERVED,
     frame(HEADERS, END_STREAM, 1), *(frame(CONTINUATION, 0, 1, GET[i:i + 1]) for i in range(3)),
     frame(CONTINUATION, END_HEADERS, 1, GET[3:]))
# 10.5.1: a server need not take them without end.
sent("headers/continued-100-times", "9113 6.10", SERVED | connection_error("ENHANCE_YOUR_CALM"),
     frame(HEADERS, END_STREAM, 1), *(frame(CONTINUATION, 0, 1, GET[i:i + 1]) for i in range(100)),
     frame(CONTINUATION, END_HEADERS, 1, GET[100:]))

# --- Frames that ask for nothing ------------------------------------------------------------

sent("priority/idle-stream", "9113 6.3", SERVED, priority(1), headers(1, GET))
sent("priority/heaviest", "9113 6.3", SERVED, priority(1, weight=255), headers(1, GET))
sent("priority/depends", "9113 6.3", SERVED, priority(1, depends_on=5), headers(1, GET))
sent("priority/depends-alone", "9113 6.3", SERVED,
     priority(1, depends_on=0x80000003), headers(1, GET))
# 5.1.1: it opens no stream, and closes none below it.
sent("priority/higher-idle-stream", "9113 5.1.1", SERVED, priority(9), headers(1, GET))
sent("reset/of-an-open-stream", "9113 6.4", SERVED,
     headers(1, request("POST"), END_HEADERS), reset(1), headers(3, GET), stream=3)
sent("reset/unknown-code", "9113 7", SERVED,
     headers(1, request("POST"), END_HEADERS), reset(1, 0xff), headers(3, GET), stream=3)
sent("window/of-the-connection", "9113 6.9", SERVED, window_update(0, 1), headers(1, GET))
sent("window/of-a-stream", "9113 6.9", SERVED, headers(1, GET), window_update(1, 1))
sent("settings/all-known", "9113 6.5.2", SERVED,
     settings((TABLE_SIZE, 100), (2, 0), (3, 5), (WINDOW, 70000), (5, 1 << 20), (6, 9999)),
     headers(1, GET))
sent("settings/unknown", "9113 6.5.2", SERVED, settings((0xff, 1), (0xffff, 0)), headers(1, GET))
sent("settings/no-table", "7541 4.2", SERVED, settings((TABLE_SIZE, 0)), headers(1, GET))
# 7: the peer closes, or it takes the code for INTERNAL_ERROR; it may do as it likes.
sent("goaway/unknown-code", "9113 7", GOES_ON | {"closed"},
     frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0xff)))
sent("unknown/frame", "9113 5.5", SERVED, frame(0x16, 0, 0, bytes(8)), headers(1, GET))
sent("unknown/frame-of-a-stream", "9113 5.5", SERVED, frame(0xff, 0xff, 7, b"x"), headers(1, GET))
sent("unknown/flags", "9113 4.1", GOES_ON, frame(PING, 0xfe, 0, bytes(8)))
sent("unknown/reserved-bit", "9113 4.1", GOES_ON, frame(PING, 0, 0, bytes(8), reserved=1))
sent("unknown/reserved-bit-of-headers", "9113 4.1", SERVED,
     frame(HEADERS, END_HEADERS | END_STREAM, 1, GET, reserved=1))


@case("ping/answered-with-the-same", "9113 6.7", frozenset({"same"}))
def _(connect):
    connection = connect()
    connection.send(frame(PING, 0, 0, b"h2 tests"))
    found = connection.next(lambda f: f.kind == PING)
    return "same" if found and found.flags == ACK and found.payload == b"h2 tests" else str(found)


@case("ping/acknowledgement-is-not-answered", "9113 6.7", frozenset({"asked only"}))
def _(connect):
    connection = connect()
    connection.send(frame(PING, ACK, 0, b"unasked!"), frame(PING, 0, 0, b"asked..."))
    found = connection.next(lambda f: f.kind == PING)
    return "asked only" if found and found.payload == b"asked..." else str(found)


def after_response(name, clause, *data, allowed=GOES_ON):
    """What may still come for a stream that has ended."""

    @case(name, clause, allowed)
    def _(connect):
        connection = connect()
        connection.send(headers(1, GET))
        connection.response(1)
        connection.next(lambda f: f.stream == 1 and f.kind == DATA and f.flags & END_STREAM)
        connection.send(*data)
        return connection.outcome()


after_response("ended/window-update", "9113 5.1", window_update(1, 100))
after_response("ended/priority", "9113 5.1", priority(1))
after_response("ended/reset", "9113 5.1", reset(1))

# --- RFC 7541 -------------------------------------------------------------------------------

# A, C.4: what Huffman's code makes of these.
HUFFMAN = {
    "www.example.com": bytes.fromhex("f1e3c2e5f23a6ba0ab90f4ff"),
    "custom-key": bytes.fromhex("25a849e95ba97d7f"),
    "custom-value": bytes.fromhex("25a849e95bb8e8b4bf"),
}
# A: `:method` GET, `:scheme` http, `:path` /; 1 is the name `:authority`.
INDEXED = b"\x82\x86\x84"


def representation(name, clause, last):
    sent("hpack/" + name, clause, SERVED, headers(1, INDEXED + last))


for _kind, _clause, _bits, _pattern in [
        ("remembered", "7541 6.2.1", 6, 0x40), ("not-remembered", "7541 6.2.2", 4, 0),
        ("never-remembered", "7541 6.2.3", 4, 0x10)]:
    _known, _new = integer(1, _bits, _pattern), integer(0, _bits, _pattern)
    representation(f"{_kind}-known-name", _clause, _known + string("www.example.com"))
    representation(f"{_kind}-known-name-huffman", _clause,
                   _known + huffman(HUFFMAN["www.example.com"]))
    representation(f"{_kind}-new-name", _clause,
                   _new + string("custom-key") + string("custom-value"))
    representation(f"{_kind}-new-name-huffman", _clause,
                   _new + huffman(HUFFMAN["custom-key"]) + huffman(HUFFMAN["custom-value"]))

sent("hpack/indexed", "7541 6.1", SERVED, headers(1, INDEXED))
# 2.3.3: 62 is what was remembered last.
sent("hpack/indexed-of-another-request", "7541 6.1", SERVED,
     headers(1, INDEXED + b"\x40" + string("custom-key") + string("v")),
     headers(3, INDEXED + b"\xbe"), stream=3)
sent("hpack/table-size", "7541 6.3", SERVED, headers(1, integer(0, 5, 0x20) + GET))
sent("hpack/table-sizes", "7541 4.2", SERVED,
     headers(1, integer(0, 5, 0x20) + integer(4096, 5, 0x20) + GET))
