"""Which cases there are, what is expected of each, and the verdict on a report."""

import json

from .common import CannotRun, shown
from .suite import promised_cases

# What is expected to run: all there is.
DEFAULT_CASES = [
    "1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*",
    # permessage-deflate
    "12.*", "13.*",
]

# How many cases each group of the suite has. They are 517 in all.
CASES_PER_GROUP = {
    "1": 16, "2": 11, "3": 7, "4": 10, "5": 20, "6": 145, "7": 37, "9": 54, "10": 1,
    "12": 90, "13": 126,
}

# The cases that are INFORMATIONAL by definition, with the close code we must answer:
# 7.1.6 closes right behind a large message, 7.13.* send the close codes 5000 and 65535.
INFORMATIONAL = {"7.1.6": 1000, "7.13.1": 1002, "7.13.2": 1002}

# The cases whose remote close code must be exactly this. Elsewhere the suite judges it.
CLOSE_CODES = {"7.1.5": 1000, **INFORMATIONAL}

AGENT = "tower-websock"


def read_results(report):
    """Return the suite's result of every case that ran, by id."""
    try:
        index = json.loads((report / "index.json").read_text(encoding="utf-8"))
        results = {}
        for case_id, entry in index.get(AGENT, {}).items():
            file = report / entry["reportfile"]
            results[case_id] = json.loads(file.read_text(encoding="utf-8"))
            results[case_id]["report"] = shown(file.with_suffix(".html"))
        return results
    except (OSError, ValueError, KeyError) as error:
        raise CannotRun("cannot read {}: {!r}".format(shown(report), error))


def wanted_behavior(case_id):
    return "INFORMATIONAL" if case_id in INFORMATIONAL else "OK"


def closed_as_expected(case_id, case):
    return case["behaviorClose"] == wanted_behavior(case_id) and case["wasClean"] is True


def is_as_expected(case_id, case):
    return (
        case["behavior"] == wanted_behavior(case_id)
        and closed_as_expected(case_id, case)
        and CLOSE_CODES.get(case_id) in (None, case["remoteCloseCode"]))


def objections(patterns, promised, results):
    """Return one line for each thing that is not as expected."""
    lines = []
    for pattern in patterns:
        found = sum(matches(pattern, case_id) for case_id in promised)
        wanted = CASES_PER_GROUP.get(pattern[:-2]) if pattern.endswith(".*") else 1
        if found == 0 or wanted not in (None, found):
            lines.append("{}: {} cases instead of {}".format(pattern, found, wanted or "some"))
    missing = [case_id for case_id in promised if case_id not in results]
    if missing:
        lines.append("{} of {} cases did not run: {}".format(
            len(missing), len(promised), ", ".join(missing)))
    for case_id in sorted(results, key=id_as_numbers):
        case = results[case_id]
        if not is_as_expected(case_id, case):
            lines.append(
                "{}: behavior {}, behaviorClose {}, {}: {} {} ({})".format(
                    case_id, case["behavior"], case["behaviorClose"], how_it_closed(case),
                    case["result"], case["resultClose"], case["report"]))
    return lines


def how_it_closed(case):
    return "wasClean {}, remote close code {}".format(
        str(case["wasClean"]).lower(), case["remoteCloseCode"])


def matches(pattern, case_id):
    return case_id == pattern or (pattern.endswith("*") and case_id.startswith(pattern[:-1]))


def id_as_numbers(case_id):
    return [int(number) for number in case_id.split(".")]


def group_of(case_id):
    return case_id.split(".")[0]


def print_table(results):
    row = "{:>6} {:>6} {:>6} {:>11} {:>8} {:>14} {:>7} {:>9}"
    print(row.format("group", "cases", "OK", "non-strict", "unclean", "informational",
                     "failed", "seconds"))
    for group in sorted({group_of(case_id) for case_id in results}, key=int):
        part = {id: case for id, case in results.items() if group_of(id) == group}
        print(row.format(group, *table_cells(part)))
    print(row.format("total", *table_cells(results)))


def table_cells(results):
    counts = dict.fromkeys(["OK", "NON-STRICT", "INFORMATIONAL", "failed"], 0)
    for case in results.values():
        counts[case["behavior"] if case["behavior"] in counts else "failed"] += 1
    unclean = sum(not closed_as_expected(id, case) for id, case in results.items())
    seconds = sum(duration_in_seconds(case) for case in results.values())
    return (len(results), counts["OK"], counts["NON-STRICT"], unclean,
            counts["INFORMATIONAL"], counts["failed"], "{:.1f}".format(seconds))


def duration_in_seconds(case):
    """Without an opening handshake the suite counts from 1970. Leave that out."""
    one_day = 24 * 60 * 60
    seconds = case["duration"] / 1000
    return seconds if seconds < one_day else 0


def judge(files, patterns, further):
    """Print what is to be said about a report. Return the exit status.

    Further are the lines about what went wrong beside it.
    """
    promised = promised_cases(files)
    if not promised:
        raise CannotRun("the suite has none of these cases")
    results = read_results(files.report)
    print_table(results)
    lines = objections(patterns, promised, results) + further
    print()
    if lines:
        print("Not as expected:\n  " + "\n  ".join(lines) + "\n")
    if "7.1.5" in results:
        print("7.1.5: " + how_it_closed(results["7.1.5"]))
    print("HTML report: " + shown(files.report / "index.html"))
    print("FAIL" if lines else "PASS: {} cases, all as expected".format(len(results)))
    return 1 if lines else 0
