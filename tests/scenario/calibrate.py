#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What `roamsim scale` counts in its abstract network, the full simulator counts too: a small world and its
movement are written as a scenario whose expectations are those counts. Registrations agree to the message."""
import os
import subprocess
import sys
import tempfile

WORLD = ["--mobiles", "12", "--sites", "3", "--routers", "2", "--cells", "2", "--warm", "0", "--seconds", "1200", "--stay", "30",
         "--other-site", "20"]


def main():
    roamsim = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "small.rcs")
        for seed in ("1", "2", "3"):
            for protocol in ("roamcast", "mipv6"):
                subprocess.run([roamsim, "scale", "--protocol", protocol, "--seed", seed, "--scenario", path, *WORLD],
                               check=True, stdout=subprocess.DEVNULL)
                with open(path) as scenario:
                    if scenario.read().count("expect ") < 5:
                        sys.exit("the scenario expects nothing")
                if subprocess.run([roamsim, "run", path, "--seed", seed]).returncode:
                    sys.exit(f"{protocol}, seed {seed}: the two do not agree")


main()
