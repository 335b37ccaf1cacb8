"""What is done with the servers. Each case returns what the table is to tell."""

import random
import zlib

from client import BINARY, CLOSE, FIN, PING, PONG, TEXT, VERSION, Connection, frame, require

CASES = {}

# Streams on a connection: the servers allow 200.
MANY = 150

# KiB that a stream may hold, with what the allocator keeps: one that is only written to, and
# one that is also read.
MOST_HELD = 400
MOST_PUSHED = 600

# RFC 9113, section 7.
NO_ERROR, PROTOCOL_ERROR, CANCEL = 0, 1, 8


def case(function):
    CASES[function.__name__.replace("_", " ")] = function
    return function


# --- The handshake ---


@case
def handshake_without_offers(echo, _telling):
    return answer(echo, [], [])


@case
def handshake_with_offers(echo, telling):
    key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    deflate = ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")
    agreed = [("sec-websocket-extensions", "permessage-deflate; client_max_window_bits=12")]
    answer(echo, [key, deflate, ("sec-websocket-protocol", "chat")], agreed)
    agreed.append(("sec-websocket-protocol", "chat"))
    return answer(telling, [key, deflate, ("sec-websocket-protocol", "superchat, chat")], agreed)


def answer(server, offers, agreed):
    """The response has the status, the date, and what was agreed on; nothing else."""
    with Connection(server.port) as connection:
        stream = connection.open("", *offers)
        dates = [field for field in stream.fields if field[0] == "date"]
        wanted = [(":status", "200"), *dates, *agreed]
        require(len(dates) == 1 and sorted(stream.fields) == sorted(wanted),
                "answered", stream.fields, "instead of", wanted)
        require(not stream.is_ended, "the response ends the stream")
        stream.close()
    return ", ".join(name for name, _ in stream.fields)


@case
def handshakes_that_are_refused(echo, _telling):
    seen = []
    with Connection(echo.port) as connection:
        def refuse(name, fields, *allowed, needs=()):
            """One of these must come: a status, or None for a reset of the stream alone."""
            stream = connection.ask(fields)
            connection.wait(lambda: stream.has_ended, "an end")
            status = stream.status and int(stream.status)
            require(status in allowed, name, "led to", stream)
            # RFC 9113, 8.1: what else we might send is of no interest any more.
            resets = (None, NO_ERROR) if status else (PROTOCOL_ERROR,)
            require(stream.reset in resets, name, "led to", stream)
            require(set(needs) <= set(stream.fields), name, "was answered", stream.fields)
            connection.open().expect_echo(TEXT, b"a sibling")
            seen.append(f"{name} {status or 'reset'}")

        good = [*connection.handshake(), VERSION]
        told = [("sec-websocket-version", "13")]
        no_version = connection.handshake()
        refuse("no version", no_version, 400, needs=told)
        refuse("version 12", [*no_version, ("sec-websocket-version", "12")], 400, needs=told)
        refuse("two versions", [*good, VERSION], 400, needs=told)
        refuse("connection", [*good, ("connection", "upgrade")], 400, None)
        refuse("upgrade", [*good, ("upgrade", "websocket")], 400, None)
        refuse("other host", [*good, ("host", "other.example")], 400, None)
        refuse("other origin", [*good, ("origin", "http://other.example")], 403)
        refuse("subprotocols", [*good, ("sec-websocket-protocol", "a b")], 400)
        refuse("extensions", [*good, ("sec-websocket-extensions", ";")], 400)
        # They are nobody's WebSockets; the page answers.
        refuse("webtransport", [*connection.handshake(protocol="webtransport"), VERSION], 404)
        refuse("no protocol", [*connection.handshake(
            protocol=None, scheme=None, path=None), VERSION], 404, None)
        refuse("other path", [*connection.handshake(path="/other"), VERSION], 404)
        # RFC 8441, section 4.
        refuse("GET", [*connection.handshake(method="GET"), VERSION], 400, 404, 405, None)
        refuse("no path", [*connection.handshake(path=None), VERSION], 400, None)
        refuse("no scheme", [*connection.handshake(scheme=None), VERSION], 400, None)
        refuse("no authority", [*connection.handshake(authority=None), VERSION], 400, None)
    return ", ".join(seen)


@case
def handshake_with_a_length(_echo, telling):
    """hyper 1.12 ends the connection at a CONNECT with a body, before our code sees it.

    RFC 9113, section 8.1.1, would have the stream reset. If hyper does that, say so here.
    """
    with Connection(telling.port) as connection:
        connection.open("bystander")
        connection.request([*connection.handshake("length"), VERSION, ("content-length", "5")])
        connection.read_for(1)
        require(connection.is_gone, "the connection goes on; hyper has changed")
        require_lost(telling, "bystander", 0)
    return "no socket, but hyper ends the connection"


@case
def request_with_END_STREAM(_echo, telling):
    with Connection(telling.port) as connection:
        stream = connection.ask([*connection.handshake("over"), VERSION], ends=True)
        connection.wait(lambda: stream.has_ended, "an end")
        require_lost(telling, "over", 0)
        expect_sibling(connection)
        return f"{stream.status}, lost"


# --- Messages ---


@case
def many_sockets_on_one_connection(echo, _telling):
    rng = random.Random(1)
    sizes = [0, 1, 125, 126, 65535, 65536, 200_000]
    messages = 0
    with Connection(echo.port) as connection:
        sockets = [connection.open() for _ in range(MANY)]
        for _ in range(3):
            # All send before anyone receives.
            sent = []
            for socket in sockets:
                payload = rng.randbytes(rng.choice(sizes) if socket.number % 8 == 1 else 50)
                socket.send(BINARY, payload)
                sent.append(payload)
            rng.shuffle(order := list(range(MANY)))
            for index in order:
                sockets[index].expect(BINARY, sent[index])
                messages += 1
        for number, socket in enumerate(sockets):
            socket.send(CLOSE, (4000 + number).to_bytes(2, "big"))
        for number, socket in enumerate(sockets):
            socket.expect(CLOSE, (4000 + number).to_bytes(2, "big"))
            socket.expect_end()
            socket.end()
        connection.read_for(0.2)
        require(all(socket.reset is None for socket in sockets), "a stream was reset")
        # All have room again.
        for _ in range(MANY):
            connection.open()
    return f"{MANY} sockets, {messages} messages"


@case
def frames_cut_in_any_way(echo, _telling):
    """RFC 9113, section 6.1: the borders of DATA frames have no meaning."""
    message = "Grüße, 世界 🌍".encode()
    with Connection(echo.port) as connection:
        socket = connection.open()
        for piece in (1, 2, 3, 7):
            socket.expect_echo(TEXT, message, piece=piece)
        for padding in (0, 1, 255):
            socket.expect_echo(TEXT, message, piece=5, padding=padding)
        # Many in one DATA frame, with empty ones between them.
        for _ in range(3):
            connection.h2.send_data(socket.number, b"")
            socket.send_data(frame(TEXT | FIN, message) * 50)
        for _ in range(150):
            socket.expect(TEXT, message)
        # Fragments, with a ping between them.
        socket.send_data(frame(TEXT, message[:4]) + frame(PING | FIN, b"there?")
                         + frame(FIN, message[4:]), piece=9)
        socket.expect(PONG, b"there?")
        socket.expect(TEXT, message)
        for size in (1 << 20, 16 << 20):
            socket.expect_echo(BINARY, random.Random(size).randbytes(size))
        socket.close()
    return "1 byte to 16 MiB"


@case
def compressed_messages(echo, _telling):
    message = b"over and over, " * 5000
    codec = zlib.compressobj(wbits=-12)
    data = codec.compress(message) + codec.flush(zlib.Z_SYNC_FLUSH)
    with Connection(echo.port) as connection:
        socket = connection.open("", (
            "sec-websocket-extensions", "permessage-deflate; client_max_window_bits"))
        # The server keeps to its window without saying so.
        inflate = zlib.decompressobj(wbits=-12)
        socket.send_data(frame(TEXT | FIN | 0x40, data[:-4]))
        found = socket.next()
        require(found.is_compressed and found.is_final, "not compressed")
        require(inflate.decompress(found.payload + b"\0\0\xff\xff") == message, "damaged")
        socket.close()
    return f"{len(message)} bytes as {len(data) - 4} / {len(found.payload)}"


@case
def window_of_a_few_bytes(echo, _telling):
    """The server sends what is granted, and no more: h2 would raise an error."""
    with Connection(echo.port, window=0) as connection:
        socket = connection.open(reads=False)
        socket.send(TEXT, b"x" * 300)
        connection.read_for(0.1)
        require(socket.received == 0, socket.received, "bytes without a window")
        granted = 0
        while granted < 304:
            size = min(7, 304 - granted)
            socket.grant(size)
            granted += size
            connection.wait(lambda: socket.received == granted, f"byte {granted}")
        socket.expect(TEXT, b"x" * 300)
        return f"{granted} bytes, 7 at a time"


# --- Ends ---


@case
def closes(_echo, telling):
    with Connection(telling.port) as connection:
        for code in (1000, 1001, 1003, 3000, 4999):
            connection.open(f"code{code}").close(code, b"reason")
            require_told(telling, f"code{code}", 0, f"clean {code}")
        socket = connection.open("none")
        socket.send(CLOSE)
        socket.expect(CLOSE)
        socket.expect_end()
        require_told(telling, "none", 0, "clean 1005")
        socket = connection.open("server")
        socket.send_text("close 4321")
        socket.expect_close(4321)
        require_told(telling, "server", 1, "clean 4321")
        for name, data, code in (
                ("unmasked", bytes([TEXT | FIN, 1]) + b"x", 1002),
                ("utf8", frame(TEXT | FIN, b"\xff"), 1007)):
            socket = connection.open(name)
            socket.send_data(data)
            socket.expect_close(code)
            require_told(telling, name, 0, f"failed {code}")
    return "6 of the client, 1 of the server, 2 failures"


@case
def reset_amid_a_message(_echo, telling):
    with Connection(telling.port) as connection:
        siblings = [connection.open() for _ in range(10)]
        # 8.1: whatever the code says. 8441, 5: CANCEL is the end of a TCP connection by RST.
        for code in (CANCEL, NO_ERROR, 2):
            socket = connection.open(f"reset{code}")
            socket.expect_echo(TEXT, b"one")
            socket.send_data(frame(BINARY | FIN, b"x" * 50_000)[:20_000])
            socket.cancel(code)
            require_lost(telling, f"reset{code}", 1)
            for sibling in siblings:
                sibling.expect_echo(TEXT, b"alive")
    return "lost; 10 siblings live on"


@case
def END_STREAM_without_a_Close(_echo, telling):
    with Connection(telling.port) as connection:
        for name, data in (("between", b""), ("amid", frame(TEXT | FIN, b"whole")[:5])):
            socket = connection.open(name)
            socket.send_data(data)
            socket.end()
            socket.expect_end()
            require_lost(telling, name, 0)
        socket = connection.open("trailers")
        connection.h2.send_headers(socket.number, [("x-trailer", "1")], end_stream=True)
        connection.flush()
        socket.expect_end()
        require_lost(telling, "trailers", 0)
        expect_sibling(connection)
    return "lost; END_STREAM comes back"


@case
def GOAWAY_of_the_client(_echo, telling):
    with Connection(telling.port) as connection:
        sockets = [connection.open(f"stays{number}") for number in range(10)]
        connection.goes_away()
        for socket in sockets:
            socket.expect_echo(BINARY, b"x" * 100_000)
        connection.read_for(0.2)
        for number, socket in enumerate(sockets):
            socket.expect_echo(TEXT, b"still here")
            socket.close()
            require_told(telling, f"stays{number}", 2, "clean 1000")
        connection.read_for(1)
        require(connection.is_gone and connection.goaway == NO_ERROR, "the connection stays")
    return "10 sockets go on and close in order; then the connection does"


@case
def connection_cut(_echo, telling):
    with Connection(telling.port) as connection:
        for number in range(MANY):
            connection.open(f"cut{number}").send_text("one")
        connection.read_for(0.2)
        connection.cut()
        for number in range(MANY):
            require_lost(telling, f"cut{number}", 1)
    return f"all {MANY} lost"


# --- Streams that do not move ---


@case
def client_that_never_reads_a_flood(_echo, telling):
    return starve(telling, "flood 60000", 50)


@case
def client_that_never_reads_small_messages(_echo, telling):
    return starve(telling, "flood 10", 50)


def starve(server, command, count):
    """Windows of some streams stay shut. Others live, and memory is bounded."""
    before = server.memory()
    with Connection(server.port) as connection:
        sibling = connection.open()
        starved = [connection.open(f"starved{number}", reads=False) for number in range(count)]
        for socket in starved:
            socket.send_text(command)
        connection.read_for(1)
        first = server.memory()
        connection.read_for(1)
        second = server.memory()
        sibling.expect_echo(BINARY, b"x" * 1_000_000)
        expect_sibling(connection)
        growth = second - before
        require(second - first < 1024, f"memory grows by {second - first} KiB/s")
        require(growth < MOST_HELD * count, f"{growth} KiB for {count} streams")
        # Half end with their streams, half with the connection.
        for number, socket in enumerate(starved[:count // 2]):
            socket.cancel()
            require_lost(server, f"starved{number}", 1)
        expect_sibling(connection)
    for number in range(count // 2, count):
        require_lost(server, f"starved{number}", 1)
    return f"{growth // count} KiB for each of {count}; siblings live on"


@case
def client_that_writes_and_never_reads(_echo, telling):
    """An echo that cannot write does not read either."""
    before = most = telling.memory()
    with Connection(telling.port) as connection:
        sibling = connection.open()
        sent = []
        for number in range(20):
            socket = connection.open(f"pushed{number}", reads=False)
            sent.append(socket.send_data(frame(BINARY | FIN, b"x" * 10_000) * 200, patience=0.1))
            most = max(most, telling.memory())
        require(max(sent) < 1 << 20, f"{max(sent)} bytes were taken from a stream")
        sibling.expect_echo(BINARY, b"x" * 1_000_000)
        expect_sibling(connection)
        growth = most - before
        require(growth < MOST_PUSHED * 20, f"{growth} KiB for 20 streams")
    return f"{max(sent) // 1024} KiB taken, {growth // 20} KiB held; siblings live on"


@case
def large_messages_to_a_handler_that_sleeps(_echo, telling):
    with Connection(telling.port) as connection:
        sibling = connection.open()
        socket = connection.open("heavy")
        socket.send_text("sleep 1500")
        message = frame(BINARY | FIN, b"x" * 16_000)
        sent = socket.send_data(message * 20, patience=0.3)
        require(sent < len(message) * 20, "nothing holds the client back")
        sibling.expect_echo(BINARY, b"x" * 1_000_000)
        expect_sibling(connection)
        # It wakes, and nothing is lost.
        socket.send_data((message * 20)[sent:])
        for _ in range(20):
            socket.expect(BINARY, b"x" * 16_000)
        socket.close()
        require_told(telling, "heavy", 21, "clean 1000")
    return f"held back after {sent // 1024} KiB; siblings live on; all arrive"


@case
def some_tiny_messages_to_a_handler_that_sleeps(_echo, telling):
    count = 5000
    with Connection(telling.port) as connection:
        socket = connection.open("patient")
        socket.send_text("sleep 1000")
        for number in range(count):
            socket.send_text(str(number))
        for number in range(count):
            socket.expect(TEXT, str(number).encode())
        socket.close()
        require_told(telling, "patient", count + 1, "clean 1000")
    return f"{count} wait, and arrive"


@case
def many_tiny_messages_to_a_handler_that_sleeps(_echo, telling):
    """h2 would end the connection; the socket is closed before, with 1008."""
    before = telling.memory()
    with Connection(telling.port) as connection:
        sibling = connection.open()
        socket = connection.open("hoarder")
        socket.send_text("sleep 2000")
        sent = 0
        for _ in range(100_000):
            if not socket.send(TEXT, b"x"):
                break
            sent += 1
            if socket.data:
                break
        growth = telling.memory() - before
        sibling.expect_echo(BINARY, b"x" * 1_000_000)
        socket.expect_close(1008)
        # What was not received before is not any more.
        require_told(telling, "hoarder", 1, "clean 1008")
        sibling.expect_echo(TEXT, b"alive")
        expect_sibling(connection)
        require(growth < 4096, f"memory grows by {growth} KiB")
        require(connection.goaway is None, "GOAWAY", connection.goaway)
    return f"1008 after {sent}, {growth} KiB held; siblings live on"


def expect_sibling(connection):
    """A new socket opens, works and closes."""
    sibling = connection.open("sibling")
    sibling.expect_echo(TEXT, b"hello")
    sibling.close()


def require_lost(server, name, received):
    require_told(server, name, received, "lost")


def require_told(server, name, received, ending):
    told = server.told(name)
    require(told == (received, ending), name, "ended as", told, "not", (received, ending))
