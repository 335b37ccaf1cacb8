"""Run one case with Python's `websockets`, as tests/interop/run has it.

The only argument is a job in JSON. Prints a report in JSON.
"""

import asyncio
import functools
import json
import sys
from pathlib import Path

from common import close, send
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory


class Unexpected(Exception):
    """The server did what it must not do."""


class Client:
    """Connects as a case has it, and keeps the report."""

    def __init__(self, offer):
        self._offer = offer
        self.report = {
            "messages": 0, "bytes": 0, "pongs": 0, "closes": 0, "limits": 0, "failures": []}

    def connect(self, url):
        # Not an empty list, of which it makes an empty header field.
        extensions = None
        if self._offer is not None:
            # What is False is left out of the offer.
            offer = {name: value or None for name, value in self._offer.items()}
            extensions = [ClientPerMessageDeflateFactory(**offer)]
        return connect(
            url, extensions=extensions, compression=None, max_size=None, ping_interval=None,
            proxy=None)

    async def echo(self, url, plan):
        """Send a plan's messages, and compare what comes back."""
        async with self.connect(url) as socket:
            for messages in json.loads(Path(plan).read_text(encoding="utf-8")):
                receive = asyncio.create_task(self._receive_all(socket, messages))
                for message in messages:
                    await send(
                        socket, read(message["file"]), message["text"], message["fragments"],
                        functools.partial(ping, socket))
                await receive
                await ping(socket)
                self.report["pongs"] += 1
            await close_answered(socket, 1000, "done")

    async def _receive_all(self, socket, messages):
        """Compare what comes back. In order: nothing may overtake."""
        for message in messages:
            received = await socket.recv()
            if isinstance(received, str) != message["text"]:
                raise Unexpected("text came back as binary, or the reverse")
            data = received.encode() if message["text"] else received
            if data != read(message["file"]):
                raise Unexpected(f"{message['file']} came back as {len(data)} other bytes")
            self.report["messages"] += 1
            self.report["bytes"] += len(data)

    async def close_all(self, url, closes):
        """Close with each code and reason, on connections of their own."""
        for code, reason in closes:
            async with self.connect(url) as socket:
                await socket.send("hello")
                await socket.recv()
                await close_answered(socket, code, reason)
            self.report["closes"] += 1

    async def exceed(self, url, size):
        """Send the largest message, then one that is too large and compresses well."""
        async with self.connect(url) as socket:
            await socket.send("x" * size)
            if await socket.recv() != "x" * size:
                raise Unexpected("the largest message came back as another")
            await socket.send("x" * (size + 1))
            try:
                await socket.recv()
            except ConnectionClosed:
                if socket.close_code != 1009 or not socket.close_reason:
                    raise Unexpected(f"too large: closed with {socket.close_code}") from None
            else:
                raise Unexpected("a message that is too large came back")
        self.report["limits"] += 1


@functools.cache
def read(file):
    return Path(file).read_bytes()


async def ping(socket):
    """Ping, and wait for the pong."""
    await (await socket.ping())


async def close_answered(socket, code, reason):
    """Close. The server answers with the code that it was sent (RFC 6455, section 5.5.1)."""
    await close(socket, code, reason)
    answered = (socket.close_code, socket.close_reason)
    if answered != (code or 1005, ""):
        raise Unexpected(f"Close ({code}, {reason}) was answered with {answered}")


async def run(job):
    client = Client(job["offer"])
    tasks = [functools.partial(client.echo, **echo) for echo in job["echoes"]]
    tasks.append(functools.partial(client.close_all, **job["closes"]))
    tasks.append(functools.partial(client.exceed, **job["limit"]))
    for task in tasks:
        try:
            await task()
        except Exception as error:
            name = task.func.__name__
            client.report["failures"].append(f"{name}: {type(error).__name__}: {error}")
    return client.report


print(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))
