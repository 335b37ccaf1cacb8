"""The tests of web-platform-tests below websockets/, in Chromium, against a server of ours.

tests/fixtures/wpt_server.rs is that server. Each page is a case, with each variant of it: `wss`
is TLS, `h2` is HTTP/2.
"""

import contextlib
import json
import re
import subprocess

import chromium
import devtools
from runner.common import CannotRun, build_example, say, shown
from wpt_files import metadata, serving
from wpt_source import WORK, find as find_tests

# Chromium is told that both are here.
HOST, OTHER_HOST = "web-platform.test", "not-web-platform.test"
# Pages at once; they mostly wait.
PAGES = 12
# testharness.js itself ends a test after 10 s, and one that says that it is long after 60 s.
SECONDS = 55

HARNESS = {1: "ERROR", 2: "TIMEOUT", 3: "PRECONDITION FAILED"}
SUBTEST = {1: "FAIL", 2: "TIMEOUT", 3: "NOTRUN", 4: "PRECONDITION FAILED"}

# Resolves to the results, however late the page has its scripts.
RESULTS = """new Promise(tell => {
    const none = {harness: 2, message: "no results", tests: []};
    setTimeout(() => tell(none), %d);
    const look = setInterval(() => {
        if (window.results) { clearInterval(look); window.results.then(tell); }
    }, 10);
})"""


def find(options):
    """The directory of the tests."""
    return find_tests(options.wpt)


def run(report, options):
    directory = find(options)
    command = chromium.find_browser()
    binary = build_example("wpt_server")
    cases = [case for case in cases_of(directory) if report.wants(case)]
    WORK.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        ports, certificate, log = stack.enter_context(serving_sockets(binary))
        names = {
            "host": HOST, "hosts[alt][]": OTHER_HOST, "domains[www]": "www." + HOST,
            "domains[www1]": "www1." + HOST, "domains[]": HOST,
            "ports[ws][0]": ports[0], "ports[wss][0]": ports[1], "ports[h2][0]": ports[2]}
        files = stack.enter_context(serving(directory, names))
        flags = [
            *chromium.FLAGS, "--disable-popup-blocking", "--host-resolver-rules=MAP *.test 127.0.0.1",
            "--ignore-certificate-errors-spki-list=" + chromium.key_digest(certificate)]
        errors = stack.enter_context(open(WORK / "chromium.log", "wb"))
        browser = stack.enter_context(devtools.running(command, flags, errors))
        say(f"{browser.call('Browser.getVersion')['product']}, {len(cases)} pages")
        for batch in batches(cases):
            for case, results in played(browser, f"http://{HOST}:{files}/", batch):
                seen = verdict(results)
                report.add(case, not seen, seen, details(results))
        report.add("the server has not panicked", "panicked" not in log.read_text(), "it has")


@contextlib.contextmanager
def serving_sockets(binary):
    """Start the server. Yields its ports (plain, TLS, HTTP/2), its certificate, its log."""
    log, pem = WORK / "wpt_server.log", WORK / "certificate.pem"
    with open(log, "wb") as errors:
        process = subprocess.Popen([binary, pem], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=errors)
    with process:
        try:
            ports = process.stdout.readline().decode().split()
            if len(ports) != 3:
                raise CannotRun(f"the server of sockets does not start; see {shown(log)}")
            yield ports, pem.read_text(), log
            if process.poll() is not None:
                raise CannotRun(f"the server of sockets has ended; see {shown(log)}")
        finally:
            process.kill()


def cases_of(directory):
    """The pages, as paths below websockets/, each with each of its variants."""
    root = directory / "websockets"
    cases = []
    for file in sorted(root.rglob("*")):
        name = file.relative_to(root).as_posix()
        # What other tests load.
        if re.search(r"(^|/)(support|resources|handlers)/", name):
            continue
        # Pages that must come by HTTPS, and those that look at no server.
        if ".https." in name or "idlharness" in name:
            continue
        if name.endswith((".any.js", ".window.js")):
            page, marks = name.removesuffix("js") + "html", list(metadata(file))
        elif name.endswith((".html", ".htm", ".xhtml")):
            text = file.read_text(encoding="utf-8", errors="replace")
            if "testharness.js" not in text:
                continue
            page = name
            marks = [("variant", found) for found in re.findall(
                r'<meta name="?variant"? content="([^"]*)"', text)]
        else:
            continue
        variants = [value for key, value in marks if key == "variant"] or [""]
        cases += [page + variant for variant in variants if "wpt_flags=https" not in variant]
    return cases


def batches(cases):
    """Cases to be played at once: not those about cookies, which all pages share."""
    alone = [case for case in cases if "cookie" in case]
    others = [case for case in cases if "cookie" not in case]
    yield from (others[at:at + PAGES] for at in range(0, len(others), PAGES))
    yield from ([case] for case in alone)


def played(browser, root, batch):
    """Load the pages, and return the results of each."""
    pages = []
    for case in batch:
        page = browser.new_page()
        page.load(root + "websockets/" + case)
        pages.append((case, page))
    results = []
    for case, page in pages:
        try:
            found = page.evaluate(RESULTS % (SECONDS * 1000))
        except devtools.PageError as error:
            found = {"harness": 1, "message": str(error), "tests": []}
        results.append((case, found))
        page.call("Page.close")
    return results


def verdict(results):
    """What was not right, in a line that is the same each time; empty if nothing."""
    wrong = [f"{SUBTEST.get(status, status)} {name}"
             for name, status, _ in results["tests"] if status != 0]
    if results["harness"] != 0:
        wrong.insert(0, HARNESS.get(results["harness"], str(results["harness"])))
    if not results["tests"] and not wrong:
        wrong.append("no tests")
    return "; ".join(wrong)


def details(results):
    """What the page says of it."""
    told = [message for _, status, message in results["tests"] if status != 0 and message]
    return json.dumps([results["message"], *told])[:500]
