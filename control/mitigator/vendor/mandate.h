/* The mandate (Q13): what the customer lets the vendor's centre cut off. A file of the customer's;
 * without it nothing. Checked whole, read anew for every order, so that an edit holds at once. */
#pragma once

#include "control/mitigator/policy/policy.h"
#include "control/wire/identity.h"

enum {
	MANDATE_NETWORKS = 256,
	MANDATE_MACS = 256,
	MANDATE_SIGNERS = 8,
	MANDATE_TYPES = 32,
	MANDATE_TYPE = 16, /* of a file type, with NUL */
	MANDATE_BYTES = 64 << 10,
	MANDATE_ID = 96, /* of a command, with NUL */
};

/* What people may do from the centre besides the vendor's cuts: words of the file's `people` (the
 * customer's own) and `vendor-people`. None unless it is written there. */
enum mandate_act {
	MANDATE_APPROVE = 1, /* say yes to a cut that waits */
	MANDATE_REFUSE = 2,
	MANDATE_RELEASE = 4, /* any cut, as a person here */
	MANDATE_EXCEPT = 8,
	MANDATE_EDIT = 16,    /* the mandate's limits, never these lists; the customer's only */
	MANDATE_POLICY = 32,  /* try a policy here, put one in force */
	MANDATE_COLLECT = 64, /* have a sample or information collected (E4) */
};

struct mandate {
	bool allowed;
	char signers[MANDATE_SIGNERS][64]; /* names in certificates; none: any centre of the site */
	unsigned signers_n;
	struct policy_prefix networks[MANDATE_NETWORKS];
	unsigned networks_n;
	struct mac_addr macs[MANDATE_MACS];
	unsigned macs_n;
	struct policy_hours hours[POLICY_HOURS];
	unsigned hours_n;
	enum level level;			 /* that the host must have at least */
	uint32_t most, per_day;			 /* hosts at once, orders within 24 h */
	uint64_t longest;			 /* ns */
	bool approval;				 /* a person of the customer says yes first */
	uint64_t until;				 /* ns since 1970, 0: for ever */
	unsigned people, vendor_people;		 /* sets of enum mandate_act */
	char types[MANDATE_TYPES][MANDATE_TYPE]; /* of files that may be collected; none: no file */
	unsigned types_n;
};

/* 0, or an error with a sentence; then `ret` allows nothing. No file: ERR_NOTFOUND. */
int mandate_load(const char *path, struct mandate *ret, struct errmsg *e);
int mandate_parse(const char *yaml, size_t len, const char *name, struct mandate *ret,
		  struct errmsg *e);

/* The one that holds: the file, whose limits are replaced by those that the customer wrote at the
 * centre where the file lets them ("people: [mandate]"). Who may do what, and that nobody may
 * (`vendor: false`), comes from the file alone. */
int mandate_in_force(const char *path, const char *state_folder, struct mandate *ret,
		     struct errmsg *e);
void mandate_edited_path(const char *state_folder, char ret[512]);
/* The same as JSON: its keys as in the file, "holds", "problem"; to be freed. NULL without memory.
 */
char *mandate_describe(const char *path, const char *state_folder, uint64_t now);
/* Whether the customer's own people (or the vendor's) may do it from the centre. */
bool mandate_allows(const struct mandate *m, bool own, enum mandate_act act, uint64_t now);

/* Whether files of that type ("exe") may leave on an instruction (E4). */
bool mandate_lets_leave(const struct mandate *m, const char *type);

/* What is known of the order and the site besides. */
struct mandate_case {
	const struct quarantine_command *command;
	const struct identity *signer;
	const char *name; /* ours */
	const char *site;
	enum level level;     /* of the host now */
	uint32_t cut, orders; /* cut by the vendor now; accepted within the last 24 h */
	uint64_t now, skew;   /* ns */
};

/* Whether the order is within the mandate. 0, or ERR_DENIED with a sentence for both audits. */
int mandate_check(const struct mandate *m, const struct mandate_case *c, struct errmsg *e);
/* Whether it is in force at all: what the vendor had cut ends when it is not. */
bool mandate_holds(const struct mandate *m, uint64_t now);
