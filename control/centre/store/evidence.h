/* Pieces of kept packets that sensors handed over because a person asked for one (E1). A request is
 * an order of the act "evidence" (orders.h); its piece stands under the order's id. */
#pragma once

#include "control/centre/store/lookup.h"

enum {
	EVIDENCE_PIECE_MAX = 64 << 20, /* bytes of one */
	EVIDENCE_DAYS = 90,	       /* kept after it was asked for */
};

int store_evidence_open(struct store *s, struct errmsg *err);
/* Within store_begin and store_commit. A part that nobody asked that sensor for, that is not the
 * next, or that makes the piece too large, is passed over. */
int store_evidence(struct store *s, const char *sensor, const struct evidence_part *p,
		   struct errmsg *err);
/* {"evidence": [...], "next"}: requests with what became of them; `id` "": all. */
json_t *store_evidence_list(struct store *s, const struct store_query *q, const char *id,
			    struct errmsg *err);
/* All of it, to be freed; ERR_NOTFOUND when it is not whole. */
int store_evidence_bytes(struct store *s, const char *id, char **ret, size_t *ret_len,
			 struct errmsg *err);
/* Its proof, to be freed. NULL: there is none. */
char *store_evidence_proof(struct store *s, const char *id);
/* The site of a sensor in the query's scope; false: there is none. */
bool store_sensor_place(struct store *s, const struct store_query *q, const char *sensor,
			char ret_site[128]);
