"""The oldest Rust that the crate must build with, or one that is older."""

import shutil
import subprocess

# Debian 12 has it beside its own. Its packages are unpacked, not installed.
DEBIAN_VERSION = "1.85.0"
DEBIAN_PACKAGES = ["rustc-web", "libstd-rust-web-1.85", "libstd-rust-web-dev"]
# What it is linked with.
DEBIAN_LIBRARIES = ["libllvm19"]
# The one crate that asks for 1.86, and what it uses of that.
NEWER = {"fearless_simd": "target_feature_11"}


class CannotRun(Exception):
    """The run could not be made, so there is nothing to judge."""


def oldest_rust(version, target):
    """Variables for cargo that make it use it, and what it is called."""
    name = f"{version}.0" if version.count(".") == 1 else version
    if shutil.which("rustup"):
        listed = subprocess.run(["rustup", "toolchain", "list"], stdout=subprocess.PIPE, text=True).stdout
        for toolchain in (version, name):
            if any(line.startswith(f"{toolchain}-") for line in listed.splitlines()):
                found = subprocess.run(["rustup", "which", "--toolchain", toolchain, "rustc"],
                                       stdout=subprocess.PIPE, text=True, check=True)
                return {"RUSTC": found.stdout.strip()}, f"Rust {version}"
    return {"RUSTC": str(debian_rust(target))}, f"Debian's Rust {DEBIAN_VERSION}"


def debian_rust(target):
    """A script that runs the compiler of Debian's packages."""
    home = target / f"rust-{DEBIAN_VERSION}"
    script = home / "rustc"
    if script.exists():
        return script
    parts = home / "parts"
    shutil.rmtree(home, ignore_errors=True)
    parts.mkdir(parents=True)
    packages = [*(f"{name}={version_of(name)}" for name in DEBIAN_PACKAGES), *DEBIAN_LIBRARIES]
    run(["apt-get", "download", "-qq", *packages], cwd=parts)
    for package in parts.iterdir():
        run(["dpkg", "-x", package, home])
    shutil.rmtree(parts)
    cases = "".join(f"""\
*" --crate-name {name} "*) export RUSTC_BOOTSTRAP=1; set -- "$@" -Zcrate-attr='feature({feature})' ;;
""" for name, feature in NEWER.items())
    script.write_text(f"""\
#!/bin/sh
case " $* " in
{cases}esac
LD_LIBRARY_PATH='{home}/usr/lib/x86_64-linux-gnu' exec '{home}/usr/bin/rustc' "$@"
""", encoding="utf-8")
    script.chmod(0o755)
    return script


def version_of(package):
    """That of Debian's packages which has the wanted version of Rust."""
    if not shutil.which("apt-cache"):
        raise CannotRun("the oldest Rust is not there; install it with rustup")
    for is_fresh in (False, True):
        if is_fresh:
            run(["apt-get", "update", "-qq"])
        listed = run(["apt-cache", "madison", package])
        for line in listed.splitlines():
            version = line.split("|")[1].strip()
            if version.startswith(DEBIAN_VERSION):
                return version
    raise CannotRun(f"no {package} {DEBIAN_VERSION} among Debian's packages; "
                    "install the oldest Rust with rustup")


def run(command, **options):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise CannotRun(f"{command[0]} fails: {done.stdout[-2000:]}")
    return done.stdout
