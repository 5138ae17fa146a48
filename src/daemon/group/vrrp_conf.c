/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/group/vrrp_conf.h"

#include <string.h>

static bool is_of(const struct conf_virtual *v, bool is_v4) { return addr6_is_v4mapped(&v->addr) == is_v4; }

static bool has_family(const struct conf_group *c, bool is_v4)
{
	for (uint32_t i = 0; i < c->n_virtual; i++)
		if (is_of(&c->virtual[i], is_v4))
			return true;
	return false;
}

bool vrrp_conf_is_grouped(const struct conf_group *c) { return has_family(c, true) && has_family(c, false); }

static bool is_link_local(const struct addr6 *a) { return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80; }

static void write_address(const struct conf_group *c, const struct conf_virtual *v, FILE *to)
{
	fprintf(to, "\t\t%s/%u dev %s\n", ADDR46_STR(&v->addr), v->plen, v->interface[0] ? v->interface : c->interface);
}

/* The first address of IPv6 must be a link-local one (RFC 5798 5.2.9): those go first. */
static void write_addresses(const struct conf_group *c, bool is_v4, FILE *to)
{
	fputs("\tvirtual_ipaddress {\n", to);
	for (int link_local = 1; link_local >= 0; link_local--)
		for (uint32_t i = 0; i < c->n_virtual; i++)
			if (is_of(&c->virtual[i], is_v4) && is_link_local(&c->virtual[i].addr) == link_local)
				write_address(c, &c->virtual[i], to);
	fputs("\t}\n", to);
}

static void write_track(const struct conf_group *c, FILE *to)
{
	if (!c->n_track)
		return;
	fputs("\ttrack_interface {\n", to);
	for (uint32_t i = 0; i < c->n_track; i++)
		fprintf(to, "\t\t%s\n", c->track[i]);
	fputs("\t}\n", to);
}

#define TRACK_WEIGHT "\ttrack_file {\n\t\tweight\n\t}\n"

static void write_instance(const struct conf_group *c, bool is_v4, FILE *to)
{
	fprintf(to, "vrrp_instance %s%c {\n\tstate BACKUP\n\tversion 3\n\tinterface %s\n\tvirtual_router_id %u\n\tpriority %u\n", VRRP_INSTANCE,
		is_v4 ? '4' : '6', c->interface, c->router_id, c->priority);
	fprintf(to, "\tadvert_int %lld.%02lld\n", (long long)(c->advertise.ns / NS_PER_S),
		(long long)(c->advertise.ns % NS_PER_S / (10 * NS_PER_MS)));
	write_addresses(c, is_v4, to);
	write_track(c, to);
	if (!vrrp_conf_is_grouped(c))
		fputs(TRACK_WEIGHT, to);
	fputs("}\n", to);
}

/* Both families move together. */
static void write_sync_group(FILE *to)
{
	fputs("vrrp_sync_group " VRRP_INSTANCE " {\n\tgroup {\n\t\t" VRRP_INSTANCE "4\n\t\t" VRRP_INSTANCE "6\n\t}\n" TRACK_WEIGHT
	      "\tsync_group_tracking_weight\n}\n", to);
}

void vrrp_conf_write(const struct conf_group *c, const char *dir, FILE *to)
{
	fprintf(to, "# Written by roamd at each start: changes here are lost.\nglobal_defs {\n\tvrrp_notify_fifo %s/%s\n", dir, VRRP_FIFO_FILE);
	/* Again and again: one that was frozen while another had the address, and thaws, does not know that neighbours have that one's. */
	fputs("\tvrrp_garp_master_delay 1\n\tvrrp_garp_master_repeat 3\n\tvrrp_garp_master_refresh 10\n"
	      "\tvrrp_garp_master_refresh_repeat 1\n}\n", to);
	fprintf(to, "track_file weight {\n\tfile %s/%s\n\tweight 1\n}\n", dir, VRRP_WEIGHT_FILE);
	if (vrrp_conf_is_grouped(c))
		write_sync_group(to);
	for (int is_v4 = 1; is_v4 >= 0; is_v4--)
		if (has_family(c, is_v4))
			write_instance(c, is_v4, to);
}

static const char *const state_names[] = {"unknown", "backup", "master", "fault", "stop"};

const char *vrrp_state_str(enum vrrp_state s) { return state_names[s]; }

bool vrrp_line_parse(const char *line, bool *is_group, enum vrrp_state *state)
{
	static const struct { const char *word; enum vrrp_state state; } words[] = {
		{"MASTER", VRRP_MASTER}, {"BACKUP", VRRP_BACKUP}, {"FAULT", VRRP_FAULT}, {"STOP", VRRP_STOP},
	};
	*is_group = !strncmp(line, "GROUP ", 6);
	if (!*is_group && strncmp(line, "INSTANCE ", 9))
		return false;
	const char *end = strrchr(line, '"');
	if (!end || end[1] != ' ')
		return false;
	end += 2;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		const size_t n = strlen(words[i].word);
		if (!strncmp(end, words[i].word, n) && (end[n] == ' ' || !end[n])) {
			*state = words[i].state;
			return true;
		}
	}
	return false;
}
