"""Our client, tests/fixtures/interop_client.rs, against the servers of others.

In each case our client offers permessage-deflate as it is set, with what it falls back to, or
does not, and the server is set to answer it as far as it can. Both are new processes.
"""

import contextlib
import dataclasses
import json
import subprocess
import threading

from .common import SECONDS_PER_CASE, WORK, build_example
from .messages import LIMIT, LONGEST_REASON, monotone, write_message
from .outcome import Outcome, run_beside_each_other
from .wire import Proxy, deflate, size_objections

# What our client sends in each request, and the subprotocol that the servers select.
ORIGIN = "https://interop.example"
HEADER = "one, two; three"
SUBPROTOCOLS = ["interop.1", "interop.2"]
SELECTED = "interop.2"

# Code and reason of each Close that either end sends. None: a Close without a status.
CLOSES = [
    (1000, "done"), (1000, ""), (1001, "going away"), (1002, "a fault"), (1003, "no binary"),
    (1007, "no text"), (1008, "a rule"), (1009, "too big"), (1010, "no extension"),
    (1011, "error"), (1012, "restart"), (1013, "later"), (1014, "bad gateway"),
    (3000, "registered"), (4000, ""), (4999, LONGEST_REASON), (None, ""),
]

# tungstenite does not know this code of IANA's registry, and answers as to a violation.
OTHERWISE_ANSWERED = {("tungstenite", 1014): (1002, "Protocol violation")}

# The requests that get another answer than 101.
ANSWERS = {
    "/refuse": {"status": 401, "headers": {"WWW-Authenticate": 'Basic realm="interop"'}},
    "/redirect": {"status": 302, "headers": {"Location": "ws://127.0.0.1:9/elsewhere"}},
}


@dataclasses.dataclass(frozen=True)
class Case:
    """What our client offers first, how the server is set, and what it must answer."""

    name: str
    offer: str | None
    server: dict | None
    answer: str | None
    peers: tuple = ("websockets", "ws")


# tungstenite does not compress.
ALL = ("websockets", "ws", "tungstenite")
TWELVE = "server_max_window_bits=12; client_max_window_bits=12"
NINE = "server_max_window_bits=9; client_max_window_bits=9"
UNBOUND = "client_max_window_bits"
NO_TAKEOVER = {"server_no_context_takeover": True, "client_no_context_takeover": True}
NO_TAKEOVER_NINE = (
    "server_no_context_takeover; server_max_window_bits=9; "
    "client_no_context_takeover; client_max_window_bits=9")

# RFC 7692, 7.1: a server echoes what it was asked for, and may bind both ends further.
CASES = [
    Case("no offer", None, {}, None, ALL),
    Case("declined by server", TWELVE, None, None, ALL),
    Case("windows of 12", TWELVE, {}, TWELVE),
    Case("windows of 15", UNBOUND, {}, ""),
    Case("windows of 9", NINE, {}, NINE),
    Case("bound to 9 by server", UNBOUND,
         {"server_max_window_bits": 9, "client_max_window_bits": 9}, NINE),
    Case("no takeover, 9", NO_TAKEOVER_NINE, {}, NO_TAKEOVER_NINE),
    Case("no takeover by server", UNBOUND, NO_TAKEOVER,
         "server_no_context_takeover; client_no_context_takeover"),
    Case("server without takeover", "server_no_context_takeover; " + UNBOUND, {},
         "server_no_context_takeover"),
    Case("client without takeover", "client_no_context_takeover; " + UNBOUND, {},
         "client_no_context_takeover"),
    Case("client window 8", "client_max_window_bits=8", {}, "client_max_window_bits=8"),
    Case("server window 8", "server_max_window_bits=8; " + UNBOUND, {},
         "server_max_window_bits=8", ("ws",)),
    # It cannot compress with so little, and takes what our client falls back to.
    Case("server window 8", "server_max_window_bits=8; " + UNBOUND, {}, "", ("websockets",)),
]


class Unexpected(Exception):
    """One end did what it must not do."""


class Program:
    """A program that is spoken to in lines, for as long as a case may take."""

    def __init__(self, command, log):
        self._log = open(log, "ab")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            encoding="utf-8")
        self._timer = threading.Timer(SECONDS_PER_CASE, self._process.kill)

    def __enter__(self):
        self._timer.start()
        return self

    def __exit__(self, *_):
        self._timer.cancel()
        self._process.kill()
        # What was not sent yet is of no use.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def say(self, line):
        try:
            print(line, file=self._process.stdin, flush=True)
        except BrokenPipeError as error:
            raise Unexpected(f"ended before `{line}`") from error

    def hear(self):
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            raise Unexpected(f"ended; see {self._log.name}")
        return line[:-1]

    def rest(self):
        return self._process.stdout.read().splitlines()


class Client(Program):
    """Our client on one connection."""

    pings = 0

    def expect(self, *events):
        """The next events are these, but for the server's pings."""
        for event in events:
            heard = self.hear()
            while heard.startswith("ping between fragments"):
                self.pings += 1
                heard = self.hear()
            if heard != event:
                raise Unexpected(f"`{heard}` instead of `{event}`")


class Run:
    """One case: its server, and the connections to it."""

    def __init__(self, peer, server, command, log, case, small, large):
        self._peer = peer
        self._server = server
        self.port = int(server.hear())
        self._command = command
        self._log = log
        self._case = case
        self._small, self._large = small, large
        self.counts = {
            "messages": 0, "bytes": 0, "pings": 0, "pongs": 0, "closes": 0, "limits": 0,
            "refusals": 0}

    def _client(self, path, port=None, options=()):
        command = [self._command, "--origin", ORIGIN, "--header", f"X-Interop: {HEADER}", *options]
        for name in SUBPROTOCOLS:
            command += ["--subprotocol", name]
        if self._case.offer is not None:
            command += ["--deflate", self._case.offer]
        return Client([*command, f"ws://127.0.0.1:{port or self.port}{path}"], self._log)

    @contextlib.contextmanager
    def _connection(self, path, port=None, options=()):
        """A connection to which the server agrees."""
        with self._client(path, port, options) as client:
            client.expect(f"open {SELECTED}")
            yield client

    def _require_report(self, path, close, messages=0, size=0, pongs=0):
        """The server has seen this on a connection, and how it ended."""
        report = json.loads(self._server.hear())
        while report["path"] != path:
            # Of a connection that failed.
            report = json.loads(self._server.hear())
        code, reason = close
        wanted = {
            "path": path, "origin": ORIGIN, "subprotocols": ", ".join(SUBPROTOCOLS),
            "header": HEADER, "messages": messages, "bytes": size, "pongs": pongs,
            "close": [code or 1005, reason], "failures": []}
        for name, value in wanted.items():
            if report[name] != value:
                raise Unexpected(f"{path}: the server saw {name} {report[name]}, not {value}")

    def echo(self, name, plan, port):
        """Send a plan's messages, and compare what comes back."""
        with self._connection(path_of(name), port) as client:
            for index, messages in enumerate(plan.rounds):
                for message in messages:
                    client.say(sending(message))
                for message in messages:
                    client.expect(echoed(message))
                    self.counts["messages"] += 1
                    self.counts["bytes"] += message["size"]
                client.say(f"ping after round {index}")
                client.expect(f"pong after round {index}")
                self.counts["pongs"] += 1
            client.say("close 1000 done")
            client.expect("close 1000 done", "end")
            self.counts["pings"] += client.pings
        self._require_report(
            path_of(name), (1000, "done"), len(plan.messages), plan.bytes, count_pings(plan))

    def close(self, path, code, reason):
        """Close, after a message. The servers answer with what they were sent."""
        answer = OTHERWISE_ANSWERED.get((self._peer, code), (code, reason))
        with self._connection(path) as client:
            client.say(sending(self._small))
            client.expect(echoed(self._small))
            client.say(close_line(code, reason))
            client.expect(close_line(*answer), "end")
        self._require_report(path, answer, 1, self._small["size"])
        self.counts["closes"] += 1

    def be_closed(self, path, code, reason):
        """Be closed by the server at once."""
        with self._connection(path) as client:
            client.expect(close_line(code, reason), "end")
        # We answer with the code that we were sent (RFC 6455, section 5.5.1).
        self._require_report(path, (code, ""))
        self.counts["closes"] += 1

    def exceed(self):
        """Receive the largest message, and refuse one that is larger."""
        path = path_of("limit")
        with self._connection(path, options=["--max-message-size", str(LIMIT)]) as client:
            client.say(sending(self._small))
            client.expect(echoed(self._small))
            client.say(sending(self._large))
            failure = client.hear()
            if not failure.startswith("failed 1009 "):
                raise Unexpected(f"`{failure}` for a message that is too large")
            client.expect("end")
        reason = failure.removeprefix("failed 1009 ")
        both = self._small["size"] + self._large["size"]
        self._require_report(path, (1009, reason), 2, both)
        self.counts["limits"] += 1

    def be_refused(self, path, status, headers):
        """Get another answer than 101."""
        with self._client(path) as client:
            client.expect(f"refused {status}")
            lines = client.rest()
        for name, value in headers.items():
            if f"{name.lower()}: {value}" not in lines:
                raise Unexpected(f"{path}: no {name}: {value} in {lines}")
        self.counts["refusals"] += 1


def path_of(name):
    return f"/echo/{name}"


def sending(message):
    """The command that sends a message."""
    return f"{'text' if message['text'] else 'binary'} {message['file']}"


def echoed(message):
    """The event that a message came."""
    kind = "text" if message["text"] else "binary"
    return f"{kind} {message['size']} {message['sha256']}"


def close_line(code, reason):
    """The command that closes, and the event that a Close came."""
    return "close" if code is None else f"close {code} {reason}"


def count_pings(plan):
    """How often a server pings between the fragments of a message."""
    return sum(message["fragments"] > 2 for message in plan.messages)


def closes_by_server():
    return {f"/close/{index}": close for index, close in enumerate(CLOSES)}


def job_of(case, plans):
    """What a server is told."""
    return {
        "deflate": case.server,
        "subprotocol": SELECTED,
        "fragments": {
            path_of(name): [message["fragments"] for message in plan.messages]
            for name, plan in plans.items()},
        "closes": closes_by_server(),
        "answers": ANSWERS,
    }


def run_case(peer, server_command, client_command, case, plans, small, large):
    """Run a case. Return the outcome, judged."""
    log = WORK / f"client-{peer}.log"
    objections = []
    with contextlib.ExitStack() as stack:
        job = json.dumps(job_of(case, plans))
        server = stack.enter_context(Program([*server_command, job], log))
        run = Run(peer, server, client_command, log, case, small, large)
        proxies = {name: stack.enter_context(Proxy(run.port)) for name in plans}
        tasks = [
            (run.echo, name, plan, proxies[name].port) for name, plan in plans.items()]
        tasks += [(run.close, path_of(index), *close) for index, close in enumerate(CLOSES)]
        tasks += [(run.be_closed, path, *close) for path, close in closes_by_server().items()]
        tasks += [
            (run.be_refused, path, answer["status"], answer["headers"])
            for path, answer in ANSWERS.items()]
        tasks.append((run.exceed,))
        for task, *arguments in tasks:
            try:
                task(*arguments)
            except Unexpected as error:
                objections.append(f"{task.__name__}: {error}")
    flows = {name: (proxy.from_client, proxy.from_server) for name, proxy in proxies.items()}
    outcome = Outcome(peer, case.name, run.counts, flows, objections)
    outcome.require({
        "messages": sum(len(plan.messages) for plan in plans.values()),
        "bytes": sum(plan.bytes for plan in plans.values()),
        "pings": sum(count_pings(plan) for plan in plans.values()),
        "pongs": sum(len(plan.rounds) for plan in plans.values()),
        "closes": 2 * len(CLOSES), "limits": 1, "refusals": len(ANSWERS)})
    for name, plan in plans.items():
        outcome.objections += wire_objections(case, name, flows[name], plan)
    return outcome


def wire_objections(case, name, flows, plan):
    """What is wrong with the header fields and the byte counts of one connection."""
    from_client, from_server = flows
    lines = []
    if from_client.extensions() != offers(case.offer):
        lines.append(f"{name}: offered {from_client.extensions()}")
    answer = from_server.extensions()
    # The order of the parameters is the server's.
    if parameters(answer) != parameters(extension(case.answer)):
        lines.append(f"{name}: answered {answer} instead of {extension(case.answer)}")
    return lines + size_objections(name, flows, plan, case.answer is not None)


def extension(text):
    """The value of Sec-WebSocket-Extensions with these parameters; None without them."""
    return None if text is None else deflate(*filter(None, [text]))


def offers(text):
    """The value of Sec-WebSocket-Extensions in the request: the offer, and its fall-backs."""
    if text is None:
        return None
    rest = [name for name in text.split("; ") if not name.startswith("server_max_window_bits")]
    any_window = "; ".join(
        UNBOUND if name.startswith(UNBOUND) else name for name in rest)
    elements = [text] if text == UNBOUND else [text, any_window, UNBOUND, ""]
    return ", ".join(extension(element) for element in dict.fromkeys(elements))


def parameters(value):
    return value and sorted(value.split("; "))


def run_all(commands, plans):
    """Run our client against the servers. Return the outcomes."""
    binary = build_example("interop_client")
    small, large = (write_message(monotone, size, True) for size in (LIMIT, LIMIT + 1))

    def run(peer, case):
        return run_case(peer, commands[peer], binary, case, plans, small, large)

    return run_beside_each_other(
        run, {peer: [case for case in CASES if peer in case.peers] for peer in commands})
