/* Facts stay with their machine: random leases, renewals and departures, with frames of any of them
 * in between (E3). And which of several facts stands for the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/host/host.h"
#include "dataplane/base/clock.h"

enum { MACHINES = 12, ADDRESSES = 5, STEPS = 4000, ROUNDS = 20 };

static uint64_t seed;

static unsigned below(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

static struct host_ident machine(unsigned m, unsigned address)
{
	const uint8_t four[] = {10, 0, 0, (uint8_t)(10 + address)};
	struct host_ident i = {.side = HOST_SIDE_INSIDE, .ip = ip_addr_v4(four)};

	i.mac = (struct mac_addr){{2, 0, 0, 0, 1, (uint8_t)m}};
	return i;
}

static void tell(struct hosts *t, struct host_ident who, enum host_fact_kind kind,
		 const char *value, const char *source, uint64_t now)
{
	struct host_fact f = {.host = who,
			      .kind = kind,
			      .value = value,
			      .source = source,
			      .last_seen = now,
			      .confidence = CONFIDENCE_KNOWN};

	hosts_note_fact(t, &f, "sensor-1", now);
}

/* Every fact names its machine, so that one that moved shows. */
static void check(struct hosts *t)
{
	for (unsigned i = 0; i < hosts_count(t); i++) {
		const struct host *h = hosts_at(t, i);

		for (unsigned k = 0; k < h->facts.n; k++) {
			const char *value = h->facts.items[k].value;

			if ((unsigned)atol(strchr(value, '-') + 1) != h->mac.bytes[5])
				fail_msg("%s has the fact \"%s\"", h->id, value);
		}
	}
}

static void one_round(void)
{
	static const enum host_fact_kind kinds[] = {HOST_FACT_NAME, HOST_FACT_USER, HOST_FACT_OS,
						    HOST_FACT_ROLE};
	static const char *const sources[] = {"dhcp", "kerberos", "http", "mdns"};
	struct hosts *t = hosts_new();
	uint64_t now = 1700000000 * NS_PER_SEC;
	unsigned leases[MACHINES];

	for (unsigned m = 0; m < MACHINES; m++)
		leases[m] = below(ADDRESSES);
	for (unsigned s = 0; s < STEPS; s++) {
		unsigned m = below(MACHINES);
		char value[32];

		now += (uint64_t)below(400) * NS_PER_SEC;
		switch (below(5)) {
		case 0: /* a new lease, perhaps of an address that another has or had */
			if (below(2))
				tell(t, machine(m, leases[m]), HOST_FACT_LEFT, "", "dhcp", now);
			leases[m] = below(ADDRESSES);
			tell(t, machine(m, leases[m]), HOST_FACT_SEEN, "", "dhcp", now);
			break;
		case 1:
			tell(t, machine(m, leases[m]), HOST_FACT_SEEN, "",
			     below(2) ? "arp" : "packet", now);
			break;
		default:
			snprintf(value, sizeof(value), "%c%u-%u", "nuor"[s % 4], below(4), m);
			tell(t, machine(m, leases[m]), kinds[s % 4], value, sources[below(4)], now);
			break;
		}
		if (s % 100 == 0)
			check(t);
	}
	check(t);
	assert_int_equal(hosts_count(t), MACHINES);
	hosts_free(t);
}

static void facts_never_move(void **state)
{
	for (seed = 1; seed <= ROUNDS; seed++) {
		uint64_t keep = seed;

		one_round();
		seed = keep;
	}
}

static void note(struct host_facts *f, enum host_fact_kind kind, const char *value,
		 const char *source, uint64_t now)
{
	host_facts_note(f,
			&(struct host_fact){.kind = kind,
					    .value = value,
					    .source = source,
					    .confidence = CONFIDENCE_KNOWN},
			now);
}

static void the_best_stands_for_it(void **state)
{
	struct host_facts f = {0}, back = {0};
	char text[HOST_FACTS_TEXT], again[HOST_FACTS_TEXT];
	const uint64_t t0 = 1700000000 * NS_PER_SEC;

	note(&f, HOST_FACT_NAME, "android-1", "mdns", t0 + 10);
	note(&f, HOST_FACT_NAME, "pc-5", "dhcp", t0);
	assert_string_equal(host_facts_best(&f, HOST_FACT_NAME)->value, "pc-5");
	/* Who uses it now is who used it last, whoever says so. */
	note(&f, HOST_FACT_USER, "sato", "kerberos", t0);
	note(&f, HOST_FACT_USER, "suzuki", "ntlm", t0 + 5);
	assert_string_equal(host_facts_best(&f, HOST_FACT_USER)->value, "suzuki");
	/* A source that was silent for a week is worth less than any that spoke. */
	note(&f, HOST_FACT_NAME, "android-1", "mdns", t0 + 8 * NS_PER_DAY);
	assert_string_equal(host_facts_best(&f, HOST_FACT_NAME)->value, "android-1");
	assert_null(host_facts_best(&f, HOST_FACT_OS));
	/* Never more than its room, and not all of one kind. */
	for (unsigned i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n\t%u\n", i);
		note(&f, HOST_FACT_NAME, name, "http", t0 + i);
	}
	assert_int_equal(f.n, HOST_FACTS);
	assert_non_null(host_facts_best(&f, HOST_FACT_USER));
	host_facts_parse(host_facts_text(&f, text), &back);
	assert_int_equal(back.n, f.n);
	assert_string_equal(host_facts_text(&back, again), text);
	host_facts_parse("rubbish\n1\t2\n", &back);
	assert_int_equal(back.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_never_move),
		cmocka_unit_test(the_best_stands_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
