#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "signatures/plan/matcher.h"

struct fixture {
	struct plan_mem mem;
	struct matcher *m;
	hs_scratch_t *scratch;
	struct plan_cand room[64];
	struct matcher_hits hits;
};

static struct fixture *begin(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->m = matcher_new(&f->mem, 0, "test");
	f->hits = (struct matcher_hits){f->room, 0, ARRAY_SIZE(f->room), 0xff, 3};
	return f;
}

static void add(struct fixture *f, uint32_t num, const char *text, bool nocase,
		enum matcher_place place, uint32_t offset)
{
	struct matcher_pattern p = {slice_of(text), nocase, (uint8_t)place, offset, {num, 0, 3}};

	matcher_add(f->m, &f->mem, &p);
}

static void finish(struct fixture *f)
{
	struct errmsg e = {""};

	matcher_finish(f->m, &f->mem);
	assert_false(f->mem.failed);
	assert_int_equal(matcher_compile(f->m, &e), ERR_OK);
	assert_int_equal(matcher_scratch(f->m, &f->scratch), ERR_OK);
}

static void end(struct fixture *f)
{
	hs_free_scratch(f->scratch);
	matcher_done(f->m);
	plan_mem_done(&f->mem);
	free(f);
}

/* The numbers of the rules found, as bits. */
static uint64_t scan(struct fixture *f, const char *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1); /* so that reads past the end are seen */
	uint64_t found = 0;

	memcpy(copy, data, len);
	f->hits.n = 0;
	matcher_scan(f->m, f->scratch, &(struct matcher_window){SLICE(copy, len), 0, 0}, &f->hits);
	matcher_hits_sort(&f->hits);
	free(copy);
	for (uint32_t i = 0; i < f->hits.n; i++) {
		assert_false(found >> f->hits.v[i].num & 1);
		found |= 1ULL << f->hits.v[i].num;
	}
	return found;
}

#define SCAN(f, text) scan((f), (text), sizeof(text) - 1)

static void places(void **state)
{
	struct fixture *f = begin();

	add(f, 0, "evil", false, MATCHER_ANYWHERE, 0);
	add(f, 1, "EVIL", true, MATCHER_ANYWHERE, 0);
	add(f, 2, ".evil.com", true, MATCHER_SUFFIX, 0);
	add(f, 3, "evil.com", false, MATCHER_EXACT, 0);
	add(f, 4, "GET ", false, MATCHER_AT, 0);
	add(f, 5, "/x", true, MATCHER_AT, 4);
	add(f, 6, "abcdefgh", false, MATCHER_AT, 2);
	finish(f);
	assert_int_equal(SCAN(f, ""), 0);
	assert_int_equal(SCAN(f, "nothing"), 0);
	assert_int_equal(SCAN(f, "so evil it is"), 1 << 0 | 1 << 1);
	assert_int_equal(SCAN(f, "so EvIl"), 1 << 1);
	assert_int_equal(SCAN(f, "evil.com"), 1 << 0 | 1 << 1 | 1 << 3);
	assert_int_equal(SCAN(f, "EVIL.com"), 1 << 1);
	assert_int_equal(SCAN(f, "www.EVIL.com"), 1 << 1 | 1 << 2);
	assert_int_equal(SCAN(f, "www.evil.com."), 1 << 0 | 1 << 1);
	assert_int_equal(SCAN(f, "GET /X"), 1 << 4 | 1 << 5);
	assert_int_equal(SCAN(f, "get /x"), 1 << 5);
	assert_int_equal(SCAN(f, "GET"), 0);
	assert_int_equal(SCAN(f, "..abcdefgh"), 1 << 6);
	assert_int_equal(SCAN(f, "..abcdefg"), 0);
	assert_int_equal(SCAN(f, ".abcdefgh"), 0);
	end(f);
}

/* Every byte value, a leading zero among them, also in a whole value. */
static void bytes(void **state)
{
	struct fixture *f = begin();
	struct matcher_pattern p = {SLICE("\0\1|*", 4), false, MATCHER_ANYWHERE, 0, {0, 0, 3}};
	struct matcher_pattern z = {SLICE("\0\0", 2), false, MATCHER_EXACT, 0, {1, 0, 3}};

	matcher_add(f->m, &f->mem, &p);
	matcher_add(f->m, &f->mem, &z);
	finish(f);
	assert_int_equal(scan(f, "ab\0\1|*", 6), 1 << 0);
	assert_int_equal(scan(f, "\0\0", 2), 1 << 1);
	assert_int_equal(scan(f, "\0\0\0", 3), 0);
	end(f);
}

static void shared_pattern(void **state)
{
	struct fixture *f = begin();

	for (uint32_t i = 0; i < 10; i++)
		add(f, i, "same", false, MATCHER_ANYWHERE, 0);
	finish(f);
	assert_int_equal(matcher_patterns(f->m), 1);
	assert_int_equal(SCAN(f, "samesamesame"), (1 << 10) - 1);
	end(f);
}

static void filters(void **state)
{
	struct fixture *f = begin();
	struct matcher_pattern p = {
		SLICE_LIT("abc"), false, MATCHER_ANYWHERE, 0, {0, PLAN_NEED_FLOW, 1 << 1}};

	matcher_add(f->m, &f->mem, &p);
	finish(f);
	assert_int_equal(SCAN(f, "abc"), 1);
	f->hits.have = 0;
	assert_int_equal(SCAN(f, "abc"), 0);
	f->hits.have = PLAN_NEED_FLOW;
	f->hits.dirs = 1 << 0;
	assert_int_equal(SCAN(f, "abc"), 0);
	end(f);
}

/* More hits than there is room for: each rule stays once. */
static void overflow(void **state)
{
	struct fixture *f = begin();

	for (uint32_t i = 0; i < 32; i++)
		add(f, i, "abc", false, MATCHER_ANYWHERE, 0);
	for (uint32_t i = 0; i < 32; i++)
		add(f, i, "bcd", false, MATCHER_ANYWHERE, 0);
	finish(f);
	f->hits.cap = 40;
	assert_int_equal(SCAN(f, "abcd"), 0xffffffff);
	end(f);
}

/* Looked for in the first bytes only. */
static void head(void **state)
{
	struct fixture *f = begin();
	char data[400];

	add(f, 0, "abcd", false, MATCHER_HEAD, 0);
	add(f, 1, "abcd", false, MATCHER_ANYWHERE, 0);
	add(f, 2, "wxyz", true, MATCHER_HEAD, 0);
	finish(f);
	memset(data, '.', sizeof(data));
	memcpy(data + MATCHER_HEAD_BYTES - 4, "abcd", 4);
	assert_int_equal(scan(f, data, sizeof(data)), 1 << 0 | 1 << 1);
	memset(data, '.', sizeof(data));
	memcpy(data + MATCHER_HEAD_BYTES - 3, "abcd", 4);
	memcpy(data, "WXYZ", 4);
	assert_int_equal(scan(f, data, sizeof(data)), 1 << 1 | 1 << 2);
	end(f);
}

static void short_ones(void **state)
{
	struct fixture *f = begin();

	add(f, 0, "ab", false, MATCHER_ANYWHERE, 0);
	add(f, 1, "aB", true, MATCHER_ANYWHERE, 0);
	add(f, 2, "abc", false, MATCHER_ANYWHERE, 0);
	add(f, 3, "a", false, MATCHER_ANYWHERE, 0);
	add(f, 4, "|9", false, MATCHER_ANYWHERE, 0);
	add(f, 5, "abcdef", false, MATCHER_ANYWHERE, 0);
	finish(f);
	assert_int_equal(SCAN(f, "xab"), 1 << 0 | 1 << 1 | 1 << 3);
	assert_int_equal(SCAN(f, "xAB"), 1 << 1);
	assert_int_equal(SCAN(f, "abcabc"), 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3);
	assert_int_equal(SCAN(f, "b|9"), 1 << 4);
	assert_int_equal(SCAN(f, "a"), 1 << 3);
	assert_int_equal(SCAN(f, "xabcdef"), 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5);
	end(f);
}

/* A window of a growing buffer: offsets count from the buffer's begin. */
static void window(void **state)
{
	struct fixture *f = begin();

	add(f, 0, "Rar!", false, MATCHER_AT, 0);
	add(f, 1, "cdef", false, MATCHER_AT, 4);
	finish(f);
	f->hits.n = 0;
	matcher_scan(f->m, f->scratch, &(struct matcher_window){slice_of("xxcdef"), 2, 0},
		     &f->hits);
	assert_int_equal(f->hits.n, 1);
	assert_int_equal(f->hits.v[0].num, 1);
	f->hits.n = 0;
	matcher_scan(f->m, f->scratch, &(struct matcher_window){slice_of("Rar!cdef"), 5, 0},
		     &f->hits);
	assert_int_equal(f->hits.n, 0);
	end(f);
}

/* Behind the buffer's own length, wherever that is written, in four bytes. */
static void behind_length(void **state)
{
	struct fixture *f = begin();
	char data[40] = "xx\x28\0\0\0....zz";

	add(f, 0, "zz", false, MATCHER_LENGTH, 8);
	add(f, 1, "zz", false, MATCHER_LENGTH, 9);
	finish(f);
	assert_int_equal(scan(f, data, sizeof(data)), 1);
	assert_int_equal(scan(f, data, sizeof(data) - 1), 0);
	memcpy(data, "\x28\0\0\0", 4);
	assert_int_equal(scan(f, data, sizeof(data)), 0);
	memcpy(data + sizeof(data) - 10, "\x28\0\0\0....zz", 10);
	assert_int_equal(scan(f, data, sizeof(data)), 1);
	assert_int_equal(scan(f, "\3\0\0", 3), 0);
	end(f);
}

/* What every way of looking finds is what a plain comparison finds, whatever the length and place:
 * patterns and data of few different bytes, so that much nearly matches. */

struct known {
	uint8_t bytes[24];
	struct matcher_pattern p;
};

static uint32_t next(uint32_t *state)
{
	*state = *state * 1664525U + 1013904223U;
	return *state >> 8;
}

static void letters(uint32_t *state, uint8_t *at, size_t n)
{
	static const char some[] = "aAbB \0zZ";

	for (size_t i = 0; i < n; i++)
		at[i] = (uint8_t)some[next(state) % (sizeof(some) - 1)];
}

static bool holds(const struct matcher_pattern *p, struct slice data)
{
	for (size_t at = 0; at + p->bytes.len <= data.len; at++) {
		struct slice here = slice_sub(data, at, p->bytes.len);
		size_t end = at + p->bytes.len;

		if (p->nocase ? !slice_eq_nocase(here, p->bytes) : !slice_eq(here, p->bytes))
			continue;
		if (p->place == MATCHER_ANYWHERE ||
		    (p->place == MATCHER_HEAD && end <= MATCHER_HEAD_BYTES) ||
		    (p->place == MATCHER_SUFFIX && end == data.len) ||
		    (p->place == MATCHER_EXACT && p->bytes.len == data.len) ||
		    (p->place == MATCHER_AT && at == p->offset))
			return true;
	}
	return false;
}

static void known_new(struct fixture *f, struct known *k, uint32_t n, uint32_t *state)
{
	for (uint32_t i = 0; i < n; i++) {
		size_t len = 1 + next(state) % sizeof(k[i].bytes);

		letters(state, k[i].bytes, len);
		k[i].p =
			(struct matcher_pattern){.bytes = SLICE(k[i].bytes, len),
						 .nocase = next(state) % 2,
						 .place = (uint8_t)(next(state) % 5),
						 .offset = next(state) % (next(state) % 2 ? 4 : 80),
						 .cand = {i, 0, 3}};
		matcher_add(f->m, &f->mem, &k[i].p);
	}
	finish(f);
}

static void agrees(struct fixture *f, const struct known *k, uint32_t n, uint32_t *state)
{
	uint8_t data[700];
	size_t len = next(state) % sizeof(data);
	bool found[256] = {false};

	letters(state, data, len);
	for (uint32_t i = 0; i < 3 && len > sizeof(k->bytes); i++) {
		struct slice p = k[next(state) % n].p.bytes;

		memcpy(data + next(state) % (len - p.len), p.data, p.len);
	}
	f->hits.n = 0;
	matcher_scan(f->m, f->scratch, &(struct matcher_window){SLICE(data, len), 0, 0}, &f->hits);
	for (uint32_t i = 0; i < f->hits.n; i++)
		found[f->hits.v[i].num] = true;
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(found[i], holds(&k[i].p, SLICE(data, len)));
}

static void all_ways(void **state)
{
	uint32_t seed = 1;

	for (unsigned round = 0; round < 24; round++) {
		struct fixture *f = begin();
		struct known k[256];
		struct plan_cand room[256];
		uint32_t n = round % 2 ? 256 : 40;

		f->hits.v = room;
		f->hits.cap = 256;
		if (round % 4 > 1)
			matcher_portable(f->m);
		known_new(f, k, n, &seed);
		for (unsigned i = 0; i < 300; i++)
			agrees(f, k, n, &seed);
		end(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),	  cmocka_unit_test(bytes),
		cmocka_unit_test(shared_pattern), cmocka_unit_test(filters),
		cmocka_unit_test(overflow),	  cmocka_unit_test(head),
		cmocka_unit_test(short_ones),	  cmocka_unit_test(all_ways),
		cmocka_unit_test(window),	  cmocka_unit_test(behind_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
