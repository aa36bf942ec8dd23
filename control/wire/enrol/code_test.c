/* Codes as people type them, and as they mistype them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control/wire/enrol/code.h"

static const struct slice ca = SLICE_LIT("a certificate"), other = SLICE_LIT("another");

static struct enrol_code made(enum wire_role role)
{
	struct enrol_code c;
	struct errmsg e;

	assert_int_equal(enrol_code_make(role, ca, &c, &e), 0);
	return c;
}

static void a_code_comes_back(void **state)
{
	for (int role = ROLE_SENSOR; role <= ROLE_ENFORCER; role++) {
		struct enrol_code c = made((enum wire_role)role), again;
		char text[ENROL_CODE_TEXT], hash[2][ENROL_CODE_HASH];
		struct errmsg e = {""};

		enrol_code_text(&c, text);
		assert_int_equal(strlen(text), 29);
		assert_int_equal(enrol_code_parse(text, &again, &e), 0);
		assert_memory_equal(&c, &again, sizeof(c));
		assert_int_equal(enrol_code_role(&again), role);
		assert_true(enrol_code_pins(&again, ca));
		assert_false(enrol_code_pins(&again, other));
		enrol_code_hash(&c, hash[0]);
		enrol_code_hash(&again, hash[1]);
		assert_string_equal(hash[0], hash[1]);
		c = made((enum wire_role)role);
		enrol_code_hash(&c, hash[1]);
		assert_string_not_equal(hash[0], hash[1]);
	}
	assert_int_equal(enrol_code_make(ROLE_CENTRE, ca, &(struct enrol_code){0}, NULL),
			 ERR_INVALID);
}

static void typing_is_forgiven(void **state)
{
	struct enrol_code c = made(ROLE_SENSOR), again;
	char text[ENROL_CODE_TEXT], typed[ENROL_CODE_MOST] = " ";
	size_t n = 1;

	enrol_code_text(&c, text);
	for (size_t i = 0; text[i]; i++) {
		char l = text[i];

		if (l == '-')
			typed[n++] = ' ';
		else if (l == '0')
			typed[n++] = 'o';
		else if (l == '1')
			typed[n++] = i % 2 ? 'l' : 'I';
		else
			typed[n++] = l >= 'A' ? (char)(l - 'A' + 'a') : l;
	}
	typed[n] = '\0';
	assert_int_equal(enrol_code_parse(typed, &again, NULL), 0);
	assert_memory_equal(&c, &again, sizeof(c));
}

/* Every single letter, every wrong value: seen, and its group is named. */
static void each_single_mistake_is_found(void **state)
{
	struct enrol_code c = made(ROLE_MITIGATOR), again;

	for (unsigned i = 0; i < ENROL_DIGITS; i++) {
		for (uint8_t wrong = 1; wrong < 32; wrong++) {
			struct enrol_code bad = c;
			char text[ENROL_CODE_TEXT], group[16];
			struct errmsg e = {""};

			bad.digits[i] ^= wrong;
			enrol_code_text(&bad, text);
			assert_int_equal(enrol_code_parse(text, &again, &e), ERR_INVALID);
			snprintf(group, sizeof(group), "group %u;", i / 5 + 1);
			assert_non_null(strstr(e.text, group));
		}
	}
}

static void each_swap_and_double_mistake_is_seen(void **state)
{
	struct enrol_code c = made(ROLE_SENSOR), again;

	for (unsigned i = 0; i < ENROL_DIGITS; i++) {
		for (unsigned k = 0; k < i; k++) {
			struct enrol_code bad = c;
			char text[ENROL_CODE_TEXT];

			bad.digits[i] = c.digits[k];
			bad.digits[k] = c.digits[i];
			if (memcmp(&bad, &c, sizeof(c)) == 0)
				continue;
			enrol_code_text(&bad, text);
			assert_int_equal(enrol_code_parse(text, &again, NULL), ERR_INVALID);
			bad = c;
			bad.digits[i] ^= 9;
			bad.digits[k] ^= 22;
			enrol_code_text(&bad, text);
			assert_int_equal(enrol_code_parse(text, &again, NULL), ERR_INVALID);
		}
	}
}

static void what_is_no_code_has_a_sentence(void **state)
{
	static const char *const bad[] = {
		"",
		"7ZK4M",
		"7ZK4M-7ZK4M-7ZK4M-7ZK4M-7ZK4U",
		"7ZK4M-7ZK4M-7ZK4M-7ZK4M-7ZK4M-7",
		"\xff",
		"-----",
		"7ZK4M/7ZK4M/7ZK4M/7ZK4M/7ZK4M",
		"                                                                                ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct enrol_code c;
		struct errmsg e = {""};

		assert_int_equal(enrol_code_parse(bad[i], &c, &e), ERR_INVALID);
		assert_true(e.text[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_comes_back),
		cmocka_unit_test(typing_is_forgiven),
		cmocka_unit_test(each_single_mistake_is_found),
		cmocka_unit_test(each_swap_and_double_mistake_is_seen),
		cmocka_unit_test(what_is_no_code_has_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
