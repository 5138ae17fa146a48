/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records on stable storage: under the key of the first identifier, fields as they travel (wire/mm): the record, then every identifier.
 */
#include "role/mm/mm_i.h"

size_t mm_draft_build(const struct mm_draft *draft, uint8_t *buf, size_t cap_oct)
{
	struct wr w = wr_of(buf, cap_oct);

	mm_put(&w, &(struct mm_item){.type = MMF_RECORD, .record = draft->rec});
	for (uint32_t i = 0; i < draft->n_id; i++)
		mm_put(&w, &(struct mm_item){.type = MMF_DEVICE, .device = draft->id[i]});
	return wr_ok(&w) ? wr_len(&w) : 0;
}

size_t mm_value_build(const struct mm_device *d, uint8_t *buf, size_t cap_oct)
{
	struct mm_draft draft;

	mm_device_draft(d, &draft);
	return mm_draft_build(&draft, buf, cap_oct);
}

bool mm_value_parse(const uint8_t *val, size_t len_oct, struct mm_draft *out)
{
	struct rd r = rd_of(val, len_oct);
	struct mm_item f;
	enum wire_err err;
	bool has_record = false;

	out->n_id = 0;
	while (mm_next(&r, &f, &err)) {
		if (f.type == MMF_RECORD) {
			out->rec = f.record;
			has_record = true;
		} else if (f.type == MMF_DEVICE && (out->n_id == MM_IDS_MAX || !device_is_valid(&f.device)))
			return false;
		else if (f.type == MMF_DEVICE)
			out->id[out->n_id++] = f.device;
	}
	return err == W_OK && has_record && out->n_id > 0;
}

void mm_store_put(struct mm *m, const struct mm_device *d)
{
	static const struct fx_change change = {.how = FX_CHANGE_PUT, .expires = {INT64_MAX}};
	uint8_t buf[MM_VALUE_MAX];
	const size_t n = mm_value_build(d, buf, sizeof buf);

	fx_record_put(m->env->fx, ROLE_MM, STORE_DEVICE, d->ids->key, sizeof d->ids->key, buf, n, &change);
}

/* In a redundancy group the key is remembered as gone for a day: a member that was away longer would bring the device back. */
void mm_store_del(struct mm *m, const uint8_t key[static DEVICE_KEY_OCT], struct now now)
{
	const struct fx_change change = {.how = FX_CHANGE_DELETE, .expires = mono_add(now.mono, span_s(86400))};

	if (m->is_in_group)
		fx_record_put(m->env->fx, ROLE_MM, STORE_DEVICE, key, DEVICE_KEY_OCT, "", 0, &change);
	else
		fx_store_del(m->env->fx, ROLE_MM, STORE_DEVICE, key, DEVICE_KEY_OCT);
}

int mm_restore(void *self, const struct store_rec *rec, struct now now)
{
	struct mm *m = self;
	struct mm_draft draft;
	struct mm_device *d;

	if (rec->table == STORE_DEVICE && m->conf.store.is_used)
		m->shared.n_elsewhere += rec->val_len_oct > 0;
	if (rec->table == STORE_MM_REST)
		mm_rest_restore(m, rec, now);
	if (rec->table != (m->conf.store.is_used ? STORE_DEVICE_COPY : STORE_DEVICE))
		return ERR_OK;
	if (rec->val_len_oct == 0) {
		fx_store_del(m->env->fx, ROLE_MM, rec->table, rec->key, rec->key_len_oct);
		return ERR_OK;
	}
	if (!mm_value_parse(rec->val, rec->val_len_oct, &draft))
		return ERR_INVAL;
	const char *wrong = mm_device_put(m, NULL, &draft, now, &d);
	if (!wrong)
		d->is_stale = m->conf.store.is_used;
	if (wrong)
		fx_event(m->env->fx, ROLE_MM, EV_ERROR, "device-refused", &addr6_any, "record of device %s: %s", DEVICE_STR(&draft.id[0]), wrong);
	return wrong ? ERR_INVAL : ERR_OK;
}

struct mm_device *mm_device_by_key(const struct mm *m, const uint8_t *key)
{
	const struct mm_ident *i = table_find(&m->idents, key);
	return i && i->device->ids == i ? i->device : NULL;
}

int mm_replica(void *self, const struct store_rec *rec, const struct fx_change *change, struct now now)
{
	struct mm *m = self;
	struct mm_draft before = {.n_id = 0}, draft;
	struct mm_device *d;

	if (rec->table != STORE_DEVICE || rec->key_len_oct != DEVICE_KEY_OCT)
		return ERR_NOTFOUND;
	struct mm_device *old = mm_device_by_key(m, rec->key);
	if (old)
		mm_device_draft(old, &before);
	if (change->how == FX_CHANGE_DELETE) {
		if (old)
			mm_device_free(m, old);
		mm_touch(m, &before, now);
		return ERR_OK;
	}
	if (!mm_value_parse(rec->val, rec->val_len_oct, &draft))
		return ERR_INVAL;
	if (mm_device_put(m, old, &draft, now, &d))
		return ERR_EXISTS; /* what it has is another device's here */
	mm_touch(m, &before, now);
	mm_touch(m, &draft, now);
	return ERR_OK;
}

bool mm_record_hook(const void *self, struct store_rec *rec, uint8_t *buf, size_t cap_oct, struct fx_change *change, struct now now)
{
	const struct mm_device *d = rec->table == STORE_DEVICE && rec->key_len_oct == DEVICE_KEY_OCT ? mm_device_by_key(self, rec->key) : NULL;
	(void)now;

	rec->val_len_oct = d ? mm_value_build(d, buf, cap_oct) : 0;
	rec->val = buf;
	*change = (struct fx_change){.how = FX_CHANGE_PUT, .expires = MONO_NEVER};
	return rec->val_len_oct > 0;
}
