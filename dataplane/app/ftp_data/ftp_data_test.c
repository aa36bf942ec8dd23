#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/file.h"
#include "dataplane/app/ftp_data/ftp_data.h"
#include "dataplane/app/harness/harness.h"

static struct harness *start(uint8_t kind)
{
	struct app_expectation e = {
		.proto = "ftp-data", .kind = kind, .name_len = 5, .name = "f.txt"};

	return harness_new_expected(&ftp_data_proto, 5000, &e);
}

static void the_file_goes_one_way(void **state)
{
	static const struct {
		uint8_t kind;
		enum dir dir;
		const char *command;
	} table[] = {
		{FTP_RETR, DIR_TC, "RETR"},
		{FTP_STOR, DIR_TS, "STOR"},
		{FTP_RETR | FTP_ACTIVE, DIR_TS, "RETR"},
		{FTP_STOR | FTP_ACTIVE, DIR_TC, "STOR"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = start(table[i].kind);
		const struct app_file *f;

		harness_feed(h, dir_other(table[i].dir), "other", 5);
		assert_int_equal(harness_live(h), 0);
		harness_feed(h, table[i].dir, "con", 3);
		harness_feed(h, table[i].dir, "tent", 4);
		harness_eof(h, table[i].dir);
		f = harness_tx(h, 0)->files[table[i].dir];
		assert_int_equal(f->state, APP_FILE_CLOSED);
		assert_true(slice_eq(SLICE(f->window, f->window_len), SLICE_LIT("content")));
		assert_true(slice_eq(SLICE(f->name, f->name_len), SLICE_LIT("f.txt")));
		assert_non_null(strstr(harness_eve(h, harness_tx(h, 0), 0), table[i].command));
		assert_int_equal(harness_tx(h, 0)->progress[0], 1);
		assert_int_equal(harness_tx(h, 0)->progress[1], 1);
		harness_delete(h);
	}
}

static void gaps_and_keywords(void **state)
{
	struct harness *h = start(FTP_RETR);
	const struct app_tx *tx;

	harness_feed(h, DIR_TC, "con", 3);
	assert_true(harness_gap(h, DIR_TC, 10));
	harness_feed(h, DIR_TC, "tent", 4);
	tx = harness_tx(h, 0);
	assert_true(tx->files[DIR_TC]->gaps);
	assert_int_equal(tx->files[DIR_TC]->size, 17);
	assert_int_equal(harness_keyword(h, tx, "ftpdata_command", DIR_TC, "retr"), 1);
	assert_int_equal(harness_keyword(h, tx, "ftpdata_command", DIR_TC, "stor"), 0);
	assert_int_equal(harness_keyword(h, tx, "ftpdata_command", DIR_TC, "list"), -1);
	harness_delete(h);
}

static void not_announced(void **state)
{
	struct harness *h = harness_new(&ftp_data_proto, APP_TCP, 20);

	assert_false(harness_feed(h, DIR_TS, "x", 1));
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_goes_one_way),
		cmocka_unit_test(gaps_and_keywords),
		cmocka_unit_test(not_announced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
