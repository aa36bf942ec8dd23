/* Reads rules. A set is filled by one thread at load time and const afterwards. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"
#include "signatures/lang/rule.h"

struct lang_var {
	const char *name; /* without the $ */
	const char
		*value; /* in rule syntax: "[10.0.0.0/8,!10.1.0.0/16]", "any", "$HOME_NET", "80" */
};

/* Variables for addresses and for ports; the caller's memory, only read while loading. */
struct lang_vars {
	const struct lang_var *addrs, *ports;
	size_t naddrs, nports;
};

/* The addresses of Suricata's packaged configuration as `any` and its port groups (HTTP_PORTS 80,
 * SHELLCODE_PORTS !80, SSH_PORTS 22, FTP_PORTS 21, ORACLE_PORTS 1521, ...). */
const struct lang_vars *lang_vars_default(void);

struct lang_opts {
	uint8_t lang;	/* 7 (also 0): keywords of 7.0.10; 8: also later ones */
	bool keep_text; /* rule.text is filled */
	/* Application protocols whose parser is off, so that a rule with that protocol fails as in
	 * Suricata; NULL-terminated, NULL: none. */
	const char *const *disabled;
};

enum lang_verdict {
	LANG_FAILED,  /* a bad rule */
	LANG_SKIPPED, /* good, but with something that is known and not supported (lua) */
};

struct lang_problem {
	enum lang_verdict verdict;
	const char *file;
	uint32_t line;
	uint32_t sid;	     /* 0 when it could not be read */
	const char *keyword; /* what it is about, "" for the rule as a whole */
	const char *reason;  /* a sentence without a full stop */
	const char *text;    /* "FILE:LINE: sid N: keyword: reason" */
};

struct lang_names {
	const char *const *names; /* index is the id */
	uint32_t count;
};

/* A line of a threshold file: suppress, threshold, event_filter or rate_filter. It is about the
 * rule (gid, sid); sid 0: about all of that gid, both 0: about all rules. */
struct lang_filter {
	const struct lang_filter *next; /* in file order */
	uint32_t gid, sid;
	struct rule_threshold threshold;
	/* SUPPRESS: by threshold.track SRC, DST or EITHER; NULL: always. */
	const struct rule_addrs *addrs;
	const char *file;
	uint32_t line;
};

struct lang_arena;
struct lang_index;

struct lang_set {
	const struct rule *const *rules; /* in file order; rule.index is the place here */
	uint32_t count;
	const struct lang_problem *problems;
	uint32_t nproblems, failed, skipped;
	uint32_t not_required; /* left out in silence by their `requires`, as Suricata does */
	/* Names used by the set's rules, numbered. */
	struct lang_names flowbits, xbits, hostbits, vars;
	uint32_t byte_vars_max; /* the most byte variables any rule has */
	const struct lang_filter *filters;
	const struct lang_own_class *classes; /* private to lang */

	struct lang_arena *arena; /* private to lang */
	struct lang_index *index; /* private to lang */
	unsigned loads;		  /* private to lang: how many loads there were */
};

/* NULL when there is no memory. */
struct lang_set *lang_set_new(void);
void lang_set_free(struct lang_set *set);

/* Adds a file's rules. Bad rules are not an error: they are in set.problems. Errors: ERR_IO when
 * the file cannot be read, ERR_NOMEM. Several files may be added one after the other. */
int lang_load_file(const char *path, const struct lang_vars *vars, const struct lang_opts *opts,
		   struct lang_set *set, struct errmsg *e);

/* Classes in the form of Suricata's classification.config, before the rules that name them; the
 * last word of several holds, also over what is packaged. Bad lines as with rules. */
int lang_load_classes(const char *path, struct lang_set *set, struct errmsg *e);
int lang_load_class_bytes(struct slice bytes, const char *name, struct lang_set *set);

/* Adds a threshold file, in Suricata's form. Bad lines are not an error: they are in set.problems.
 * Errors as those of lang_load_file. */
int lang_load_filters(const char *path, const struct lang_vars *vars, const struct lang_opts *opts,
		      struct lang_set *set, struct errmsg *e);
/* The same from memory. */
int lang_load_filter_bytes(struct slice bytes, const char *name, const struct lang_vars *vars,
			   const struct lang_opts *opts, struct lang_set *set);

/* The same as lang_load_file from memory; `name` stands for the file in messages. */
int lang_load_bytes(struct slice bytes, const char *name, const struct lang_vars *vars,
		    const struct lang_opts *opts, struct lang_set *set);

/* One rule (no continuation). ERR_OK and it is the set's last rule; else ERR_INVALID and it is the
 * last problem. For tests and fuzzing. */
int lang_parse_line(const char *text, const struct lang_vars *vars, const struct lang_opts *opts,
		    struct lang_set *set);

/* The rule in canonical form, one line with NUL: reading it again gives the same typed rule.
 * Length, or ERR_LIMIT when cap is too small. */
long lang_print(const struct rule *rule, char *buf, size_t cap);
