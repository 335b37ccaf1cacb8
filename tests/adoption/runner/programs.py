"""Each program: what was changed in it, which tests are its own, what a foreign client sees."""

import contextlib
import dataclasses
import functools
import json
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

from . import patches
from .build import Tested, run_tests
from .common import HERE, PATIENCE, WORK, CannotRun, Failed, output_of, running, say, shown

# With their versions.
CLIENTS = {"graphql": "17.1.0", "graphql-ws": "6.4.2", "socket.io-client": "4.8.4", "ws": "8.23.0"}

NODE = WORK / "node"


def install_clients():
    """Install the clients from npm, unless they are there."""
    os.environ["NODE_PATH"] = str(NODE / "node_modules")
    if installed() != CLIENTS:
        wanted = [f"{name}@{version}" for name, version in CLIENTS.items()]
        say(f"installing {' '.join(wanted)} into {shown(NODE)}")
        NODE.mkdir(parents=True, exist_ok=True)
        output_of(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--silent",
                   "--prefix", NODE, *wanted])
    if installed() != CLIENTS:
        raise CannotRun(f"npm installed {installed()} instead of {CLIENTS}")


def installed():
    found = {}
    for name in CLIENTS:
        with contextlib.suppress(OSError):
            package = NODE / "node_modules" / name / "package.json"
            found[name] = json.loads(package.read_text())["version"]
    return found


@dataclasses.dataclass(frozen=True)
class Program:
    """A program that uses the crate."""

    # As in the table.
    name: str
    # The package whose version is told.
    package: str
    # Changes it; `None` where nothing is to be changed.
    patch: Callable | None
    # The packages whose tests are run.
    tests: tuple
    # Takes the built programs. Returns what the client has seen.
    visit: Callable
    expected: dict
    # What is told of that in the table.
    told: str


def client(script, *arguments):
    """Run a client. Return what it has seen."""
    printed = output_of(
        ["node", HERE / "clients" / script, *arguments], PATIENCE)
    try:
        return json.loads(printed.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise Failed(f"{script} printed {printed[-500:]!r}") from error


def visit_server(server, script, path, built):
    """A server of ours tells its port in the first line that it prints."""
    with running([built.servers[server]], WORK / f"{server}.log") as process:
        port = process.stdout.readline().decode().strip()
        if not port:
            raise Failed(f"{server} did not start: {shown(WORK / f'{server}.log')}")
        return client(script, path.format(port=port))


def visit_mdbook(built):
    """A book is served, and a chapter of it changed."""
    book = WORK / "book"
    shutil.rmtree(book, ignore_errors=True)
    (book / "src").mkdir(parents=True)
    # It heeds what git ignores, such as target/.
    (book / ".gitignore").write_text("")
    (book / "book.toml").write_text('[book]\ntitle = "A book"\n')
    (book / "src" / "SUMMARY.md").write_text("- [Chapter](chapter.md)\n")
    chapter = book / "src" / "chapter.md"
    chapter.write_text("# Chapter\n")
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [built.servers["mdbook"], "serve", "-n", "127.0.0.1", "-p", port, book]
    with running(command, WORK / "mdbook.log") as process:
        wait_until_listening(port, process)
        return client("reload.js", port, chapter)


def wait_until_listening(port, process):
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise Failed(f"it does not listen: {shown(WORK / 'mdbook.log')}")


def graphql(refused):
    return {"counted": 100, "inOrder": True, "greeting": "hello", "closed": 1000,
            "refused": refused}


def socketio(began):
    return {"began": began, "transport": "websocket", "same": True}


PROGRAMS = [
    Program(
        "mdbook, live reload", "mdbook", patches.mdbook, ("mdbook",), visit_mdbook,
        {"seen": ["reload"], "code": 1000}, "ws: reload, closed with 1000"),
    Program(
        "juniper_axum, subscriptions", "juniper_axum", patches.juniper_axum, ("juniper_axum",),
        functools.partial(visit_server, "juniper", "graphql.js", "ws://127.0.0.1:{port}/graphql"),
        graphql(4400), "graphql-ws: 100 events, a query, a refusal"),
    Program(
        "engineioxide, in socketioxide", "engineioxide", patches.engineioxide,
        ("engineioxide", "socketioxide"),
        functools.partial(visit_server, "socketio", "socketio.js", "http://127.0.0.1:{port}"),
        {"direct": socketio("websocket"), "upgraded": socketio("polling")},
        "socket.io-client: acks, direct and upgraded"),
    Program(
        "async-graphql-axum, subscriptions", "async-graphql-axum", None, (),
        functools.partial(
            visit_server, "async_graphql", "graphql.js", "ws://127.0.0.1:{port}/graphql"),
        graphql(1002), "graphql-ws: 100 events, a query, a refusal"),
]


@dataclasses.dataclass
class Outcome:
    """What came of a program."""

    program: Program
    version: str
    changed: str
    tests: str
    trip: str
    objections: list

    def row(self):
        return (self.program.name, self.version, self.changed, self.tests, self.trip)


def try_out(program, version, patched, built):
    """Run its tests, and let the client visit it."""
    tested = sum((run_tests(built, package) for package in program.tests), Tested())
    objections = list(tested.said)
    if program.tests and not tested.passed:
        objections.append("no test was run")
    try:
        seen = program.visit(built)
        if seen != program.expected:
            objections.append(f"the client saw {seen} instead of {program.expected}")
        trip = program.told if seen == program.expected else "FAIL"
    except (Failed, CannotRun) as problem:
        objections.append(str(problem))
        trip = "FAIL"
    tests = str(tested) if program.tests else "has none"
    return Outcome(program, version, changes(patched), tests, trip, objections)


def changes(patched):
    if patched is None:
        return "none"
    (gone, come), (gone_there, come_there) = patched.counts(False), patched.counts(True)
    return f"-{gone} +{come}, Cargo.toml -{gone_there} +{come_there}"
