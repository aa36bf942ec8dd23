#include "dataplane/evidence/desk.h"

#include <ftw.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mbedtls/sha256.h>
#include <setjmp.h>

#include <cmocka.h>

#include "dataplane/evidence/inspect.h"

struct rig {
	char dir[64];
	struct desk_config config;
	struct inspector *inspector;
	struct desk *desk;
	struct desk_port *port;
	_Alignas(8) uint8_t buf[4096];
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int setup(void **state)
{
	static struct rig r;

	memset(&r, 0, sizeof(r));
	snprintf(r.dir, sizeof(r.dir), "/tmp/banken-desk-%d-XXXXXX", (int)getpid());
	r.config = (struct desk_config){
		.pipe_bytes = 1 << 20, .memory = 8 << 20, .workers = 1, .wait = true};
	*state = &r;
	return mkdtemp(r.dir) ? 0 : -1;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	desk_delete(r->desk);
	inspector_delete(r->inspector);
	return nftw(r->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void start(struct rig *r)
{
	struct errmsg err = {""};

	const struct inspect_config inspect = {
		.archives = r->config.archives,
		.yara = r->config.yara,
		.inspector = {.bytes = DESK_INSPECT, .core = -1, .cpu_s = 600, .patience_s = 600}};

	snprintf(r->config.dir, sizeof(r->config.dir), "%s/store", r->dir);
	if ((r->config.archives || r->config.yara[0]) &&
	    inspect_start(&inspect, &r->inspector, &err) != ERR_OK)
		fail_msg("%s", err.text);
	r->config.inspector = r->inspector;
	r->desk = desk_new(&r->config, &err);
	if (!r->desk || desk_start(r->desk, &err) != ERR_OK)
		fail_msg("%s", err.text);
	r->port = desk_port(r->desk, 0);
}

/* The fileinfo record of a file of that name. */
static struct slice fileinfo(struct rig *r, const char *name)
{
	struct record rec;
	struct record_head *h = record_begin(&rec, r->buf, sizeof(r->buf));

	h->time_ns = 1700000000ULL * 1000000000U;
	h->flow_id = 42;
	snprintf(h->type, sizeof(h->type), "fileinfo");
	record_object(&rec, "fileinfo");
	record_text(&rec, "filename", name);
	record_bool(&rec, "stored", true);
	record_end(&rec);
	return record_finish(&rec);
}

static void send(struct rig *r, const char *name, struct slice bytes, bool keep)
{
	struct desk_end end = {
		.size = bytes.len, .store_id = 7, .keep = keep, .time_ns = 1700000000000000000ULL};
	uint32_t file = desk_file(r->port);

	assert_int_not_equal(file, 0);
	assert_true(desk_bytes(r->port, file, slice_sub(bytes, 0, bytes.len / 2)));
	assert_true(desk_bytes(r->port, file, slice_sub(bytes, bytes.len / 2, bytes.len)));
	assert_true(desk_file_end(r->port, file, &end, fileinfo(r, name)));
}

static void path_of(const struct rig *r, struct slice bytes, const char *more, char *ret,
		    size_t cap)
{
	uint8_t sha256[32];
	char hex[65];

	mbedtls_sha256_ret(bytes.data, bytes.len, sha256, 0);
	for (unsigned i = 0; i < 32; i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", sha256[i]);
	snprintf(ret, cap, "%s/store/%.2s/%s%s", r->dir, hex, hex, more);
}

static uint64_t counter(struct rig *r, const char *name)
{
	struct counter_set sets[DESK_COUNTER_SETS];
	unsigned n = desk_counters(r->port, sets);
	char text[64];

	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < sets[i].count; k++) {
			snprintf(text, sizeof(text), "%s.%s", sets[i].stage, sets[i].names[k].name);
			if (strcmp(text, name) == 0)
				return sets[i].values[k];
		}
	}
	fail_msg("no counter %s", name);
	return 0;
}

static void kept_by_their_digest(void **state)
{
	struct rig *r = *state;
	uint8_t *large = calloc(1, 3 << 20);
	struct slice big = SLICE(large, 3 << 20); /* goes through a temporary file */
	char path[256];

	r->config.store = true;
	r->config.write_fileinfo = true;
	start(r);
	send(r, "small", SLICE_LIT("content"), true);
	send(r, "again", SLICE_LIT("content"), true);
	send(r, "large", big, true);
	send(r, "unwanted", SLICE_LIT("other"), false);
	desk_drop(r->port, desk_file(r->port));
	desk_stop(r->desk);
	path_of(r, SLICE_LIT("content"), "", path, sizeof(path));
	assert_int_equal(access(path, R_OK), 0);
	path_of(r, SLICE_LIT("content"), ".1700000000.7.json", path, sizeof(path));
	assert_int_equal(access(path, R_OK), 0);
	path_of(r, big, "", path, sizeof(path));
	assert_int_equal(access(path, R_OK), 0);
	path_of(r, SLICE_LIT("other"), "", path, sizeof(path));
	assert_int_equal(access(path, R_OK), -1);
	assert_int_equal(counter(r, "file_store.kept"), 2);
	assert_int_equal(counter(r, "file_store.there_already"), 1);
	assert_int_equal(counter(r, "files.carried"), 5);
	snprintf(path, sizeof(path), "%s/store/tmp/file.1", r->dir);
	assert_int_equal(access(path, F_OK), -1);
	free(large);
}

static void yara_hits_come_back(void **state)
{
	struct rig *r = *state;
	struct slice record, text;
	uint64_t number;
	FILE *f;

	snprintf(r->config.yara, sizeof(r->config.yara), "%s/r.yar", r->dir);
	f = fopen(r->config.yara, "w");
	fputs("rule bad { meta: sid = 5 strings: $a = \"evil\" condition: $a }", f);
	fclose(f);
	start(r);
	send(r, "x.bin", SLICE_LIT("so evil"), false);
	send(r, "y.bin", SLICE_LIT("so good"), false);
	for (unsigned i = 0; i < 500; i++) /* more than the pipe holds */
		send(r, "z.bin", SLICE_LIT("evil"), false);
	desk_stop(r->desk);
	assert_true(desk_record(r->port, &record));
	assert_true(record_check(record));
	assert_true(record_find_uint(record, "alert.signature_id", &number));
	assert_int_equal(number, 5);
	assert_true(record_find_str(record, "fileinfo.filename", &text));
	assert_true(slice_eq(text, SLICE_LIT("x.bin")));
	assert_int_equal(((const struct record_head *)record.data)->flow_id, 42);
	assert_int_equal(((const struct record_head *)record.data)->lane, RECORD_LANE_ALERT);
	number = 1;
	while (desk_record(r->port, &record))
		number += record_check(record);
	assert_int_equal(number, 501);
}

/* A ZIP with one stored member "a", content "evil". */
static const uint8_t zip[] =
	"PK\3\4\n\0\0\0\0\0\0\0\0\0\xb0\xdd\xbd\x74\4\0\0\0\4\0\0\0\1\0\0\0"
	"aevil"
	"PK\1\2\x14\0\n\0\0\0\0\0\0\0\0\0\xb0\xdd\xbd\x74\4\0\0\0\4\0\0\0\1\0\0\0\0\0\0\0\0\0"
	"\0\0\0\0\0\0\0\0a"
	"PK\5\6\0\0\0\0\1\0\1\0\x2f\0\0\0\x23\0\0\0\0";

static void archives_are_listed(void **state)
{
	struct rig *r = *state;
	struct slice record, text;
	uint64_t number;

	r->config.archives = true;
	start(r);
	send(r, "x.zip", SLICE(zip, sizeof(zip)), false);
	desk_stop(r->desk);
	assert_true(desk_record(r->port, &record));
	assert_true(record_check(record));
	assert_true(((const struct record_head *)record.data)->flags & RECORD_OWN_TYPE);
	assert_true(record_find_str(record, "archive.filename", &text));
	assert_true(slice_eq(text, SLICE_LIT("x.zip")));
	assert_true(record_find_uint(record, "archive.member_count", &number));
	assert_int_equal(number, 1);
	assert_false(desk_record(r->port, &record));
}

static void a_full_pipe_loses_and_counts(void **state)
{
	struct rig *r = *state;
	struct errmsg err = {""};
	static uint8_t bytes[10000];
	unsigned lost = 0;

	r->config.wait = false;
	r->config.pipe_bytes = 1 << 16;
	r->desk = desk_new(&r->config, &err); /* the thread does not run yet */
	r->port = desk_port(r->desk, 0);
	for (unsigned i = 0; i < 10000; i++) {
		uint32_t file = desk_file(r->port);
		struct desk_end end = {0};

		if (!file || !desk_bytes(r->port, file, SLICE(bytes, sizeof(bytes))))
			lost++;
		else
			desk_file_end(r->port, file, &end, fileinfo(r, "x"));
	}
	assert_true(lost > 9000);
	assert_true(counter(r, "files.ring_full") > 9000);
	assert_int_equal(desk_start(r->desk, &err), ERR_OK);
	desk_stop(r->desk);
	assert_int_not_equal(desk_file(r->port), 0);
}

static void too_many_files_are_refused(void **state)
{
	struct rig *r = *state;
	unsigned given = 0;

	start(r);
	for (unsigned i = 0; i < DESK_OPEN_MAX + 10; i++)
		given += desk_file(r->port) != 0;
	assert_int_equal(given, DESK_OPEN_MAX);
	assert_int_equal(counter(r, "files.too_many"), 10);
	for (uint32_t i = 1; i <= DESK_OPEN_MAX; i++)
		desk_drop(r->port, i);
	assert_int_not_equal(desk_file(r->port), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept_by_their_digest, setup, teardown),
		cmocka_unit_test_setup_teardown(yara_hits_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(archives_are_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_pipe_loses_and_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_files_are_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
