"""The sources of the programs: fetched by cargo, copied out of its registry."""

import functools
import json
import shutil
from pathlib import Path

from .common import HERE, WORK, WORKSPACE, CannotRun, output_of, say, shown

# The newest when they were last moved. Cargo.lock in workspace/ has the same.
VERSIONS = {
    "mdbook": "0.5.4",
    "juniper_axum": "0.4.0",
    "engineioxide": "0.17.9",
    "socketioxide": "0.18.9",
    "async-graphql-axum": "7.2.1",
}

FETCH = WORK / "fetch"


def fetch():
    """Let cargo fetch all of them. Return the directory of each, which is to be left as it is."""
    say("fetching " + ", ".join(f"{name} {version}" for name, version in VERSIONS.items()))
    (FETCH / "src").mkdir(parents=True, exist_ok=True)
    (FETCH / "src" / "lib.rs").write_text("")
    # What they depend on in the versions in which it is built.
    shutil.copy(HERE / "workspace" / "Cargo.lock", FETCH / "Cargo.lock")
    (FETCH / "Cargo.toml").write_text("\n".join([
        '[package]', 'name = "fetch"', 'version = "0.0.0"', 'edition = "2024"', '[workspace]',
        '[dependencies]',
        *(f'{name} = "={version}"' for name, version in VERSIONS.items())]))
    manifest = ("--manifest-path", FETCH / "Cargo.toml")
    output_of(["cargo", "fetch", "--target", host(), *manifest])
    packages = json.loads(output_of(
        ["cargo", "metadata", "--format-version", "1", "--offline", "--filter-platform", host(),
         *manifest]))["packages"]
    # A program without a library is fetched, but is no package of the metadata: it lies beside
    # the others.
    registry = next(
        Path(package["manifest_path"]).parents[1] for package in packages
        if package["name"] == "async-graphql-axum")
    found = {name: registry / f"{name}-{version}" for name, version in VERSIONS.items()}
    for path in found.values():
        if not (path / "Cargo.toml").is_file():
            raise CannotRun(f"cargo fetched no {path.name} into {registry}")
    return found


@functools.cache
def host():
    """The platform that cargo builds for."""
    for line in output_of(["rustc", "-vV"]).splitlines():
        if line.startswith("host: "):
            return line.removeprefix("host: ")
    raise CannotRun("`rustc -vV` tells no host")


def lay_out(fetched, names):
    """Copy the workspace, and into it the sources of those that are built there."""
    for path in (HERE / "workspace").rglob("*"):
        if path.is_file():
            put(path, WORKSPACE / path.relative_to(HERE / "workspace"))
    for name in names:
        source, copy = fetched[name], WORKSPACE / "programs" / name
        shutil.rmtree(copy, ignore_errors=True)
        # With their times, by which cargo knows what it has built.
        shutil.copytree(source, copy)
        say(f"{source.name} is in {shown(copy)}")


def put(source, copy):
    """Copy a file unless it is there as it is."""
    if not (copy.is_file() and copy.read_bytes() == source.read_bytes()):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
