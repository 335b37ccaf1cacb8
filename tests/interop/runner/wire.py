"""The wire: a proxy that sees what goes over it, and what there should be."""

import contextlib
import re
import socket
import threading

from .messages import KINDS

# The most bytes on the wire for one of payload that is sent as it is, with its headers, pings
# and pongs.
MOST_PLAIN = 1.001


def deflate(*parameters):
    """The value of Sec-WebSocket-Extensions with these parameters."""
    return "; ".join(["permessage-deflate", *parameters])


class Flow:
    """What went in one direction: the header fields, and the number of bytes after them."""

    def __init__(self):
        self.head = b""
        self.bytes = 0

    def count(self, data):
        if b"\r\n\r\n" in self.head:
            self.bytes += len(data)
            return
        head, end, rest = (self.head + data).partition(b"\r\n\r\n")
        self.head = head + end
        self.bytes += len(rest)

    def extensions(self):
        """The value of Sec-WebSocket-Extensions, None if there is none."""
        values = re.findall(rb"(?im)^sec-websocket-extensions:[ \t]*(.*?)\r$", self.head)
        return b", ".join(values).decode() if values else None


class Proxy:
    """A port that passes one connection on to a server, and counts its bytes."""

    def __init__(self, port):
        self.from_client, self.from_server = Flow(), Flow()
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def port(self):
        return self._listener.getsockname()[1]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        # Also where nobody came.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self):
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        with client, socket.create_connection(self._server) as server:
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            other = threading.Thread(
                target=pump, args=(client, server, self.from_client), daemon=True)
            other.start()
            pump(server, client, self.from_server)
            other.join()


def pump(source, sink, flow):
    """Pass bytes on until one end is gone."""
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 18):
            flow.count(data)
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def size_objections(name, flows, plan, is_compressed):
    """What is wrong with the numbers of bytes on a connection."""
    if is_compressed:
        least, most = 0, KINDS[name].most
    else:
        least, most = 1, MOST_PLAIN
    return [
        f"{name}: {flow.bytes} bytes from the {who} for {plan.bytes}"
        for flow, who in zip(flows, ("client", "server"), strict=True)
        if not least * plan.bytes <= flow.bytes <= most * plan.bytes]
