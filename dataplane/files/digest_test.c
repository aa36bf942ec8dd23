#include "dataplane/files/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* RFC 1321 A.5, FIPS 180-4 examples. */
static const uint8_t abc_md5[] = {0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0,
				  0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72};
static const uint8_t abc_sha1[] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
				   0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
static const uint8_t abc_sha256[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
				     0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
				     0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
				     0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};

static void test_vectors_at_every_cut(void **state)
{
	for (size_t cut = 0; cut <= 3; cut++) {
		uint8_t md5[16], sha1[20], sha256[32];
		struct digest d;

		digest_init(&d, DIGEST_ALL);
		digest_update(&d, SLICE("abc", cut));
		digest_update(&d, SLICE(&"abc"[cut], 3 - cut));
		digest_finish(&d, md5, sha1, sha256);
		assert_memory_equal(md5, abc_md5, 16);
		assert_memory_equal(sha1, abc_sha1, 20);
		assert_memory_equal(sha256, abc_sha256, 32);
	}
}

static void test_only_wanted(void **state)
{
	uint8_t md5[16] = {0}, sha256[32] = {0}, none[16] = {0};
	struct digest d;

	digest_init(&d, DIGEST_SHA256);
	digest_update(&d, SLICE_LIT("abc"));
	digest_finish(&d, md5, NULL, sha256);
	assert_memory_equal(md5, none, 16);
	assert_memory_equal(sha256, abc_sha256, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors_at_every_cut),
		cmocka_unit_test(test_only_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
