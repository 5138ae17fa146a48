# SPDX-License-Identifier: BSD-2-Clause
"""What a mobility manager does on one core, engine, hashes and store (tests/bench/bench_mm_engine.c)."""
import json
import subprocess
import tempfile

from roamlab import net

DEVICES, DEVICES_QUICK = 1000000, 50000


def measure(args):
    devices = DEVICES_QUICK if args.quick else DEVICES
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run([net.BUILD / "tests/bench/bench_mm_engine", folder, str(devices)], check=True, capture_output=True, text=True, timeout=170).stdout
    figures = json.loads(out)
    print(f"  {figures['requests_per_s']:,.0f} questions a second and core, answered from memory, signed both ways\n"
          f"  {figures['allocations_per_s']:,.0f} devices a second imported, each with groups of its own, in commits of 256 (wanted: 10,000)\n"
          f"  {figures['bytes_per_device'] * 1e6 / 2**20:,.0f} MB for 1,000,000 devices (wanted: 1,024 or less)\n"
          f"  {figures['devices']:,} devices imported in {figures['import_s']:.1f} s, read back at a start in {figures['restart_s']:.1f} s")
    return {"manager": figures}
