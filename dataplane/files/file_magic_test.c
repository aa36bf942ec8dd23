#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/files/file_magic.h"

static void types(void **state)
{
	static const uint8_t png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\2\0\0\0";
	struct file_magic *m = file_magic_new();

	assert_non_null(m);
	assert_non_null(strstr(file_magic_text(m, SLICE(png, sizeof(png) - 1)), "PNG image data"));
	assert_non_null(strstr(file_magic_text(m, SLICE_LIT("%PDF-1.4\n")), "PDF document"));
	assert_string_equal(file_magic_text(m, SLICE_LIT("\x01\x02\x03\x04\x05")), "data");
	assert_non_null(file_magic_text(m, SLICE_LIT("")));
	file_magic_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(types)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
