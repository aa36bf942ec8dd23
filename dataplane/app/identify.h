/* Which protocol are these bytes? Patterns of the direction first, then the probes bound to one of
 * the flow's ports, then those bound to none: Suricata 7's order, so that rules that name a
 * protocol agree. Read-only after identify_new; one for all flows of a worker. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/app/parser.h"

enum { IDENTIFY_PROTOS = 64 }; /* bits of identify_state.refused */

struct identify;

/* Progress of one direction of one flow; zero at its start. */
struct identify_state {
	uint64_t refused; /* protocols whose probes said no */
	bool patterns_done, probes_done;
};

struct identify_query {
	const struct app_tuple *tuple;
	uint16_t server_port; /* instead of the tuple's, 0 = the tuple's */
	enum dir dir;
	bool midstream;		       /* try the other direction's patterns too */
	const struct app_proto *other; /* what the other direction was found to be, or NULL */
	struct slice data;	       /* all bytes of the direction so far */
};

/* `protos`: NULL-terminated; `disabled`: bit = index. NULL without memory or with more than
 * IDENTIFY_PROTOS protocols. */
struct identify *identify_new(const struct app_proto *const *protos, uint64_t disabled);
void identify_free(struct identify *id);

/* The protocol or NULL: then identify_done tells whether more bytes can change that.
 * `ret_reversed`: the bytes come from the other side than `dir` says. */
const struct app_proto *identify_run(const struct identify *id, struct identify_state *state,
				     const struct identify_query *query, bool *ret_reversed);

static inline bool identify_done(const struct identify_state *state)
{
	return state->patterns_done && state->probes_done;
}
