/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole files with the roles' real tables. Every example in conf/ parses, and its dump is a fixed point. Every file in
 * tests/conf is wrong; its first line says "# expect LINE: TEXT": the fault is reported for that line with that
 * text in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "daemon/conf/conf.h"
#include "daemon/engines.h"

static char path[512];

/* The next *.conf of the directory, its path in `path`. */
static bool next_file(DIR *d, const char *dir)
{
	struct dirent *e;

	while ((e = readdir(d))) {
		size_t n = strlen(e->d_name);
		if (n < 5 || strcmp(e->d_name + n - 5, ".conf"))
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		return true;
	}
	return false;
}

static char *printed(const struct conf *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	conf_print(c, f);
	fclose(f);
	return text;
}

static void every_example_parses_and_prints_to_a_fixed_point(void **state)
{
	(void)state;
	DIR *d = opendir(CONF_DIR);
	uint32_t n = 0;

	assert_non_null(d);
	for (; next_file(d, CONF_DIR); n++) {
		struct conf_err err;
		struct conf a, b;
		if (conf_load(&a, engines_known(), path, &err))
			fail_msg("%s:%u: %s", path, err.line, err.text);
		char *once = printed(&a);
		if (conf_parse(&b, engines_known(), path, once, strlen(once), &err))
			fail_msg("%s, printed, line %u: %s\n%s", path, err.line, err.text, once);
		char *twice = printed(&b);
		assert_string_equal(once, twice);
		assert_int_equal(a.n_roles, b.n_roles);
		assert_memory_equal(&a.node, &b.node, sizeof a.node);
		assert_memory_equal(&a.group, &b.group, sizeof a.group);
		assert_int_equal(!a.group_line, !b.group_line);
		for (uint32_t i = 0; i < a.n_roles; i++)
			assert_memory_equal(a.roles[i].conf, b.roles[i].conf, a.roles[i].ops->conf->struct_size);
		free(once);
		free(twice);
		conf_fini(&a);
		conf_fini(&b);
	}
	closedir(d);
	assert_true(n >= 6);
}

static void every_fault_names_line_and_remedy(void **state)
{
	(void)state;
	DIR *d = opendir(WRONG_DIR);
	uint32_t n = 0;

	assert_non_null(d);
	for (; next_file(d, WRONG_DIR); n++) {
		char says[200];
		struct conf_err err;
		struct conf c;
		unsigned line;
		FILE *f = fopen(path, "r");
		assert_non_null(f);
		assert_int_equal(fscanf(f, "# expect %u: %199[^\n]", &line, says), 2);
		fclose(f);
		assert_int_equal(conf_load(&c, engines_known(), path, &err), ERR_INVAL);
		if (err.line != line || !strstr(err.text, says))
			fail_msg("%s: got line %u: %s", path, err.line, err.text);
	}
	closedir(d);
	assert_true(n >= 30);
}

static void a_missing_file_is_told(void **state)
{
	(void)state;
	struct conf_err err;
	struct conf c;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_int_equal(conf_load(&c, engines_known(), "/nonexistent/roamd.conf", &err), ERR_SYS);
	conf_err_print(&err, f);
	fclose(f);
	assert_string_equal(text, "/nonexistent/roamd.conf: cannot be read: No such file or directory: give a readable file with -c\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_example_parses_and_prints_to_a_fixed_point),
		cmocka_unit_test(every_fault_names_line_and_remedy),
		cmocka_unit_test(a_missing_file_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
