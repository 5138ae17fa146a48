# SPDX-License-Identifier: BSD-2-Clause
"""roamlab: whole networks in network namespaces, mobiles that move in them, and witnesses that measure.

topo     a network as data: nodes, links, cells, what each node runs
netns    functions and programs inside a namespace; links moved by netlink
net      namespaces and links made from a topology; nothing is left behind
roamd    configuration files and processes of the daemon
radio    moves a mobile between cells; the signal it would see on a path
witness  programs that count: flows, carriers, captures; their numbers
world    all of that, running: what tests and benchmarks start from
journey  one trip of one mobile, measured
demo     three journeys side by side, the table; page makes demo.html

Standard library only; the programs that must be fast are C, in lab/tools."""
