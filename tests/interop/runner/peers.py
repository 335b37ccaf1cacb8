"""The peers: their versions, and how they are installed."""

import os
import sys

from .common import HERE, WORK, CannotRun, build, say, shown, succeed

WEBSOCKETS_VERSION = "17.4"  # Needs Python 3.11.
WS_VERSION = "8.23.0"

PROGRAMS = HERE / "peers"
VENV = WORK / "venv"
NODE = WORK / "node"
TUNGSTENITE = WORK / "tungstenite"


def install_websockets():
    """Install Python's `websockets`, unless it is there."""
    python = VENV / "bin" / "python"
    version = [python, "-c", "import websockets; print(websockets.__version__)"]
    if not is_installed(version, WEBSOCKETS_VERSION):
        if sys.version_info < (3, 11):
            raise CannotRun(f"websockets {WEBSOCKETS_VERSION} needs Python 3.11")
        say(f"installing websockets {WEBSOCKETS_VERSION} into {shown(VENV)}")
        succeed([sys.executable, "-m", "venv", "--clear", VENV])
        succeed([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                 "websockets==" + WEBSOCKETS_VERSION])
    require_version(version, WEBSOCKETS_VERSION)
    return lambda program: [str(python), str(PROGRAMS / "python" / f"{program}.py")]


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
