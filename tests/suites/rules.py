"""The rules of HTTP/2, case by case, against the example echo."""

from concurrent.futures import ThreadPoolExecutor

import http2.fields
import http2.frames
import http2.served
import http2.streams
import http2.websockets  # Each adds its cases.
from http2.case import CASES, run as run_case
from runner.common import CannotRun, build_example
from runner.our_server import running_echo

# Cases mostly wait for what must not come.
SIDE_BY_SIDE = 12


def run(report, _options):
    names = [name for name in CASES if report.wants(name)]
    with running_echo(build_example("echo"), "rules", ["--no-deflate"]) as echo:
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            found = pool.map(lambda name: run_case(CASES[name], echo.port), names)
            for name, seen in zip(names, found):
                case = CASES[name]
                about = f"instead of {', '.join(sorted(case.allowed))} (RFC {case.clause})"
                report.add(name, seen in case.allowed, seen, about)
        if echo.process.poll() is not None:
            raise CannotRun("the server has ended")
        report.add("the server has not panicked", "panicked" not in echo.log.read_text(), "it has")
