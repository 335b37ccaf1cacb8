"""The commands of the README and the chapters: what they name is there."""

import functools
import json
import os
import re
import shlex
import subprocess

from blocks import PAGES, ROOT, blocks

KINDS = {"--example": "example", "--test": "test", "--bench": "bench", "--bin": "bin"}
# Options with a value that names nothing here.
VALUED = {"--features"}


def commands():
    """Every command line in a block or in backquotes."""
    lines = []
    for page in PAGES:
        lines += [line for block in blocks(page) if block.language == "sh"
                  for line in block.text.splitlines()]
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"),
                      flags=re.DOTALL | re.MULTILINE)
        lines += re.findall(r"`((?:cargo|tests/)[^`]*)`", text.replace("\n", " "))
    return [line for line in lines if line.strip() and not line.startswith("#")]


def problem(command):
    """What a command names that is not there, or None."""
    words = shlex.split(command, comments=True)
    while re.match(r"[A-Z_]+=", words[0]):
        words.pop(0)
    if words[0] != "cargo":
        path = ROOT / words[0]
        return None if os.access(path, os.X_OK) or path.is_dir() else f"no {words[0]}"
    if "--" in words:
        words = words[:words.index("--")]
    manifest = value(words, "--manifest-path") or "Cargo.toml"
    if not (ROOT / manifest).exists():
        return f"no {manifest}"
    package = metadata(manifest)
    features = set(re.split(r"[ ,]", value(words, "--features") or ""))
    if "--all-features" in words:
        features |= set(package["features"])
    elif "--no-default-features" not in words:
        features |= set(package["features"].get("default", []))
    skip = False
    for word, following in zip(words[2:], words[3:] + [""]):
        if skip:
            skip = False
        elif word in KINDS:
            skip = True
            found = [target for target in package["targets"]
                     if target["name"] == following and KINDS[word] in target["kind"]]
            if not found:
                return f"no {KINDS[word]} {following}"
            missing = set(found[0].get("required-features", [])) - turned_on(features, package)
            if missing:
                return f"{following} needs the features {', '.join(sorted(missing))}"
        elif word in VALUED or word == "--manifest-path":
            skip = True
        elif not word.startswith("--") and words[1] == "test" and not is_tested(word):
            return f"no test is called {word}"
    return None


def turned_on(features, package):
    """These, and those that they turn on."""
    on = set()
    left = set(features)
    while left:
        on |= left
        left = {name for feature in left for name in package["features"].get(feature, [])} - on
    return on


def value(words, option):
    return words[words.index(option) + 1] if option in words else None


@functools.cache
def metadata(manifest):
    """What cargo knows of a package."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--manifest-path", manifest]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["packages"][0]


@functools.cache
def is_tested(word):
    """Whether a filter is in the path or the name of some test."""
    word = word.replace("::", "/")
    for path in [*ROOT.glob("src/**/*.rs"), *ROOT.glob("tests/**/*.rs")]:
        text = path.read_text(encoding="utf-8")
        if "#[test]" not in text and "#[tokio::test" not in text:
            continue
        if word in str(path.relative_to(ROOT)) or re.search(rf"fn \w*{re.escape(word)}", text):
            return True
    return False
