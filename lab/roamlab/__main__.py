# SPDX-License-Identifier: BSD-2-Clause
"""The command roamlab."""
import argparse
import os
import sys
import time

from . import net, netns, topo
from .journey import JOURNEYS


def cmd_up(args):
    n = net.Net(topo.TOPOLOGIES[args.topology](), keep=True)
    n.build()
    if any(x.roamd for x in n.topo.nodes):
        from . import roamd
        roamd.start_all(n)
    print(f"{n.id} is up. A program on a node: ./run lab exec NODE COMMAND, with NODE one of " +
          ", ".join(node.name for node in n.topo.nodes) +
          f".\nFiles, logs and sockets: {n.dir}/NODE. A mobile into a cell: ./run lab plug INTERFACE CELL. The end: ./run lab down.")


def cmd_exec(args):
    os.execvp("nsenter", ["nsenter", f"--net=/run/netns/{_kept(args.lab)}-{args.node}", "--", *args.command])


def _kept(lab):
    """The laboratory named, or the one that was left up."""
    lab = lab or next((i for i, pid, _ in net.laboratories() if pid is None), None)
    if not lab:
        sys.exit("roamlab: no laboratory is up: ./run lab up TOPOLOGY")
    return lab


def cmd_plug(args):
    """What Radio.attach does, by hand: out of the present cell, 20 ms, into the other."""
    air, peer = f"{_kept(args.lab)}-air", f"mn.{args.interface}"
    netns.run(air, ["ip", "link", "set", peer, "down"])
    if args.cell:
        time.sleep(0.02)
        netns.run(air, ["ip", "link", "set", peer, "master", args.cell, "up"])


def cmd_down(args):
    labs = [args.lab] if args.lab else [i for i, pid, _ in net.laboratories() if pid is None]
    for lab in labs:
        net.clean(lab)


def cmd_ls(_):
    for lab, pid, alive in net.laboratories():
        print(lab, "kept" if pid is None else f"of process {pid}" if alive else "left behind")


def cmd_gc(args):
    for lab in net.gc(args.all):
        print(f"cleaned {lab}")


def cmd_demo(args):
    from . import demo
    sys.exit(demo.main(args))


def cmd_run(args):
    from . import journey
    sys.exit(journey.main(args))


def parser():
    ap = argparse.ArgumentParser(prog="roamlab", description=__doc__)
    sub = ap.add_subparsers(required=True)

    def add(name, run, text):
        p = sub.add_parser(name, help=text)
        p.set_defaults(run=run)
        return p

    p = add("up", cmd_up, "build a network and leave it up")
    p.add_argument("topology", choices=sorted(topo.TOPOLOGIES))
    p = add("exec", cmd_exec, "run a program on a node")
    p.add_argument("-l", "--lab")
    p.add_argument("node")
    p.add_argument("command", nargs=argparse.REMAINDER)
    p = add("plug", cmd_plug, "move an interface of the mobile into a cell; without a cell, out of it")
    p.add_argument("-l", "--lab")
    p.add_argument("interface")
    p.add_argument("cell", nargs="?")
    p = add("down", cmd_down, "take a network down")
    p.add_argument("lab", nargs="?")
    add("ls", cmd_ls, "what is up")
    p = add("gc", cmd_gc, "clean up after laboratories that were killed")
    p.add_argument("--all", action="store_true", help="also those left up on purpose")
    p = add("guard", lambda a: net.guard(a.lab), "(internal) cleans up when its standard input closes")
    p.add_argument("lab")
    p = add("run", cmd_run, "one journey, measured")
    p.add_argument("scenario", choices=list(JOURNEYS))
    p.add_argument("--family", choices=["ipv6", "ipv4"], default="ipv6")
    p.add_argument("--handovers", type=int, default=20)
    p.add_argument("--rate", type=int, default=1000)
    p.add_argument("--json", metavar="FILE")
    p = add("demo", cmd_demo, "three journeys of one mobile, side by side; network: a call of a mobile without software")
    p.add_argument("family", nargs="?", choices=["ipv6", "ipv4", "network"], default="ipv6")
    p.add_argument("--call-family", choices=["ipv6", "ipv4"], default="ipv4", help="with network: of the call")
    p.add_argument("--json", metavar="FILE")
    p.add_argument("--html", metavar="FILE", default="demo.html")
    p.add_argument("--handovers", type=int, default=20)
    p.add_argument("--rate", type=int, default=1000)
    return ap


def main():
    if os.geteuid():
        sys.exit("roamlab: makes network namespaces: needs root")
    args = parser().parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
