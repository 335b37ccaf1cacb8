"""Receive prepared messages among others with Python's `websockets`, as tests/interop/run has it.

The only argument is a job in JSON: a URL and an offer. Prints a report in JSON.
"""

import asyncio
import hashlib
import json
import sys

from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

# What the last message begins with, and no other.
LAST = '{"messages"'


async def run(job):
    """Receive all messages. Return what they were, and what the last one tells of them."""
    offer = {name: value or None for name, value in job["offer"].items()}
    options = {"extensions": [ClientPerMessageDeflateFactory(**offer)], "compression": None,
               "max_size": None, "ping_interval": None, "proxy": None}
    digest, messages, payload = hashlib.sha256(), 0, 0
    async with connect(job["url"], **options) as socket:
        async for message in socket:
            is_text = isinstance(message, str)
            if is_text and message.startswith(LAST):
                break
            data = message.encode() if is_text else message
            digest.update((b"\x01" if is_text else b"\x02") + len(data).to_bytes(4, "big") + data)
            messages += 1
            payload += len(data)
    return {"messages": messages, "payload": payload, "sha256": digest.hexdigest(),
            "told": json.loads(message), "code": socket.close_code}


print(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))
