# SPDX-License-Identifier: BSD-2-Clause
"""Runs every test there is and adds them up: what meson knows (unit, layers, BPF,
configuration, scenarios), then the end-to-end tests under pytest.

Counts single test cases: cmocka's lines, or TAP lines, inside a meson test where it prints them. The last
line is plain text, "N passed, N failed". A requirement counts as proven only by an
end-to-end test that names it, passed, and moved packets (see tests/e2e/conftest.py)."""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("ROAM_BUILD", TOP / "build"))
SECOND_CHANCES = 5
CASE_OK = re.compile(r"^(\[       OK \]|ok \d+)", re.M)
CASE_BAD = re.compile(r"^(\[  FAILED  \] [A-Za-z_]\S*$|not ok \d+)", re.M)


def meson_tests(words):
    """Runs the meson tests whose name holds one of `words` (all: no words). Returns (passed, failed)."""
    names = []
    if words:
        listed = json.loads(subprocess.check_output(["meson", "introspect", "--tests", BUILD]))
        names = [t["name"] for t in listed if any(w in t["name"] for w in words)]
        if not names:
            return 0, 0
    log = BUILD / "meson-logs" / "testlog-full.json"  # named after the setup
    log.unlink(missing_ok=True)
    run = subprocess.run(["meson", "test", "-C", BUILD, "--setup", "full", "--print-errorlogs", *names],
                         stdin=subprocess.DEVNULL)
    passed = failed = 0
    if not log.exists():
        return 0, 1
    for line in log.read_text().splitlines():
        test = json.loads(line)
        good, bad = count_cases(test)
        passed, failed = passed + good, failed + bad
        if test["result"] == "SKIP":
            print(f"skipped: {test['name']}", flush=True)
    return passed, max(failed, 1 if run.returncode else 0)


def count_cases(test):
    """One meson test's result as (passed, failed), by its own cases where it prints them."""
    text = (test.get("stdout") or "") + (test.get("stderr") or "")
    good, bad = len(CASE_OK.findall(text)), len(set(CASE_BAD.findall(text)))
    if test["result"] == "SKIP":
        return 0, 0
    if test["result"] in ("OK", "EXPECTEDFAIL"):
        return max(good, 1), 0
    return good, max(bad, 1)


def pytest_run(what, words, result):
    """One run of pytest; its plugin in conftest.py writes `result`. Returns ({test: outcome}, whether it ended as it should)."""
    result.unlink(missing_ok=True)
    cmd = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", "--durations=5", "-rs", f"--e2e-result={result}", *what]
    if words:
        cmd += ["-k", words]
    run = subprocess.run(cmd, stdin=subprocess.DEVNULL, cwd=TOP)
    outcomes = json.loads(result.read_text()) if result.exists() else {}
    is_explained = run.returncode in (0, 5) or (run.returncode == 1 and not all(o["passed"] for o in outcomes.values()))
    return outcomes, is_explained


def proven(outcomes):
    """{requirement: {"passed": every test that names it did, "tests": [names]}}; a test that passed without moving packets shows nothing."""
    requirements = {}
    for test, outcome in outcomes.items():
        for name in outcome["requirements"] if outcome["moved"] or not outcome["passed"] else ():
            entry = requirements.setdefault(name, {"passed": True, "tests": []})
            entry["tests"].append(test.rpartition("/")[2])
            entry["passed"] &= outcome["passed"]
    return requirements


def e2e_tests(args, result):
    """Returns (passed, failed, requirements). A few failures are tried once more, their files alone, since tests of one file may build on each other, and
    those that pass then are named: real time on a machine that does other things too can starve a laboratory. What fails twice has failed, and so has
    everything when many do."""
    if not any((TOP / "tests" / "e2e").glob("test_*.py")):
        return 0, 0, {}
    outcomes, is_explained = pytest_run([TOP / "tests" / "e2e"], args.k, result)
    if not is_explained:
        return sum(o["passed"] for o in outcomes.values()), 1, proven(outcomes)
    failed = [test for test, o in outcomes.items() if not o["passed"]]
    if 0 < len(failed) <= SECOND_CHANCES:
        print(f"{len(failed)} failed and run once more:", *failed, sep="\n  ", flush=True)
        again = pytest_run(sorted({test.partition("::")[0] for test in failed}), None, result.with_suffix(".again.json"))[0]
        outcomes.update({test: again[test] for test in failed if test in again})
        result.write_text(json.dumps(outcomes))
        print("unsteady, passed the second time:", *([t for t in failed if outcomes[t]["passed"]] or ["none"]), sep="\n  ", flush=True)
    n_failed = sum(not o["passed"] for o in outcomes.values())
    return len(outcomes) - n_failed, n_failed, proven(outcomes)


def main():
    ap = argparse.ArgumentParser(prog="run test")
    ap.add_argument("--requirements", metavar="FILE")
    ap.add_argument("-k", metavar="WORDS", help="only tests whose name matches (pytest's -k; meson tests by any of the words)")
    ap.add_argument("--no-e2e", action="store_true", help="only what needs no network")
    args = ap.parse_args()
    words = [w for w in (args.k or "").split() if w not in ("or", "and")]
    if "not" in words:
        words = []                                # meson's tests are all or some, never all but some
    passed, failed = meson_tests(words)
    requirements = {}
    if not args.no_e2e:
        good, bad, requirements = e2e_tests(args, BUILD / "e2e-result.json")
        passed, failed = passed + good, failed + bad
    if args.requirements:
        pathlib.Path(args.requirements).write_text(json.dumps(requirements, indent=2, sort_keys=True) + "\n")
    if passed + failed == 0:
        print("no test ran", file=sys.stderr)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
