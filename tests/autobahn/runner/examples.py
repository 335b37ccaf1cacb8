"""The servers and examples under test."""

import contextlib
import os
import subprocess
import urllib.parse

from .common import ROOT, CannotRun, died_lines, free_port, running, say, wait_until_accepting


def build_example(name, features):
    """Build an example and return the path of its binary."""
    build = ["cargo", "build", "--release", "--features", features, "--example", name]
    say("autobahn: " + " ".join(build))
    try:
        built = subprocess.run(build, cwd=str(ROOT)).returncode == 0
    except OSError as error:
        raise CannotRun("cannot start cargo: {}".format(error))
    if not built:
        raise CannotRun("the example {} does not build".format(name))
    target = ROOT / (os.environ.get("CARGO_TARGET_DIR") or "target")
    return target / "release" / "examples" / name


@contextlib.contextmanager
def echo_example(files):
    """Build and start the echo example.

    Yield its URL, and what returns complaints about a run of so many cases.
    """
    binary = build_example("echo", "deflate")
    port = free_port()
    address = "127.0.0.1:{}".format(port)
    with running([binary, "--addr", address], files.example_log, cwd=str(ROOT)) as process:
        wait_until_accepting("127.0.0.1", port, process, files.example_log)
        yield "ws://{}/ws".format(address), lambda _cases: died_lines(
            "the example echo", process, files.example_log)


@contextlib.contextmanager
def running_server(url):
    """The same for a server that someone else runs, of which nothing is known."""
    parts = urllib.parse.urlsplit(url)
    wait_until_accepting(parts.hostname, parts.port or (443 if parts.scheme == "wss" else 80))
    yield url, lambda _cases: []
