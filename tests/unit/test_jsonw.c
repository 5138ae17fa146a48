/* SPDX-License-Identifier: BSD-2-Clause */
/* Records as JSON: an independent parser (jansson) reads back what was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>
#include <jansson.h>

#include "daemon/jsonw.h"

static json_t *parsed(struct jsonw *j)
{
	json_error_t e;
	json_t *o = json_loadb(j->text, j->len_oct, 0, &e);

	if (!o)
		fail_msg("%s: %.*s", e.text, (int)j->len_oct, j->text);
	j->len_oct = 0;
	return o;
}

static void numbers_keep_their_value(void **state)
{
	(void)state;
	static const double reals[] = {0, 1, -1, 0.000001, -0.5, 599.9999996, 1234567.000001, 4e9};
	struct jsonw j = {0};
	char key[8];

	jsonw_begin(&j);
	jsonw_u64(&j, "max", UINT64_MAX);
	jsonw_u64(&j, "zero", 0);
	jsonw_i64(&j, "min", INT64_MIN);
	for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
		jsonw_real(&j, (snprintf(key, sizeof key, "r%zu", i), key), reals[i]);
	jsonw_real(&j, "nan", NAN);
	jsonw_real(&j, "inf", INFINITY);
	jsonw_flag(&j, "yes", true);
	jsonw_flag(&j, "no", false);
	jsonw_end(&j);
	assert_non_null(memmem(j.text, j.len_oct, "\"max\":18446744073709551615,", 27));
	assert_int_equal(j.text[j.len_oct - 1], '\n');

	json_error_t e;
	char *small = strstr(j.text, "\"zero\""); /* jansson has no unsigned 64 bits: begin after it */
	*--small = '{';
	json_t *o = json_loadb(small, j.len_oct - (size_t)(small - j.text), 0, &e);
	assert_non_null(o);
	assert_int_equal(json_integer_value(json_object_get(o, "zero")), 0);
	assert_true(json_integer_value(json_object_get(o, "min")) == INT64_MIN);
	for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
		snprintf(key, sizeof key, "r%zu", i);
		assert_true(fabs(json_number_value(json_object_get(o, key)) - reals[i]) <= 0.5e-6);
	}
	assert_true(json_is_null(json_object_get(o, "nan")));
	assert_true(json_is_null(json_object_get(o, "inf")));
	assert_true(json_is_true(json_object_get(o, "yes")));
	assert_true(json_is_false(json_object_get(o, "no")));
	json_decref(o);
	free(j.text);
}

static void any_octet_gives_valid_json(void **state)
{
	(void)state;
	struct jsonw j = {0};
	char all[256];

	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	jsonw_begin(&j);
	jsonw_strn(&j, "a \"key\"", all + 1, 126);
	jsonw_strn(&j, "high", all + 127, 129);
	jsonw_strn(&j, "empty", "", 0);
	jsonw_end(&j);
	/* jansson refuses \u0000 as we never write it here */
	json_t *o = parsed(&j);
	assert_int_equal(json_string_length(json_object_get(o, "a \"key\"")), 126);
	assert_memory_equal(json_string_value(json_object_get(o, "a \"key\"")), all + 1, 126);
	assert_int_equal(json_string_length(json_object_get(o, "high")), 1 + 2 * 128); /* as UTF-8 */
	assert_string_equal(json_string_value(json_object_get(o, "empty")), "");
	json_decref(o);
	free(j.text);
}

static void records_are_objects_a_line(void **state)
{
	(void)state;
	struct jsonw j = {0};
	struct show s = {&jsonw_show_ops, &j};

	show_begin(&s, "binding");
	show_addr6(&s, "home_address", &addr6_allnodes);
	show_until(&s, "left", (mono_t){1500000000}, (mono_t){0});
	show_until(&s, "never", MONO_NEVER, (mono_t){0});
	show_i64(&s, "dbm", -70);
	show_end(&s);
	assert_int_equal(j.len_oct, strlen("{\"record\":\"binding\",\"home_address\":\"ff02::1\",\"left\":1.500000,\"dbm\":-70}\n"));
	assert_memory_equal(j.text, "{\"record\":\"binding\",\"home_address\":\"ff02::1\",\"left\":1.500000,\"dbm\":-70}\n", j.len_oct);
	free(j.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_keep_their_value),
		cmocka_unit_test(any_octet_gives_valid_json),
		cmocka_unit_test(records_are_objects_a_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
