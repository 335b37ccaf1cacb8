"""Rooms of the example production: who is in one, and one who stops reading."""

import contextlib
import re
import socket
import time

from peer import UPGRADE

PATIENCE = 20
TEXT, BINARY, CLOSE = 0x81, 0x82, 0x88

# What is published while one does not read: far more than the kernel keeps for it, and than the
# room does, which is 1 MiB.
COUNT, STEP, SIZE = 1000, 20, 32 << 10
KEPT = (1 << 20) // SIZE
# For what the others and the allocator hold.
MOST_MEMORY = 12 << 20
# Subscribers that were closed, in the metrics.
TOO_SLOW = 'websocket_topic_too_slow_total{topic="rooms"}'


class Member:
    """A socket in a room. One that is wedged has small buffers, and does not read at first."""

    def __init__(self, port, path, is_wedged=False):
        stream = socket.socket()
        if is_wedged:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream.settimeout(PATIENCE)
        stream.connect(("127.0.0.1", port))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.sendall(UPGRADE.replace(b"/ws", path.encode()))
        self.stream, self.reader = stream, stream.makefile("rb")
        self.status = int(self.reader.readline().split()[1])
        while self.reader.readline().strip():
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reader.close()
        self.stream.close()

    def send(self, first, payload):
        """Send a frame, masked with zeros."""
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self.stream.sendall(bytes([first]) + length + bytes(4) + payload)

    def receive(self):
        """The next frame: its first byte and its payload."""
        first, size = self.exactly(2)
        if size > 125:
            size = int.from_bytes(self.exactly(2 if size == 126 else 8), "big")
        return first, self.exactly(size)

    def exactly(self, size):
        data = self.reader.read(size)
        if len(data) < size:
            raise ConnectionError(f"ended after {len(data)} of {size} bytes")
        return data


def numbered(number):
    return number.to_bytes(4, "big") * (SIZE // 4)


def publish(sender, others, numbers):
    """Publish messages, each once all of these have the one before."""
    for number in numbers:
        payload = numbered(number)
        sender.send(BINARY, payload)
        for member in (sender, *others):
            if member.receive() != (BINARY, payload):
                raise ConnectionError(f"message {number} is another")


def catch_up(member, last):
    """Read until this number or a Close. Return the numbers, and the Close's payload if it came."""
    numbers = []
    while not numbers or numbers[-1] != last:
        first, payload = member.receive()
        if first == CLOSE:
            return numbers, payload
        number = int.from_bytes(payload[:4], "big")
        if (first, payload) != (BINARY, numbered(number)):
            raise ConnectionError(f"message {number} is damaged")
        numbers.append(number)
    return numbers, None


def memory(process):
    """Bytes that a process has in memory."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) << 10


def run(lag, server, expect):
    """A room with a policy. Return what was seen."""
    path = f"/rooms/of-{lag}?lag={lag}"
    with contextlib.ExitStack() as stack:
        members = []
        for first, payload, is_wedged in (
                (TEXT, b"hi", False), (BINARY, b"\0\xff", False), (TEXT, b"", True)):
            sender = stack.enter_context(Member(server.port, path, is_wedged))
            members.append(sender)
            # Who has this from the room is in it, which the handshake does not say.
            sender.send(first, payload)
            for member in members:
                found = member.receive()
                expect(found == (first, payload), f"{lag}: {found} of {payload}")
        ann, bob, wedged = members
        before = memory(server.process)
        start = time.monotonic()
        count = 0
        # The Close of one that is too slow does not wait for ever.
        while count < COUNT and not (lag == "close" and server.metrics().get(TOO_SLOW)):
            publish(ann, [bob], range(count, count + STEP))
            count += STEP
        took = time.monotonic() - start
        grown = memory(server.process) - before
        expect(grown < MOST_MEMORY, f"{lag}: {grown} bytes more in memory")
        numbers, close = catch_up(wedged, count - 1)
        # It has what came before it was behind; what then depends on the policy.
        jumps = [at for at, (before, number) in enumerate(zip([-1, *numbers], numbers))
                 if number != before + 1]
        begun = jumps[0] if jumps else len(numbers)
        expect(begun < count - KEPT, f"{lag}: {begun} messages before it was behind")
        expect(numbers == sorted(set(numbers)), f"{lag}: {numbers}")
        if lag == "close":
            expect((jumps, close and close[:2]) == ([], b"\x03\xf5"), f"close: {numbers}, then {close}")
            wedged.send(CLOSE, close[:2])
            wedged.stream.shutdown(socket.SHUT_WR)
            server.wait_for_open(2, 5)
            return f"close: 1013 after {begun} of {count}"
        # A busy server may have been late with it before, while the kernel still took messages.
        last = numbers[jumps[-1]:] if jumps else []
        most = 1 if lag == "latest" else KEPT
        expect(close is None and last[-1:] == [count - 1] and len(last) <= most,
               f"{lag}: {numbers}, then {close}")
        # It is in the room as before.
        wedged.send(TEXT, b"back")
        for member in members:
            found = member.receive()
            expect(found == (TEXT, b"back"), f"{lag}: {found} of what it says")
    return (f"{lag}: {begun} and {len(last)} of {count} for a wedged one, "
            f"{grown >> 10} KiB more, {took / count * 1000:.1f} ms each")


def refuse(server, expect):
    """What is no room. The server is to have one room at most."""
    with Member(server.port, "/rooms/one") as one:
        answers = {path: Member(server.port, path).status for path in (
            "/rooms/one?lag=skip", "/rooms/two", "/rooms/", "/rooms/a/b", "/rooms/" + "x" * 65,
            "/rooms/one?lag=never", "/other")}
        expect(one.status == 101, f"one is {one.status}")
    statuses = list(answers.values())
    expect(statuses == [101, 503, 404, 404, 404, 400, 404], f"{answers}")
    server.wait_for_open(0, 5)
    # The first was empty and is forgotten.
    with Member(server.port, "/rooms/two") as two:
        expect(two.status == 101, f"two is {two.status}")
    return "6 refusals"
