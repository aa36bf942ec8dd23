#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/cursor.h"
#include "dataplane/base/err.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/json.h"
#include "dataplane/base/number.h"
#include "dataplane/base/slab.h"

static void cursor_is_sticky(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5};
	struct cursor c = cursor_init(bytes, sizeof(bytes)), child;

	assert_int_equal(cursor_u16(&c), 0x0102);
	child = cursor_child(&c, 2);
	assert_int_equal(cursor_u32(&child), 0);
	assert_true(child.bad);
	assert_false(c.bad);
	assert_int_equal(cursor_u16(&c), 0);
	assert_true(c.bad);
	assert_int_equal(cursor_u8(&c), 0);
}

static void addresses_as_text(void **state)
{
	char text[IP_ADDR_TEXT], mac_text[MAC_ADDR_TEXT];
	struct ip_addr a, net;
	struct mac_addr mac;

	assert_int_equal(ip_addr_parse("192.168.1.5", &a), 0);
	assert_string_equal(ip_addr_text(&a, text, false), "192.168.1.5");
	ip_addr_parse("192.168.0.0", &net);
	assert_true(ip_addr_in_prefix(&a, &net, 96 + 16));
	assert_false(ip_addr_in_prefix(&a, &net, 96 + 24));
	assert_int_equal(ip_addr_parse("2001:db8::1", &a), 0);
	assert_string_equal(ip_addr_text(&a, text, true),
			    "2001:0db8:0000:0000:0000:0000:0000:0001");
	assert_string_equal(ip_addr_text(&a, text, false), "2001:db8::1");
	assert_int_equal(ip_addr_parse("1.2.3", &a), ERR_INVALID);

	assert_int_equal(mac_addr_parse("00-1B-2c-3d-4E-5f", &mac), 0);
	assert_string_equal(mac_addr_text(&mac, mac_text), "00:1b:2c:3d:4e:5f");
	assert_int_equal(mac_addr_parse("001b2c3d4e5f", &mac), 0);
	assert_int_equal(mac_addr_parse("00:1b-2c:3d:4e:5f", &mac), ERR_INVALID);
	assert_int_equal(mac_addr_parse("001b2c3d4e5f0", &mac), ERR_INVALID);
	assert_int_equal(mac_addr_parse("", &mac), ERR_INVALID);
}

static void prefixes(void **state)
{
	static const char *const bad[] = {
		"",	      "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
		"2001::/129", "10.0.0/8",  "/8",	  "10.0.0.0/ 8"};
	char text[IP_PREFIX_TEXT];
	struct ip_addr a;
	uint8_t bits;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(ip_prefix_parse(bad[i], &a, &bits), ERR_INVALID);
	assert_int_equal(ip_prefix_parse("10.1.2.3/8", &a, &bits), 0);
	assert_int_equal(bits, 104);
	assert_string_equal(ip_prefix_text(&a, bits, text), "10.0.0.0/8");
	assert_int_equal(ip_prefix_parse("2001:db8::1", &a, &bits), 0);
	assert_string_equal(ip_prefix_text(&a, bits, text), "2001:db8::1/128");
	assert_int_equal(ip_prefix_parse("0.0.0.0/0", &a, &bits), 0);
	assert_string_equal(ip_prefix_text(&a, bits, text), "0.0.0.0/0");
	assert_int_equal(ip_prefix_parse("::/0", &a, &bits), 0);
	assert_string_equal(ip_prefix_text(&a, bits, text), "::/0");
}

static void hosts_addresses(void **state)
{
	static const char *const nobody[] = {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255",
					     "ff02::1", "::1",	     "::"};
	struct mac_addr m = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct ip_addr a;

	for (size_t i = 0; i < ARRAY_SIZE(nobody); i++) {
		assert_int_equal(ip_addr_parse(nobody[i], &a), 0);
		assert_false(ip_addr_is_host(&a));
	}
	assert_int_equal(ip_addr_parse("fe80::1", &a), 0);
	assert_true(ip_addr_is_host(&a));
	assert_false(mac_addr_is_host(&m));
	m.bytes[0] = 0x52;
	assert_true(mac_addr_is_host(&m));
	memset(&m, 0, sizeof(m));
	assert_false(mac_addr_is_host(&m));
}

static void json_escapes(void **state)
{
	char buf[256], tiny[8];
	struct json j;

	json_init(&j, buf, sizeof(buf));
	json_open_object(&j, NULL);
	json_slice(&j, "a", SLICE_LIT("x\"\n\xff\xe3\x81\x82"));
	json_open_array(&j, "b");
	json_int(&j, NULL, -1);
	json_base64(&j, NULL, SLICE_LIT("ab"));
	json_array_end(&j);
	json_end(&j);
	assert_true(json_finish(&j) > 0);
	assert_string_equal(buf, "{\"a\":\"x\\\"\\n\\u00ff\xe3\x81\x82\",\"b\":[-1,\"YWI=\"]}");

	json_init(&j, tiny, sizeof(tiny));
	json_text(&j, NULL, "longer than that");
	assert_int_equal(json_finish(&j), ERR_LIMIT);
}

static void json_numbers(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {{1.5, "1.500000"},
		     {-0.25, "-0.250000"},
		     {1e14, "100000000000000.000000"},
		     {1e15, "1000000000000000"},
		     {-1.7e308, "-1.6999999999999999e+308"},
		     {1.0 / 0.0, "0.000000"},
		     {-1.0 / 0.0, "0.000000"},
		     {0.0 / 0.0, "0.000000"}};
	char buf[64];
	struct json j;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_init(&j, buf, sizeof(buf));
		json_double(&j, NULL, cases[i].value);
		assert_true(json_finish(&j) > 0);
		assert_string_equal(buf, cases[i].text);
	}
}

/* Every size gets its block, blocks do not overlap, and the cap holds. */
static void slab_keeps_its_cap(void **state)
{
	struct slab *s = slab_new(1 << 20);
	uint8_t *p[64];

	for (unsigned i = 0; i < 64; i++) {
		size_t n = 1 + i * 37;

		p[i] = slab_alloc(s, n);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)i, n);
	}
	for (unsigned i = 0; i < 64; i++) {
		size_t n = 1 + i * 37;

		for (size_t k = 0; k < n; k++)
			assert_int_equal(p[i][k], i);
		p[i] = slab_grow(s, p[i], n, 2 * n);
		assert_int_equal(p[i][n - 1], i);
	}
	assert_null(slab_alloc(s, 1 << 20));
	assert_int_equal(slab_refused(s), 1);
	for (unsigned i = 0; i < 64; i++)
		slab_free(s, p[i], 2 * (1 + i * 37));
	assert_int_equal(slab_used(s), 0);
	slab_delete(s);
}

static void siphash_depends_on_key(void **state)
{
	struct hash_key a = {1, 2}, b = {1, 3};

	assert_true(hash_bytes(&a, "banken", 6) != hash_bytes(&b, "banken", 6));
	assert_true(hash_bytes(&a, "banken", 6) == hash_bytes(&a, "banken", 6));
	assert_true(hash_bytes(&a, "banken", 6) != hash_bytes(&a, "banken", 5));
}

static void numbers_as_text(void **state)
{
	static const uint64_t values[] = {0, 1, 9, 10, 0xff, 0x1000, 65535, UINT32_MAX, UINT64_MAX};
	const uint8_t ip4[4] = {192, 0, 2, 255};
	char ours[2 * NUMBER_MAX], theirs[2 * NUMBER_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		*number_put(ours, values[i]) = '\0';
		snprintf(theirs, sizeof(theirs), "%llu", (unsigned long long)values[i]);
		assert_string_equal(ours, theirs);
		*number_put_hex(ours, values[i]) = '\0';
		snprintf(theirs, sizeof(theirs), "%llx", (unsigned long long)values[i]);
		assert_string_equal(ours, theirs);
	}
	*number_put_ip4(ours, ip4) = '\0';
	assert_string_equal(ours, "192.0.2.255");
	*number_put_hex8(ours, 0x0a) = '\0';
	assert_string_equal(ours, "0a");
	*number_put_int(ours, INT64_MIN) = '\0';
	assert_string_equal(ours, "-9223372036854775808");
}

/* Every day of eight hundred years, another second of each. */
static void times_as_text(void **state)
{
	char ours[32], theirs[32];

	for (time_t t = 0; t < 800LL * 366 * 86400; t += 86400 + 61) {
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%S", &tm);
		*number_put_time(ours, (uint64_t)t) = '\0';
		assert_string_equal(ours, theirs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cursor_is_sticky),   cmocka_unit_test(addresses_as_text),
		cmocka_unit_test(prefixes),	      cmocka_unit_test(hosts_addresses),
		cmocka_unit_test(json_escapes),	      cmocka_unit_test(json_numbers),
		cmocka_unit_test(slab_keeps_its_cap), cmocka_unit_test(siphash_depends_on_key),
		cmocka_unit_test(numbers_as_text),    cmocka_unit_test(times_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
