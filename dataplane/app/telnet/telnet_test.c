#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/telnet/telnet.h"

#define TALK "\xff\xfb\1\xff\xfa\x18\0xterm\xff\xf0login: \xff\xf9root\r\n\xff\xff$"

static const struct {
	const char *name;
	unsigned offset;
	int len;
} parts[] = {
	{"ctl", 0, 3},	 {"ctl", 3, 11}, {"data", 14, 7}, {"ctl", 21, 2},
	{"data", 23, 6}, {"ctl", 29, 2}, {"data", 31, 1},
};

/* Every part is a `pdu` and a `ctl` or `data`, however the bytes come. */
static void frames(void **state)
{
	for (size_t step = 1; step < sizeof(TALK); step++) {
		struct harness *h = harness_new(&telnet_proto, APP_TCP, 23);

		for (size_t i = 0; i < sizeof(TALK) - 1; i += step)
			harness_feed(h, DIR_TC, &TALK[i],
				     sizeof(TALK) - 1 - i < step ? sizeof(TALK) - 1 - i : step);
		harness_eof(h, DIR_TC);
		assert_int_equal(h->frame_count, 2 * ARRAY_SIZE(parts));
		for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
			const struct harness_frame *pdu = &h->frames[2 * i], *part = pdu + 1;

			assert_string_equal(pdu->name, "pdu");
			assert_string_equal(part->name, parts[i].name);
			assert_int_equal(pdu->offset, parts[i].offset);
			assert_int_equal(part->offset, parts[i].offset);
			assert_int_equal(pdu->len, parts[i].len);
			assert_int_equal(part->len, parts[i].len);
		}
		harness_delete(h);
	}
}

static void gaps_and_floods(void **state)
{
	struct harness *h = harness_new(&telnet_proto, APP_TCP, 23);
	size_t len = 200000;
	char *many = malloc(len);

	assert_non_null(many);
	memset(many, 'x', len);
	harness_feed(h, DIR_TS, "abc", 3);
	harness_gap(h, DIR_TS, 100);
	assert_int_equal(h->frames[0].len, 103);
	for (size_t i = 0; i < len; i += 1000)
		assert_true(harness_feed(h, DIR_TS, many + i, 1000));
	assert_true(h->frame_count < 20);
	assert_int_equal(harness_live(h), 0);
	assert_int_equal(harness_identify(h, DIR_TC, SLICE_LIT("lo")), APP_PROBE_YES);
	harness_delete(h);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames),
		cmocka_unit_test(gaps_and_floods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
