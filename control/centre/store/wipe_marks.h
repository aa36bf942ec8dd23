/* Whose a row of the store is, for both of its places. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "control/centre/store/store.h"

enum { WIPE_CONDITION = 1600 };

/* His sites and machines, and what hangs on rows of his by number, each a temporary table that is
 * filled before anything goes; ?1: the customer. The last one has no name. */
struct wipe_list {
	const char *name, *fill;
};
extern const struct wipe_list wipe_lists[];

#define WIPE_IS_THERE                                                                              \
	"SELECT (SELECT count(*) FROM customers WHERE id = ?1) + (SELECT count(*) FROM w_sites)"
#define WIPE_NAMES                                                                                 \
	"SELECT ?1 AS name UNION SELECT name FROM customers WHERE id = ?1 UNION SELECT site FROM " \
	"w_sites UNION SELECT name FROM w_peers"

/* "customer = ?1 OR site IN ..."; false: nothing says whose its rows are. */
bool wipe_whose(const char *table,
		bool (*has_column)(void *ctx, const char *table, const char *column), void *ctx,
		char *ret, size_t cap);

/* --- beyond one machine: wipe_far.c --- */

struct wipe_far;

/* With the lists made, and what is his by name, one a line; the caller's to free. NULL with a
 * sentence. */
struct wipe_far *wipe_far_open(const struct store_where *where, const char *customer,
			       char **ret_names, char **ret_sites, struct errmsg *err);
int wipe_far_rows(struct wipe_far *f, FILE *out, struct errmsg *err);
/* No row is his, and none of the names stands in any column of any other. */
int wipe_far_verify(struct wipe_far *f, const char *names, struct errmsg *err);
void wipe_far_close(struct wipe_far *f);
