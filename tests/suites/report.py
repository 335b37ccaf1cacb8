"""What each case of a suite came to, beside what is expected of it."""

import fnmatch
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROW = "{:<11}{:<58}{}"


class Report:
    """Prints a line for each case that is not simply right, and then the sums.

    expected.toml has a table for each suite: a case, what is seen of it, and why. `seen` is
    "not applicable" where a case asks for what our server cannot do, or does not ask it at all;
    there, a name may be a pattern.
    """

    def __init__(self, suite, wanted=(), skipped=None):
        expected = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
        self._expected = expected.get(suite, {})
        self._beyond = [name for name, entry in self._expected.items()
                        if entry["seen"] == "not applicable"]
        self._left_out = dict.fromkeys(self._beyond, 0)
        self._suite = suite
        self._wanted = wanted
        self._skipped = skipped or (lambda name: False)
        self._seen = {}
        self._failures = []

    def wants(self, name):
        """Whether a case is to be run."""
        if self._wanted:
            return name in self._wanted
        if self._skipped(name):
            return False
        for pattern in self._beyond:
            if fnmatch.fnmatchcase(name, pattern):
                self._left_out[pattern] += 1
                return False
        return True

    def add(self, name, passed, seen, about=""):
        """A case, whether its suite takes it for passed, and what was seen."""
        self._seen[name] = passed
        entry = self._expected.get(name)
        if passed and not entry:
            return
        if passed:
            self._failures.append(name)
            print(ROW.format("CHANGED", name, f"passes now; it was: {entry['seen']}"), flush=True)
        elif entry and entry["seen"] == seen:
            print(ROW.format("differs", name, f"{seen}: {entry['why']}"), flush=True)
        else:
            self._failures.append(name)
            print(ROW.format("FAIL", name, f"{seen}  {about}"), flush=True)

    def close(self, seconds):
        """Print the sums. Return whether anything is not as expected."""
        if not self._wanted:
            gone = self._expected.keys() - self._seen.keys() - set(self._beyond)
            gone |= {pattern for pattern, count in self._left_out.items() if count == 0}
            for name in sorted(name for name in gone if not self._skipped(name)):
                self._failures.append(name)
                print(ROW.format("GONE", name, "is in expected.toml, but no case any more"))
        passed = sum(self._seen.values())
        print(f"{self._suite}: {len(self._seen)} cases, {passed} passed, "
              f"{len(self._seen) - passed} differ, {sum(self._left_out.values())} not applicable, "
              f"{len(self._failures)} not as expected, in {seconds:.0f} s", flush=True)
        if not self._seen:
            self._failures.append("no case was run")
        return bool(self._failures)
