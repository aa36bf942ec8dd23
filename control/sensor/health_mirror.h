/* The mirror port explains itself (D9): from the dataplane's counters over a window of time to
 * sentences with numbers, in English and Japanese, with the commands that most likely help at
 * Cisco, Juniper, Aruba and Open vSwitch. And the traffic's baseline by hour of week, with an
 * alarm. Clock passed in; one thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/stats.h"

enum {
	MIRROR_VLANS_MAX = 64,
	MIRROR_SENTENCE = 1000,
	MIRROR_HOURS = 168,	 /* of a week, from Monday 0:00 UTC */
	MIRROR_LEARNT_HOURS = 3, /* so often the same hour must have been seen before it alarms */
};

enum mirror_fault {
	MIRROR_SILENT,
	MIRROR_ONE_DIRECTION,
	MIRROR_ASYMMETRIC,
	MIRROR_DOUBLES,
	MIRROR_VLAN_MISSING,
	MIRROR_CUT_PACKETS,
	MIRROR_OFFLOAD,
	MIRROR_OVERSUBSCRIBED,
	MIRROR_CLOCK,
	MIRROR_ENCRYPTED,
	MIRROR_BASELINE,
	MIRROR_FAULTS,
};

extern const char *const mirror_fault_names[MIRROR_FAULTS]; /* "one_direction", ... */

/* The counters a judgement needs; ever growing. */
struct mirror_counts {
	uint64_t packets, bytes; /* that came to a worker */
	uint64_t group;		 /* of the packets: to broadcast and multicast addresses */
	uint64_t checked, doubles, other_vlan, routed, removed;
	uint64_t two_way, one_way;
	uint64_t cut, sums, sums_partial, sums_bad;
	uint64_t gaps, gap_bytes, unseen, sessions;
	uint64_t encrypted;
	unsigned n_vlans;
	struct {
		uint16_t id;
		uint64_t frames;
	} vlans[MIRROR_VLANS_MAX];
};

void mirror_counts_read(struct stats_reader *r, struct mirror_counts *ret);

struct mirror_finding {
	enum mirror_fault fault;
	char en[MIRROR_SENTENCE], ja[MIRROR_SENTENCE];
};

struct mirror_setup {
	uint64_t window_s;     /* of one judgement */
	const uint16_t *vlans; /* that the port must show */
	size_t n_vlans;
	const char *baseline; /* file that keeps the hours, NULL = none is kept */
};

struct health_mirror;

struct health_mirror *health_mirror_new(const struct mirror_setup *setup);
void health_mirror_free(struct health_mirror *m);
/* A reading at `now` (wall clock, ns); `generation` tells the dataplane's starts apart.
 * `clock_offset_ms`: to whom we report, 0 = unknown. */
void health_mirror_sample(struct health_mirror *m, const struct mirror_counts *c,
			  uint64_t generation, int64_t clock_offset_ms, uint64_t now);
/* What the last whole window showed. */
const struct mirror_finding *health_mirror_findings(const struct health_mirror *m, size_t *ret_n);
/* Of the bytes of the last window, per cent that went through encrypted; -1 before there is one. */
int health_mirror_encrypted(const struct health_mirror *m);
