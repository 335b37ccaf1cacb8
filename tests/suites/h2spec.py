"""h2spec itself, against the example echo. It is not in any registry that CI reaches."""

import os
import shutil
import xml.etree.ElementTree as xml

from runner.common import WORK, CannotRun, build_example, succeed
from runner.our_server import running_echo


def run(report, options):
    program = shutil.which(options.h2spec or "h2spec")
    if program is None:
        raise CannotRun("there is no h2spec; --h2spec names one")
    with running_echo(build_example("echo"), "h2spec", ["--no-deflate"]) as echo:
        results = WORK / "h2spec.xml"
        results.unlink(missing_ok=True)
        # It exits with 1 if any case fails, which is judged below.
        succeed(["sh", "-c", '"$@" || [ $? = 1 ]', "sh", os.path.abspath(program),
                 "--host", "127.0.0.1", "--port", echo.port, "--strict", "--timeout", "10",
                 "--junit-report", results])
    if not results.exists():
        raise CannotRun("h2spec made no report")
    counts = {}
    for test in xml.parse(results).getroot().iter("testcase"):
        section = test.get("package")
        counts[section] = counts.get(section, 0) + 1
        name = f"{section}/{counts[section]}"
        wrong = [child for child in test if child.tag in ("failure", "error", "skipped")]
        seen = wrong[0].tag if wrong else "passed"
        about = " ".join(" ".join(child.itertext()) for child in wrong)
        if report.wants(name):
            report.add(name, not wrong, seen, f"{test.get('classname')}: {' '.join(about.split())}")
