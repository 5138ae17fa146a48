# SPDX-License-Identifier: BSD-2-Clause
"""Another kernel as a node: Debian's user-mode Linux (package user-mode-linux), an ordinary process, with a tap in one of the
laboratory's cells as its interface vec0. It has what the machine's own kernel may lack: ipip and gre devices. Its clock is coarse:
for behaviour, not for speed."""
import pathlib
import shutil

from . import net as netmod
from . import netns

INIT = pathlib.Path(__file__).resolve().parents[1] / "uml/init"
PROGRAM = "linux.uml"


def why_not():
    """What keeps it from running here; None: nothing does."""
    return None if shutil.which(PROGRAM) else "Debian's package user-mode-linux is not installed"


class Kernel:
    """Boots, runs `program` (text of a Python script) as the only host behind its tap in `cell`, and powers off."""

    def __init__(self, net, cell, program):
        folder = net.dir / "uml"
        folder.mkdir()
        script, self.console = folder / "program.py", folder / "console"
        script.write_text(program)
        air = net.ns("air")
        netns.run(air, ["ip", "tuntap", "add", "uml0", "mode", "tap"])
        netns.run(air, ["ip", "link", "set", "uml0", "master", cell, "up"])
        argv = [PROGRAM, "mem=128M", "root=/dev/root", "rootfstype=hostfs", "hostfs=/", "ro", f"init={INIT}", f"roamlab.program={script}",
                "con=null", "con0=null,fd:1", "quiet", "vec0:transport=tap,ifname=uml0,depth=128"]
        with open(self.console, "wb") as out:
            self.proc = netns.popen(air, argv, stdout=out, stderr=out)

    def said(self):
        """Its console so far."""
        return self.console.read_text(errors="replace")

    def wait(self, seconds=60):
        """To its end; returns what it said."""
        try:
            netmod.wait_for(lambda: self.proc.poll() is not None, seconds, "the end of the user-mode kernel")
        finally:
            netmod.stop(self.proc, 2)
        return self.said()
