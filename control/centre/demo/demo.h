/* A store with a believable past, to look at and to measure: three customers, twelve sites, ninety
 * days up to `now`. Deterministic: the same `now` gives the same store. */
#pragma once

#include "control/api/accounts.h"
#include "control/centre/store/store.h"

enum { DEMO_CUSTOMERS = 3, DEMO_SITES = 12, DEMO_DAYS = 90 };

/* For everybody to look around with, all with the password DEMO_PASSWORD: ROLE@CUSTOMER for the
 * three roles of each customer ("approver@aoba"), and the vendor's "operator", "analyst" and
 * "administrator". */
#define DEMO_PASSWORD "banken-demonstration"
struct centre;
struct store_order;
/* What an order to a site of the demonstration brings about. */
int demo_obey(struct centre *c, const struct store_order *o, struct errmsg *err);
/* The packets that it hands over; their file's name. */
int demo_evidence(struct store *s, const struct store_order *o, char ret_file[128],
		  struct errmsg *err);
int demo_people(struct accounts *a, uint64_t now, struct errmsg *err);

/* Into a store that is empty (ERR_INVALID otherwise). */
int demo_fill(struct store *s, uint64_t now, struct errmsg *err);
/* Then its present: cuts that wait, a silent sensor, emergencies. Nothing of it leaves the store.
 */
int demo_today(struct store *s, uint64_t now, struct errmsg *err);
