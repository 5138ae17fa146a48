/* SPDX-License-Identifier: BSD-2-Clause */
/* Reasons: every one has a name of its own and a sentence, and every codec error has a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/reason.h"

static void names_are_unique_and_texts_are_sentences(void **state)
{
	(void)state;
	for (int i = 0; i < REASON_N; i++) {
		assert_true(strlen(reason_text((enum reason)i)) > 8);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(reason_name((enum reason)i), reason_name((enum reason)j));
	}
	assert_string_equal(reason_name(R_BU_SEQ_OLD), "BU_SEQ_OLD");
	assert_string_equal(reason_name(REASON_N), "?");
}

static void codec_errors_have_the_reason_an_operator_looks_for(void **state)
{
	(void)state;
	assert_int_equal(reason_of_wire(W_TRUNCATED), R_MSG_TRUNCATED);
	assert_int_equal(reason_of_wire(W_CHECKSUM), R_MSG_CHECKSUM);
	assert_int_equal(reason_of_wire(W_TYPE), R_MSG_TYPE_UNKNOWN);
	assert_int_equal(reason_of_wire(W_PAYLOAD_PROTO), R_MSG_PAYLOAD_PROTO);
	assert_int_equal(reason_of_wire((enum wire_err)1000), R_MSG_MALFORMED);
	/* Only the two that say so are about a message cut short or not for us; the rest of the unlisted are malformed. */
	for (int e = 1; e < W_N; e++)
		assert_in_range(reason_of_wire((enum wire_err)e), R_MSG_TRUNCATED, R_MSG_NOT_FOR_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_unique_and_texts_are_sentences),
		cmocka_unit_test(codec_errors_have_the_reason_an_operator_looks_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
