"""A client of WebSockets over HTTP/2, made of Python's `h2` and nothing else of ours.

Everything runs in one thread: a connection reads what has come, and answers it, whenever
somebody waits for something. `h2` raises an error at whatever HTTP/2 forbids the server.
"""

import collections
import contextlib
import os
import select
import socket
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FIN = 0x80
MASKED = 0x80

# What the server may send on all streams together: tests are about the windows of streams.
CONNECTION_WINDOW = 1 << 28

PATIENCE = 20


class Difference(Exception):
    """Something is not as expected."""


def require(condition, *otherwise):
    if not condition:
        raise Difference(" ".join(map(str, otherwise)))


VERSION = ("sec-websocket-version", "13")

Frame = collections.namedtuple("Frame", "opcode payload is_final is_compressed")


class Connection:
    """A connection of HTTP/2. `window` is what the server may send on a stream unread."""

    def __init__(self, port, window=65535):
        # Some tests send what must not be sent.
        config = h2.config.H2Configuration(
            validate_outbound_headers=False, normalize_outbound_headers=False,
            header_encoding="utf-8")
        self.h2 = h2.connection.H2Connection(config)
        self.streams = {}
        self.is_gone = False
        self.goaway = None  # The code of a GOAWAY.
        self._authority = f"127.0.0.1:{port}"
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self.h2.local_settings = h2.settings.Settings(client=True, initial_values={
            h2.settings.SettingCodes.ENABLE_PUSH: 0,
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(CONNECTION_WINDOW)
        self.allows_connect = False
        self.wait(lambda: self.allows_connect, "SETTINGS_ENABLE_CONNECT_PROTOCOL")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def cut(self):
        """End without a word."""
        self._socket.close()

    def goes_away(self):
        """Send GOAWAY with NO_ERROR. h2 itself sends nothing behind one, but we do."""
        self.flush()
        self._output(b"\0\0\x08\x07\0\0\0\0\0" + b"\0" * 8)

    def handshake(self, query="", **pseudo):
        """The fields of an extended CONNECT, as they should be. None leaves one out."""
        fields = {
            "method": "CONNECT", "protocol": "websocket", "scheme": "http",
            "path": "/ws" + (query and "?" + query), "authority": self._authority,
        } | pseudo
        return [(":" + name, value) for name, value in fields.items() if value is not None]

    def request(self, fields, ends=False, reads=True):
        """Send a request. Return its stream."""
        number = self.h2.get_next_available_stream_id()
        stream = self.streams[number] = Stream(self, number, reads)
        self.h2.send_headers(number, fields, end_stream=ends)
        self.flush()
        return stream

    def ask(self, fields, **options):
        """Send a request, and wait for what comes of it: a response or a reset."""
        stream = self.request(fields, **options)
        self.wait(lambda: stream.status or stream.has_ended, "a response")
        return stream

    def open(self, query="", *fields, reads=True):
        """Open a WebSocket. If nobody `reads` it, its window stays as it is."""
        stream = self.ask([*self.handshake(query), VERSION, *fields], reads=reads)
        require(stream.status == "200", "a handshake was answered with", stream)
        return stream

    def wait(self, condition, what, seconds=PATIENCE):
        """Read until a condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            require(not self.is_gone, "the connection ended before", what)
            left = deadline - time.monotonic()
            require(left > 0, f"{what} did not come within {seconds} s")
            self.flush(left)

    def read_for(self, seconds):
        """Read, whatever comes."""
        deadline = time.monotonic() + seconds
        while not self.is_gone and time.monotonic() < deadline:
            self.flush(deadline - time.monotonic())

    def flush(self, seconds=0):
        """Send what is to be sent, and read what comes meanwhile or else within the seconds."""
        has_read = self._output(self.h2.data_to_send())
        if has_read or self.is_gone:
            return
        if select.select([self._socket], [], [], seconds)[0]:
            self._input()
            self._output(self.h2.data_to_send())

    def _output(self, data):
        """Send. Return whether something was read meanwhile."""
        data = memoryview(data)
        has_read = False
        while data and not self.is_gone:
            # Who only writes may wait for a peer who does the same.
            readable, writable, _ = select.select([self._socket], [self._socket], [], PATIENCE)
            require(readable or writable, "the server does not read its connection")
            if readable:
                self._input()
                has_read = True
            if writable:
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    data = data[self._socket.send(data):]
        return has_read

    def _input(self):
        try:
            data = self._socket.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        self.is_gone = not data
        for event in self.h2.receive_data(data):
            self._handle(event)

    def _handle(self, event):
        if isinstance(event, h2.events.RemoteSettingsChanged):
            setting = h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL
            self.allows_connect |= self.h2.remote_settings.get(setting) == 1
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.error_code
        elif getattr(event, "stream_id", None) in self.streams:
            self.streams[event.stream_id].handle(event)


class Stream:
    """A stream, which may be that of a WebSocket."""

    def __init__(self, connection, number, reads):
        self.connection = connection
        self.number = number
        self.fields = []  # Of the response.
        self.data = bytearray()  # What was not taken yet.
        self.received = 0
        self.reads = reads  # Whether its window is kept open.
        self.is_ended = False  # END_STREAM.
        self.reset = None  # The code of RST_STREAM.

    def __str__(self):
        ending = "END_STREAM" if self.is_ended else "an open stream"
        return f"{self.fields}, " + (ending if self.reset is None else f"RST_STREAM {self.reset}")

    @property
    def status(self):
        return dict(self.fields).get(":status")

    @property
    def has_ended(self):
        return self.is_ended or self.reset is not None

    def handle(self, event):
        if isinstance(event, h2.events.ResponseReceived):
            self.fields = event.headers
        elif isinstance(event, h2.events.DataReceived):
            self.data += event.data
            self.received += event.flow_controlled_length
            if self.reads and event.stream_ended is None:
                self.grant(event.flow_controlled_length)
        elif isinstance(event, h2.events.StreamEnded):
            self.is_ended = True
        elif isinstance(event, h2.events.StreamReset):
            self.reset = event.error_code

    def grant(self, size):
        """Open the window, which h2 may do later otherwise. The connection's is large enough."""
        if size:
            self.connection.h2.increment_flow_control_window(size, self.number)

    # --- Sending ---

    def window(self):
        return self.connection.h2.local_flow_control_window(self.number)

    def send_data(self, data, piece=16384, padding=None, patience=PATIENCE):
        """Send bytes in DATA frames of this size at most. Return how many could be sent."""
        sent = 0
        overhead = 0 if padding is None else padding + 1
        while sent < len(data):
            if self.has_ended or self.connection.is_gone:
                return sent
            room = self.window() - overhead
            if room <= 0:
                try:
                    self.connection.wait(
                        lambda: self.window() > overhead or self.has_ended, "a window", patience)
                except Difference:
                    return sent
                continue
            part = data[sent:sent + min(room, piece)]
            self.connection.h2.send_data(self.number, part, pad_length=padding)
            sent += len(part)
            self.connection.flush()
        return sent

    def send(self, opcode, payload=b"", **options):
        """Send a whole message."""
        return self.send_data(frame(opcode | FIN, payload), **options)

    def send_text(self, text):
        self.send(TEXT, text.encode())

    def end(self):
        """END_STREAM."""
        self.connection.h2.end_stream(self.number)
        self.connection.flush()

    def cancel(self, code=8):
        """RST_STREAM, by default CANCEL."""
        self.connection.h2.reset_stream(self.number, code)
        self.connection.flush()
        del self.connection.streams[self.number]

    # --- Receiving ---

    def next(self, seconds=PATIENCE):
        """Wait for a frame."""
        frames = []

        def has_come():
            frames.extend(filter(None, [self._take_frame()]))
            return frames or self.has_ended

        self.connection.wait(has_come, "a frame", seconds)
        require(frames, "the stream ended before a frame:", self)
        return frames[0]

    def _take_frame(self):
        if len(self.data) < 2:
            return None
        first, length = self.data[:2]
        require(not length & MASKED, "the server masks")
        start = {126: 4, 127: 10}.get(length, 2)
        if len(self.data) < start:
            return None
        if start > 2:
            length = int.from_bytes(self.data[2:start], "big")
        if len(self.data) < start + length:
            return None
        payload = bytes(self.data[start:start + length])
        del self.data[:start + length]
        return Frame(first & 15, payload, bool(first & FIN), bool(first & 0x40))

    def message(self):
        """Wait for a message, whole or in fragments. Return its opcode and payload."""
        parts = [self.next()]
        while not parts[-1].is_final:
            parts.append(self.next())
        return parts[0].opcode, b"".join(part.payload for part in parts)

    def expect(self, opcode, payload=b""):
        """Wait for this message."""
        found = self.message()
        require(found == (opcode, payload), "received", shorten(found), "instead of",
                shorten((opcode, payload)))

    def expect_echo(self, opcode, payload, **options):
        self.send(opcode, payload, **options)
        self.expect(opcode, payload)

    def expect_end(self):
        """Wait for END_STREAM, with nothing before it."""
        self.connection.wait(lambda: self.has_ended, "END_STREAM")
        require(self.is_ended and self.reset is None, "no END_STREAM but", self)
        require(not self.data, "bytes behind the last frame:", bytes(self.data[:20]))

    def expect_no_reset(self, seconds=0.05):
        """RST_STREAM would come at once."""
        self.connection.read_for(seconds)
        require(self.reset is None, "the stream was reset:", self)

    def close(self, code=1000, reason=b""):
        """Close with a code, and end the stream in order: RFC 8441, section 5."""
        body = code.to_bytes(2, "big")
        self.send(CLOSE, body + reason)
        self.expect(CLOSE, body)
        self.expect_end()
        self.end()
        self.expect_no_reset()

    def expect_close(self, code):
        """Wait for a Close of the server's, answer it, and end the stream in order."""
        found = self.message()
        require(found[0] == CLOSE and found[1][:2] == code.to_bytes(2, "big"),
                "received", shorten(found), f"instead of a Close with {code}")
        self.send(CLOSE, found[1][:2])
        self.end()
        self.expect_end()
        self.expect_no_reset()


def shorten(thing):
    text = repr(thing)
    return text if len(text) < 100 else text[:100] + "..."


def frame(first, payload):
    """A client's frame, by its first byte."""
    length = len(payload)
    if length < 126:
        head = bytes([first, MASKED | length])
    elif length < 1 << 16:
        head = bytes([first, MASKED | 126]) + length.to_bytes(2, "big")
    else:
        head = bytes([first, MASKED | 127]) + length.to_bytes(8, "big")
    key = os.urandom(4)
    pad = (key * (length // 4 + 1))[:length]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
    return head + key + masked.to_bytes(length, "big")
