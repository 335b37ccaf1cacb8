"""Our server sends messages that were prepared, among others, to clients of Python's `websockets`.

Each connection's own messages and those that all share must come as they were, whatever
was agreed on about contexts and windows (RFC 7692, section 7.2.3.2).
"""

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from .common import SECONDS_PER_CASE, WORK, CannotRun, build_example, shown

LEAST_PREPARED = 10_000
MOST_ON_WIRE = 0.6

NO_TAKEOVER = {"server_no_context_takeover": True}

# A name, the path of the server, and what is offered.
CASES = [
    ("context takeover", "kept", {}),
    ("window 15, takeover", "kept", {"client_max_window_bits": True}),
    ("window 12, takeover", "kept", {"server_max_window_bits": 12}),
    ("window 9, takeover", "kept", {"server_max_window_bits": 9}),
    ("no takeover, asked for", "kept", NO_TAKEOVER),
    ("no takeover", "reset", {}),
    ("window 9, no takeover", "reset", {"server_max_window_bits": 9, **NO_TAKEOVER}),
]

ROW = "{:<11} {:<26} {:>8} {:>9} {:>10} {:>10} {}"


def run_all(command):
    """Run the client in all cases, at the same time. Return how many there were, and objections."""
    binary = build_example("interop_prepared")
    log = WORK / "interop-prepared.log"
    with open(log, "wb") as errors:
        process = subprocess.Popen(
            [binary, "--addr", "127.0.0.1:0"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors)
    with process:
        try:
            address = re.match(r"ws://[\d.]+:\d+/", process.stdout.readline().decode())
            if not address:
                raise CannotRun(f"interop_prepared does not start; see {shown(log)}")
            print("Prepared messages among others:")
            print(ROW.format("peer", "case", "messages", "prepared", "payload", "wire", "result"))
            jobs = [
                (name, {"url": f"{address[0]}{path}?{seed}", "offer": offer})
                for seed, (name, path, offer) in enumerate(CASES, 1)]
            with ThreadPoolExecutor() as pool:
                lines = pool.map(lambda job: run_case(command, *job), jobs)
                lines = [line for case in lines for line in case]
            print(flush=True)
            if process.poll() is not None:
                lines.append(f"the server ended during the run; see {shown(log)}")
        finally:
            process.kill()
    return len(CASES), lines


def run_case(command, name, job):
    """Let a client receive all. Return what is not as it ought to be."""
    try:
        done = subprocess.run(
            [*command, json.dumps(job)], stdin=subprocess.DEVNULL, capture_output=True,
            timeout=SECONDS_PER_CASE, encoding="utf-8", errors="replace")
        report = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return [f"{name}: did not end within {SECONDS_PER_CASE} s"]
    except ValueError:
        return [f"{name}: made no report: " + done.stderr.strip()[-1500:]]
    told = report["told"]
    lines = [
        f"{name}: {what} {report[what]} instead of {told[what]}"
        for what in ("messages", "payload", "sha256") if report[what] != told[what]]
    if report["code"] != 1000:
        lines.append(f"{name}: closed with {report['code']}")
    if told["prepared"] < LEAST_PREPARED:
        lines.append(f"{name}: only {told['prepared']} were prepared")
    if told["wire"] > told["payload"] * MOST_ON_WIRE:
        lines.append(f"{name}: {told['wire']} bytes on the wire")
    print(ROW.format("websockets", name, told["messages"], told["prepared"], told["payload"],
                     told["wire"], "FAIL" if lines else "ok"))
    return lines
