"""Frames of HTTP/2 as bytes, right and wrong, and a connection that tells what comes of them.

Nothing is checked on the way out, and no library is between: what must not be sent can be sent.
"""

import dataclasses
import select
import socket
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

# RFC 9113, 6.
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, \
    CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 0x1, 0x1, 0x4, 0x8, 0x20
# 6.5.2, and RFC 8441, 3.
TABLE_SIZE, ENABLE_PUSH, MAX_STREAMS, WINDOW, MAX_FRAME, MAX_LIST = range(1, 7)
CONNECT_PROTOCOL = 8
# 7.
CODES = [
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
    "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
    "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"]
# RFC 7541, A: the statuses that have an index.
STATUSES = {8: "200", 9: "204", 10: "206", 11: "304", 12: "400", 13: "404", 14: "500"}

# How long a server may take for anything, and how long it is listened to once it has answered
# a ping: what it does with a frame it does at once.
PATIENCE, AFTERTHOUGHT = 5, 0.15


def frame(kind, flags, stream, payload=b"", length=None, reserved=0):
    """A frame. `length` is what it says if that is not so."""
    length = len(payload) if length is None else length
    return struct.pack(">I", length << 8 | kind) + struct.pack(
        ">BI", flags, reserved << 31 | stream) + payload


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def headers(stream, block, flags=END_HEADERS | END_STREAM):
    return frame(HEADERS, flags, stream, block)


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def reset(stream, code=8):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def priority(stream, depends_on=0, weight=15):
    return frame(PRIORITY, 0, stream, struct.pack(">IB", depends_on, weight))


def integer(value, bits, pattern=0):
    """RFC 7541, 5.1: an integer with a prefix of some bits."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes([pattern | value])
    encoded, value = [pattern | limit], value - limit
    while value >= 128:
        encoded.append(128 | value % 128)
        value //= 128
    return bytes([*encoded, value])


def string(value):
    """5.2: a string as it is."""
    value = value if isinstance(value, bytes) else value.encode()
    return integer(len(value), 7) + value


def huffman(code):
    """5.2: a string that is said to be encoded by Huffman's code."""
    return integer(len(code), 7, 0x80) + code


def field(name, value):
    """6.2.2: a literal field that is not to be remembered."""
    return b"\0" + string(name) + string(value)


def fields(*pairs):
    return b"".join(field(name, value) for name, value in pairs)


def request(method="GET", path="/", scheme="http", authority="127.0.0.1", more=(), **pseudo):
    """The block of a request. A pseudo-header field that is None is left out."""
    named = {"method": method, "scheme": scheme, "path": path, "authority": authority, **pseudo}
    return fields(*((":" + name, value) for name, value in named.items() if value is not None),
                  *more)


@dataclasses.dataclass
class Received:
    kind: int
    flags: int
    stream: int
    payload: bytes

    def code(self):
        number = struct.unpack(">I", self.payload[-4:] if self.kind == RST_STREAM
                               else self.payload[4:8])[0]
        return CODES[number] if number < len(CODES) else hex(number)

    def status(self):
        """The status of a response: in a server's block it is the first field."""
        block = self.payload
        while block and block[0] & 0xe0 == 0x20:  # 6.3: a table's new size.
            block = block[1:] if block[0] & 0x1f < 0x1f else block[2:]
        first = block[0] if block else 0
        # Another status is a literal whose name has the index of one of these.
        return STATUSES.get(first & 0x7f, "3xx") if first & 0x80 else "other status"


class Connection:
    """A connection that has exchanged settings, unless it is told to be silent."""

    def __init__(self, port, *pairs, opening=None):
        self.settings = {}
        self.frames = []
        self._buffer = b""
        self._closed = False
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if opening is not None:
            self.send(opening)
            return
        self.send(PREFACE + settings(*pairs))
        if self.next(lambda f: f.kind == SETTINGS and not f.flags & ACK):
            self.send(frame(SETTINGS, ACK, 0))
            self.next(lambda f: f.kind == SETTINGS and f.flags & ACK)

    def close(self):
        self._socket.close()

    def send(self, *data):
        try:
            self._socket.sendall(b"".join(data))
        except OSError:
            # What the server said before is still to be read.
            pass

    def next(self, wanted, seconds=PATIENCE):
        """The next frame of a kind, or None if the connection ends or nothing more comes."""
        deadline = time.monotonic() + seconds
        while (received := self._read(deadline)) is not None:
            if wanted(received):
                return received
        return None

    def response(self, stream):
        """Wait for what comes of a request: a status, or how it failed."""
        found = self.next(lambda f: f.kind == GOAWAY or f.stream == stream
                          and f.kind in (HEADERS, RST_STREAM))
        return self._named(found) if found else self._silence()

    def outcome(self, stream=None):
        """What became of all that was sent: an error, else a response on the stream, else
        whether a ping is answered."""
        self.send(frame(PING, 0, 0, b"outcome?"))
        deadline, answered, response = time.monotonic() + PATIENCE, False, None
        while (received := self._read(deadline)) is not None:
            if received.kind == PING and received.payload == b"outcome?":
                answered, deadline = True, time.monotonic() + AFTERTHOUGHT
            elif received.kind == GOAWAY and received.code() != "NO_ERROR":
                return self._named(received)
            elif received.stream == stream and received.kind == HEADERS:
                response = received.status()
            # 8.1: a server that has answered a request may want no more of it.
            elif (received.stream == stream and received.kind == RST_STREAM
                    and not (response and received.code() == "NO_ERROR")):
                return self._named(received)
        return response or ("goes on" if answered and not self._closed else self._silence())

    def _named(self, received):
        if received.kind == HEADERS:
            return received.status()
        if received.kind == RST_STREAM:
            return "RST_STREAM " + received.code()
        # 5.4.1: after it the connection must be closed.
        self.next(lambda _: False)
        return f"GOAWAY {received.code()}" + ("" if self._closed else ", and stays open")

    def _silence(self):
        return "closed" if self._closed else "silence"

    def _read(self, deadline):
        """The next frame, or None at the end or the deadline."""
        while not self._has_frame():
            left = deadline - time.monotonic()
            if self._closed or left <= 0 or not select.select([self._socket], [], [], left)[0]:
                return None
            try:
                data = self._socket.recv(1 << 16)
            except OSError:
                data = b""
            self._closed = not data
            self._buffer += data
        end = 9 + self._length()
        kind, flags, stream = struct.unpack(">BBI", self._buffer[3:9])
        received = Received(kind, flags, stream & 0x7fffffff, self._buffer[9:end])
        self._buffer = self._buffer[end:]
        if kind == SETTINGS and not flags & ACK:
            pairs = struct.iter_unpack(">HI", received.payload)
            self.settings.update(pairs)
        return received

    def _length(self):
        return int.from_bytes(self._buffer[:3], "big")

    def _has_frame(self):
        return len(self._buffer) >= 9 and len(self._buffer) >= 9 + self._length()
