/* Records are kept, found again, searched with a new list, and the oldest go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/sensor/retro/retro.h"
#include "control/wire/testdir.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"
#include "signatures/lists/book.h"

#define T0 (1700000000 * NS_PER_SEC)

struct bag {
	unsigned n;
	uint64_t ids[64];
	char what[200], type[24], indicator[200];
};

static bool collect(void *ctx, const struct retro_hit *h)
{
	struct bag *b = ctx;

	if (b->n < 64)
		b->ids[b->n++] = h->id;
	snprintf(b->what, sizeof(b->what), "%.199s", h->what);
	snprintf(b->type, sizeof(b->type), "%.23s", h->type);
	return true;
}

static void note(struct retro *r, uint64_t id, const char *type, const char *dst, uint16_t port,
		 const char *object)
{
	struct retro_record rec = {.id = id,
				   .time = T0 + id * NS_PER_SEC,
				   .type = type,
				   .sport = 40000,
				   .dport = port,
				   .proto = 6,
				   .dst_outside = true};
	char text[1024];

	ip_addr_parse("10.0.0.5", &rec.src);
	ip_addr_parse(dst, &rec.dst);
	snprintf(text, sizeof(text), "{%s}", object);
	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	rec.line = json_loads(text, 0, NULL);
	assert_non_null(rec.line);
	retro_note(r, &rec);
	json_decref((json_t *)rec.line);
}

#define SHA "af6d0dfc3b383cdf6f6fac4ce5872d3d3cc60d9435f64ad4994c5c8eaa74eaea"

static void fill(struct retro *r)
{
	note(r, 1, "flow", "198.51.100.66", 8443, "");
	note(r, 2, "dns", "198.51.100.53", 53,
	     "'dns':{'rrname':'www.Evil.example','answers':[{'rrname':'www.evil.example','rdata':"
	     "'203.0.113.9'}]}");
	note(r, 3, "http", "203.0.113.9", 80,
	     "'http':{'hostname':'files.example','url':'/a/invoice.exe','http_method':'GET'}");
	note(r, 4, "tls", "198.51.100.66", 443,
	     "'tls':{'sni':'cdn.example','ja3':{'hash':'e7d705a3286e19ea42f587b344ee6865'},"
	     "'ja4':'t13d1516h2_8daaf6152771_e5627efa2ab1','fingerprint':"
	     "'aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd'}");
	note(r, 5, "fileinfo", "203.0.113.9", 80,
	     "'fileinfo':{'filename':'invoice.exe','sha256':'" SHA "'}");
	note(r, 6, "flow", "2001:db8::66", 443, "");
	retro_commit(r, T0 + 10 * NS_PER_SEC);
}

static const struct {
	const char *indicator;
	uint64_t ids[3]; /* newest first */
} searches[] = {
	{"198.51.100.66", {4, 1}},
	{"198.51.100.66:8443", {1}},
	{"198.51.100.66:22", {0}},
	{"198.51.100.0/24", {4, 2, 1}},
	{"evil.example", {2}},
	{"www.evil.example.", {2}},
	{"xevil.example", {0}},
	{"ww.evil.example", {0}},
	{"203.0.113.9", {5, 3, 2}},
	{"http://files.example/a/invoice.exe", {3}},
	{"hxxp://files[.]example/a/invoice.exe", {3}},
	{"http://files.example/a", {0}},
	{SHA, {5}},
	{"t13d1516h2_8daaf6152771_e5627efa2ab1", {4}},
	/* As long as hashes of files: of what they are cannot be seen. */
	{"aabbccddeeff00112233445566778899aabbccdd", {4}},
	{"e7d705a3286e19ea42f587b344ee6865", {4}},
	{"00d705a3286e19ea42f587b344ee6865", {0}},
	{"2001:db8::/32", {6}},
	{"192.0.2.1", {0}},
};

static void found_by_any_indicator(void **state)
{
	struct errmsg e = {""};
	char folder[64], store[80];
	struct retro *r;
	struct bag b;

	testdir_make(folder);
	snprintf(store, sizeof(store), "%s/retro", folder);
	r = retro_open(&(struct retro_setup){store, 100 << 20}, &e);
	if (!r)
		fail_msg("%s", e.text);
	fill(r);
	fill(r); /* once more after a crash: nothing twice */
	for (int again = 0; again < 2; again++) {
		for (size_t i = 0; i < ARRAY_SIZE(searches); i++) {
			unsigned want = 0;

			b = (struct bag){0};
			if (retro_search(r, searches[i].indicator, 0, collect, &b, &e) < 0)
				fail_msg("%s: %s", searches[i].indicator, e.text);
			while (want < 3 && searches[i].ids[want])
				want++;
			if (b.n != want)
				fail_msg("%s: %u instead of %u", searches[i].indicator, b.n, want);
			for (unsigned k = 0; k < want; k++)
				assert_int_equal(b.ids[k], searches[i].ids[k]);
		}
		/* The same after a restart. */
		retro_close(r);
		r = retro_open(&(struct retro_setup){store, 100 << 20}, &e);
		assert_non_null(r);
	}
	assert_int_equal(retro_search(r, "no indicator at all", 0, collect, &b, &e), ERR_INVALID);
	retro_close(r);
	testdir_remove(folder);
}

static void the_oldest_go(void **state)
{
	struct errmsg e = {""};
	struct retro_counts c;
	char folder[64], store[80];
	struct retro *r;
	struct bag b = {0};

	testdir_make(folder);
	snprintf(store, sizeof(store), "%s/retro", folder);
	r = retro_open(&(struct retro_setup){store, 200 << 10}, &e);
	for (uint64_t i = 1; i <= 4000; i++) {
		char ip[32];

		snprintf(ip, sizeof(ip), "198.51.%u.%u", (unsigned)(i / 250), (unsigned)(i % 250));
		note(r, i, "flow", ip, 443, "");
		/* Each batch half a day later than the one before. */
		if (i % 400 == 0)
			retro_commit(r, T0 + i / 400 * 13 * NS_PER_HOUR);
	}
	retro_counts(r, &c);
	assert_true(c.dropped > 0);
	assert_true(c.bytes <= 300 << 10);
	assert_true(c.records < 4000 && c.records >= 400);
	assert_true(c.oldest > T0 + 400 * NS_PER_SEC);
	assert_int_equal(retro_search(r, "198.51.0.1", 0, collect, &b, &e), 0);
	assert_int_equal(retro_search(r, "198.51.15.249", 0, collect, &b, &e), 1);
	retro_close(r);
	testdir_remove(folder);
}

static void on_bad(void *ctx, const struct retro_hit *hit, const struct list_hit *why,
		   const char *indicator)
{
	struct bag *b = ctx;

	collect(b, hit);
	snprintf(b->indicator, sizeof(b->indicator), "%.199s", indicator);
	assert_string_equal(why->list->name, "bad");
}

static unsigned scan(struct retro *r, const char *lists, struct bag *b)
{
	struct errmsg e = {""};
	unsigned steps = 0;

	*b = (struct bag){0};
	if (retro_scan_begin(r, lists, &e) < 0)
		fail_msg("%s", e.text);
	/* Few things a step: nothing is passed over between two. */
	while (retro_scan_step(r, 2, T0 + NS_PER_HOUR, on_bad, b))
		steps++;
	assert_true(steps > 3);
	return b->n;
}

static void add_list(const char *folder, const char *text)
{
	struct book_list list = {.info = {.name = "bad", .priority = 50}, .hint = HINT_ANY};
	static struct book_reading reading;
	struct errmsg e = {""};
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "%s/new.txt", folder);
	f = fopen(path, "we");
	fputs(text, f);
	fclose(f);
	if (book_add(folder, path, &list, (uint32_t)(T0 / NS_PER_SEC), &reading, &e) < 0)
		fail_msg("%s", e.text);
}

static void a_new_list_is_searched(void **state)
{
	struct errmsg e = {""};
	char folder[64], store[80], lists[80], compiled[96];
	struct retro *r;
	struct bag b;

	testdir_make(folder);
	snprintf(store, sizeof(store), "%s/retro", folder);
	snprintf(lists, sizeof(lists), "%s/lists", folder);
	mkdir(lists, 0700);
	r = retro_open(&(struct retro_setup){store, 100 << 20}, &e);
	fill(r);
	assert_true(book_compiled(lists, compiled, sizeof(compiled)));
	assert_true(retro_scan_begin(r, compiled, &e) < 0);
	add_list(lists, "192.0.2.77\nnothing.example\n");
	assert_int_equal(scan(r, compiled, &b), 0);
	add_list(lists, "evil.example\n");
	assert_int_equal(scan(r, compiled, &b), 1);
	assert_int_equal(b.ids[0], 2);
	assert_string_equal(b.indicator, "www.evil.example");
	add_list(lists, "198.51.100.66:8443\n" SHA "\nhttp://files.example/a/invoice.exe\n"
			"2001:db8::/32\n");
	assert_int_equal(scan(r, compiled, &b), 4);
	retro_close(r);
	testdir_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_by_any_indicator),
		cmocka_unit_test(a_new_list_is_searched),
		cmocka_unit_test(the_oldest_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
