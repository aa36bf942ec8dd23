/* What people at the vendor and the customer add to what happened: verdicts and notes on incidents
 * (C5). None is changed or removed; the latest verdict holds. Writes take a scope, too: what is not
 * within it is not there (ERR_NOTFOUND). Each is a transaction of its own. */
#pragma once

#include "control/centre/store/lookup.h"

/* Its tables. Before anything else. */
int store_words_open(struct store *s, struct errmsg *err);

struct store_word {
	const char *incident;
	const char *who;
	const char *verdict; /* "true-positive", ...; NULL: a note */
	const char *text;
	uint64_t time;
};

int store_say(struct store *s, const struct store_scope *scope, const struct store_word *w,
	      struct errmsg *err);
/* Puts "notes" and "verdicts", newest first, into the incident's object. */
int store_said(struct store *s, const struct store_query *q, json_t *incident, struct errmsg *err);

/* An advisory's versions for a customer's month, newest first: {"advisories": [...]}. */
json_t *store_advisories(struct store *s, const struct store_query *q, uint64_t month,
			 struct errmsg *err);
/* {"deliveries": [...]}: messages about emergencies and what became of them. */
json_t *store_deliveries(struct store *s, const struct store_query *q, struct errmsg *err);
/* {"emergencies": [...], "next"} and {"recipients": [...]} */
json_t *store_emergency_list(struct store *s, const struct store_query *q, bool only_open,
			     struct errmsg *err);
json_t *store_recipient_list(struct store *s, const struct store_query *q, struct errmsg *err);
/* Removes one of the scope's customer; the vendor's own are seen with customer "" only. */
int store_recipient_remove(struct store *s, const struct store_scope *scope, int64_t id,
			   struct errmsg *err);
