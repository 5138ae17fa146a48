/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Recordings in the classic pcap format: just enough to read those in tests/golden and to write our own. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PCAP_ETHERNET = 1, PCAP_RAW = 101 };

/* Calls back for each IPv6 packet of a file (Ethernet headers taken off). Returns the number of frames, negative when
 * the file is no recording. */
int pcap_each_ip6(const char *path, void (*each)(void *ctx, const uint8_t *pkt, size_t len_oct), void *ctx);
/* The same for IPv4 packets and for ARP messages. */
int pcap_each_ip4(const char *path, void (*each)(void *ctx, const uint8_t *pkt, size_t len_oct), void *ctx);
int pcap_each_arp(const char *path, void (*each)(void *ctx, const uint8_t *pkt, size_t len_oct), void *ctx);

FILE *pcap_create_link(const char *path, uint32_t link);
/* Link type PCAP_RAW: packets from the IP header on. */
FILE *pcap_create(const char *path);
void pcap_append(FILE *f, const uint8_t *pkt, size_t len_oct);
