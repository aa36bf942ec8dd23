/* Whether and how a host is to be cut: mode, guards, exceptions, what is there already. Private to
 * the mitigator's own files. */
#pragma once

#include "control/mitigator/decide.h"

struct request_context {
	const struct alert *alert;
	const char *sensor;
	const struct policy_scope *scope; /* NULL: not of this site */
	struct incident *incident;
	struct host_proof proof;
	uint32_t threat_hosts;
	struct cut_now now;
};

/* By its MAC and addresses; NULL: not of this site. decide.c. */
const struct policy_scope *decide_scope_of(const struct decide *d, const struct host *h);

enum policy_mode decide_mode(const struct decide *d, const struct policy_scope *s,
			     const struct host *h, uint64_t now);

/* safety.c */
void safety_role(struct decide *d, const struct host_ident *who, const struct host_fact *f,
		 struct cut_now now);
void safety_recall(struct decide *d, struct cut_now now);
void safety_router(struct decide *d, struct host *h);
/* The protected list has grown: what is cut or to be cut is compared with it. */
void safety_protected(struct decide *d, struct cut_now now);

void request_threat_cut(struct decide *d, struct host *h, const struct request_context *rc);
void request_policy_cut(struct decide *d, struct host *h, enum cut_cause cause, uint64_t end,
			const char *reason, struct cut_now now);
