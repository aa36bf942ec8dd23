/* Named counters. Each stage has an enum of outcomes, an array of names and an array of values per
 * worker; the worker hands the sets to statistics. A name is "stage.reason" in statistics, and
 * `drop` says that a packet counted here was not processed further (D10: rx = processed + drops).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct counter_name {
	const char *name;
	bool drop;
};

struct counter_set {
	const char *stage;
	const struct counter_name *names;
	const uint64_t *values;
	unsigned count;
};
