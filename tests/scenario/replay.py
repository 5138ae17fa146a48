#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A seed replays exactly: the same seed gives the same hash of all that happened, other seeds give others."""
import re
import subprocess
import sys


def trace_hash(roamsim, scenario, seed):
    out = subprocess.run([roamsim, "run", scenario, "--seed", str(seed), "--quiet"], capture_output=True, text=True)
    found = re.search(r"hash ([0-9a-f]{16})", out.stdout)
    if not found:
        sys.exit(f"no hash: {out.stdout}{out.stderr}")
    return found.group(1)


def main():
    roamsim, scenario = sys.argv[1:3]
    hashes = {seed: trace_hash(roamsim, scenario, seed) for seed in range(1, 6)}
    for seed, was in hashes.items():
        again = trace_hash(roamsim, scenario, seed)
        if again != was:
            sys.exit(f"seed {seed} gave {was}, then {again}")
    if len(set(hashes.values())) < 4:
        sys.exit(f"seeds make no difference: {hashes}")


main()
