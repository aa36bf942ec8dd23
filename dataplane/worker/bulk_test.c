#include "dataplane/worker/bulk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/base/clock.h"

enum { SYN = 2, ACK = 16, TCP = 6, UDP = 17, WIRE = 1500 };

struct shape {
	uint8_t protocol, flags;
	uint16_t port; /* the client's */
	bool answer, ipv6, tagged, fragment;
};

/* A frame of a conversation between two hosts; its length. */
static size_t make(uint8_t *f, const struct shape *s)
{
	uint8_t *p = f + 12, *ports;

	memset(f, 0, 128);
	if (s->tagged) {
		memcpy(p, "\x81\x00\x00\x05", 4);
		p += 4;
	}
	if (s->ipv6) {
		memcpy(p, "\x86\xdd\x60", 3);
		p[8] = s->protocol;
		p[2 + 8 + 15] = s->answer ? 2 : 1;
		p[2 + 24 + 15] = s->answer ? 1 : 2;
		ports = p + 2 + 40;
	} else {
		memcpy(p, "\x08\x00\x45", 3);
		p[2 + 6] = s->fragment ? 0x20 : 0;
		p[2 + 9] = s->protocol;
		p[2 + 12 + 3] = s->answer ? 2 : 1;
		p[2 + 16 + 3] = s->answer ? 1 : 2;
		ports = p + 2 + 20;
	}
	ports[s->answer ? 2 : 0] = (uint8_t)(s->port >> 8);
	ports[s->answer ? 3 : 1] = (uint8_t)s->port;
	ports[s->answer ? 1 : 3] = 80;
	ports[13] = s->flags;
	return (size_t)(ports + 20 - f);
}

/* How many of `n` frames would be left out. */
static unsigned left_out(struct bulk *b, const struct shape *s, unsigned n, uint64_t now_ns)
{
	uint8_t f[128];
	size_t len = make(f, s);
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += bulk_frame(b, f, len, WIRE, now_ns);
	return sum;
}

static void much_is_bulk(void **state)
{
	static const struct shape shapes[] = {{TCP, ACK, 1000},
					      {UDP, 0, 1000},
					      {TCP, ACK, 1000, .ipv6 = true},
					      {TCP, ACK, 1000, .tagged = true}};

	(void)state;
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct bulk *b = bulk_new();
		struct shape answer = shapes[i], syn = shapes[i], other = shapes[i];
		unsigned few = BULK_BYTES / WIRE;

		assert_int_equal(left_out(b, &shapes[i], few / 2, NS_PER_SEC), 0);
		answer.answer = true;
		assert_int_equal(left_out(b, &answer, few / 2, NS_PER_SEC), 0);
		assert_int_equal(left_out(b, &shapes[i], 10, NS_PER_SEC), 9);
		assert_int_equal(left_out(b, &answer, 10, NS_PER_SEC), 10);
		syn.flags = SYN;
		assert_int_equal(left_out(b, &syn, 1, NS_PER_SEC),
				 shapes[i].protocol == UDP ? 1 : 0);
		other.port = 1001;
		assert_int_equal(left_out(b, &other, 10, NS_PER_SEC), 0);
		bulk_delete(b);
	}
}

static void spared(void **state)
{
	static const struct shape s = {TCP, ACK, 7}, answer = {TCP, ACK, 7, .answer = true};
	struct bulk *b = bulk_new();
	uint8_t f[128];
	size_t len = make(f, &answer);

	(void)state;
	assert_true(left_out(b, &s, 1000, NS_PER_SEC) > 0);
	bulk_spare(b, f, len);
	assert_int_equal(left_out(b, &s, 1000, NS_PER_SEC), 0);
	bulk_delete(b);
}

/* What was long ago does not count. */
static void lately(void **state)
{
	static const struct shape s = {UDP, 0, 7}, other = {UDP, 0, 8};
	struct bulk *b = bulk_new();
	uint64_t now = NS_PER_SEC;

	(void)state;
	assert_true(left_out(b, &s, 500, now) > 0);
	for (unsigned i = 0; i < 4; i++) {
		now += BULK_HALVE_S * NS_PER_SEC;
		left_out(b, &other, 1, now);
	}
	assert_int_equal(left_out(b, &s, 100, now), 0);
	bulk_delete(b);
}

/* Others, and what is cut off anywhere, are never bulk. */
static void not_to_be_judged(void **state)
{
	static const struct shape s = {TCP, ACK, 7}, icmp = {1, 0, 7},
				  part = {UDP, 0, 7, .fragment = true};
	struct bulk *b = bulk_new();
	uint8_t f[128], *cut;
	size_t len = make(f, &s);

	(void)state;
	assert_int_equal(left_out(b, &icmp, 1000, NS_PER_SEC), 0);
	assert_int_equal(left_out(b, &part, 1000, NS_PER_SEC), 0);
	assert_true(left_out(b, &s, 1000, NS_PER_SEC) > 0);
	for (size_t n = 0; n < len - 6; n++) {
		cut = malloc(n + 1); /* so that a sanitizer sees a byte too far */
		memcpy(cut, f, n);
		assert_false(bulk_frame(b, cut, n, WIRE, NS_PER_SEC));
		bulk_spare(b, cut, n);
		free(cut);
	}
	assert_true(bulk_frame(b, f, len, WIRE, NS_PER_SEC));
	bulk_delete(b);
}

/* Thousands of large conversations: a new one is seldom taken for one of them. */
static void crowded(void **state)
{
	struct bulk *b = bulk_new();
	unsigned wrong = 0;

	(void)state;
	for (uint16_t port = 1; port <= 2000; port++) {
		struct shape s = {TCP, ACK, port};

		left_out(b, &s, BULK_BYTES / WIRE + 1, NS_PER_SEC);
	}
	for (uint16_t port = 30000; port < 40000; port++) {
		struct shape s = {TCP, ACK, port};

		wrong += left_out(b, &s, 1, NS_PER_SEC);
	}
	assert_true(wrong < 200);
	bulk_delete(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(much_is_bulk), cmocka_unit_test(spared),
		cmocka_unit_test(lately),	cmocka_unit_test(not_to_be_judged),
		cmocka_unit_test(crowded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
