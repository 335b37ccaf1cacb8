"""The Autobahn Testsuite: finding or making a wstest, and running it."""

import ast
import contextlib
import glob
import json
import os
import re
import shutil
import textwrap
import time

from .common import WORK, CannotRun, attempt, running, say, shown, tail

VERSION = "25.10.1"
IMAGE = "crossbario/autobahn-testsuite:" + VERSION
VENV = WORK / "venv"


def find_wstest(directory):
    """Return the command that starts a wstest of the right version, as a list of words.

    It is to be started in the directory, where it finds its files and leaves its report.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if os.environ.get("WSTEST"):
        command = [os.path.abspath(os.environ["WSTEST"])]
        complaint = version_complaint(command)
        if complaint:
            raise CannotRun("$WSTEST cannot be used: " + complaint)
        return command
    failures = []
    looks = (wstest_on_path, wstest_in_virtualenv, lambda: wstest_in_docker(directory))
    for look in looks:
        command, complaint = look()
        if command:
            say("autobahn: using " + " ".join(command))
            return command
        say("autobahn: " + complaint)
        failures.append("  - " + complaint)
    raise CannotRun(
        "no wstest of the Autobahn Testsuite {} can be had. Tried, besides $WSTEST:\n{}\n"
        "Do one of these:\n"
        "  - install a Python 2.7 with pip, for example with `pyenv install 2.7.18`\n"
        "  - start Docker\n"
        "  - set WSTEST to the path of a wstest {}".format(
            VERSION, "\n".join(failures), VERSION))


def version_complaint(wstest, seconds=60):
    """Return None if this is the right wstest, else what is wrong with it."""
    succeeded, output = attempt(wstest + ["--autobahnversion"], seconds)
    wanted = "AutobahnTestSuite " + VERSION
    if succeeded and wanted in output.splitlines():
        return None
    return "`{} --autobahnversion` does not say `{}` but: {}".format(
        " ".join(wstest), wanted, textwrap.shorten(output, 300) or "nothing")


def wstest_on_path():
    found = shutil.which("wstest")
    if not found:
        return None, "wstest is not on PATH"
    command = [os.path.abspath(found)]
    complaint = version_complaint(command)
    return (None, complaint) if complaint else (command, None)


def wstest_in_virtualenv():
    command = [str(VENV / "bin" / "wstest")]
    if os.path.exists(command[0]) and version_complaint(command) is None:
        return command, None
    complaints = []
    for python in working_python27s():
        complaint = make_virtualenv(python) or version_complaint(command)
        if complaint is None:
            return command, None
        complaints.append("virtualenv with {}: {}".format(python, complaint))
    return None, "; ".join(complaints) or "no working python2.7 on PATH or in pyenv"


def working_python27s():
    """Yield each Python 2.7 that really runs. A pyenv shim may be there and yet fail."""
    places = [os.path.join(place, "python2.7") for place in os.get_exec_path()]
    has_pyenv, pyenv_root = attempt(["pyenv", "root"])
    roots = [pyenv_root.strip()] if has_pyenv else []
    for root in roots + [os.path.expanduser("~/.pyenv")]:
        places += sorted(glob.glob(os.path.join(root, "versions", "2.7*", "bin", "python2.7")))
    seen = set()
    for place in places:
        real = os.path.realpath(place)
        if real in seen or not os.path.exists(place):
            continue
        seen.add(real)
        succeeded, output = attempt([place, "--version"])
        if succeeded and output.startswith("Python 2.7"):
            yield place


def make_virtualenv(python):
    """Make the virtualenv with wstest in it. Return None, or what went wrong."""
    say("autobahn: making {} with {}".format(shown(VENV), python))
    boot = WORK / "boot"
    for old in (boot, VENV):
        shutil.rmtree(str(old), ignore_errors=True)
    pip_install = ["-m", "pip", "install", "--disable-pip-version-check"]
    steps = [
        [python] + pip_install + ["--target", boot, "virtualenv<20.22"],
        [python, "-m", "virtualenv", VENV],
        [VENV / "bin" / "python"] + pip_install + ["autobahntestsuite==" + VERSION],
    ]
    for step in steps:
        uses_boot = "virtualenv" in step
        environment = dict(os.environ, PYTHONPATH=str(boot)) if uses_boot else None
        succeeded, output = attempt(step, seconds=900, env=environment)
        if not succeeded:
            return "`{}` failed: {}".format(
                " ".join(map(str, step)), " ".join(output.splitlines()[-5:]))
    return None


def wstest_in_docker(directory):
    succeeded, output = attempt(["docker", "info"])
    if not succeeded:
        last_line = (output.strip().splitlines() or ["it said nothing"])[-1]
        return None, "`docker info` failed: " + last_line
    command = [
        "docker", "run", "--rm", "--init", "--network", "host",
        "--user", "{}:{}".format(os.getuid(), os.getgid()),
        "--env", "PYTHONUNBUFFERED=1",
        "--volume", "{}:/autobahn".format(directory), "--workdir", "/autobahn",
        IMAGE, "wstest"]
    say("autobahn: trying the Docker image {}, which may have to be pulled".format(IMAGE))
    complaint = version_complaint(command, seconds=900)
    return (None, complaint) if complaint else (command, None)


@contextlib.contextmanager
def running_wstest(wstest, mode, files, patterns, further, options=()):
    """Start wstest for these cases, with what else its mode has to know. Yield its process."""
    if files.report.exists():
        shutil.rmtree(str(files.report))
    specification = {
        "outdir": files.report.name,
        "cases": patterns,
        "exclude-cases": [],
        "exclude-agent-cases": {},
        **further,
    }
    spec_file = files.directory / (mode + ".json")
    spec_file.write_text(json.dumps(specification, indent=2) + "\n", encoding="utf-8")
    command = wstest + ["--mode", mode, "--spec", spec_file.name, *options]
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    with running(
            command, files.wstest_log, cwd=str(files.directory), env=environment) as process:
        yield process


def wait_until_ended(process, name, log, files, minutes):
    """Wait for a process, and return its status."""
    deadline = time.monotonic() + 60 * minutes
    while process.poll() is None:
        if promised_cases(files) == []:  # The suite's client would wait forever.
            raise CannotRun("the suite has none of these cases")
        if time.monotonic() > deadline:
            raise CannotRun("{} did not end within {:g} minutes; {}".format(
                name, minutes, tail(log)))
        time.sleep(0.2)
    return process.returncode


def must_have_reported(name, status, log, files):
    if status != 0 or not (files.report / "index.json").exists():
        raise CannotRun("{} ended with status {} {} a report; {}".format(
            name, status, "and" if files.report.exists() else "without", tail(log)))


def promised_cases(files):
    """Read the case ids that wstest prints first. None if it did not print them yet."""
    log = files.wstest_log.read_text(encoding="utf-8", errors="replace")
    line = re.search(r"^Cases = (\[.*\])$", log, re.MULTILINE)
    return ast.literal_eval(line.group(1)) if line else None
