/* The policy file: what level an alert has, what a scope's mode lets happen, whom to spare. YAML by
 * wire's config; refused whole with one sentence when something does not fit, so that the old one
 * stays in force. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/mitigator/policy/judge.h"
#include "control/mitigator/policy/mode.h"
#include "control/wire/message.h"
#include "dataplane/base/addr.h"

enum {
	POLICY_SCOPES = 64,
	POLICY_SETS = 16,	/* action policies, the two built-in ones included */
	POLICY_GROUPS = 256,	/* named lists of hosts */
	POLICY_NETWORKS = 1024, /* of one scope, its groups' included */
	POLICY_MACS = 1024,	/* likewise */
	POLICY_NAME = 32,	/* of an action policy or group */
	POLICY_LEVELS = 128,
	POLICY_EXCEPTIONS = 1024,
	POLICY_PROTECTED = 1024,
	POLICY_EXEMPTS = 32, /* of one scope */
	POLICY_METHODS = 8,  /* of one ladder */
	POLICY_TEXT = 128,
	POLICY_LINTS = 32,
	POLICY_STAGES = 16, /* of one scope */
	POLICY_HOURS = 8,   /* likewise */
	POLICY_PERSONS = 256,
};

struct policy_prefix {
	struct ip_addr addr;
	uint8_t bits; /* of the 128 */
};

/* The first that fits gives the level. */
struct policy_level {
	enum severity severity;	     /* UNSPECIFIED: any */
	enum confidence confidence;  /* UNSPECIFIED: any */
	char classtype[POLICY_TEXT]; /* "" any */
	enum level level;
};

/* An action policy: what judgements of a scope do. sets[0] is "default", which a file edits by its
 * keys method, actions and so on; sets[1] is "initial", which nobody can change. */
struct policy_set {
	char name[POLICY_NAME];
	struct judge_policy judge;
	uint64_t every; /* ns between judgements */
	bool deferred;	/* actions wait until somebody says `banken policy act --deferred` (P11) */
};

/* P10: from a time on another mode, for a share of the scope's hosts, the same ones each time. */
struct policy_stage {
	uint64_t from; /* ns since 1970 */
	enum policy_mode mode;
	uint32_t share; /* per cent */
};

/* Days and times of the site's clock in which the scope's mode holds. */
struct policy_hours {
	uint8_t days;	     /* bit 0 Sunday ... bit 6 Saturday */
	uint16_t begin, end; /* minutes since midnight; end is not within */
};

enum policy_kind { SCOPE_HOST, SCOPE_GROUP, SCOPE_ZONE, SCOPE_SITE };

/* Where it holds: by the host's addresses or its MAC. The most particular kind first, among equals
 * the first written. Without networks and MACs: everybody. */
struct policy_scope {
	char name[64];
	enum policy_kind kind;
	struct policy_prefix networks[POLICY_NETWORKS];
	unsigned networks_n;
	struct mac_addr macs[POLICY_MACS];
	unsigned macs_n;
	unsigned set; /* index of its action policy */
	enum policy_mode mode;
	struct policy_stage stages[POLICY_STAGES];
	unsigned stages_n;
	struct policy_hours hours[POLICY_HOURS];
	unsigned hours_n;		  /* 0: always */
	enum policy_mode off_hours;	  /* at most this outside of them */
	uint32_t approvals;		  /* persons who must say yes, 1 or 2 */
	enum level cut_at;		  /* incidents of this level and above are threat cuts */
	char methods[POLICY_METHODS][32]; /* ladder, in order */
	unsigned methods_n;
	struct policy_prefix exempt[POLICY_EXEMPTS]; /* stays reachable */
	unsigned exempt_n;
};

enum policy_never { NEVER_ALERT, NEVER_BLOCK };

/* P9. An empty part matches everything. */
struct policy_exception {
	uint32_t gid, sid; /* 0: any */
	struct policy_prefix source, destination;
	bool has_source, has_destination;
	char sensor[64];
	enum policy_never never;
	uint64_t until; /* ns since 1970, 0: for ever */
	char reason[POLICY_TEXT];
};

struct policy_protected {
	struct mac_addr mac;
	struct policy_prefix prefix;
	bool has_mac, has_prefix;
	char role[32], note[96];
};

struct policy {
	char name[64];
	char *yaml;	   /* as written; the policy owns it */
	char version[65];  /* SHA-256 of the file, hex; "built-in" */
	bool control, cut; /* Q2's two switches */
	struct policy_level levels[POLICY_LEVELS];
	unsigned levels_n;
	struct policy_set sets[POLICY_SETS];
	unsigned sets_n;
	uint64_t longest_every; /* of all of them, ns */
	struct policy_scope scopes[POLICY_SCOPES];
	unsigned scopes_n;
	struct policy_exception exceptions[POLICY_EXCEPTIONS];
	unsigned exceptions_n;
	struct policy_protected protected_hosts[POLICY_PROTECTED];
	unsigned protected_n;
	char persons[POLICY_PERSONS][POLICY_TEXT]; /* accounts of one person each: "sato t.sato" */
	unsigned persons_n;
	/* Numbers; times in ns. */
	uint32_t fuse_hosts, fuse_share, mass_hosts;
	uint64_t fuse_window, mass_window;
	uint64_t message_wait;		       /* at most 500 ms */
	uint64_t review, hold, recheck, retry; /* of cuts */
	uint64_t release_grace; /* no automatic cut this long after a person's release */
	uint64_t ack_wait, verify_window, verify_settle, verify_quiet;
	uint32_t ack_tries;
	uint32_t repeat;      /* a repeat offender's block lasts this times longer each time */
	uint64_t watch;	      /* a treated host is judged more strictly for so long, ns; 0: never */
	uint32_t watch_raise; /* ... by so many levels */
	uint64_t repeat_window; /* in which an earlier cut makes it one, ns */
	uint64_t incident_window, incident_quiet;
	uint32_t risk_warning, risk_danger; /* per cent: the table from risk to level (P6) */
	uint64_t risk_half_life;
	uint64_t binding_age; /* that a binding must have been stable */
	uint32_t router_addresses;
};

/* malloc'ed; NULL with a sentence. `path` NULL or "": the built-in policy (everything watched,
 * nothing stopped). */
struct policy *policy_load(const char *path, struct errmsg *e);
struct policy *policy_parse(const char *yaml, size_t len, const char *name, struct errmsg *e);
void policy_free(struct policy *p);

/* What would not do what it seems to; at most POLICY_LINTS sentences. */
unsigned policy_lint(const struct policy *p, char ret[POLICY_LINTS][256]);

/* SAFE: the alert does not count. */
enum level policy_level_of(const struct policy *p, const struct alert *a);
/* NULL: no scope contains the host, so it is not of this site. */
const struct policy_scope *policy_scope_of(const struct policy *p, const struct ip_addr *host);
/* The same by MAC (NULL: not known) and addresses. */
const struct policy_scope *policy_scope_for(const struct policy *p, const struct mac_addr *mac,
					    const struct ip_addr *ips, unsigned ips_n);
/* The action policy of a scope; the default one for NULL. */
const struct policy_set *policy_set_of(const struct policy *p, const struct policy_scope *s);
/* NULL: there is none of that name. */
const struct policy_set *policy_set_named(const struct policy *p, const char *name);
const char *policy_kind_text(enum policy_kind k);
/* The scope's mode as the two switches allow it (P7). */
enum policy_mode policy_mode_of(const struct policy *p, const struct policy_scope *s);
/* The mode for one host at a time: stages that have begun and take the host, hours, switches.
 * `host`: any number that is the host's for good. */
enum policy_mode policy_mode_at(const struct policy *p, const struct policy_scope *s, uint64_t host,
				uint64_t now);
/* "mon-fri 08:00-18:00", "sat,sun 00:00-24:00"; 0 or ERR_INVALID. */
int policy_hours_parse(const char *text, struct policy_hours *ret);
/* The furthest mode of any scope, as a word for people. */
const char *policy_overall_mode(const struct policy *p);
/* The index of the exception of that kind in force at `now` that covers the alert; -1: none. */
int policy_exception_of(const struct policy *p, enum policy_never never, const struct alert *a,
			const char *sensor, uint64_t now);
/* An exception's four parts as people write them, "" = any; 0 or an error with a sentence. */
int policy_exception_make(const char *rule, const char *source, const char *destination,
			  const char *sensor, struct policy_exception *ret, struct errmsg *e);
/* Whether it covers an alert of that rule between the two, whatever the time. */
struct policy_hit {
	uint32_t gid, sid;
	struct ip_addr source, destination;
	const char *sensor;
};

/* Whether two actors, as the audit writes them, are one person. policy/person.c. */
bool policy_same_person(const struct policy *p, const char *a, const char *b);

bool policy_exception_covers(const struct policy_exception *x, const struct policy_hit *hit);
/* "2026-12-31T00:00:00Z" or "2026-12-31" to ns since 1970; 0 or ERR_INVALID. "" is 0. */
int policy_time_parse(const char *text, uint64_t *ret);
