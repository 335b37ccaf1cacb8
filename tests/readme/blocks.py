"""The code blocks of a page, and packages made of them."""

import dataclasses
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "readme"
README = ROOT / "README.md"
CHAPTERS = sorted((ROOT / "docs").glob("[!.]*.md"))
EXAMPLES = ROOT / "examples" / "README.md"
PAGES = [README, *CHAPTERS, EXAMPLES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]

MANIFEST = """\
[package]
name = "{name}"
version = "0.0.0"
edition = "2024"

{dependencies}
# Until it is there, and in place of it when it is.
[patch.crates-io]
tower-websock = {{ path = "{root}" }}

[workspace]
"""
# The body of `main` defines more than it uses.
FRAGMENT = "#![allow(unused)]\nfn main() {{\n{text}}}\n"


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of code."""

    page: Path
    line: int
    section: str
    info: str
    text: str
    # The block that names what it builds with: the last above it.
    dependencies: str

    def __str__(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def language(self):
        return self.info.split(",")[0]

    @property
    def hidden(self):
        """The lines that rustdoc hides and other renderers show."""
        return [line for line in self.text.splitlines() if re.match(r"\s*#( |$)", line)]

    @property
    def is_program(self):
        return re.search(r"^(async )?fn main\(", self.text, re.MULTILINE) is not None

    @property
    def program(self):
        """The source of a program: the block, or `main` around it."""
        return self.text if self.is_program else FRAGMENT.format(text=self.text)

    @property
    def slug(self):
        """The section, in one word."""
        return re.sub(r"\W+", "_", self.section.lower()).strip("_") or "top"

    @property
    def name(self):
        """What a binary of it may be called."""
        return f"{self.page_name}_{self.slug}_{self.line}"

    @property
    def page_name(self):
        if self.page in PAGES:
            return self.page.stem.lower()
        return f"module_{self.page.parent.name}"


def blocks(page, dependencies=""):
    """All blocks of a page, or of the documentation at the top of a module."""
    lines = page.read_text(encoding="utf-8").splitlines()
    if page.suffix == ".rs":
        lines = [line.removeprefix("//!").removeprefix(" ")
                 for line in lines if line.startswith("//!")]
    found, section, start = [], "", None
    for number, line in enumerate(lines, 1):
        if start is not None:
            if line.startswith("```"):
                text = "".join(line + "\n" for line in lines[start:number - 1])
                block = Block(page, start, section, lines[start - 1][3:] or "rust", text,
                              dependencies)
                found.append(block)
                if text.startswith("[dependencies]"):
                    dependencies = text
                start = None
        elif line.startswith("```"):
            start = number
        elif line.startswith("#"):
            section = line.lstrip("# ")
    return found


def dependencies_of(section, page=README):
    """What a page names for a section."""
    return next(block.text for block in blocks(page)
                if block.section == section and block.text.startswith("[dependencies]"))


def shown_blocks():
    """All blocks of the README and of the chapters. What names no dependencies on its own page
    builds with the first that the README names."""
    first = next(block.text for block in blocks(README) if block.text.startswith("[dependencies]"))
    found = blocks(README)
    for page in CHAPTERS:
        found += blocks(page, first)
    return found


def build(name, dependencies, sources):
    """Build a package of these binaries. Return their paths, or None and what cargo said."""
    package = WORK / "packages" / name
    shutil.rmtree(package, ignore_errors=True)
    (package / "src" / "bin").mkdir(parents=True)
    (package / "Cargo.toml").write_text(
        MANIFEST.format(name=name, dependencies=dependencies, root=ROOT), encoding="utf-8")
    # The versions that everything else is tested with.
    shutil.copy(ROOT / "Cargo.lock", package)
    for binary, source in sources.items():
        (package / "src" / "bin" / f"{binary}.rs").write_text(
            "#![deny(warnings)]\n" + source, encoding="utf-8")
    target = WORK / "target"
    # The environment's settings of a profile would count for more than the package's.
    settings = {"CARGO_TARGET_DIR": str(target), "CARGO_TERM_COLOR": "never",
                "CARGO_PROFILE_DEV_DEBUG": "0"}
    done = subprocess.run(
        ["cargo", "build", "--keep-going"], cwd=package, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        env=os.environ | settings)
    if done.returncode != 0:
        return None, done.stdout
    return {binary: target / "debug" / binary for binary in sources}, done.stdout
