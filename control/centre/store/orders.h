/* What people asked sites to do, with the site's answer; and what each site lets whom do. */
#pragma once

#include "control/centre/store/lookup.h"

int store_orders_open(struct store *s, struct errmsg *err);

struct store_order {
	const char *id, *site, *mitigator;
	const char *customer, *account; /* whose account; customer "" = of the vendor */
	const char *act, *subject, *body, *reason;
	uint64_t time;
};

/* Each is a transaction of its own. */
int store_order_put(struct store *s, const struct store_order *o, struct errmsg *err);
/* The mitigator's answer; what is not an order, or not that mitigator's, changes nothing. 1 when it
 * was one: `ret_customer` is the site's. */
int store_order_answered(struct store *s, const char *mitigator, const struct command_status *c,
			 char ret_customer[64], struct errmsg *err);
/* {"orders": [...], "next"}; `act` "": all. */
json_t *store_order_list(struct store *s, const struct store_query *q, const char *act,
			 struct errmsg *err);

/* Within store_begin and store_commit. */
int store_mandate(struct store *s, const char *mitigator, const struct mitigator_state *m,
		  struct errmsg *err);
/* The policy that the site has in force, where it told it. */
int store_policy(struct store *s, const char *mitigator, const struct mitigator_state *m,
		 struct errmsg *err);
/* {"policies": [{"site", "mode", "version", "text", "told"}]} */
json_t *store_policies(struct store *s, const struct store_query *q, struct errmsg *err);
/* {"mandates": [...]} */
json_t *store_mandates(struct store *s, const struct store_query *q, struct errmsg *err);

/* The mitigator of the scope's site, or of its cut; false: none. */
bool store_mitigator_of(struct store *s, const struct store_scope *scope, char ret[128]);
bool store_cut_place(struct store *s, const struct store_query *q, const char *command_id,
		     char ret_mitigator[128], char ret_site[128]);
