/* What looks back for hours: fed by records, kept over a restart, refused when the file is damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/sensor/memory/memory.h"
#include "dataplane/base/clock.h"

enum { START = 1767571200 }; /* a Monday, 00:00 */

struct scene {
	struct memory *m;
	struct memory_setup setup;
	char path[64];
	unsigned offers;
	enum behave_verdict verdict;
	uint64_t ids;
};

static void offered(void *ctx, const struct behave_offer *o)
{
	struct scene *s = ctx;

	assert_true(o->reason_en[0] && o->reason_ja[0] && o->what[0]);
	s->offers++;
}

static enum behave_verdict verdict(void *ctx, enum behave_offer_kind kind,
				   const struct ip_addr *host, const char *what)
{
	struct scene *s = ctx;

	(void)kind;
	(void)host;
	(void)what;
	return s->verdict;
}

static void start(struct scene *s)
{
	struct errmsg e;

	s->setup = (struct memory_setup){.path = s->path,
					 .config = behave_config_default,
					 .offer = offered,
					 .verdict = verdict,
					 .ctx = s};
	s->setup.config.memory_mb = 1;
	s->setup.config.past_mb = 8;
	s->m = memory_new(&s->setup, &e);
	assert_non_null(s->m);
}

static struct scene *scene_new(void)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	snprintf(s->path, sizeof(s->path), "/tmp/memory_test-%d", (int)getpid());
	unlink(s->path);
	start(s);
	return s;
}

static void scene_free(struct scene *s)
{
	memory_delete(s->m);
	unlink(s->path);
	free(s);
}

/* A host calls a place that shows a name; times in hours since START. */
static void call(struct scene *s, unsigned host, const char *name, double at, uint64_t up)
{
	_Alignas(8) uint8_t buf[2048];
	uint64_t time_ns = START * NS_PER_SEC + (uint64_t)(at * 3600e9);

	for (unsigned i = 0; i < 2; i++) {
		struct record r;
		struct record_head *h = record_begin(&r, buf, sizeof(buf));

		h->id = ++s->ids;
		h->flow_id = (s->ids + 1) / 2;
		h->time_ns = time_ns;
		h->flags = RECORD_HAS_TUPLE | RECORD_HAS_PORTS | RECORD_HAS_FLOW;
		h->src = ip_addr_v4((uint8_t[4]){10, 0, 0, (uint8_t)host});
		h->dst = ip_addr_v4((uint8_t[4]){93, 1, (uint8_t)strlen(name), (uint8_t)name[0]});
		h->sport = 40000;
		h->dport = 443;
		h->ip_proto = 6;
		snprintf(h->type, sizeof(h->type), "%s", i ? "flow" : "tls");
		record_object(&r, h->type);
		if (i == 0)
			record_text(&r, "sni", name);
		record_uint(&r, "pkts_toserver", 5);
		record_uint(&r, "pkts_toclient", 5);
		record_uint(&r, "bytes_toserver", up);
		record_uint(&r, "bytes_toclient", 800);
		record_end(&r);
		memory_note(s->m, record_finish(&r));
	}
}

static void every(struct scene *s, const char *name, double from, double step, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		call(s, 1, name, from + step * i, 900);
}

static bool was_hit(struct scene *s, uint32_t sid)
{
	bool found = false;

	for (unsigned i = 0; i < memory_hits(s->m); i++) {
		struct slice record = memory_hit(s->m, i);
		uint64_t id = 0;

		assert_true(record_check(record));
		assert_true(record_find_uint(record, "alert.signature_id", &id));
		found |= id == sid;
	}
	memory_sent(s->m);
	return found;
}

static void test_slow_beacon(void **state)
{
	struct scene *s = scene_new();

	every(s, "first.example", 0, 1, 30); /* the site is learnt */
	memory_sent(s->m);
	every(s, "home.example", 24 * 5, 6, 7);
	assert_false(was_hit(s, 2301));
	every(s, "home.example", 24 * 5 + 42, 6, 4);
	assert_true(was_hit(s, 2301));
	scene_free(s);
}

/* Of the time when the site was learnt: a person is asked, and obeyed. */
static void test_learnt(void **state)
{
	struct scene *s = scene_new();

	every(s, "vendor.example", 1, 6, 20);
	assert_false(was_hit(s, 2301));
	assert_true(s->offers > 0);
	s->verdict = BEHAVE_REJECTED;
	every(s, "vendor.example", 121, 6, 2);
	assert_true(was_hit(s, 2301));
	scene_free(s);
}

static void test_accepted(void **state)
{
	struct scene *s = scene_new();

	s->verdict = BEHAVE_ACCEPTED;
	every(s, "first.example", 0, 1, 2);
	every(s, "new.example", 24 * 6, 6, 20);
	assert_int_equal(memory_hits(s->m), 0);
	assert_int_equal(s->offers, 0);
	scene_free(s);
}

/* A server inside answers a question for a name. */
static void answer(struct scene *s, unsigned server, double at)
{
	_Alignas(8) uint8_t buf[1024];
	struct record r;
	struct record_head *h = record_begin(&r, buf, sizeof(buf));

	h->id = ++s->ids;
	h->time_ns = START * NS_PER_SEC + (uint64_t)(at * 3600e9);
	h->flags = RECORD_HAS_TUPLE | RECORD_HAS_PORTS;
	h->src = ip_addr_v4((uint8_t[4]){10, 0, 0, 1});
	h->dst = ip_addr_v4((uint8_t[4]){10, 0, 0, (uint8_t)server});
	h->sport = 40000;
	h->dport = 53;
	h->ip_proto = 17;
	snprintf(h->type, sizeof(h->type), "dns");
	record_object(&r, "dns");
	record_text(&r, "type", "answer");
	record_text(&r, "rrname", "www.example.org");
	record_text(&r, "rrtype", "A");
	record_end(&r);
	memory_note(s->m, record_finish(&r));
}

/* The servers of the site are what a person says they are. */
static void test_servers(void **state)
{
	struct scene *s = scene_new();

	answer(s, 53, 0); /* learnt, and offered */
	assert_int_equal(s->offers, 1);
	answer(s, 66, 24);
	assert_true(was_hit(s, 2500));
	s->verdict = BEHAVE_ACCEPTED;
	answer(s, 77, 48);
	assert_false(was_hit(s, 2500));
	s->verdict = BEHAVE_REJECTED;
	answer(s, 53, 72);
	assert_true(was_hit(s, 2500));
	scene_free(s);
}

/* What many hosts do is everyday's. Twice as many as make it so: they are counted in a bitmap. */
static void test_popular(void **state)
{
	struct scene *s = scene_new();

	call(s, 1, "first.example", 0, 900);
	for (unsigned i = 0; i < 20; i++) {
		for (unsigned host = 1; host <= 24; host++)
			call(s, host, "all.example", 24 * 5 + 6 * i + host / 60.0, 900);
	}
	assert_int_equal(memory_hits(s->m), 0);
	scene_free(s);
}

static void test_restart(void **state)
{
	struct scene *s = scene_new();
	json_t *status;

	every(s, "first.example", 0, 1, 2);
	every(s, "home.example", 24 * 5, 6, 7);
	memory_delete(s->m);
	start(s);
	status = memory_status(s->m);
	assert_true(json_integer_value(json_object_get(status, "restored")) > 4);
	json_decref(status);
	every(s, "home.example", 24 * 5 + 42, 6, 3);
	assert_true(was_hit(s, 2301));
	scene_free(s);
}

/* At each byte that may be wrong or missing: never read as if it were whole, and learnt anew. */
static void test_damaged(void **state)
{
	struct scene *s = scene_new();
	char aside[96];
	long size;
	FILE *f;

	every(s, "home.example", 24 * 5, 6, 7);
	memory_delete(s->m);
	snprintf(aside, sizeof(aside), "%s.damaged", s->path);
	f = fopen(s->path, "r+");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	fclose(f);
	for (long at = 0; at < size; at += 1 + size / 40) {
		struct errmsg e;

		f = fopen(s->path, "r+");
		assert_non_null(f);
		fseek(f, at, SEEK_SET);
		int was = fgetc(f);
		fseek(f, at, SEEK_SET);
		fputc(was ^ 0x41, f);
		fclose(f);
		s->m = memory_new(&s->setup, &e);
		assert_int_equal(access(aside, F_OK), 0);
		/* As it was, for the next byte. */
		assert_int_equal(rename(aside, s->path), 0);
		char keep[128];

		snprintf(keep, sizeof(keep), "%s.keep", s->path);
		assert_int_equal(rename(s->path, keep), 0);
		memory_delete(s->m);
		assert_int_equal(rename(keep, s->path), 0);
		f = fopen(s->path, "r+");
		fseek(f, at, SEEK_SET);
		fputc(was, f);
		fclose(f);
	}
	assert_int_equal(truncate(s->path, size - 9), 0);
	start(s);
	assert_int_equal(access(aside, F_OK), 0);
	unlink(aside);
	scene_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_beacon), cmocka_unit_test(test_learnt),
		cmocka_unit_test(test_accepted),    cmocka_unit_test(test_popular),
		cmocka_unit_test(test_servers),	    cmocka_unit_test(test_restart),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
