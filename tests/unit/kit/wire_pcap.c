/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_pcap.h"

#include <string.h>

enum { FRAME_MAX_OCT = 65536, ETHERNET_OCT = 14, MAGIC = 0xa1b2c3d4 };

struct file_head { uint32_t magic, version, zone, accuracy, snap_oct, link; };
struct frame_head { uint32_t s, us, kept_oct, len_oct; };

static int each_of(const char *path, uint8_t hi, uint8_t lo, void (*each)(void *ctx, const uint8_t *pkt, size_t len_oct), void *ctx)
{
	static uint8_t frame[FRAME_MAX_OCT];
	struct file_head head;
	struct frame_head one;
	int n = 0;
	FILE *f = fopen(path, "rb");
	if (!f || fread(&head, sizeof head, 1, f) != 1 || head.magic != MAGIC || head.link != PCAP_ETHERNET) {
		if (f)
			fclose(f);
		return -1;
	}
	while (fread(&one, sizeof one, 1, f) == 1 && one.kept_oct <= sizeof frame && fread(frame, 1, one.kept_oct, f) == one.kept_oct) {
		n++;
		if (one.kept_oct > ETHERNET_OCT && frame[12] == hi && frame[13] == lo)
			each(ctx, frame + ETHERNET_OCT, one.kept_oct - ETHERNET_OCT);
	}
	fclose(f);
	return n;
}

int pcap_each_ip6(const char *path, void (*each)(void *ctx, const uint8_t *pkt, size_t len_oct), void *ctx)
{
	return each_of(path, 0x86, 0xdd, each, ctx);
}
int pcap_each_ip4(const char *path, void (*each)(void *ctx, const uint8_t *pkt, size_t len_oct), void *ctx)
{
	return each_of(path, 0x08, 0x00, each, ctx);
}
int pcap_each_arp(const char *path, void (*each)(void *ctx, const uint8_t *pkt, size_t len_oct), void *ctx)
{
	return each_of(path, 0x08, 0x06, each, ctx);
}

FILE *pcap_create(const char *path) { return pcap_create_link(path, PCAP_RAW); }

FILE *pcap_create_link(const char *path, uint32_t link)
{
	FILE *f = fopen(path, "wb");
	struct file_head head = {.magic = MAGIC, .version = 2 | 4 << 16, .snap_oct = FRAME_MAX_OCT, .link = link};
	if (f)
		fwrite(&head, sizeof head, 1, f);
	return f;
}

void pcap_append(FILE *f, const uint8_t *pkt, size_t len_oct)
{
	struct frame_head one = {.kept_oct = (uint32_t)len_oct, .len_oct = (uint32_t)len_oct};
	fwrite(&one, sizeof one, 1, f);
	fwrite(pkt, 1, len_oct, f);
}
