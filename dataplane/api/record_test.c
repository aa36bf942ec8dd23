#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/api/record.h"

static struct slice build(void *buf, uint32_t cap, unsigned fields)
{
	struct record r;
	struct record_head *h = record_begin(&r, buf, cap);

	if (!h)
		return SLICE(NULL, 0);
	memcpy(h->type, "dns", 4);
	h->time_ns = 1257894000123456789ULL;
	record_object(&r, "dns");
	record_array(&r, "answers");
	for (unsigned i = 0; i < fields; i++) {
		record_object(&r, NULL);
		record_text(&r, "rrname", "banken.example");
		record_uint(&r, "ttl", i);
		record_end(&r);
	}
	record_end(&r);
	record_uint(&r, "id", 7);
	record_end(&r);
	record_object(&r, "alert");
	record_uint(&r, "signature_id", 42);
	record_text(&r, "signature", "x");
	record_end(&r);
	return record_finish(&r);
}

static void renders_and_finds(void **state)
{
	static const struct record_eve_options options = {.offset_minutes = 540};
	_Alignas(8) uint8_t buf[4096];
	struct slice rec = build(buf, sizeof(buf), 1), text;
	char line[4096];
	uint64_t value;

	assert_true(record_check(rec));
	assert_true(record_to_eve(rec, &options, line, sizeof(line)) > 0);
	assert_string_equal(
		line, "{\"timestamp\":\"2009-11-11T08:00:00.123456+0900\",\"event_type\":\"dns\","
		      "\"dns\":{\"answers\":[{\"rrname\":\"banken.example\",\"ttl\":0}],\"id\":7},"
		      "\"alert\":{\"signature_id\":42,\"signature\":\"x\"}}");
	assert_true(record_find_uint(rec, "alert.signature_id", &value));
	assert_int_equal(value, 42);
	assert_true(record_find_str(rec, "alert.signature", &text));
	assert_true(slice_eq(text, SLICE_LIT("x")));
	assert_false(record_find_uint(rec, "alert.ttl", &value));
	assert_false(record_find_uint(rec, "dns.answers.ttl", &value));
	assert_true(record_find_uint(rec, "dns.id", &value));
}

/* Whatever the room, what comes out is either nothing or a well-formed record. */
static void stays_valid_when_full(void **state)
{
	_Alignas(8) uint8_t buf[4096];

	for (uint32_t cap = 0; cap < sizeof(buf); cap++) {
		struct slice rec = build(buf, cap, 40);

		if (rec.len > 0) {
			assert_true(rec.len <= cap);
			assert_true(record_check(rec));
		}
	}
}

/* A flipped byte anywhere is refused or still readable, never an overrun (sanitizer builds). */
static void damaged_records(void **state)
{
	static const struct record_eve_options options = {.community_id = true};
	_Alignas(8) uint8_t buf[1024];
	char line[8192];

	for (size_t i = 0; i < sizeof(buf); i++) {
		struct slice rec = build(buf, sizeof(buf), 3);

		if (i >= rec.len)
			break;
		buf[i] ^= 0xa5;
		(void)record_to_eve(rec, &options, line, sizeof(line));
	}
}

struct baseline {
	const char *src, *dst, *id;
	uint16_t sport, dport;
	uint8_t proto;
};

/* Worked examples of the Community ID specification's baseline. */
static void community_id_baseline(void **state)
{
	static const struct baseline cases[] = {
		{"192.168.1.52", "8.8.8.8", "1:d/FP5EW3wiY1vCndhwleRRKHowQ=", 54585, 53, 17},
		{"8.8.8.8", "192.168.1.52", "1:d/FP5EW3wiY1vCndhwleRRKHowQ=", 53, 54585, 17},
		{"192.168.0.89", "192.168.0.1", "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", 8, 0, 1},
		{"192.168.0.1", "192.168.0.89", "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", 0, 0, 1},
		{"10.1.12.2", "10.1.12.1", "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw=", 0, 0, 46},
	};
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_addr src, dst;

		ip_addr_parse(cases[i].src, &src);
		ip_addr_parse(cases[i].dst, &dst);
		community_id(&src, &dst, cases[i].sport, cases[i].dport, cases[i].proto, text);
		assert_string_equal(text, cases[i].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renders_and_finds),
		cmocka_unit_test(stays_valid_when_full),
		cmocka_unit_test(damaged_records),
		cmocka_unit_test(community_id_baseline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
