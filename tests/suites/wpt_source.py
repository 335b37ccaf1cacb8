"""Where web-platform-tests come from: a directory that is named, or Debian's source of Firefox.

No registry has the tests by themselves. The browsers' sources have them, and Debian keeps these.
Of one of them, 0.5 GB, what is needed is unpacked to target/, 1 MB, in less than a minute.
"""

import hashlib
import re
import shutil
import subprocess
import time
from pathlib import Path

from runner.common import ROOT, CannotRun, say, shown, succeed

# Of Debian 12, which changes no more.
PACKAGE, VERSION = "firefox-esr", "115.15.0esr-1~deb12u1"
RELEASE = "bookworm"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
HELPER = Path("/usr/lib/apt/apt-helper")

WORK = ROOT / "target" / "suites"
WANTED = ["websockets", "resources", "common"]
# What this archive has behind them, in its own order: when it is there, they are complete.
BEHIND = "document-picture-in-picture"


def find(directory):
    """Return the directory of the tests, which are fetched if none is named."""
    if directory is None:
        directory = WORK / f"wpt-{PACKAGE}-{VERSION}"
        if not directory.exists():
            fetch(directory)
    for needed in ("websockets/constants.sub.js", "resources/testharness.js"):
        if not (directory / needed).exists():
            raise CannotRun(f"{directory} has no {needed}")
    return directory


def fetch(directory):
    """Download the archive by apt, unpack what is wanted, and keep that alone."""
    for program in ("apt-get", "xz", "tar"):
        if shutil.which(program) is None:
            raise CannotRun(f"no {program} to fetch web-platform-tests; --wpt names a directory")
    begun = time.monotonic()
    apt = private_apt()
    succeed([*apt, "update"])
    listed = succeed([*apt, "source", "--print-uris", f"{PACKAGE}={VERSION}"])
    main = re.search(r"'(\S+)' (\S+\.orig\.tar\.xz) (\d+) (SHA256:\w+)", listed)
    if main is None:
        raise CannotRun(f"apt does not know an archive of {PACKAGE} {VERSION}")
    uri, name, size, digest = main.groups()
    archive = WORK / name
    say(f"fetching {name}, {int(size) / 1e6:.0f} MB, for web-platform-tests")
    # apt's own way to fetch one file of a source package; the others are translations.
    succeed([HELPER, *apt[1:], "download-file", uri, archive, digest], seconds=900)
    say(f"unpacking, after {time.monotonic() - begun:.0f} s")
    unpacked = WORK / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    unpack(archive, unpacked)
    tests, = unpacked.glob("*/testing/web-platform/tests")
    shutil.rmtree(tests / BEHIND, ignore_errors=True)
    tests.rename(directory)
    shutil.rmtree(unpacked)
    archive.unlink()
    say(f"{shown(directory)} is there, after {time.monotonic() - begun:.0f} s")


def private_apt():
    """An apt-get that knows Debian's sources, from where this machine has its packages, and
    leaves alone what the machine's own knows."""
    if not KEYRING.exists():
        raise CannotRun(f"no {KEYRING}: only Debian's own sources can be fetched; "
                        "--wpt names a directory")
    origins = succeed(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(ORIGIN)",
                       "Created-By: Packages"])
    found = re.search(rf"^(\S+) {RELEASE} Debian$", origins, re.MULTILINE)
    if found is None:
        raise CannotRun(f"apt knows no Debian {RELEASE}; --wpt names a directory")
    apt = WORK / "apt"
    for below in ("lists/partial", "cache/archives/partial"):
        (apt / below).mkdir(parents=True, exist_ok=True)
    (apt / "sources.list").write_text(f"deb-src [signed-by={KEYRING}] {found[1]} {RELEASE} main\n")
    options = {
        "Dir::Etc::sourcelist": apt / "sources.list", "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": apt / "lists", "Dir::Cache": apt / "cache",
        "APT::Sandbox::User": "root"}
    return ["apt-get", "-q", *(word for name, value in options.items()
                               for word in ("-o", f"{name}={value}"))]


def unpack(archive, target):
    """Unpack the wanted directories, and stop when they are there."""
    patterns = [f"*/testing/web-platform/tests/{name}" for name in [*WANTED, BEHIND]]
    xz = subprocess.Popen(["xz", "-dc", archive], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    tar = subprocess.Popen(["tar", "-x", "-C", target, "--wildcards", *patterns],
                           stdin=xz.stdout, stderr=subprocess.DEVNULL)
    xz.stdout.close()
    try:
        while tar.poll() is None and not list(target.glob(f"*/testing/*/tests/{BEHIND}/*")):
            time.sleep(0.1)
    finally:
        for process in (tar, xz):
            process.kill()
            process.wait()
