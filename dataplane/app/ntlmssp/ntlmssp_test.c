/* NTLMSSP messages, bare and inside of SPNEGO. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dataplane/app/ntlmssp/ntlmssp.h"

/* Names: 6 bytes at 72, 8 at 78, 4 at 86. */
#define AUTH                                                                                       \
	"NTLMSSP\0\3\0\0\0"                                                                        \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                                                         \
	"\6\0\6\0\x48\0\0\0\10\0\10\0\x4e\0\0\0\4\0\4\0\x56\0\0\0"                                 \
	"\0\0\0\0\0\0\0\0"                                                                         \
	"\1\0\0\2\x0a\0\x61\x4a\0\0\0\x0f"                                                         \
	"D\0O\0M\0u\0s\0e\0r\0P\0C\0"

static void authenticate(void **state)
{
	struct secblob b;

	assert_true(secblob_read(SLICE_LIT(AUTH), &b));
	assert_true(b.has_auth && b.auth.unicode && b.auth.has_version && !b.auth.warning);
	assert_true(slice_eq(b.auth.domain, SLICE_LIT("D\0O\0M\0")));
	assert_true(slice_eq(b.auth.user, SLICE_LIT("u\0s\0e\0r\0")));
	assert_true(slice_eq(b.auth.host, SLICE_LIT("P\0C\0")));
	assert_int_equal(b.auth.version.major, 10);
	assert_int_equal(b.auth.version.build, 19041);
	assert_int_equal(b.auth.version.revision, 15);
	/* Behind other bytes. */
	assert_true(secblob_read(SLICE_LIT("\xa1\x82\1\2....." AUTH), &b));
	assert_true(b.has_auth);
}

static void other_messages(void **state)
{
	struct slice body;
	uint32_t type;
	struct secblob b;

	assert_true(ntlmssp_find(SLICE_LIT("NTLMSSP\0\2\0\0\0rest"), &type, &body));
	assert_int_equal(type, NTLMSSP_CHALLENGE);
	assert_true(slice_eq(body, SLICE_LIT("rest")));
	assert_false(ntlmssp_find(SLICE_LIT("NTLMSSP\0\2\0\0"), &type, &body));
	assert_false(ntlmssp_find(SLICE_LIT("NTLMSS"), &type, &body));
	assert_false(secblob_read(SLICE_LIT("NTLMSSP\0\1\0\0\0"), &b));
	assert_false(secblob_read(SLICE_LIT(""), &b));
}

/* Every offset and length that leaves the message is refused; overlapping names warn. */
static void broken(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
		bool ok, warning;
	} cases[] = {
		{28, 7, true, true},	  /* the domain runs into the user */
		{29, 1, false, false},	  /* domain length over the end */
		{32, 11, false, false},	  /* in front of the fields */
		{33, 1, false, false},	  /* offset over the end */
		{36, 9, true, true},	  /* the user runs into the host */
		{36, 13, false, false},	  /* and over the end */
		{40, 0x48, true, true},	  /* the user at the domain's place */
		{45, 0xff, false, false}, /* host length */
		{52, 0xff, false, false}, /* key length */
		{58, 0xff, false, false}, /* key offset */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t copy[] = AUTH;
		struct secblob b;

		copy[cases[i].at] = cases[i].value;
		assert_int_equal(secblob_read(SLICE(copy, sizeof(copy) - 1), &b), cases[i].ok);
		assert_int_equal(b.has_auth, cases[i].ok);
		if (cases[i].ok)
			assert_int_equal(b.auth.warning, cases[i].warning);
	}
}

static void every_end(void **state)
{
	static const uint8_t whole[] = AUTH;
	struct secblob b;

	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		assert_false(secblob_read(SLICE(whole, n), &b));
}

#define SPNEGO "\6\6\x2b\6\1\5\5\2"
#define KRB5   "\6\x09\x2a\x86\x48\x86\xf7\x12\1\2\2"

/* NegTokenInit with a Kerberos token of which only the frame matters here. */
static void kerberos(void **state)
{
	static const uint8_t blob[] = "\x60\x2d" SPNEGO "\xa0\x23\x30\x21\xa0\x0d\x30\x0b" KRB5
				      "\xa2\x10\4\x0e\x60\x0c\6\2\x2a\3\1\0\x6e\4body";
	static const uint8_t other[] = "\x60\x2d" SPNEGO "\xa0\x23\x30\x21\xa0\x0d\x30\x0b" KRB5
				       "\xa2\x10\4\x0e\x60\x0c\6\2\x2a\3\2\0\x6e\4body";
	struct secblob b;

	assert_true(secblob_read(SLICE(blob, sizeof(blob) - 1), &b));
	assert_true(slice_eq(b.ap_req, SLICE_LIT("\x6e\4body")));
	assert_false(b.has_auth);
	assert_true(secblob_read(SLICE(other, sizeof(other) - 1), &b));
	assert_int_equal(b.ap_req.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(authenticate), cmocka_unit_test(other_messages),
		cmocka_unit_test(broken),	cmocka_unit_test(every_end),
		cmocka_unit_test(kerberos),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
