"""What the client and the server of Python's `websockets` have in common."""


async def send(socket, payload, is_text, count, ping):
    """Send a message, whole or in fragments with a ping before the third."""
    data = payload if count == 1 else fragments(payload, count, ping)
    await socket.send(data, text=is_text)


async def fragments(payload, count, ping):
    """Cut a payload, also within a character."""
    for index in range(count):
        if index == 2:
            await ping()
        yield payload[len(payload) * index // count:len(payload) * (index + 1) // count]


async def close(socket, code, reason):
    """Close, and wait for the end. None is a Close without a status."""
    if code is None:
        # The public method has no way to send one.
        async with socket.send_context():
            socket.protocol.send_close()
        await socket.wait_closed()
    else:
        await socket.close(code, reason)
