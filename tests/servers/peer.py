"""A client that behaves badly, and well where it must."""

import contextlib
import os
import socket
import ssl
import statistics
import time

# What the kernel or a proxy in between may add to any wait.
PATIENCE = 10

GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
UPGRADE = (b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
# RFC 9113, 6.2: a field block that goes on, since END_HEADERS is not set.
HALF_HEADERS = bytes([0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82])

# How a client may begin and not go on.
HALVES = {
    "nothing": b"",
    "a letter that both versions begin with": PREFACE[:1],
    "half a preface of HTTP/2": PREFACE[:16],
    "a preface of HTTP/2": PREFACE + SETTINGS,
    "half a request of HTTP/2": PREFACE + SETTINGS + HALF_HEADERS,
    "a request line": GET[:16],
    "half a header": UPGRADE[:70],
    "a request and half a request": GET + GET[:20],
    "a request without its body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
    "a header byte by byte": GET[:-2] + b"X: ",
}
# And below TLS.
HALF_HELLO = bytes([0x16, 3, 1, 2, 0, 1])


def dial(port, tls=False, protocols=("http/1.1",)):
    """Open a connection."""
    stream = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls:
        context = ssl._create_unverified_context()
        context.set_alpn_protocols(protocols)
        stream = context.wrap_socket(stream, suppress_ragged_eofs=True)
    return stream


def read_until(stream, end):
    """Read to this end, and return all that came."""
    data = b""
    while not data.endswith(end):
        more = stream.recv(1 << 16)
        if not more:
            raise ConnectionError(f"ended after {data!r}")
        data += more
    return data


def upgraded(port, tls=False):
    """Open a WebSocket."""
    stream = dial(port, tls)
    stream.sendall(UPGRADE)
    head = b""
    while b"\r\n\r\n" not in head:
        head += read_until(stream, b"\n")
    if not head.startswith(b"HTTP/1.1 101 "):
        raise ConnectionError(f"answered with {head!r}")
    return stream


def echo(stream):
    """Send a message on a WebSocket and receive it."""
    # A text of two bytes, masked with zeros.
    stream.sendall(b"\x81\x82\0\0\0\0hi")
    # The TLS example says something first.
    read_until(stream, b"\x81\x02hi")


def second_push(port, tls, rounds=9):
    """How long the second of two pushes takes, in the median, in seconds.

    The server answers two requests that come at once, each with a write. With Nagle's algorithm
    the second waits until this side acknowledges the first, which it delays.
    """
    seconds = []
    for _ in range(rounds):
        with dial(port, tls) as stream:
            # A first exchange, so that the handshakes are over. They also hurry acknowledgements.
            stream.sendall(GET)
            size = len(stream.recv(1 << 16))
            with contextlib.suppress(AttributeError):
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
            start = time.monotonic()
            stream.sendall(GET + GET)
            missing = 2 * size
            while missing > 0:
                missing -= len(stream.recv(missing))
            seconds.append(time.monotonic() - start)
    return statistics.median(seconds)


def time_to_end(stream, beginning, patience):
    """How long the server keeps a connection on which no more than a beginning comes.

    None if it is still there when the patience ends.
    """
    start = time.monotonic()
    with stream:
        try:
            stream.sendall(beginning)
            stream.settimeout(2)
            while time.monotonic() < start + patience:
                try:
                    if not stream.recv(1 << 16):
                        return time.monotonic() - start
                except TimeoutError:
                    if beginning == HALVES["a header byte by byte"]:
                        stream.sendall(b"x")
        except OSError:
            return time.monotonic() - start
    return None


def open_files(pid):
    """How many files a process has open, or None where the system does not tell."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except FileNotFoundError:
        return None
