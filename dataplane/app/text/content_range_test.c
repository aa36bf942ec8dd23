#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/text/content_range.h"

struct row {
	const char *text;
	bool valid, bounded, sized, part;
	uint64_t start, end, size;
};

static const struct row rows[] = {
	{"bytes 0-99/200", true, true, true, true, 0, 99, 200},
	{"  bytes   100-199/200", true, true, true, true, 100, 199, 200},
	{"other 1-1/3", true, true, true, true, 1, 1, 3},
	{"bytes 0-199/200", true, true, true, false, 0, 199, 200},
	{"bytes 0-99/*", true, true, false, false, 0, 99, 0},
	{"bytes */200", true, false, true, false, 0, 0, 200},
	{"bytes 0-0/200", true, true, true, false, 0, 0, 200},
	{"bytes 5-4/200", true, true, true, false, 5, 4, 200},
	{"bytes 5-200/200", true, true, true, false, 5, 200, 200},
	{"bytes 1-2/0", true, true, true, false, 1, 2, 0},
	{"bytes 1-2/x", false, false, false, false, 1, 2, 0},
	{"bytes 1-2", false, false, false, false, 1, 2, 0},
	{"bytes x-2/3", false, false, false, false, 0, 0, 0},
	{"bytes */*", false, false, false, false, 0, 0, 0},
	{"bytes", false, false, false, false, 0, 0, 0},
	{"bytes 99999999999999999999-99999999999999999999/99999999999999999999", false, false,
	 false, false, 0, 0, 0},
	{"", false, false, false, false, 0, 0, 0},
};

static void table(void **unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *w = &rows[i];
		struct text_content_range r = text_content_range_of(slice_of(w->text));

		if (r.valid != w->valid || r.bounded != w->bounded || r.sized != w->sized ||
		    text_content_range_is_part(&r) != w->part || r.start != w->start ||
		    r.end != w->end || r.size != w->size)
			fail_msg("%s", w->text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(table)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
