"""Chromium without a window, over the DevTools protocol.

It speaks through a pipe (JSON, each message followed by a NUL), so that nothing listens and
no library is needed.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import time

SECONDS_PER_CALL = 60

# What a browser does beside loading the pages that it is told to is no part of a run.
FLAGS = [
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
    "--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions",
    "--disable-sync", "--disable-default-apps", "--mute-audio", "--hide-scrollbars",
    "--password-store=basic",
    # Pages behind others are not slowed down.
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]

# They hold whole messages, which the page compares itself.
IGNORED = {"Network.webSocketFrameSent", "Network.webSocketFrameReceived"}


class BrowserError(Exception):
    """The browser does not start, is gone, does not answer, or refuses a command."""


class PageError(Exception):
    """What a page was told to do did not succeed."""


class Browser:
    """A browser that runs."""

    def __init__(self, process):
        self._process = process
        self._received = bytearray()
        self._last_id = 0
        self._events = {}

    def call(self, method, session=None, **params):
        """Have the browser, or the page of a session, do something. Return the result."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\0")
            self._process.stdin.flush()
        except OSError as error:
            raise BrowserError(f"{method}: {error}") from error
        answer = self._answer(method)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def events(self, session, method):
        """What all events of a session with this name had to say so far."""
        return [
            event["params"] for event in self._events.get(session, [])
            if event["method"] == method]

    def new_page(self):
        """Open an empty page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        return Page(self, attached["sessionId"])

    def close(self):
        """Have the browser end in order, which completes what it logs."""
        self.call("Browser.close")
        try:
            self._process.wait(SECONDS_PER_CALL)
        except subprocess.TimeoutExpired as error:
            raise BrowserError("the browser does not end") from error

    def _answer(self, method):
        """The answer to the last call, which was of this method. Keeps events before it."""
        deadline = time.monotonic() + SECONDS_PER_CALL
        while True:
            message = self._next_message(method, deadline)
            if message.get("id") == self._last_id:
                return message
            if message.get("method") not in IGNORED:
                self._events.setdefault(message.get("sessionId"), []).append(message)

    def _next_message(self, method, deadline):
        pipe = self._process.stdout.fileno()
        searched = 0
        while (end := self._received.find(b"\0", searched)) < 0:
            searched = len(self._received)
            left = max(0, deadline - time.monotonic())
            if not select.select([pipe], [], [], left)[0]:
                raise BrowserError(f"{method}: no answer within {SECONDS_PER_CALL} s")
            data = os.read(pipe, 1 << 20)
            if not data:
                raise BrowserError(f"{method}: the browser is gone")
            self._received += data
        message = json.loads(self._received[:end])
        del self._received[:end + 1]
        return message


class Page:
    """A page of a browser."""

    def __init__(self, browser, session):
        self._browser = browser
        self._session = session
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def call(self, method, **params):
        return self._browser.call(method, self._session, **params)

    def events(self, method):
        """What all events with this name had to say so far."""
        return self._browser.events(self._session, method)

    def run_in_every_document(self, script):
        """Have every page that is loaded from now on begin with a script."""
        self.call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def load(self, url):
        """Go to an address."""
        failure = self.call("Page.navigate", url=url).get("errorText")
        if failure:
            raise PageError(f"{url}: {failure}")

    def evaluate(self, expression):
        """Evaluate JavaScript in the page, await the result and return it."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def click(self, x, y):
        """Press and release the left button of the mouse."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left",
                      clickCount=1)

    def type(self, text):
        """Type text, and Enter, to what has the focus."""
        self.call("Input.insertText", text=text)
        enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        self.call("Input.dispatchKeyEvent", type="keyDown", text="\r", **enter)
        self.call("Input.dispatchKeyEvent", type="keyUp", **enter)


@contextlib.contextmanager
def running(command, flags, log):
    """Start a browser with a profile of its own, and always end it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # The browser's end of the pipe has the descriptors 3 and 4.
        process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >&2', "sh",
             command, *FLAGS, *flags, "--user-data-dir=" + profile],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        try:
            yield Browser(process)
        finally:
            # A browser is many processes, in a group of their own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.stdout.close()
            process.wait()
