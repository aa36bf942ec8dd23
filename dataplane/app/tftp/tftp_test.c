#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/tftp/tftp.h"

struct row {
	const char *name;
	const char *bytes;
	size_t len;
	const char *eve; /* NULL = no request */
};

#define ROW(name, bytes, eve)                                                                      \
	{                                                                                          \
		name, bytes, sizeof(bytes) - 1, eve                                                \
	}

static const struct row rows[] = {
	ROW("read", "\0\1boot.img\0octet\0",
	    "{\"packet\":\"read\",\"file\":\"boot.img\",\"mode\":\"octet\"}"),
	ROW("write", "\0\2a\0NetASCII\0",
	    "{\"packet\":\"write\",\"file\":\"a\",\"mode\":\"netascii\"}"),
	ROW("options", "\0\1a\0octet\0tsize\0000\0", "\"mode\":\"octet\"}"),
	ROW("no text", "\0\1\xff\0mail\0", "\"file\":\"\\\\xff\""),
	ROW("no name", "\0\1\0octet\0", "\"file\":\"\""),
	ROW("data", "\0\3\0\1abc", NULL),
	ROW("mode of no kind", "\0\1a\0binary\0", NULL),
	ROW("no end", "\0\1a\0octet", NULL),
	ROW("no mode", "\0\1aaaaaa", NULL),
	ROW("empty", "", NULL),
};

static void requests(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct harness *h = harness_new(&tftp_proto, APP_UDP, 69);

		if (harness_feed(h, DIR_TS, row->bytes, row->len) != (row->eve != NULL))
			fail_msg("%s", row->name);
		if (row->eve && !strstr(harness_eve(h, harness_tx(h, 0), 0), row->eve))
			fail_msg("%s: %s", row->name, harness_eve(h, harness_tx(h, 0), 0));
		harness_touch(h);
		harness_delete(h);
	}
}

static void long_name(void **state)
{
	char text[TFTP_TEXT_MAX + 16] = {0, 1};
	struct harness *h = harness_new(&tftp_proto, APP_UDP, 69);

	memset(text + 2, 'a', TFTP_TEXT_MAX + 1);
	memcpy(text + TFTP_TEXT_MAX + 3, "\0octet", 7);
	assert_false(harness_feed(h, DIR_TS, text, TFTP_TEXT_MAX + 10));
	harness_delete(h);
	h = harness_new(&tftp_proto, APP_UDP, 69);
	assert_true(harness_feed(h, DIR_TC, "\0\3\0\1", 4));
	assert_int_equal(harness_live(h), 0);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("\0\1a\0")), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("\1\1a\0")), APP_PROBE_NO);
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(long_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
