/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of mobiles, found by identifier, home address and group. */
#include "role/mm/mm_i.h"

struct mm_device *mm_device_by_id(const struct mm *m, const struct device_id *id)
{
	uint8_t key[DEVICE_KEY_OCT];

	device_key(id, m->env->crypto, key);
	const struct mm_ident *i = table_find(&m->idents, key);
	return i && i->len_oct == id->len_oct && memcmp(i->b, id->b, id->len_oct) == 0 ? i->device : NULL;
}

struct mm_device *mm_device_by_home(const struct mm *m, const struct addr6 *home)
{
	return addr6_is_none(home) ? NULL : table_find(addr6_is_v4mapped(home) ? &m->home4 : &m->home6, home);
}

static void ident_of(const struct mm_ident *i, struct device_id *out)
{
	*out = (struct device_id){.kind = i->kind, .len_oct = i->len_oct};
	memcpy(out->b, i->b, i->len_oct);
}

void mm_device_record(const struct mm_device *d, struct mm_record *r)
{
	*r = (struct mm_record){.version = d->version, .policy = d->policy, .flags = d->flags, .voice_port = d->voice_port,
		.home6 = d->home6, .home4 = d->home4, .home6_plen_bits = d->home6_plen_bits, .home4_plen_bits = d->home4_plen_bits,
		.group6 = d->group6, .group4 = d->group4, .source6 = d->source6, .source4 = d->source4, .gateway6 = d->gateway6,
		.gateway4 = d->gateway4, .gateway_lladdr = d->gateway_lladdr, .lladdr = d->lladdr};
	ident_of(d->ids, &r->device);
}

void mm_device_draft(const struct mm_device *d, struct mm_draft *out)
{
	mm_device_record(d, &out->rec);
	out->n_id = 0;
	for (const struct mm_ident *i = d->ids; i; i = i->next)
		ident_of(i, &out->id[out->n_id++]);
}

static void fill(struct mm_device *d, const struct mm_record *r)
{
	*d = (struct mm_device){.ids = d->ids, .slot = d->slot, .version = r->version, .policy = r->policy, .flags = r->flags,
		.voice_port = r->voice_port, .home6 = r->home6, .home4 = r->home4, .home6_plen_bits = r->home6_plen_bits,
		.home4_plen_bits = r->home4_plen_bits, .group6 = r->group6, .group4 = r->group4, .source6 = r->source6,
		.source4 = r->source4, .gateway6 = r->gateway6, .gateway4 = r->gateway4, .gateway_lladdr = r->gateway_lladdr, .lladdr = r->lladdr};
}

/* --- what is wrong with a draft ------------------------------------------------------------------------------ */

static bool is_others(const struct table *t, const struct addr6 *a, const struct mm_device *old)
{
	const struct mm_device *has = addr6_is_none(a) ? NULL : table_find(t, a);
	return has && has != old;
}

static bool is_unicast_or_none(const struct addr6 *a)
{
	return addr6_is_none(a) || addr6_is_v4unicast(a) || addr6_is_routable(a);
}

static const char *check_ids(const struct mm *m, const struct mm_draft *draft, const struct mm_device *old)
{
	size_t oct = 0;

	if (draft->n_id == 0)
		return "a device needs an identifier";
	for (uint32_t i = 0; i < draft->n_id; i++) {
		const struct mm_device *has = mm_device_by_id(m, &draft->id[i]);
		if (has && has != old)
			return "another device has this identifier";
		for (uint32_t k = 0; k < i; k++)
			if (device_eq(&draft->id[i], &draft->id[k]))
				return "an identifier is named twice";
		oct += 5u + draft->id[i].len_oct;
	}
	return oct > 380 ? "the identifiers of a device have 380 octets together at most" : NULL;
}

static const char *check(const struct mm *m, const struct mm_draft *draft, const struct mm_device *old)
{
	const struct mm_record *r = &draft->rec;
	const char *wrong = check_ids(m, draft, old);

	if (wrong)
		return wrong;
	if (addr6_is_none(&r->home6) && addr6_is_none(&r->home4))
		return "a device needs a home address: home=ADDRESS/LENGTH";
	if (is_others(&m->home6, &r->home6, old) || is_others(&m->home4, &r->home4, old))
		return "another device has this home address";
	if (is_others(&m->group6, &r->group6, old) || is_others(&m->group4, &r->group4, old))
		return "another device has this group";
	if (!is_unicast_or_none(&r->home6) || !is_unicast_or_none(&r->home4) || !is_unicast_or_none(&r->source6) ||
	    !is_unicast_or_none(&r->source4))
		return "home addresses and sources are unicast addresses";
	if (addr6_is_none(&r->source6) && addr6_is_none(&r->source4))
		return "no source of groups: name source=ADDRESS, the home agent's, or write source = { } in the manager's configuration";
	return NULL;
}

/* --- put and free ---------------------------------------------------------------------------------------------- */

static void use_sources(const struct mm *m, struct mm_record *r)
{
	if (!addr6_is_none(&r->source6) || !addr6_is_none(&r->source4))
		return;
	for (uint32_t i = 0; i < m->conf.n_source; i++)
		*(addr6_is_v4mapped(&m->conf.source[i]) ? &r->source4 : &r->source6) = m->conf.source[i];
}

static const char *give_groups(struct mm *m, struct mm_draft *draft)
{
	struct mm_record *r = &draft->rec;

	if (addr6_is_none(&r->source6))
		r->group6 = addr6_any;
	else if (addr6_is_none(&r->group6) && !mm_group6(m, &draft->id[0], &r->group6))
		return "no IPv6 group is free for this device";
	if (addr6_is_none(&r->source4))
		r->group4 = addr6_any;
	else if (addr6_is_none(&r->group4) && !mm_group4(m, &draft->id[0], &r->group4))
		return "no IPv4 group is free: widen group-prefix-v4, or wait until those of former devices have rested (group-rest)";
	return NULL;
}

static void ids_free(struct mm *m, struct mm_ident *i)
{
	while (i) {
		struct mm_ident *next = i->next;
		(void)table_del(&m->idents, i->key);
		mem_put(m->env->mem, i);
		i = next;
	}
}

/* True: all are in the table. */
static bool ids_add(struct mm *m, struct mm_device *d, const struct mm_draft *draft)
{
	struct mm_ident **at = &d->ids;

	for (uint32_t k = 0; k < draft->n_id; k++) {
		const struct device_id *id = &draft->id[k];
		struct mm_ident *i = mem_get(m->env->mem, sizeof *i + id->len_oct);
		if (!i)
			return false;
		*i = (struct mm_ident){.device = d, .kind = id->kind, .len_oct = id->len_oct};
		memcpy(i->b, id->b, id->len_oct);
		device_key(id, m->env->crypto, i->key);
		if (table_add(&m->idents, i)) {
			mem_put(m->env->mem, i);
			return false;
		}
		*at = i;
		at = &i->next;
	}
	return true;
}

static void unlink_addresses(struct mm *m, struct mm_device *d)
{
	struct { struct table *t; const struct addr6 *a; } all[] = {{&m->home6, &d->home6}, {&m->home4, &d->home4}, {&m->group6, &d->group6},
								     {&m->group4, &d->group4}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (!addr6_is_none(all[i].a) && table_find(all[i].t, all[i].a) == d)
			(void)table_del(all[i].t, all[i].a);
}

static bool link_addresses(struct mm *m, struct mm_device *d)
{
	struct { struct table *t; const struct addr6 *a; } all[] = {{&m->home6, &d->home6}, {&m->home4, &d->home4}, {&m->group6, &d->group6},
								     {&m->group4, &d->group4}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (!addr6_is_none(all[i].a) && table_add(all[i].t, d))
			return false;
	return true;
}

static bool list_add(struct mm *m, struct mm_device *d)
{
	if (m->n_devices == m->list_cap) {
		const uint32_t cap = m->list_cap ? m->list_cap * 2 : 64;
		struct mm_device **more = m->env->mem->resize(m->env->mem->ctx, m->list, cap * sizeof *more);
		if (!more)
			return false;
		m->list = more;
		m->list_cap = cap;
	}
	d->slot = m->n_devices;
	m->list[m->n_devices++] = d;
	return true;
}

void mm_device_free(struct mm *m, struct mm_device *d)
{
	unlink_addresses(m, d);
	ids_free(m, d->ids);
	struct mm_device *last = m->list[--m->n_devices];
	m->list[d->slot] = last;
	last->slot = d->slot;
	mem_put(m->env->mem, d);
}

static struct mm_device *device_new(struct mm *m, const struct mm_draft *draft)
{
	struct mm_device *d = mem_zget(m->env->mem, sizeof *d);

	if (!d || !list_add(m, d)) {
		mem_put(m->env->mem, d);
		return NULL;
	}
	fill(d, &draft->rec);
	if (ids_add(m, d, draft) && link_addresses(m, d))
		return d;
	mm_device_free(m, d);
	return NULL;
}

/* Later than every other, also one that another manager gave: by wall time, unless that stands. */
static uint64_t next_version(struct mm *m, struct now now)
{
	const uint64_t wall = now.wall.ns > 0 ? (uint64_t)now.wall.ns : 0;
	m->version = wall > m->version ? wall : m->version + 1;
	return m->version;
}

const char *mm_device_prepare(struct mm *m, const struct mm_device *old, struct mm_draft *draft, struct now now)
{
	use_sources(m, &draft->rec);
	if (!old && m->n_devices >= m->conf.devices_max)
		return "no more devices: raise devices-max";
	const char *wrong = check(m, draft, old);
	if (!wrong)
		wrong = give_groups(m, draft);
	if (wrong)
		return wrong;
	if (!draft->rec.version)
		draft->rec.version = next_version(m, now);
	if (draft->rec.version > m->version)
		m->version = draft->rec.version;
	return NULL;
}

const char *mm_device_put(struct mm *m, struct mm_device *old, struct mm_draft *draft, struct now now, struct mm_device **out)
{
	struct mm_draft before = {.n_id = 0};

	const char *wrong = mm_device_prepare(m, old, draft, now);
	if (wrong)
		return wrong;
	if (old) {
		mm_device_draft(old, &before);
		mm_device_free(m, old);
	}
	*out = device_new(m, draft);
	if (*out)
		return NULL;
	if (before.n_id && !device_new(m, &before))
		fx_event(m->env->fx, ROLE_MM, EV_ERROR, "device-lost", &addr6_any, "no memory: device %s is in the store only",
			 DEVICE_STR(&before.id[0]));
	return "not enough memory";
}

void mm_devices_init(struct mm *m)
{
	const struct { struct table *t; size_t off, len; } all[] = {
		{&m->idents, offsetof(struct mm_ident, key), DEVICE_KEY_OCT}, {&m->home6, offsetof(struct mm_device, home6), 16},
		{&m->home4, offsetof(struct mm_device, home4), 16}, {&m->group6, offsetof(struct mm_device, group6), 16},
		{&m->group4, offsetof(struct mm_device, group4), 16}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		table_init(all[i].t, m->env->mem, m->env->rng, all[i].off, all[i].len);
}

void mm_devices_fini(struct mm *m)
{
	while (m->n_devices)
		mm_device_free(m, m->list[m->n_devices - 1]);
	mem_put(m->env->mem, m->list);
	struct table *all[] = {&m->idents, &m->home6, &m->home4, &m->group6, &m->group4};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		table_fini(all[i]);
}
