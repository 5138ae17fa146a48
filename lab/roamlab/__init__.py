# SPDX-License-Identifier: BSD-2-Clause
"""roamlab: whole networks in network namespaces, mobiles that move in them, and witnesses that measure.

topo     a network as data: nodes, links, cells, what each node runs
net      namespaces and links made from it; nothing is left behind
roamd    configuration files and processes of the daemon
radio    moves a mobile between cells; the signal it would see on a path
witness  programs that count: flows, carriers, captures
figures  from what the witnesses wrote to numbers
journey  one trip of one mobile, measured
demo     three journeys side by side, the table and demo.html
bench    the benchmarks

Standard library only; the programs that must be fast are C, in lab/tools."""
