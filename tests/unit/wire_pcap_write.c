/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes one packet of every kind that we build into a recording, for tests/golden/tshark-clean. With a second argument
 * the last byte of each is spoilt: the proof that the reader would notice.
 */
#include "wire_pcap.h"
#include "wire_samples.h"

int main(int argc, char **argv)
{
	FILE *f = argc >= 2 ? pcap_create(argv[1]) : NULL;
	if (!f)
		return 1;
	for (size_t i = 0; i < wire_samples_n; i++) {
		uint8_t pkt[SAMPLE_CAP_OCT];
		size_t n = wire_samples[i].build(pkt, sizeof pkt);
		if (argc > 2)
			pkt[n - 1] ^= 0x55;
		pcap_append(f, pkt, n);
	}
	return fclose(f) != 0;
}
