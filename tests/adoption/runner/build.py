"""What cargo builds: everything in one go, so that all is built of the same."""

import dataclasses
import json
import os
import re
import subprocess
from pathlib import Path

from .common import WORK, WORKSPACE, CannotRun, say, shown

FEATURES = [
    "mdbook/serve", "mdbook/watch",
    "juniper_axum/subscriptions",
    "engineioxide/__test_harness",
    # Some of its tests are of these.
    *(f"socketioxide/{name}" for name in ("__test_harness", "extensions", "state", "tracing")),
]

# Whatever is set for the crate's own tests.
BUILD = {"CARGO_TARGET_DIR": str(WORK / "target"), "CARGO_INCREMENTAL": "0",
         "CARGO_PROFILE_DEV_DEBUG": "false"}

COUNTS = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.M)

FAILED_TEST = re.compile(r"^test (\S+) \.\.\. FAILED$", re.M)

SECONDS_PER_TEST_PROGRAM = 120


@dataclasses.dataclass
class Built:
    """The programs that serve, by name, and those that test, by package."""

    servers: dict
    tests: dict


def build():
    """Build tests and servers. What fails to build is nothing to judge."""
    command = ["cargo", "test", "--no-run", "--workspace", "--no-default-features",
               "--features", ",".join(FEATURES), "--message-format=json-render-diagnostics"]
    say("building all of them with their tests")
    log = WORK / "build.log"
    with open(log, "w", encoding="utf-8") as errors:
        done = subprocess.run(
            command, cwd=WORKSPACE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=errors, encoding="utf-8",
            env={**os.environ, **BUILD})
    if done.returncode != 0:
        raise CannotRun(f"the build failed: {shown(log)}\n{log.read_text()[-6000:]}")
    built = Built({}, {})
    for line in done.stdout.splitlines():
        artifact = json.loads(line)
        if artifact["reason"] == "compiler-artifact" and artifact["executable"]:
            add(built, artifact)
    return built


def add(built, artifact):
    executable, directory = artifact["executable"], Path(artifact["manifest_path"]).parent
    if artifact["profile"]["test"]:
        built.tests.setdefault(directory.name, []).append((executable, directory))
    elif artifact["target"]["kind"] == ["example"]:
        built.servers[artifact["target"]["name"]] = executable


@dataclasses.dataclass
class Tested:
    """What came of a package's tests."""

    passed: int = 0
    failed: int = 0
    # Of those that passed, how many did not at first.
    again: int = 0
    said: list = dataclasses.field(default_factory=list)

    def __add__(self, other):
        return Tested(self.passed + other.passed, self.failed + other.failed,
                      self.again + other.again, self.said + other.said)

    def __str__(self):
        again = f", {self.again} at a second go" if self.again else ""
        return f"{self.passed} passed{again}, {self.failed} failed"


def run_tests(built, package):
    """Run a package's own tests."""
    return sum((run_test_program(*program) for program in built.tests[package]), Tested())


def run_test_program(executable, directory):
    """Run one program. Many tests allow only milliseconds, so each that fails is asked again."""
    status, output = run_to_end([executable], directory)
    counts = COUNTS.search(output)
    said = f"{Path(executable).name}, status {status}:\n{output[-3000:]}"
    if not counts:
        return Tested(failed=1, said=[said])
    tested = Tested(passed=int(counts[1]), failed=int(counts[2]))
    names = FAILED_TEST.findall(output)
    if len(names) != tested.failed or (status != 0) != bool(names):
        tested.said.append(said)
    for name in names:
        if any(run_to_end([executable, "--exact", name], directory)[0] == 0 for _ in range(2)):
            tested.passed, tested.failed = tested.passed + 1, tested.failed - 1
            tested.again += 1
        else:
            tested.said.append(said)
    return tested


def run_to_end(command, directory):
    try:
        done = subprocess.run(
            command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
            timeout=SECONDS_PER_TEST_PROGRAM,
            # As cargo would.
            env={**os.environ, "CARGO_MANIFEST_DIR": str(directory)})
    except subprocess.TimeoutExpired as error:
        return None, (error.stdout or b"").decode("utf-8", "replace")
    return done.returncode, done.stdout
