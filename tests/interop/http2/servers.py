"""The servers under test: the echo example, and one that tells how its sockets end."""

import contextlib
import queue
import re
import threading

from client import PATIENCE, require
from runner.common import shown
from runner.our_server import running_echo


@contextlib.contextmanager
def running(binary):
    """Start a server, and always end it."""
    with running_echo(binary, f"http2-{binary.name}", []) as echo:
        yield Server(echo)


class Server:
    """A server that runs."""

    def __init__(self, echo):
        self.port = echo.port
        self._echo = echo
        self._lines = queue.Queue()
        self._told = {}
        threading.Thread(target=self._read, daemon=True).start()

    def told(self, name):
        """Wait for the end of a socket. Return how many messages it received, and how it ended."""
        while name not in self._told:
            try:
                found, received, ending = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                require(False, "the server does not tell how", name, "ended")
            self._told[found] = int(received), ending
        return self._told.pop(name)

    def memory(self):
        """Return the resident memory in KiB."""
        with open(f"/proc/{self._echo.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])

    def require_alive(self):
        require(self._echo.process.poll() is None,
                "the server has ended; see", shown(self._echo.log))

    def _read(self):
        # It is closed under our hands when the server has been ended.
        with contextlib.suppress(ValueError):
            for line in self._echo.process.stdout:
                self._lines.put(line.decode().strip().split(" ", 2))
