"""Our server, the echo example, against the clients of others.

In each case a client makes one offer of permessage-deflate, or none.
"""

import contextlib
import dataclasses
import json
import re
import subprocess
from pathlib import Path

from .common import SECONDS_PER_CASE, WORK, CannotRun, build_example, shown
from .messages import CLOSES, LIMIT
from .outcome import Outcome, run_beside_each_other
from .wire import Proxy, deflate, size_objections


@dataclasses.dataclass(frozen=True)
class Case:
    """What a client offers, and what must be answered."""

    name: str
    offer: dict | None
    answer: str | None
    server: str = "deflate"


def offered(**parameters):
    """An offer. A client that can be told its window says so, unless told otherwise."""
    return {"client_max_window_bits": True} | parameters


NO_TAKEOVER = {"server_no_context_takeover": True, "client_no_context_takeover": True}

# RFC 7692, 7.1: a server may answer with a smaller window than was offered. The example's windows
# have 12 bits at most; it answers what it was asked for, and names the client's window only if the
# client did.
CASES = [
    Case("no offer", None, None),
    Case("no offer, none wanted", None, None, server="plain"),
    Case("default", offered(),
         deflate("client_max_window_bits=12")),
    Case("no context takeover", offered(**NO_TAKEOVER),
         deflate("server_no_context_takeover", "client_no_context_takeover",
                 "client_max_window_bits=12")),
    Case("server window 8", offered(server_max_window_bits=8),
         deflate("server_max_window_bits=8", "client_max_window_bits=12")),
    Case("server window 9", offered(server_max_window_bits=9),
         deflate("server_max_window_bits=9", "client_max_window_bits=12")),
    Case("server window 10", offered(server_max_window_bits=10),
         deflate("server_max_window_bits=10", "client_max_window_bits=12")),
    Case("client window 9", offered(client_max_window_bits=9),
         deflate("client_max_window_bits=9")),
    Case("client window 10", offered(client_max_window_bits=10),
         deflate("client_max_window_bits=10")),
    Case("client window 15", offered(client_max_window_bits=15),
         deflate("client_max_window_bits=12")),
    Case("client window fixed", offered(client_max_window_bits=False), deflate()),
    Case("9 both, no takeover",
         offered(server_max_window_bits=9, client_max_window_bits=9, **NO_TAKEOVER),
         deflate("server_no_context_takeover", "server_max_window_bits=9",
                 "client_no_context_takeover", "client_max_window_bits=9")),
    Case("declined by server", offered(), None, server="plain"),
]

# The echoes, and their options.
LIMITED = ["--max-message-size", str(LIMIT)]
SERVERS = {
    "deflate": [], "limited-deflate": LIMITED,
    "plain": ["--no-deflate"], "limited-plain": ["--no-deflate", *LIMITED],
}


@dataclasses.dataclass(frozen=True)
class Echo:
    """An echo that runs."""

    port: int
    process: subprocess.Popen
    log: Path


@contextlib.contextmanager
def running_echo(binary, name, options):
    """Start an echo at a port of its own, and always end it."""
    log = WORK / f"echo-{name}.log"
    command = [binary, "--addr", "127.0.0.1:0", *options]
    with open(log, "wb") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
    with process:
        try:
            first_line = process.stdout.readline().decode()
            port = re.match(r"ws://127\.0\.0\.1:(\d+)/ws", first_line)
            if not port:
                raise CannotRun(f"the echo example does not start; see {shown(log)}")
            yield Echo(int(port[1]), process, log)
        finally:
            process.kill()


def run_case(peer, command, case, echoes, plans):
    """Let a client run a case. Return the outcome, judged."""
    with contextlib.ExitStack() as stack:
        proxies = {
            name: stack.enter_context(Proxy(echoes[case.server].port)) for name in plans}
        job = {
            "offer": case.offer,
            "echoes": [
                {"url": url(proxies[name].port), "plan": str(plan.file)}
                for name, plan in plans.items()],
            "closes": {"url": url(echoes[case.server].port), "closes": CLOSES},
            "limit": {"url": url(echoes["limited-" + case.server].port), "size": LIMIT},
        }
        report = report_of(command, job)
    flows = {name: (proxy.from_client, proxy.from_server) for name, proxy in proxies.items()}
    outcome = Outcome(peer, case.name, report, flows, list(report["failures"]))
    outcome.require({
        "messages": sum(len(plan.messages) for plan in plans.values()),
        "bytes": sum(plan.bytes for plan in plans.values()),
        "pongs": sum(len(plan.rounds) for plan in plans.values()),
        "closes": len(CLOSES), "limits": 1})
    for name, plan in plans.items():
        outcome.objections += wire_objections(case, name, flows[name], plan)
    return outcome


def url(port):
    return f"ws://127.0.0.1:{port}/ws"


def report_of(command, job):
    """Run a client with a job. Return its report, also if it made none."""
    report = {"messages": 0, "bytes": 0, "pongs": 0, "closes": 0, "limits": 0, "failures": []}
    try:
        done = subprocess.run(
            [*command, json.dumps(job)], stdin=subprocess.DEVNULL, capture_output=True,
            timeout=SECONDS_PER_CASE, encoding="utf-8", errors="replace")
        return report | json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        report["failures"].append(f"did not end within {SECONDS_PER_CASE} s")
    except ValueError:
        report["failures"].append("made no report: " + done.stderr.strip()[-1500:])
    return report


def wire_objections(case, name, flows, plan):
    """What is wrong with the header fields and the byte counts of one connection."""
    from_client, from_server = flows
    lines = []
    if from_client.extensions() != offer_text(case.offer):
        lines.append(f"{name}: offered {from_client.extensions()}")
    if from_server.extensions() != case.answer:
        lines.append(f"{name}: answered {from_server.extensions()} instead of {case.answer}")
    return lines + size_objections(name, flows, plan, case.answer is not None)


def offer_text(offer):
    """The value of Sec-WebSocket-Extensions that a client makes of an offer."""
    if offer is None:
        return None
    names = ["server_no_context_takeover", "client_no_context_takeover",
             "server_max_window_bits", "client_max_window_bits"]
    return deflate(*(
        name if offer[name] is True else f"{name}={offer[name]}"
        for name in names if offer.get(name)))


def cases_of(peer):
    """The cases that a client can play. tungstenite does not compress."""
    return [case for case in CASES if peer != "tungstenite" or case.offer is None]


def run_all(commands, plans):
    """Run the clients. Return the outcomes, and what became of the echoes."""
    binary = build_example("echo")
    with contextlib.ExitStack() as stack:
        echoes = {
            name: stack.enter_context(running_echo(binary, name, options))
            for name, options in SERVERS.items()}

        def run(peer, case):
            return run_case(peer, commands[peer], case, echoes, plans)

        outcomes = run_beside_each_other(run, {peer: cases_of(peer) for peer in commands})
        dead = [
            f"the echo example ended during the run; see {shown(echo.log)}"
            for echo in echoes.values() if echo.process.poll() is not None]
    return outcomes, dead
