/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes one packet of every kind that we build into a recording, for tests/golden/tshark-clean. With a second argument
 * the last byte of each is spoilt: the proof that the reader would notice. ARP messages, which have no checksum, go into FILE.arp.
 */
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

int main(int argc, char **argv)
{
	FILE *f = argc >= 2 ? pcap_create(argv[1]) : NULL;
	if (!f)
		return 1;
	append(f, wire_samples, wire_samples_n, argc > 2);
	append(f, wire4_samples, wire4_samples_n, argc > 2);
	return fclose(f) != 0 || arp_write(argv[1]) != 0;
}
