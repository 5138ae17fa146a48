/* SPDX-License-Identifier: BSD-2-Clause */
/* usage: seed_write DIR [RECORDING...]: a file for each packet of ours, and for each of the recordings'. */
#include <stdio.h>

#include "../unit/kit/wire_pcap.h"
#include "../unit/kit/wire4_samples.h"
#include "wire/group/group.h"
#include "wire/hsrp/hsrp.h"

static const char *dir;

static void put(const char *name, unsigned n, const uint8_t *pkt, size_t len_oct)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s-%u", dir, name, n);
	FILE *f = fopen(path, "wb");
	if (f) {
		fwrite(pkt, 1, len_oct, f);
		fclose(f);
	}
}

static void each(void *ctx, const uint8_t *pkt, size_t len_oct)
{
	put("recorded", (*(unsigned *)ctx)++, pkt, len_oct);
}

/* For fuzz_rg: length, type, and one field of each kind. */
static void put_group(void)
{
	for (unsigned type = GRP_HELLO; type < GRP_TYPE_N; type++)
		for (unsigned field = GRPF_HELLO; field <= GRPF_DIGEST; field++) {
			uint8_t buf[200];
			struct wr w = wr_of(buf, sizeof buf);
			struct grp_item f = {.type = (uint16_t)field};
			if (field == GRPF_RECORD)
				f.record = (struct grp_record){.table = 1, .key_oct = 4, .value_oct = 8, .left_s = 60, .version = {1, 1, 2}, .value = (const uint8_t *)"12345678"};
			wr_zero(&w, 3);
			grp_put(&w, &f);
			buf[0] = (uint8_t)(wr_len(&w) - 3);
			buf[2] = (uint8_t)(type | (type == GRP_HELLO || type == GRP_UPDATE || type == GRP_REQUEST ? 0 : 16));
			put("group", type * 16 + field, buf, wr_len(&w));
		}
}

/* For fuzz_ha4: records of bindings (role/ha/ha_store.c, ha4_store.c), each followed by what is done with it. */
static void put_bindings(void)
{
	for (unsigned n_to = 0; n_to <= 2; n_to++) {
		uint8_t buf[200] = {2, n_to ? 1 : 2, 16, (uint8_t)n_to, n_to == 1};
		struct wr w = wr_of(buf, sizeof buf);
		wr_room(&w, 30);
		for (unsigned i = 0; i < n_to; i++) {
			wr_bytes(&w, "\0\1\0\0\144\0\0", 7); /* IP-in-IP, 100 s */
			wr_zero(&w, 20);
			wr_bytes(&w, "\12\2\0\5\12\2\0\5\12\2\0\5", 12);
		}
		if (n_to == 1)
			wr_bytes(&w, "\20\12\62\0\0", 5);
		wr_u8(&w, 1);
		put("binding4", n_to, buf, wr_len(&w));
	}
	for (unsigned i = 0; i < 3; i++) {
		uint8_t buf[64] = {1, i ? 1 : 2, 1, i == 2, [7] = 100, [24] = 0x20, 1, 0xd, 0xb8, [39] = 5, 48, 0x20, 1, 0xd, 0xb8, 1};
		put("binding6", i, buf, i == 2 ? 58 : 41);
	}
}

static void put_hsrp(void)
{
	for (unsigned i = 0; i < 6; i++) {
		uint8_t buf[HSRP_MAX_OCT];
		struct hsrp h = {.version = i < 2 ? 1 : 2, .state = HSRP_ACTIVE, .group = 1, .priority = 100, .hello_ms = 3000, .hold_ms = 10000,
				 .is_ip6 = i > 3, .auth = i & 1 ? HSRP_AUTH_MD5 : HSRP_AUTH_TEXT, .text = "cisco"};
		put("hsrp", i, buf, hsrp_build(buf, sizeof buf, &h));
	}
}

int main(int argc, char **argv)
{
	unsigned n = 0;
	if (argc < 2)
		return 1;
	dir = argv[1];
	for (size_t i = 0; i < wire_samples_n; i++) {
		uint8_t pkt[SAMPLE_CAP_OCT];
		put(wire_samples[i].name, 0, pkt, wire_samples[i].build(pkt, sizeof pkt));
	}
	for (size_t i = 0; i < wire4_samples_n; i++) {
		uint8_t pkt[SAMPLE_CAP_OCT];
		put(wire4_samples[i].name, 0, pkt, wire4_samples[i].build(pkt, sizeof pkt));
	}
	for (size_t i = 0; i < arp_samples_n; i++) {
		uint8_t pkt[SAMPLE_CAP_OCT];
		put(arp_samples[i].name, 0, pkt, arp_samples[i].build(pkt, sizeof pkt));
	}
	put_group();
	put_bindings();
	put_hsrp();
	for (int i = 2; i < argc; i++)
		(void)(pcap_each_ip6(argv[i], each, &n) + pcap_each_ip4(argv[i], each, &n));
	return 0;
}
