/* Sealed bytes open for their key and about their thing only; any changed byte shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/wire/message.h"
#include "control/wire/seal.h"

static char folder[] = "/tmp/banken-seal-XXXXXX";
static char own[64], public[64], other[64], other_public[64];

static int set_up(void **state)
{
	struct errmsg e = {""};

	if (!mkdtemp(folder))
		return -1;
	snprintf(own, sizeof(own), "%s/own.key", folder);
	snprintf(public, sizeof(public), "%s/own.pub", folder);
	snprintf(other, sizeof(other), "%s/other.key", folder);
	snprintf(other_public, sizeof(other_public), "%s/other.pub", folder);
	return seal_make_keys(own, public, &e) || seal_make_keys(other, other_public, &e);
}

static int tear_down(void **state)
{
	const char *all[] = {own, public, other, other_public};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		unlink(all[i]);
	return rmdir(folder);
}

static void test_round(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 100000};
	struct slice sealed, plain;
	struct errmsg e = {""};
	uint8_t *bytes = malloc(100000);

	for (size_t i = 0; i < 100000; i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_int_equal(seal_to(public, "it", SLICE(bytes, sizes[i]), &sealed, &e), 0);
		assert_int_equal(sealed.len, sizes[i] + SEAL_EXTRA);
		assert_int_equal(seal_open(own, "it", sealed, &plain, &e), 0);
		assert_int_equal(plain.len, sizes[i]);
		assert_memory_equal(plain.data, bytes, sizes[i]);
		payload_free(&plain);
		assert_int_equal(seal_open(own, "else", sealed, &plain, &e), ERR_DENIED);
		assert_int_equal(seal_open(other, "it", sealed, &plain, &e), ERR_DENIED);
		payload_free(&sealed);
	}
	free(bytes);
}

static void test_changed(void **state)
{
	struct slice sealed, plain;
	struct errmsg e = {""};
	uint8_t *at;

	assert_int_equal(seal_to(public, "it", SLICE_LIT("a secret thing"), &sealed, &e), 0);
	assert_null(memmem(sealed.data, sealed.len, "secret", 6));
	at = (uint8_t *)(uintptr_t)sealed.data;
	for (size_t i = 0; i < sealed.len; i++) {
		at[i] ^= 1;
		assert_int_not_equal(seal_open(own, "it", sealed, &plain, &e), 0);
		at[i] ^= 1;
	}
	for (size_t n = 0; n < sealed.len; n++)
		assert_int_not_equal(seal_open(own, "it", SLICE(at, n), &plain, &e), 0);
	payload_free(&sealed);
}

static void test_keys(void **state)
{
	char a[SEAL_FINGERPRINT], b[SEAL_FINGERPRINT];
	struct slice sealed;
	struct errmsg e = {""};
	struct stat st;

	assert_int_equal(stat(own, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(seal_make_keys(own, public, &e), ERR_EXISTS);
	assert_int_equal(seal_fingerprint(public, a, &e), 0);
	assert_int_equal(seal_fingerprint(other_public, b, &e), 0);
	assert_int_equal(strlen(a), 64);
	assert_string_not_equal(a, b);
	assert_int_equal(seal_to("/dev/null", "it", SLICE_LIT("x"), &sealed, &e), ERR_INVALID);
	assert_int_not_equal(seal_to("/nowhere", "it", SLICE_LIT("x"), &sealed, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
