"""The messages, and in which order they go."""

import dataclasses
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path

from .common import WORK

PAYLOADS = WORK / "payloads"

SIZES = [0, 1, 31, 32, 33, 125, 126, 1000, 65535, 65536, 1 << 20, 16 << 20]
LARGEST_FRAGMENTED = 1 << 20
LARGEST_IN_FLIGHT = 65536
FRAGMENTS = 5

# A limit on the size of messages, for who is to refuse larger ones.
LIMIT = 1000

# Code and reason of each Close that a client sends. None: a Close without a status.
LONGEST_REASON = "ß" * 61 + "x"
CLOSES = [
    (1000, "done"), (1000, ""), (1001, "going away"), (3000, "registered"),
    (4000, ""), (4999, LONGEST_REASON), (None, ""),
]

# The most bytes on the wire for one of payload: of what compresses well; of what does not, of
# which we send large messages as they are.
MOST_COMPRESSIBLE = 0.5
MOST_INCOMPRESSIBLE = 1.002


def json_like(size):
    """Text that compresses well: records that come back, most of them many KiB apart."""
    rng = random.Random(1)
    record = '{{"id":{},"user":"{:08x}","action":"{}","ok":true,"price":{:.2f}}},\n'
    pool = [
        record.format(i, rng.getrandbits(32), rng.choice(["buy", "sell", "hold"]),
                      rng.uniform(1, 1000))
        for i in range(300)]
    text = "".join(rng.choices(pool, k=LARGEST_IN_FLIGHT // 64))
    return (text * (size // len(text) + 1))[:size].encode()


def mixed_script(size):
    """Text of one to four bytes per character, without repetition within a window."""
    rng = random.Random(2)
    alphabets = [range(0x20, 0x7f), range(0x3b1, 0x3ca), range(0x430, 0x450),
                 range(0x4e00, 0x9fa0), range(0x1f300, 0x1f600)]
    block = "".join(chr(rng.choice(rng.choice(alphabets))) for _ in range(1 << 17)).encode()
    whole = (block * (size // len(block) + 1))[:size].decode(errors="ignore").encode()
    return whole + b"x" * (size - len(whole))


def noise(size):
    return random.Random(3).randbytes(size)


def monotone(size):
    return b"x" * size


@dataclasses.dataclass(frozen=True)
class Kind:
    """What is sent on one connection: who makes its text and binary messages."""

    text: Callable[[int], bytes]
    binary: Callable[[int], bytes]
    most: float


KINDS = {
    "compressible": Kind(json_like, json_like, MOST_COMPRESSIBLE),
    "incompressible": Kind(mixed_script, noise, MOST_INCOMPRESSIBLE),
}


@dataclasses.dataclass(frozen=True)
class Plan:
    """What goes over one connection: rounds of messages that are in flight together."""

    file: Path
    rounds: list

    @property
    def messages(self):
        return [message for part in self.rounds for message in part]

    @property
    def bytes(self):
        return sum(message["size"] for message in self.messages)


def write_message(make, size, is_text):
    """Write a payload. Return the message that has it."""
    PAYLOADS.mkdir(parents=True, exist_ok=True)
    payload = make(size)
    file = PAYLOADS / f"{make.__name__}-{size}"
    file.write_bytes(payload)
    digest = hashlib.sha256(payload).hexdigest()
    return {"file": str(file), "size": size, "sha256": digest, "text": is_text, "fragments": 1}


def write_plans():
    """Write the messages and, for each connection, the order in which they go."""
    return {name: write_plan(name, kind) for name, kind in KINDS.items()}


def write_plan(name, kind):
    """Write one connection's plan."""
    messages = []
    for size in SIZES:
        for make, is_text in ((kind.text, True), (kind.binary, False)):
            messages.append(write_message(make, size, is_text))
    fragmented = [
        message | {"fragments": FRAGMENTS}
        for message in messages if message["size"] <= LARGEST_FRAGMENTED]
    crowd = [
        message for message in messages + fragmented if message["size"] <= LARGEST_IN_FLIGHT]
    rounds = [[message] for message in messages + fragmented] + [crowd]
    file = PAYLOADS / f"{name}.json"
    file.write_text(json.dumps(rounds), encoding="utf-8")
    return Plan(file, rounds)
