"""The peers: their versions, and how they are installed."""

import os
import sys

from .common import HERE, WORK, CannotRun, build, say, shown, succeed

WEBSOCKETS_VERSION = "17.4"  # Needs Python 3.11.
H2_VERSION = "4.3.0"
WS_VERSION = "8.23.0"

PROGRAMS = HERE / "peers"
VENV = WORK / "venv"
H2_VENV = WORK / "h2-venv"
NODE = WORK / "node"
TUNGSTENITE = WORK / "tungstenite"


def install_websockets():
    """Install Python's `websockets`, unless it is there."""
    if sys.version_info < (3, 11):
        raise CannotRun(f"websockets {WEBSOCKETS_VERSION} needs Python 3.11")
    python = install_from_pypi("websockets", WEBSOCKETS_VERSION, VENV)
    return lambda program: [str(python), str(PROGRAMS / "python" / f"{program}.py")]


def install_h2():
    """Install Python's `h2`, unless it is there. Return the Python that has it."""
    return install_from_pypi("h2", H2_VERSION, H2_VENV)


def install_from_pypi(package, version, venv):
    """Make a virtualenv with a package, unless it is there. Return its Python."""
    python = venv / "bin" / "python"
    asked = [python, "-c", f"import {package}; print({package}.__version__)"]
    if not is_installed(asked, version):
        say(f"installing {package} {version} into {shown(venv)}")
        succeed([sys.executable, "-m", "venv", "--clear", venv])
        succeed([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                 f"{package}=={version}"])
    require_version(asked, version)
    return python


def install_ws():
    """Install Node's `ws`, unless it is there."""
    os.environ["NODE_PATH"] = str(NODE / "node_modules")
    version = ["node", "-p", "require('ws/package.json').version"]
    if not is_installed(version, WS_VERSION):
        say(f"installing ws {WS_VERSION} into {shown(NODE)}")
        NODE.mkdir(parents=True, exist_ok=True)
        succeed(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--silent",
                 "--prefix", NODE, "ws@" + WS_VERSION])
    require_version(version, WS_VERSION)
    return lambda program: ["node", str(PROGRAMS / "node" / f"{program}.js")]


def build_tungstenite():
    """Build the programs of Rust's `tungstenite`, in the version of its Cargo.lock."""
    build("tungstenite", "--manifest-path", PROGRAMS / "tungstenite" / "Cargo.toml",
          "--target-dir", TUNGSTENITE)
    return lambda program: [str(TUNGSTENITE / "release" / program)]


def is_installed(command, version):
    try:
        return succeed(command) == version
    except CannotRun:
        return False


def require_version(command, version):
    found = succeed(command)
    if found != version:
        raise CannotRun(f"version {found} was installed instead of {version}")


# Each function returns one that makes the command that starts the peer's `client` or `server`.
PEERS = {
    "websockets": install_websockets, "ws": install_ws, "tungstenite": build_tungstenite}
