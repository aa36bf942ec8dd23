#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/sensor/health_mirror.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { START = 1795305600 }; /* 2026-11-22 0:00 UTC, a Sunday */

/* A minute of an everyday network. */
static const struct mirror_counts healthy = {
	.packets = 100000,
	.bytes = 80000000,
	.checked = 12000,
	.doubles = 12, /* retransmissions */
	.two_way = 400,
	.one_way = 8, /* connections whose other half was over */
	.cut = 0,
	.sums = 1000,
	.gaps = 4,
	.gap_bytes = 5000,
	.sessions = 500,
	.encrypted = 30000000,
	.n_vlans = 2,
	.vlans = {{10, 60000}, {20, 40000}},
};

static void judged(const struct mirror_counts *minute, const struct mirror_setup *setup,
		   int64_t offset_ms, const char *expected)
{
	struct health_mirror *m = health_mirror_new(setup);
	struct mirror_counts none = {0};
	const struct mirror_finding *f;
	char names[256] = "";
	size_t n, len = 0;

	health_mirror_sample(m, &none, 1, offset_ms, START * NS_PER_SEC);
	health_mirror_sample(m, minute, 1, offset_ms, (START + 60) * NS_PER_SEC);
	f = health_mirror_findings(m, &n);
	for (size_t i = 0; i < n; i++) {
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? " " : "",
					mirror_fault_names[f[i].fault]);
		assert_true(strlen(f[i].en) > 20 && strlen(f[i].ja) > 20);
		assert_true(strlen(f[i].en) < MIRROR_SENTENCE - 1 &&
			    strlen(f[i].ja) < MIRROR_SENTENCE - 1);
		if (f[i].fault != MIRROR_ENCRYPTED && f[i].fault != MIRROR_BASELINE) {
			static const char *const makers[] = {"Cisco", "Juniper", "Aruba",
							     "Open vSwitch"};

			for (size_t k = 0; k < ARRAY_SIZE(makers); k++)
				assert_non_null(strstr(f[i].en, makers[k]));
		}
	}
	assert_string_equal(names, expected);
	health_mirror_free(m);
}

static void each_fault_is_named_alone(void **state)
{
	static const uint16_t vlans[] = {10, 20, 30};
	const struct mirror_setup setup = {.window_s = 60}, three = {60, vlans, 3, NULL};
	struct mirror_counts c = healthy;

	judged(&healthy, &setup, 0, "");
	judged(&healthy, &setup, 500, "");
	judged(&healthy, &setup, -3600000, "clock");
	judged(&healthy, &three, 0, "vlan_missing");
	judged(&(struct mirror_counts){0}, &setup, 0, "silent");
	judged(&(struct mirror_counts){.packets = 70, .bytes = 4200, .group = 69}, &three, 0,
	       "silent");
	c.two_way = 0;
	c.one_way = 200;
	c.gaps = 300;
	c.gap_bytes = 9000000;
	judged(&c, &setup, 0, "one_direction");
	c = healthy;
	c.one_way = 200;
	judged(&c, &setup, 0, "asymmetric");
	c = healthy;
	c.doubles = 5500;
	c.other_vlan = 5400;
	judged(&c, &setup, 0, "duplicates");
	c = healthy;
	c.cut = 30000;
	judged(&c, &setup, 0, "cut");
	c = healthy;
	c.sums_partial = c.sums_bad = 450;
	judged(&c, &setup, 0, "offload");
	c = healthy;
	c.gaps = 3000;
	c.gap_bytes = 4000000;
	judged(&c, &setup, 0, "oversubscribed");
	c = healthy;
	c.encrypted = 70000000;
	judged(&c, &setup, 0, "encrypted");
	/* Too little traffic to say anything. */
	c = (struct mirror_counts){
		.packets = 90, .bytes = 9000, .one_way = 9, .checked = 11, .doubles = 11};
	judged(&c, &setup, 0, "");
}

static void add(struct mirror_counts *sum, const struct mirror_counts *c, unsigned parts)
{
	sum->packets += c->packets / parts;
	sum->bytes += c->bytes / parts;
	sum->two_way += c->two_way / parts;
	for (unsigned i = 0; i < c->n_vlans; i++) {
		sum->vlans[i].id = c->vlans[i].id;
		sum->vlans[i].frames += c->vlans[i].frames / parts;
	}
	sum->n_vlans = c->n_vlans;
}

static bool found(const struct health_mirror *m, enum mirror_fault fault)
{
	size_t n;
	const struct mirror_finding *f = health_mirror_findings(m, &n);

	for (size_t i = 0; i < n; i++) {
		if (f[i].fault == fault)
			return true;
	}
	return false;
}

static void a_vlan_that_went(void **state)
{
	struct health_mirror *m = health_mirror_new(&(struct mirror_setup){.window_s = 60});
	struct mirror_counts sum = {0}, less = healthy;
	uint64_t now = START;
	unsigned minutes = 0;

	less.vlans[1].frames = 0;
	for (unsigned i = 0; i < 5; i++, now += 60) {
		add(&sum, &healthy, 1);
		health_mirror_sample(m, &sum, 1, 0, now * NS_PER_SEC);
		assert_false(found(m, MIRROR_VLAN_MISSING));
	}
	for (; !found(m, MIRROR_VLAN_MISSING) && minutes < 30; minutes++, now += 60) {
		add(&sum, &less, 1);
		health_mirror_sample(m, &sum, 1, 0, now * NS_PER_SEC);
	}
	assert_in_range(minutes, 9, 11);
	add(&sum, &healthy, 1);
	health_mirror_sample(m, &sum, 1, 0, now * NS_PER_SEC);
	assert_false(found(m, MIRROR_VLAN_MISSING));
	health_mirror_free(m);
}

/* Busy days, quiet nights and weekends; a fake clock, a minute a step. */
static unsigned parts_of(uint64_t now)
{
	unsigned hour = now / 3600 % 24, day = (now / 86400 + 3) % 7;

	return day >= 5 ? 40 : hour >= 8 && hour < 18 ? 1 : 20;
}

static void the_week_as_usual(void **state)
{
	char path[] = "/tmp/traffic-hours-XXXXXX";
	struct mirror_setup setup = {.window_s = 60, .baseline = path};
	struct mirror_counts sum = {0};
	struct health_mirror *m;
	uint64_t now = START, end = START + 5 * 7 * 86400;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	m = health_mirror_new(&setup);
	for (; now < end; now += 60) {
		add(&sum, &healthy, parts_of(now));
		health_mirror_sample(m, &sum, 1, 0, now * NS_PER_SEC);
		assert_false(found(m, MIRROR_BASELINE));
	}
	/* A restart: what was learnt is kept. Monday at ten nine tenths are gone. */
	health_mirror_free(m);
	m = health_mirror_new(&setup);
	now += 86400 + 10 * 3600;
	health_mirror_sample(m, &sum, 2, 0, now * NS_PER_SEC);
	add(&sum, &healthy, 2);
	health_mirror_sample(m, &sum, 2, 0, (now + 60) * NS_PER_SEC);
	assert_false(found(m, MIRROR_BASELINE));
	add(&sum, &healthy, 10);
	health_mirror_sample(m, &sum, 2, 0, (now + 120) * NS_PER_SEC);
	assert_true(found(m, MIRROR_BASELINE));
	/* At night a day's traffic is too much. */
	now += 15 * 3600;
	health_mirror_sample(m, &sum, 2, 0, now * NS_PER_SEC);
	add(&sum, &healthy, 1);
	health_mirror_sample(m, &sum, 2, 0, (now + 60) * NS_PER_SEC);
	assert_true(found(m, MIRROR_BASELINE));
	health_mirror_free(m);
	unlink(path);
}

static void a_restart_of_the_dataplane(void **state)
{
	struct health_mirror *m = health_mirror_new(&(struct mirror_setup){.window_s = 60});
	struct mirror_counts less = healthy;

	health_mirror_sample(m, &healthy, 1, 0, START * NS_PER_SEC);
	less.packets = 10; /* counts anew: nothing is judged over both */
	health_mirror_sample(m, &less, 2, 0, (START + 60) * NS_PER_SEC);
	assert_false(found(m, MIRROR_SILENT));
	health_mirror_sample(m, &less, 2, 0, (START + 120) * NS_PER_SEC);
	assert_true(found(m, MIRROR_SILENT));
	health_mirror_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_is_named_alone),
		cmocka_unit_test(a_vlan_that_went),
		cmocka_unit_test(the_week_as_usual),
		cmocka_unit_test(a_restart_of_the_dataplane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
