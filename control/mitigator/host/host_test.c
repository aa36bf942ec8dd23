/* Who is who: learning, moving, contesting and forging, and what of it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/host/host_store.h"
#include "dataplane/base/clock.h"

#define T0 (1000000 * NS_PER_SEC)

static struct host_ident ident(const char *mac, const char *ip)
{
	struct host_ident i = {.side = HOST_SIDE_INSIDE};

	if (mac)
		assert_int_equal(mac_addr_parse(mac, &i.mac), 0);
	if (ip)
		assert_int_equal(ip_addr_parse(ip, &i.ip), 0);
	return i;
}

static struct host *fact(struct hosts *t, const char *mac, const char *ip, const char *source,
			 uint64_t now)
{
	struct host_fact f = {
		.kind = HOST_FACT_SEEN, .host = ident(mac, ip), .source = source, .value = ""};

	return hosts_note_fact(t, &f, "sensor-1", now);
}

static struct host *alert(struct hosts *t, const char *mac, const char *ip, bool handshake,
			  uint64_t now, struct host_proof *ret)
{
	struct alert a = {.host = ident(mac, ip), .handshake_completed = handshake};

	return hosts_note_alert(t, &a, "sensor-1", now, ret);
}

#define A "52:54:00:00:00:0a"
#define B "52:54:00:00:00:0b"

static void test_learnt(void **state)
{
	struct hosts *t = hosts_new();
	struct host *h = fact(t, A, "10.0.0.1", "arp", T0);
	struct cut_target target;
	struct host_proof p;

	assert_string_equal(h->id, "host-000001");
	assert_ptr_equal(fact(t, A, "2001:db8::1", "nd", T0), h);
	assert_ptr_equal(alert(t, A, "10.0.0.1", true, T0 + 1, &p), h);
	assert_true(p.pair);
	assert_ptr_equal(alert(t, NULL, "10.0.0.1", true, T0 + 1, &p), h);
	assert_true(p.pair);
	assert_int_equal(hosts_count(t), 1);
	assert_int_equal(host_addresses(h), 1);
	host_target(h, &h->ips[0].ip, &target);
	assert_int_equal(target.ips_n, 2);
	assert_null(alert(t, NULL, NULL, true, T0, &p));
	assert_null(alert(t, "ff:ff:ff:ff:ff:ff", "255.255.255.255", true, T0, &p));
	hosts_free(t);
}

static void test_first_sight(void **state)
{
	struct hosts *t = hosts_new();
	struct host_proof p;
	struct host *h = alert(t, A, "10.0.0.1", true, T0, &p);

	/* Nothing is known that speaks against it. */
	assert_true(p.pair);
	assert_true(h->ips[0].proven);
	/* A second address by nothing but its frames: not proven, not cut. */
	alert(t, A, "10.0.0.2", true, T0, &p);
	assert_false(p.pair);
	fact(t, A, "10.0.0.2", "arp", T0);
	alert(t, A, "10.0.0.2", true, T0, &p);
	assert_true(p.pair);
	hosts_free(t);
}

/* Q8: a forged source must not get a neighbour cut. */
static void test_forged(void **state)
{
	struct hosts *t = hosts_new();
	struct cut_target target;
	struct host_proof p;
	struct host *b, *h;

	fact(t, A, "10.0.0.10", "arp", T0);
	b = fact(t, B, "10.0.0.11", "arp", T0);
	/* A speaks with B's MAC from its own address: the address is not B's. */
	h = alert(t, B, "10.0.0.10", true, T0 + 1, &p);
	assert_ptr_equal(h, b);
	assert_false(p.pair);
	assert_string_equal(p.doubt, "another MAC claims its address");
	/* A speaks with its own MAC from B's address. */
	h = alert(t, A, "10.0.0.11", true, T0 + 2, &p);
	assert_false(p.pair);
	host_target(h, &b->ips[0].ip, &target);
	assert_int_equal(target.ips_n, 1); /* its own only, never B's */
	assert_true(target_has_ip(&target, &h->ips[0].ip));
	/* An ARP claim of B's address does not take it away while B is alive. */
	fact(t, A, "10.0.0.11", "arp", T0 + 3);
	assert_ptr_equal(hosts_by_ip(t, &b->ips[0].ip), b);
	hosts_note_port(t, &b->mac, "br0", "veth1", T0 - NS_PER_HOUR);
	hosts_note_port(t, &b->mac, "br0", "veth1", T0 + 4);
	b->ips[0].first_seen = T0 - NS_PER_HOUR;
	assert_false(host_binding_holds(b, &b->ips[0].ip,
					&(struct host_binding){NS_PER_MIN, T0, T0 + 5}));
	assert_true(host_binding_holds(
		b, &b->ips[0].ip, &(struct host_binding){NS_PER_MIN, T0, T0 + 2 * NS_PER_MIN}));
	/* A new address behind B's MAC without ARP. */
	alert(t, B, "10.0.0.99", true, T0 + 5, &p);
	assert_false(p.pair);
	hosts_free(t);
}

static void test_moves(void **state)
{
	struct hosts *t = hosts_new();
	struct host *a = fact(t, A, "10.0.0.10", "dhcp", T0), *b;
	struct host_fact left = {
		.kind = HOST_FACT_LEFT, .host = ident(A, "10.0.0.10"), .value = ""};

	/* The lease went to somebody else after a while. */
	b = fact(t, B, "10.0.0.10", "dhcp", T0 + 11 * NS_PER_MIN);
	assert_ptr_equal(hosts_by_ip(t, &b->ips[0].ip), b);
	assert_int_equal(a->ips_n, 0);
	/* Or at once, when the sensor saw that it was given up. */
	left.host = ident(B, "10.0.0.10");
	hosts_note_fact(t, &left, "sensor-1", T0 + 12 * NS_PER_MIN);
	fact(t, A, "10.0.0.10", "dhcp", T0 + 12 * NS_PER_MIN);
	assert_int_equal(a->ips_n, 1);
	assert_int_equal(b->ips_n, 0);
	hosts_free(t);
}

static bool holds(const struct host *h, uint64_t since, uint64_t now)
{
	return host_binding_holds(h, &h->ips[0].ip, &(struct host_binding){NS_PER_MIN, since, now});
}

static void test_binding(void **state)
{
	struct hosts *t = hosts_new();
	struct host *h = fact(t, A, "10.0.0.10", "arp", T0);
	uint64_t then = T0 + 2 * NS_PER_MIN;

	hosts_note_port(t, &h->mac, "br0", "veth1", T0);
	assert_false(holds(h, T0 - 1, T0 + NS_PER_SEC)); /* too young */
	assert_true(holds(h, T0 - 1, T0 + NS_PER_MIN));
	/* The switch must have been asked after the frame was seen. */
	assert_false(holds(h, T0 + 1, T0 + NS_PER_MIN));
	hosts_note_port(t, &h->mac, "br0", "veth1", then);
	assert_true(holds(h, then - 1, then));
	hosts_note_port(t, &h->mac, "br0", "veth2", then);
	assert_false(holds(h, then - 1, then));
	hosts_note_port(t, &h->mac, "br0", "veth2", then + NS_PER_MIN);
	assert_true(holds(h, then, then + NS_PER_MIN));
	/* Some MAC moved: that may have been a forger. */
	hosts_ports_moved(t, "br0", then + 2 * NS_PER_MIN);
	assert_false(holds(h, then, then + 2 * NS_PER_MIN));
	/* A clock that went back proves nothing. */
	assert_false(holds(h, 0, T0 - NS_PER_MIN));
	hosts_free(t);
}

static void test_router(void **state)
{
	struct hosts *t = hosts_new();
	struct host_fact role = {
		.kind = HOST_FACT_ROLE, .value = "gateway", .host = ident(A, "10.0.0.1")};
	struct host *gateway = hosts_note_fact(t, &role, "sensor-1", T0), *h;
	struct cut_target target;
	struct host_proof p;

	/* Somebody behind it is not the gateway. */
	h = alert(t, A, "10.5.0.7", true, T0, &p);
	assert_ptr_not_equal(h, gateway);
	assert_true(mac_addr_is_zero(&h->mac));
	host_target(h, &h->ips[0].ip, &target);
	assert_true(mac_addr_is_zero(&target.mac));
	assert_int_equal(target.ips_n, 1);
	assert_int_equal(gateway->ips_n, 0);
	/* An address of the own network that comes by the router is forged. */
	h = fact(t, B, "10.0.0.11", "arp", T0);
	assert_ptr_equal(alert(t, A, "10.0.0.11", true, T0, &p), h);
	assert_false(p.pair);
	hosts_free(t);
}

static void test_unknown_router(void **state)
{
	struct hosts *t = hosts_new();
	struct host_proof p;

	for (unsigned i = 1; i <= 9; i++) {
		char ip[16];

		snprintf(ip, sizeof(ip), "10.5.0.%u", i);
		alert(t, A, ip, true, T0, &p);
		assert_true(p.pair == (i == 1));
	}
	assert_int_equal(host_addresses(hosts_at(t, 0)), 9);
	hosts_free(t);
}

/* Forged frames with the addresses of those behind it do not make a router one host. */
static void test_router_forged(void **state)
{
	struct hosts *t = hosts_new();
	struct host *box = NULL;
	struct host_proof p;
	char ip[16];

	for (unsigned i = 1; i <= 9; i++) {
		snprintf(ip, sizeof(ip), "10.5.0.%u", i);
		if (i % 2 == 0)
			alert(t, B, ip, false, T0, &p);
		box = alert(t, A, ip, true, T0 + 1, &p);
	}
	assert_int_equal(host_addresses(box), 9);
	hosts_free(t);
}

static void test_bounds(void **state)
{
	struct hosts *t = hosts_new();
	struct host *pinned = fact(t, A, "10.255.255.1", "arp", T0);
	struct host_proof p;

	pinned->pins = 1;
	for (uint32_t i = 0; i < HOSTS_MAX + 1000; i++) {
		uint8_t four[4] = {11, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
		struct alert a = {.host = {.ip = ip_addr_v4(four)}};

		hosts_note_alert(t, &a, "s", T0 + i, &p);
	}
	assert_int_equal(hosts_count(t), HOSTS_MAX);
	assert_ptr_equal(hosts_by_mac(t, &pinned->mac), pinned);
	/* More addresses than fit: the one unseen for longest goes. */
	for (unsigned i = 0; i < 40; i++) {
		char ip[16];

		snprintf(ip, sizeof(ip), "10.6.0.%u", i + 1);
		fact(t, A, ip, "arp", T0 + i);
	}
	assert_int_equal(pinned->ips_n, TARGET_IPS);
	hosts_free(t);
}

static void test_stored(void **state)
{
	struct hosts *t = hosts_new(), *again = hosts_new();
	struct host *h = fact(t, A, "10.0.0.1", "arp", T0), *back;
	struct errmsg e;
	sqlite3 *db;

	fact(t, A, "2001:db8::1", "nd", T0);
	hosts_note_port(t, &h->mac, "br0", "veth1", T0);
	h->level = LEVEL_DANGER;
	h->run = (struct judge_run){true, LEVEL_DANGER, 3, T0, T0 + 5};
	fact(t, B, "10.0.0.2", "arp", T0);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(host_store_init(db, &e), 0);
	assert_int_equal(host_store_save(db, t, T0, 100, &e), 0);
	assert_int_equal(host_store_load(db, again, &e), 0);
	assert_int_equal(hosts_count(again), 2);
	back = hosts_by_mac(again, &h->mac);
	assert_non_null(back);
	assert_memory_equal(back->ips, h->ips, 2 * sizeof(h->ips[0]));
	assert_string_equal(back->switch_port, "veth1");
	assert_int_equal(back->level, LEVEL_DANGER);
	assert_memory_equal(&back->run, &h->run, sizeof(h->run));
	/* New hosts get new numbers. */
	assert_string_equal(fact(again, "52:54:00:00:00:0c", NULL, "arp", T0)->id, "host-000003");
	sqlite3_close(db);
	hosts_free(t);
	hosts_free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learnt),	       cmocka_unit_test(test_first_sight),
		cmocka_unit_test(test_forged),	       cmocka_unit_test(test_moves),
		cmocka_unit_test(test_binding),	       cmocka_unit_test(test_router),
		cmocka_unit_test(test_unknown_router), cmocka_unit_test(test_router_forged),
		cmocka_unit_test(test_bounds),	       cmocka_unit_test(test_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
