"""The server of the pages of web-platform-tests: files, and what their own server makes of them."""

import contextlib
import html
import mimetypes
import re
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Tells the results, whenever it is asked.
REPORT = """
window.results = new Promise(tell => add_completion_callback((tests, harness) => tell({
    harness: harness.status, message: harness.message,
    tests: tests.map(test => [test.name, test.status, test.message])})));
"""

# A test in a file of its own, and the scripts that it names.
PAGE = """<!doctype html>
<meta charset=utf-8>
{head}
<script>self.GLOBAL = {{isWindow: () => true, isWorker: () => false, isShadowRealm: () => false}};
</script>
<script src="/resources/testharness.js"></script>
<script src="/resources/testharnessreport.js"></script>
{scripts}
<div id=log></div>
<script src="{test}"></script>
"""


@contextlib.contextmanager
def serving(directory, names):
    """Serve the files. `names` has what stands between double braces in some of them."""

    class Handler(Files):
        pass

    Handler.directory, Handler.names = directory.resolve(), names
    server = Server(("127.0.0.1", 0), Handler)
    names["ports[http][0]"] = str(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A page that is closed leaves what it asked for."""


class Files(BaseHTTPRequestHandler):
    """Answers a request with a file, a page that is made, or 404."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        found = self.content(urllib.parse.unquote(url.path))
        # A part of what their server can do on the way: be slow.
        if slow := re.search(r"pipe=trickle\(d(\d+)\)", urllib.parse.unquote(url.query)):
            time.sleep(int(slow[1]))
        if found and found[0].startswith("text/html") and "wpt_flags=h2" in url.query:
            found = found[0], self.warmed(found[1])
        status, (kind, body) = (200, found) if found else (404, ("text/plain", b"no such file"))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def content(self, path):
        if path == "/resources/testharnessreport.js":
            return "text/javascript", REPORT.encode()
        for kind in (".any", ".window"):
            if path.endswith(kind + ".html"):
                return self.page(path.removesuffix("html") + "js")
        file = (self.directory / path.lstrip("/")).resolve()
        if not (file.is_relative_to(self.directory) and file.is_file()):
            return None
        body = file.read_bytes()
        if ".sub." in file.name:
            body = re.sub(rb"\{\{(.*?)\}\}", self.substitute, body)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return kind, body

    def page(self, path):
        file = self.directory / path.lstrip("/")
        if not file.is_file():
            return None
        scripts = []
        head = []
        for name, value in metadata(file):
            if name == "script":
                scripts.append(f'<script src="{html.escape(value)}"></script>')
            elif name == "timeout":
                head.append(f'<meta name=timeout content="{html.escape(value)}">')
            elif name == "title":
                head.append(f"<title>{html.escape(value)}</title>")
        made = PAGE.format(head="\n".join(head), scripts="\n".join(scripts),
                           test=html.escape(path))
        return "text/html; charset=utf-8", made.encode()

    def warmed(self, body):
        """The page with a script before all others, for which the browser opens a connection of
        HTTP/2: it has sockets on one that is there, and opens none for them."""
        url = f"https://{self.names['host']}:{self.names['ports[h2][0]']}/warm.js"
        return body.replace(b"<script", f'<script src="{url}"></script>\n<script'.encode(), 1)

    def substitute(self, match):
        name = match[1].decode().strip()
        return self.names.get(name, match[0].decode()).encode()

    def log_message(self, *_):
        pass


def metadata(file):
    """What a test in a script says of itself, in the comments that it begins with."""
    for line in file.read_text(encoding="utf-8").splitlines():
        found = re.match(r"//\s*META:\s*(\w+)=(.*)$", line)
        if not found:
            if line and not line.startswith("//"):
                break
            continue
        yield found.groups()
