"""Serve one case with Python's `websockets`, as tests/interop/run has it.

The only argument is a job in JSON. Prints the port, and when a connection has ended a report
in JSON.
"""

import asyncio
import json
import sys

from common import close, send
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory


class Server:
    """Serves as the job has it."""

    def __init__(self, job):
        self._job = job

    async def run(self):
        extensions = []
        if self._job["deflate"] is not None:
            extensions = [ServerPerMessageDeflateFactory(**self._job["deflate"])]
        async with serve(
                self._handle, "127.0.0.1", 0, process_request=self._decide,
                extensions=extensions, compression=None, max_size=None, ping_interval=None,
                subprotocols=[self._job["subprotocol"]]) as server:
            say(server.sockets[0].getsockname()[1])
            await server.serve_forever()

    def _decide(self, connection, request):
        """Answer a request that is to get no connection."""
        answer = self._job["answers"].get(request.path)
        if answer is None:
            return None
        response = connection.respond(answer["status"], "no connection here")
        response.headers.update(answer["headers"])
        return response

    async def _handle(self, connection):
        """Echo the messages, and report."""
        request = connection.request
        report = {
            "path": request.path,
            "origin": request.headers.get("Origin"),
            "subprotocols": ", ".join(request.headers.get_all("Sec-WebSocket-Protocol")) or None,
            "header": request.headers.get("X-Interop"),
            "messages": 0, "bytes": 0, "pongs": 0, "failures": []}
        try:
            if request.path in self._job["closes"]:
                await close(connection, *self._job["closes"][request.path])
            else:
                await self._echo(connection, report)
        except Exception as error:
            report["failures"].append(f"{type(error).__name__}: {error}")
        await connection.wait_closed()
        say(json.dumps(report | {"close": [connection.close_code, connection.close_reason]}))

    async def _echo(self, connection, report):
        counts = self._job["fragments"].get(report["path"], [])

        async def ping():
            # Not waited for: while messages wait to be received, no pong is read.
            pong = await connection.ping(f"between fragments {report['messages']}")
            pong.add_done_callback(ponged)

        def ponged(pong):
            report["pongs"] += pong.exception() is None

        while True:
            try:
                message = await connection.recv()
            except ConnectionClosed:
                return
            is_text = isinstance(message, str)
            payload = message.encode() if is_text else message
            count = (counts[report["messages"]:] or [1])[0]
            report["messages"] += 1
            report["bytes"] += len(payload)
            await send(connection, payload, is_text, count, ping)


def say(line):
    print(line, flush=True)


asyncio.run(Server(json.loads(sys.argv[1])).run())
