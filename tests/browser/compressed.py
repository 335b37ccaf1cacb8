"""What a browser compresses, taken as it is and given to a server in every manner of arrival.

The browser's sockets end each message with a sync flush (RFC 7692, 7.2.1); its
CompressionStream ends what it made with a final block, which is allowed, too (7.2.3.4). A
message means the same however its bytes are cut into frames and writes.
"""

import base64
import hashlib
import itertools
import os
import socket
import threading
import time
import zlib

SECONDS = 20
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE = 1, 2, 8
FIN, RSV1 = 0x80, 0x40

# Where a payload is cut in two, of a message's bytes.
CUTS = {"behind the first byte": lambda size: 1, "in the middle": lambda size: size // 2,
        "before the last byte": lambda size: size - 1}


class Broken(Exception):
    """What came is not what a WebSocket endpoint sends here."""


class Endpoint:
    """One end of a WebSocket connection over a blocking socket."""

    def __init__(self, connection):
        connection.settimeout(SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        self._stream = connection.makefile("rb")

    def head(self):
        """The first line and the headers, whose names are in lower case."""
        first = self._stream.readline()
        headers = {}
        while line := self._stream.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return first.decode(), headers

    def write(self, data):
        self._connection.sendall(data)

    def frame(self):
        """The next frame: its first byte and its payload, unmasked."""
        first, size = self._read(2)
        mask, size = size & 0x80, size & 0x7F
        if size > 125:
            size = int.from_bytes(self._read(2 if size == 126 else 8), "big")
        key = self._read(4) if mask else bytes(4)
        return first, masked(key, self._read(size))

    def message(self):
        """The next data message: whether it is compressed, and its payload as it came; `None`
        for a Close."""
        compressed, payload = None, b""
        while True:
            first, piece = self.frame()
            if first & 0xF == CLOSE:
                return None
            if first & 0xF > CLOSE:
                continue
            compressed = first & RSV1 > 0 if compressed is None else compressed
            payload += piece
            if first & FIN:
                return compressed, payload

    def _read(self, size):
        data = self._stream.read(size)
        if len(data) < size:
            raise Broken("the connection ended")
        return data

    def close(self):
        self._stream.close()
        self._connection.close()


def masked(key, data):
    keys = (key * (len(data) // 4 + 1))[:len(data)]
    number = int.from_bytes(data, "big") ^ int.from_bytes(keys, "big")
    return number.to_bytes(len(data), "big")


def frame(first, payload, key):
    size = len(payload)
    if size < 126:
        header = bytes([first, 0x80 | size])
    elif size < 1 << 16:
        header = bytes([first, 0xFE]) + size.to_bytes(2, "big")
    else:
        header = bytes([first, 0xFF]) + size.to_bytes(8, "big")
    return header + key + masked(key, payload)


def inflate(payload, context):
    """The message that a payload is, for a receiver with this context (7.2.2)."""
    tail = b"\x00\x00\xff\xff"
    message = context.decompress(payload + tail)
    while context.eof:
        # What follows a final block begins without a window.
        rest, context = context.unused_data, zlib.decompressobj(-15)
        message += context.decompress(rest)
        if not rest:
            break
    return message, context


class Collector:
    """A server that lets a browser compress, and keeps what it sends."""

    def __init__(self, parameters):
        self._parameters = parameters
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self._payloads = []
        self._problem = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"

    def payloads(self):
        """All compressed payloads, once the browser has closed."""
        self._thread.join(SECONDS)
        self._listener.close()
        if self._problem:
            raise Broken(self._problem)
        return self._payloads

    def _serve(self):
        try:
            endpoint = Endpoint(self._listener.accept()[0])
            _, headers = endpoint.head()
            key = headers["sec-websocket-key"].encode()
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
            endpoint.write(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                f"Upgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n"
                f"Sec-WebSocket-Extensions: permessage-deflate{self._parameters}\r\n\r\n".encode())
            while message := endpoint.message():
                compressed, payload = message
                if compressed:
                    self._payloads.append(payload)
            endpoint.write(b"\x88\x00")
            endpoint.close()
        except (OSError, KeyError, Broken) as error:
            self._problem = f"collector: {error!r}"


def manners():
    """Names of the manners in which a message may arrive, and how to write it so."""
    def in_frames(pieces_of):
        def write(endpoint, payload, keys):
            pieces = [piece for piece in pieces_of(payload)]
            for index, piece in enumerate(pieces):
                first = (RSV1 | BINARY if index == 0 else 0)
                first |= FIN if index == len(pieces) - 1 else 0
                endpoint.write(frame(first, piece, next(keys)))
        return write

    def in_writes(cut, pause=0.0005):
        def write(endpoint, payload, keys):
            data = frame(FIN | RSV1 | BINARY, payload, next(keys))
            header = len(data) - len(payload)
            at = [header + place for place in cut(len(payload))]
            for begin, end in zip([0, *at], [*at, len(data)]):
                endpoint.write(data[begin:end])
                time.sleep(pause)
        return write

    yield "whole", in_frames(lambda payload: [payload])
    for name, cut in CUTS.items():
        yield f"in two writes, cut {name}", in_writes(lambda size, cut=cut: [cut(size)])
        yield f"in two frames, cut {name}", in_frames(
            lambda payload, cut=cut: [payload[:cut(len(payload))], payload[cut(len(payload)):]])
    yield "in writes of a byte", in_writes(
        lambda size: range(1, size) if size <= 64 else [1, 2, size - 2, size - 1])
    yield "in frames of a byte", in_frames(
        lambda payload: [payload[at:at + 1] for at in range(len(payload))]
        if len(payload) <= 4096 else [payload[:4000], b"", payload[4000:-1], payload[-1:]])


def replay(port, parameters, payloads, write):
    """Send payloads as compressed messages to an echo at a port. Returns how many came back as
    what they mean."""
    endpoint = Endpoint(socket.create_connection(("127.0.0.1", port), SECONDS))
    endpoint.write(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Extensions: permessage-deflate{parameters}\r\n\r\n".encode())
    status, headers = endpoint.head()
    if " 101 " not in status or "permessage-deflate" not in headers["sec-websocket-extensions"]:
        raise Broken(f"{status} {headers}")
    keys = (os.urandom(4) for _ in itertools.count())
    forgets = "client_no_context_takeover" in parameters
    ours, theirs, same = zlib.decompressobj(-15), zlib.decompressobj(-15), 0
    for payload in payloads:
        expected, ours = inflate(payload, zlib.decompressobj(-15) if forgets else ours)
        write(endpoint, payload, keys)
        answer = endpoint.message()
        if answer is None:
            raise Broken(f"closed instead of message {same}: {payload[:40].hex()}")
        compressed, received = answer
        if compressed:
            received, theirs = inflate(received, theirs)
        same += received == expected
    endpoint.write(frame(FIN | CLOSE, b"\x03\xe8", next(keys)))
    while endpoint.message():
        pass
    endpoint.close()
    return same
