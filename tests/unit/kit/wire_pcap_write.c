/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes one packet of every kind that we build into a recording, for tests/golden/tshark-clean. With a second argument
 * the last byte of each is spoilt: the proof that the reader would notice. ARP messages, which have no checksum, go into FILE.arp.
 */
#include "wire/group/group.h"
#include "wire/ip/udp6.h"
#include "wire4_samples.h"
#include "wire_pcap.h"

static void append(FILE *f, const struct wire_sample *sample, size_t n_sample, bool is_spoilt)
{
	for (size_t i = 0; i < n_sample; i++) {
		uint8_t pkt[SAMPLE_CAP_OCT];
		size_t n = sample[i].build(pkt, sizeof pkt);
		if (is_spoilt)
			pkt[n - 1] ^= 0x55;
		pcap_append(f, pkt, n);
	}
}

static int arp_write(const char *path)
{
	char name[512];
	snprintf(name, sizeof name, "%s.arp", path);
	FILE *f = pcap_create_link(name, PCAP_ETHERNET);
	if (!f)
		return 1;
	for (size_t i = 0; i < arp_samples_n; i++) {
		uint8_t frame[14 + SAMPLE_CAP_OCT] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x5e, 0, 0x53, 1, 0x08, 0x06};
		pcap_append(f, frame, 14 + arp_samples[i].build(frame + 14, SAMPLE_CAP_OCT));
	}
	return fclose(f) != 0;
}

/* A datagram of a redundancy group, which no tshark knows by itself: every field once. */
static void group_append(FILE *f)
{
	const struct addr6 src = {{0x20, 1, 0xd, 0xb8, [15] = 0x11}}, dst = {{0xff, 0x12, [12] = 0x80, [14] = 0x43, [15] = 0x40}};
	uint8_t pkt[1200];
	struct wr w = wr_of(pkt, sizeof pkt);
	udp6_begin(&w, &src, &dst, 1, GRP_PORT, GRP_PORT);
	grp_head_build(&w, &(struct grp_head){GRP_UPDATE, 3, 1, 2, 0x1122334455667788, 42});
	grp_put(&w, &(struct grp_item){.type = GRPF_HELLO, .hello = {GRP_INITIALISED | GRP_ACTIVE, 100, 250, 1000000, 17, 0xfedcba98}});
	grp_put(&w, &(struct grp_item){.type = GRPF_CHALLENGE, .nonce = {7, {1, 2, 3}}});
	grp_put(&w, &(struct grp_item){.type = GRPF_ECHO, .nonce = {8, {4, 5, 6}}});
	grp_put(&w, &(struct grp_item){.type = GRPF_AGENT, .agent = {9, src}});
	grp_put(&w, &(struct grp_item){.type = GRPF_RECORD, .record = {2, GRP_DELETED, 4, 3, 420, {5, 6, 7}, {0xa, 0xb, 0xc, 0xd}, (const uint8_t *)"abc"}});
	grp_put(&w, &(struct grp_item){.type = GRPF_ACK, .ack = {true, 300, 77}});
	grp_put(&w, &(struct grp_item){.type = GRPF_REQUEST, .request = {0xabcd, 4095, 2, true, 99}});
	grp_put(&w, &(struct grp_item){.type = GRPF_PAGE, .page = {0xabcd, 17, GRP_PAGE_LAST | GRP_PAGE_NOT_INITIALISED}});
	grp_put(&w, &(struct grp_item){.type = GRPF_DIGEST, .digest = {18, 0x55}});
	grp_end(&w);
	pcap_append(f, pkt, udp6_finish(&w));
}

int main(int argc, char **argv)
{
	FILE *f = argc >= 2 ? pcap_create(argv[1]) : NULL;
	if (!f)
		return 1;
	append(f, wire_samples, wire_samples_n, argc > 2);
	append(f, wire4_samples, wire4_samples_n, argc > 2);
	group_append(f);
	return fclose(f) != 0 || arp_write(argv[1]) != 0;
}
