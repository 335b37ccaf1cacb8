"""What came of each case, and the table of all."""

import contextlib
import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

ROW = "{:<11} {:<26} {:>8} {:>9} {:>19} {:>19} {:>6} {:<6} {}"


@dataclasses.dataclass
class Outcome:
    """What was done in a case, what was seen on the wire, and what was wrong."""

    peer: str
    case: str
    counts: dict
    flows: dict
    objections: list

    def require(self, wanted):
        """Object to numbers other than these."""
        self.objections += [
            f"{self.counts[name]} {name} instead of {count}"
            for name, count in wanted.items() if self.counts[name] != count]

    def row(self):
        counts = self.counts
        return ROW.format(
            self.peer, self.case, counts["messages"], counts["bytes"],
            wire(self.flows["compressible"]), wire(self.flows["incompressible"]),
            counts["closes"] + counts["limits"], "FAIL" if self.objections else "ok",
            self.flows["compressible"][1].extensions() or "none")


def wire(flows):
    return " / ".join(str(flow.bytes) for flow in flows)


def print_table(title, outcomes):
    print(title)
    print(ROW.format("peer", "case", "messages", "bytes", "compressible wire",
                     "incompressible wire", "closes", "result", "answer"))
    for outcome in outcomes:
        print(outcome.row())
    print(flush=True)


def run_beside_each_other(run_case, cases):
    """Run each peer's cases one after the other, the peers beside each other."""
    stopped = threading.Event()

    def run_peer(peer):
        return [run_case(peer, case) for case in cases[peer] if not stopped.is_set()]

    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor())
        stack.callback(stopped.set)
        return [outcome for outcomes in pool.map(run_peer, cases) for outcome in outcomes]
