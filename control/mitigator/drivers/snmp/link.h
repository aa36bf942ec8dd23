/* One conversation with a switch by SNMP, version 3 with authentication and encryption, or 2c where
 * that was allowed. Blocks, never beyond the deadline it was opened with: for helpers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/mitigator/drivers/device.h"

enum {
	SNMP_NAME_IDS = 32,   /* of an object's name */
	SNMP_VALUE_MAX = 512, /* bytes of a text: a list of 4096 ports */
};

struct snmp_name {
	unsigned n;
	uint32_t ids[SNMP_NAME_IDS];
};

enum snmp_kind { SNMP_NOTHING, SNMP_INTEGER, SNMP_UNSIGNED, SNMP_TEXT };

struct snmp_cell {
	struct snmp_name name;
	enum snmp_kind kind; /* NOTHING: the device has no such object */
	int64_t number;
	size_t n;
	uint8_t text[SNMP_VALUE_MAX];
};

struct snmp_link;

/* deadline: CLOCK_MONOTONIC, ms. NULL with a sentence; *ret_rc: ERR_AGAIN when the device is
 * silent, ERR_DENIED when it refuses who asks, ERR_IO otherwise. */
struct snmp_link *snmp_link_open(const struct driver_config *c, const struct device *d,
				 int64_t deadline, int *ret_rc, struct errmsg *e);
void snmp_link_close(struct snmp_link *l);
/* The conversation goes on, with another order's deadline. */
void snmp_link_until(struct snmp_link *l, int64_t deadline);
/* Asks for cells[i].name, fills the rest. 0, ERR_AGAIN when silent, ERR_IO with a sentence. */
int snmp_link_get(struct snmp_link *l, struct snmp_cell *cells, unsigned n, struct errmsg *e);
/* Every object below `base`, in order, until fn returns false. */
typedef bool (*snmp_row_fn)(void *ctx, const struct snmp_cell *cell);
int snmp_link_walk(struct snmp_link *l, const struct snmp_name *base, snmp_row_fn fn, void *ctx,
		   struct errmsg *e);
/* All in one request, so that the device does all or none. ERR_AGAIN: silent, perhaps done.
 * ERR_DENIED: it says no. */
int snmp_link_set(struct snmp_link *l, const struct snmp_cell *cells, unsigned n, struct errmsg *e);

struct snmp_name snmp_name_with(const struct snmp_name *base, uint32_t last);
bool snmp_name_below(const struct snmp_name *name, const struct snmp_name *base);
int64_t snmp_now_ms(void); /* CLOCK_MONOTONIC */
