/* Q6-Q8 as a table; the property test over the whole engine is cut_property_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "control/mitigator/quarantine/guard.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

static const struct fuse_limits limits = {.hosts = 3,
					  .window_ns = 60 * NS_PER_SEC,
					  .share_percent = 20,
					  .mass_hosts = 2,
					  .mass_window_ns = 60 * NS_PER_SEC};

static struct cut_target target_of(const char *mac, const char *ip)
{
	struct cut_target t = {0};
	struct ip_addr a;

	if (mac)
		assert_int_equal(mac_addr_parse(mac, &t.mac), 0);
	if (ip) {
		assert_int_equal(ip_addr_parse(ip, &a), 0);
		target_add_ip(&t, &a);
	}
	return t;
}

static void protect(struct protect *p, const char *mac, const char *prefix,
		    enum protect_source source)
{
	struct protect_entry e = {.source = source,
				  .role = "gateway",
				  .has_mac = mac != NULL,
				  .has_prefix = prefix != NULL};

	if (mac)
		assert_int_equal(mac_addr_parse(mac, &e.mac), 0);
	if (prefix)
		assert_int_equal(ip_prefix_parse(prefix, &e.prefix, &e.bits), 0);
	assert_int_equal(protect_add(p, &e), 0);
}

/* A case that is cut, to be spoilt in one way at a time. */
static struct guard_case good(const struct cut_target *t)
{
	return (struct guard_case){.target = t,
				   .inside = true,
				   .handshake = true,
				   .mac_addresses = 1,
				   .mac_addresses_max = 8,
				   .threat_hosts = 1,
				   .segment_hosts = 100,
				   .segment_cut = 0,
				   .now = 1000 * NS_PER_SEC};
}

struct spoil {
	const char *name;
	struct guard_case (*change)(struct guard_case c);
	enum guard_answer answer;
	enum guard_reason reason;
	enum guard_answer by_person;
};

#define SPOIL(name, field, value)                                                                  \
	static struct guard_case spoil_##name(struct guard_case c)                                 \
	{                                                                                          \
		c.field = value;                                                                   \
		return c;                                                                          \
	}

static const struct protect_entry silent = {.role = "gateway"};

SPOIL(nothing, inside, true)
SPOIL(unknown, unknown, &silent)
SPOIL(exception, never_block, true)
SPOIL(perhaps_excepted, perhaps_excepted, true)
SPOIL(outside, inside, false)
SPOIL(kill, kill_switch, true)
SPOIL(router, mac_addresses, 9)
SPOIL(forged, handshake, false)
SPOIL(mass, threat_hosts, 3)
SPOIL(share, segment_cut, 20)
SPOIL(share_small, segment_hosts, 4)

static const struct spoil spoils[] = {
	{"nothing", spoil_nothing, GUARD_CUT, GUARD_FINE, GUARD_CUT},
	{"exception", spoil_exception, GUARD_EXCEPT, GUARD_NEVER_BLOCK, GUARD_EXCEPT},
	{"perhaps an exception", spoil_perhaps_excepted, GUARD_HOLD, GUARD_UNPROVEN_SOURCE,
	 GUARD_CUT},
	{"outside", spoil_outside, GUARD_HOLD, GUARD_OUTSIDE, GUARD_CUT},
	{"kill switch", spoil_kill, GUARD_HOLD, GUARD_KILL_SWITCH, GUARD_CUT},
	{"router", spoil_router, GUARD_HOLD, GUARD_MANY_ADDRESSES, GUARD_CUT},
	{"forged", spoil_forged, GUARD_HOLD, GUARD_UNPROVEN_SOURCE, GUARD_CUT},
	{"MAC that may be a protected one's", spoil_unknown, GUARD_HOLD, GUARD_UNPROVEN_SOURCE,
	 GUARD_REFUSE},
	{"mass hit", spoil_mass, GUARD_HOLD, GUARD_MASS_HIT, GUARD_CUT},
	{"share", spoil_share, GUARD_HOLD, GUARD_FUSE_SHARE, GUARD_CUT},
	{"one host of a small segment", spoil_share_small, GUARD_CUT, GUARD_FINE, GUARD_CUT},
};

static void test_spoils(void **state)
{
	struct cut_target t = target_of("52:54:00:00:00:05", "10.0.0.5");
	struct fuse *f = fuse_new(&limits);
	struct protect *p = protect_new();

	for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
		struct guard_case c = spoils[i].change(good(&t));
		struct guard_verdict v = guard_check(p, f, &c);

		if (v.answer != spoils[i].answer || v.reason != spoils[i].reason)
			fail_msg("%s: %d, %s", spoils[i].name, v.answer, v.text);
		c.person = true;
		if (guard_check(p, f, &c).answer != spoils[i].by_person)
			fail_msg("%s by a person", spoils[i].name);
	}
	protect_free(p);
	fuse_free(f);
}

struct protected
{
	const char *mac, *ip;
	enum guard_answer answer, by_person;
};

static void test_protected(void **state)
{
	static const struct protected cases[] = {
		{"52:54:00:00:00:05", "10.0.0.5", GUARD_CUT, GUARD_CUT},
		{"52:54:00:00:00:01", "10.0.0.5", GUARD_REFUSE, GUARD_REFUSE}, /* gateway's MAC */
		{"52:54:00:00:00:05", "10.0.0.1", GUARD_REFUSE, GUARD_REFUSE}, /* its address */
		{NULL, "10.9.1.2", GUARD_REFUSE, GUARD_REFUSE},		       /* prefix */
		{NULL, "2001:db8::1", GUARD_REFUSE, GUARD_REFUSE},
		{NULL, "10.0.0.7", GUARD_HOLD, GUARD_CUT}, /* learnt, not for sure */
		{NULL, NULL, GUARD_REFUSE, GUARD_REFUSE},
		{"ff:ff:ff:ff:ff:ff", NULL, GUARD_REFUSE, GUARD_REFUSE},
		{NULL, "224.0.0.1", GUARD_REFUSE, GUARD_REFUSE},
		{NULL, "255.255.255.255", GUARD_REFUSE, GUARD_REFUSE},
		{NULL, "127.0.0.1", GUARD_REFUSE, GUARD_REFUSE},
		{NULL, "0.0.0.0", GUARD_REFUSE, GUARD_REFUSE},
		{NULL, "ff02::1", GUARD_REFUSE, GUARD_REFUSE},
		{NULL, "::1", GUARD_REFUSE, GUARD_REFUSE},
		{NULL, "::", GUARD_REFUSE, GUARD_REFUSE},
	};
	struct fuse *f = fuse_new(&limits);
	struct protect *p = protect_new();

	protect(p, "52:54:00:00:00:01", "10.0.0.1", PROTECT_CONFIGURED);
	protect(p, NULL, "10.9.0.0/16", PROTECT_OWN);
	protect(p, NULL, "2001:db8::/64", PROTECT_LEARNT);
	protect(p, NULL, "10.0.0.7", PROTECT_PROPOSED);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cut_target t = target_of(cases[i].mac, cases[i].ip);
		struct guard_case c = good(&t);
		bool right = guard_check(p, f, &c).answer == cases[i].answer;

		c.person = true;
		if (!right || guard_check(p, f, &c).answer != cases[i].by_person)
			fail_msg("case %zu: %s", i, guard_check(p, f, &c).text);
	}
	protect_free(p);
	fuse_free(f);
}

static void test_protect_list(void **state)
{
	struct protect *p = protect_new();
	struct protect_entry e = {.has_prefix = true, .bits = 128, .source = PROTECT_PROPOSED};
	struct protect_entry none = {0};

	assert_int_equal(ip_addr_parse("10.0.0.7", &e.prefix), 0);
	assert_int_equal(protect_add(p, &none), ERR_INVALID);
	assert_int_equal(protect_add(p, &e), 0);
	assert_int_equal(protect_add(p, &e), ERR_EXISTS);
	e.source = PROTECT_CONFIGURED; /* the stronger replaces the weaker, not the other way */
	assert_int_equal(protect_add(p, &e), 0);
	e.source = PROTECT_LEARNT;
	assert_int_equal(protect_add(p, &e), ERR_EXISTS);
	assert_int_equal(protect_count(p), 1);
	assert_int_equal(protect_at(p, 0)->source, PROTECT_CONFIGURED);
	for (unsigned i = 1; i < PROTECT_MAX; i++) {
		e.prefix.bytes[0] = (uint8_t)(i >> 8);
		e.prefix.bytes[1] = (uint8_t)i;
		assert_int_equal(protect_add(p, &e), 0);
	}
	e.prefix.bytes[2] = 1;
	assert_int_equal(protect_add(p, &e), ERR_LIMIT);
	protect_clear(p, PROTECT_LEARNT);
	assert_int_equal(protect_count(p), 1);
	protect_free(p);
}

static void test_fuse(void **state)
{
	struct fuse *f = fuse_new(&limits);
	uint64_t now = 1000 * NS_PER_SEC;

	for (uint64_t i = 0; i < 3; i++) {
		assert_true(fuse_has_room(f, i, now));
		fuse_count_cut(f, i, now + i);
		fuse_count_cut(f, i, now + i); /* a host is one host */
	}
	assert_false(fuse_has_room(f, 9, now));
	assert_true(fuse_has_room(f, 2, now));
	assert_false(fuse_has_room(f, 9, now + 60 * NS_PER_SEC - 1));
	assert_true(fuse_has_room(f, 9, now + 60 * NS_PER_SEC));
	for (uint64_t h = 0; h < 2 * FUSE_HOSTS_MAX; h++)
		fuse_count_cut(f, 1000 + h, now + h);
	assert_int_equal(fuse_used(f, now), FUSE_HOSTS_MAX);
	/* The same host again is one host; three hosts are a mass hit at a limit of two. */
	assert_int_equal(fuse_note_hit(f, 7, 1, now), 1);
	assert_int_equal(fuse_note_hit(f, 7, 1, now), 1);
	assert_int_equal(fuse_note_hit(f, 7, 2, now), 2);
	assert_false(fuse_is_mass(f, 2));
	assert_int_equal(fuse_note_hit(f, 7, 3, now), 3);
	assert_true(fuse_is_mass(f, 3));
	assert_int_equal(fuse_note_hit(f, 8, 3, now), 1);
	assert_int_equal(fuse_note_hit(f, 7, 3, now + 61 * NS_PER_SEC), 1);
	/* More threats than slots and more hosts than a slot holds stay bounded. */
	for (uint64_t t = 0; t < 3 * FUSE_THREATS; t++)
		assert_int_equal(fuse_note_hit(f, 100 + t, 1, now + t), 1);
	for (uint64_t h = 0; h < 1000; h++)
		assert_true(fuse_note_hit(f, 9, h, now + 1000) <= FUSE_MASS_MAX);
	assert_true(fuse_share_allows(f, 0, 0));
	assert_false(fuse_share_allows(f, 0, 1));
	assert_true(fuse_share_allows(f, 10, 1));
	assert_false(fuse_share_allows(f, 10, 2));
	fuse_free(f);
}

static void test_ports(void **state)
{
	const struct port_facts one = {.known = true, .macs = 1};
	struct port_facts p = one;

	assert_true(guard_port_allowed(&p));
	p.uplink = true;
	assert_false(guard_port_allowed(&p));
	p = one;
	p.macs = 2; /* a phone and a PC */
	assert_false(guard_port_allowed(&p));
	p = one;
	p.protected_mac = true;
	assert_false(guard_port_allowed(&p));
	p = one;
	p.phone = true;
	assert_false(guard_port_allowed(&p));
	p = (struct port_facts){0};
	assert_false(guard_port_allowed(&p));
	/* A sentence exactly when it may not. */
	for (unsigned bits = 0; bits < 32; bits++) {
		char why[160];

		p = (struct port_facts){.known = bits & 1,
					.uplink = bits & 2,
					.phone = bits & 4,
					.protected_mac = bits & 8,
					.macs = bits & 16 ? 2 : 1};
		guard_port_text(&p, "ge1", why, sizeof(why));
		assert_int_equal(why[0] == 0, guard_port_allowed(&p));
	}
}

static void test_names(void **state)
{
	struct cut_target t = target_of("52:54:00:00:00:05", "10.0.0.5");
	char name[TARGET_NAME];

	assert_string_equal(target_text(&(struct cut_target){0}, name), "unknown host");
	assert_string_equal(target_text(&t, name), "10.0.0.5 (52:54:00:00:00:05)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spoils),	     cmocka_unit_test(test_protected),
		cmocka_unit_test(test_protect_list), cmocka_unit_test(test_fuse),
		cmocka_unit_test(test_ports),	     cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
