"""Header blocks that do not decode (RFC 7541), and requests that are malformed (RFC 9113, 8)."""

from http2.case import ANSWERED, MALFORMED, connection_error, sent
from http2.wire import (
    DATA, END_HEADERS, END_STREAM, WINDOW, field, fields, frame, headers, huffman, integer, request,
    settings, string)

GET = request()
# 4.3: what both remember is lost, so it is the connection that ends.
COMPRESSION = connection_error("COMPRESSION_ERROR")


def undecodable(name, clause, block):
    sent("hpack-error/" + name, clause, COMPRESSION, headers(1, block))


undecodable("index-0", "7541 6.1", b"\x80" + GET)
# 62 is the first of what was remembered, which is nothing.
undecodable("index-62", "7541 2.3.3", integer(62, 7, 0x80) + GET)
undecodable("name-of-index-70", "7541 2.3.3", GET + integer(70, 6, 0x40) + string("x"))
undecodable("table-larger-than-allowed", "7541 6.3", integer(4097, 5, 0x20) + GET)
undecodable("table-size-at-the-end", "7541 4.2", GET + integer(100, 5, 0x20))
undecodable("table-size-in-the-middle", "7541 4.2",
            fields((":method", "GET")) + integer(100, 5, 0x20) + GET)
# 5.2: 'a8eb10649cbf' is no-cache; '0f' is 1, padded by ones, '08' the same by zeros.
CACHE = integer(24, 4)  # cache-control
undecodable("huffman-padded-by-a-byte", "7541 5.2",
            GET + CACHE + huffman(bytes.fromhex("a8eb10649cbfff")))
undecodable("huffman-padded-by-zeros", "7541 5.2", GET + CACHE + huffman(b"\x08"))
undecodable("huffman-with-the-end-of-strings", "7541 5.2", GET + CACHE + huffman(b"\xff" * 4))
undecodable("integer-without-end", "7541 5.1", b"\xff" + b"\x80" * 12 + b"\1" + GET)
undecodable("integer-cut", "7541 5.1", GET + b"\xff\x80")
undecodable("string-longer-than-the-block", "7541 5.2", GET + b"\0\x7fxx")
undecodable("name-without-a-value", "9113 4.3", GET + b"\0" + string("x"))


def malformed(name, clause, *arguments, allowed=MALFORMED, **pseudo):
    sent("malformed/" + name, clause, allowed, headers(1, request(*arguments, **pseudo)))


def with_field(name, clause, *pair, allowed=MALFORMED):
    malformed(name, clause, more=[pair], allowed=allowed)


# --- 8.2: names and values --------------------------------------------------------------------

with_field("name-in-capitals", "9113 8.2.1", "X-Test", "ok")
with_field("name-with-a-space", "9113 8.2.1", "x test", "ok")
with_field("name-with-a-colon", "9113 8.2.1", "x:test", "ok")
with_field("name-beyond-ascii", "9113 8.2.1", b"x-\xff", "ok")
with_field("name-empty", "9113 8.2.1", "", "ok")
with_field("value-with-cr", "9113 8.2.1", "x-test", "a\rb")
with_field("value-with-lf", "9113 8.2.1", "x-test", "a\nb")
with_field("value-with-nul", "9113 8.2.1", "x-test", b"a\0b")
with_field("value-begins-with-a-space", "9113 8.2.1", "x-test", " a")
with_field("value-ends-with-a-tab", "9113 8.2.1", "x-test", "a\t")

# --- 8.2.2: fields of a connection --------------------------------------------------------------

with_field("connection", "9113 8.2.2", "connection", "keep-alive")
with_field("proxy-connection", "9113 8.2.2", "proxy-connection", "keep-alive")
with_field("keep-alive", "9113 8.2.2", "keep-alive", "timeout=5")
with_field("transfer-encoding", "9113 8.2.2", "transfer-encoding", "chunked")
with_field("upgrade", "9113 8.2.2", "upgrade", "websocket")
with_field("te-but-trailers", "9113 8.2.2", "te", "gzip")

# --- 8.3: pseudo-header fields --------------------------------------------------------------------

malformed("pseudo-unknown", "9113 8.3", test="ok")
malformed("pseudo-of-a-response", "9113 8.3", status="200")
malformed("path-empty", "9113 8.3.1", path="")
malformed("path-not-absolute", "9113 8.3.1", path="page")
malformed("method-empty", "9113 8.3.1", method="")
for _name in ("method", "scheme", "path"):
    malformed(f"{_name}-missing", "9113 8.3.1", **{_name: None})
    sent(f"malformed/{_name}-twice", "9113 8.3.1", MALFORMED, headers(
        1, fields((":" + _name, {"method": "GET", "scheme": "http", "path": "/"}[_name])) + GET))
sent("malformed/pseudo-after-others", "9113 8.3", MALFORMED,
     headers(1, fields((":method", "GET"), (":scheme", "http"), ("x-test", "ok"), (":path", "/"))))
# The page has no room, so that the stream is still open.
sent("malformed/pseudo-in-trailers", "9113 8.1", MALFORMED,
     settings((WINDOW, 0)), headers(1, request("POST"), END_HEADERS), frame(DATA, 0, 1, b"test"),
     headers(1, field(":method", "GET")))
malformed("authority-with-userinfo", "9113 8.3.1", authority="me@127.0.0.1")
# 8.5: a plain CONNECT has neither.
malformed("connect-with-a-path", "9113 8.5", "CONNECT")
sent("connect/plain", "9113 8.5", ANSWERED,
     headers(1, request("CONNECT", None, None, "127.0.0.1:80"), END_HEADERS))

# --- 8.1.1: lengths ---------------------------------------------------------------------------------

LONGER, SHORTER = ([("content-length", length)] for length in ("5", "3"))
sent("malformed/content-longer-than-said", "9113 8.1.1", MALFORMED,
     headers(1, request("POST", more=SHORTER), END_HEADERS), frame(DATA, END_STREAM, 1, b"test"))
sent("malformed/content-shorter-than-said", "9113 8.1.1", MALFORMED,
     headers(1, request("POST", more=LONGER), END_HEADERS), frame(DATA, END_STREAM, 1, b"test"))
sent("malformed/content-in-pieces-longer-than-said", "9113 8.1.1", MALFORMED,
     headers(1, request("POST", more=SHORTER), END_HEADERS),
     frame(DATA, 0, 1, b"te"), frame(DATA, END_STREAM, 1, b"st"))
sent("malformed/no-content-where-some-was-said", "9113 8.1.1", MALFORMED,
     headers(1, request("POST", more=LONGER)))
