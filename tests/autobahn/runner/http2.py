"""HTTP/2 between the suite, which speaks HTTP/1.1 only, and the server under test.

    wstest --HTTP/1.1--> HAProxy --HTTP/2--> recorder --HTTP/2--> the example

HAProxy makes an extended CONNECT (RFC 8441) of each request for an upgrade. The example
understands HTTP/1.1, too, so the recorder keeps what proves that it was HTTP/2.
"""

import contextlib
import os
import shutil
import socket
import threading
import urllib.parse

from .common import (
    CannotRun, attempt, died_lines, free_port, running, say, shown, wait_until_accepting)

# No timeout may end a socket: wstest and the example know when it ends.
CONFIGURATION = """\
defaults
    mode http
    log stdout format raw local0
    option httplog
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h

frontend http1
    bind 127.0.0.1:{front}
    default_backend http2

backend http2
    # Cases share a connection. Where one ends, only its stream does.
    http-reuse always
    server echo 127.0.0.1:{back} proto h2
"""


def find_haproxy():
    """Return the path of HAProxy."""
    # Debian has it where only root looks.
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
    haproxy = shutil.which("haproxy", path=places)
    if not haproxy:
        raise CannotRun("no haproxy on PATH or in /usr/sbin; install the package haproxy")
    succeeded, output = attempt([haproxy, "-v"])
    if not succeeded:
        raise CannotRun("`{} -v` failed: {}".format(haproxy, output))
    say("autobahn: using {}, {}".format(haproxy, output.splitlines()[0]))
    return haproxy


@contextlib.contextmanager
def over_http2(server, files):
    """Put HAProxy before a server of this machine. Yield what the server does."""
    haproxy = find_haproxy()
    front = free_port()
    configuration = files.directory / "haproxy.cfg"
    with server as (url, server_complaints):
        parts = urllib.parse.urlsplit(url)
        with Recorder(parts.port) as recorder:
            configuration.write_text(
                CONFIGURATION.format(front=front, back=recorder.port), encoding="utf-8")
            command = [haproxy, "-db", "-f", configuration]
            with running(command, files.proxy_log) as process:
                wait_until_accepting("127.0.0.1", front, process, files.proxy_log)
                say("autobahn: HTTP/2 by {}, log in {}".format(
                    shown(configuration), shown(files.proxy_log)))
                yield "ws://127.0.0.1:{}{}".format(front, parts.path), lambda cases: (
                    server_complaints(cases) + recorder.complaints(cases)
                    + died_lines("HAProxy", process, files.proxy_log))
                say("autobahn: " + recorder.summary())


class Recorder:
    """A port that passes connections on to a server of HTTP/2, and notes what is asked there."""

    def __init__(self, port):
        self._connections = []  # What goes to the server on each, and what comes back.
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        # A mere close would not wake the thread that accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def complaints(self, sockets):
        """Return what speaks against that many WebSockets, all over HTTP/2, all ended in order.

        RFC 8441, section 5: what ends in order has END_STREAM, what does not RST_STREAM.
        """
        requests = [request for there, _ in self._connections for request in there.headers]
        resets = sum(back.resets for _, back in self._connections)
        lines = ["a connection did not begin as HTTP/2 does"
                 for there, _ in self._connections if there.is_strange]
        lines += ["not an extended CONNECT: {!r}".format(request)
                  for request in requests if not is_extended_connect(request)]
        if len(requests) != sockets:
            lines.append("{} requests over HTTP/2 instead of {}".format(len(requests), sockets))
        if resets:
            lines.append("the server reset {} streams".format(resets))
        return lines

    def summary(self):
        counts = [len(there.headers) for there, _ in self._connections if there.headers]
        return "{} extended CONNECTs on {} connections of HTTP/2".format(
            sum(counts), len(counts))

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                there, back = Frames(PREFACE), Frames()
                self._connections.append((there, back))
                for source, target, frames in ((client, server, there), (server, client, back)):
                    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    threading.Thread(
                        target=pass_on, args=(source, target, frames), daemon=True).start()


def pass_on(source, target, frames):
    """Pass bytes on to the end, and the end, too."""
    with contextlib.suppress(OSError):
        while True:
            data = source.recv(1 << 16)
            if not data:
                break
            frames.note(data)
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


# RFC 9113, sections 3.4, 4.1, 6.2 and 6.4.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEADER = 9
HEADERS, RST_STREAM = 1, 3


class Frames:
    """The frames of one direction of a connection."""

    def __init__(self, preface=b""):
        self.headers = []  # The payload of each HEADERS.
        self.resets = 0
        self.is_strange = False
        self._preface = preface
        self._rest = b""

    def note(self, data):
        self._rest += data
        if self._preface:
            self.is_strange = not self._preface.startswith(self._rest[:len(self._preface)])
            if self.is_strange or len(self._rest) < len(self._preface):
                return
            self._rest = self._rest[len(self._preface):]
            self._preface = b""
        while len(self._rest) >= FRAME_HEADER:
            end = FRAME_HEADER + int.from_bytes(self._rest[:3], "big")
            if len(self._rest) < end:
                return
            self._note_frame(self._rest[3], self._rest[FRAME_HEADER:end])
            self._rest = self._rest[end:]

    def _note_frame(self, kind, payload):
        if kind == HEADERS:
            self.headers.append(payload)
        elif kind == RST_STREAM:
            self.resets += 1


def is_extended_connect(request):
    """Whether a block of header fields has the pseudo-fields of RFC 8441, section 4.

    HAProxy writes them as they are. Another proxy may not, and would be complained about.
    """
    return all(field in request for field in (b"CONNECT", b":protocol", b"websocket"))
