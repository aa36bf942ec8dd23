/* Rule files as text: what rules there are, which are on, which filters change them. The syntax of
 * enable.conf, disable.conf, drop.conf and modify.conf is suricata-update's:
 *
 *	2019401               a sid (gid 1), also "1:2019401", also several with commas
 *	group:emerging-dns.rules   a file, also without ".rules", also with * and ?; also as
 *			      emerging-dns.rules or filename:emerging-dns
 *	*                     all
 *	re:pattern            anywhere in the rule's text, case does not matter
 *	metadata:deployment perimeter
 *	2019401 "from" "to"   modify.conf, words as a shell takes them; \1 stands for a group
 *
 * A filter line that cannot be read is a problem with file and line, never guessed. Off the packet
 * path, one thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"
#include "signatures/bundle/limits.h"

enum filter_use { FILTER_DISABLE, FILTER_ENABLE, FILTER_DROP, FILTER_MODIFY, FILTER_USES };

/* "disable.conf", "enable.conf", "drop.conf", "modify.conf" */
extern const char *const filter_files[FILTER_USES];

struct filter;

struct rule_line {
	uint32_t gid, sid, rev;
	bool enabled, as_shipped; /* as_shipped: what the source said */
	bool dropped, modified, for_flowbits;
	const char *group;	  /* the file's name without ".rules" */
	char *text;		  /* one line without '#' and newline; owned */
	const struct filter *why; /* the last filter that changed it, or NULL */
};

struct rule_table {
	struct rule_line *rules;
	unsigned n;
	unsigned doubles, unreadable; /* the same gid:sid again: the higher rev stays */
	/* private */
	unsigned cap, n_groups;
	char **groups;
	uint32_t *index;
	unsigned index_size;
};

struct filter_problem {
	char file[64];
	unsigned line;
	char why[160];
};

enum { FILTER_PROBLEMS = 50 };

struct filters {
	struct filter *list; /* in the order read; private */
	unsigned n, cap;
	unsigned n_problems;
	struct filter_problem problems[FILTER_PROBLEMS];
};

void rule_table_done(struct rule_table *t);
/* Adds a file's rules, those behind '#' as disabled ones. `group`: its name. ERR_NOMEM, ERR_LIMIT.
 */
int rule_table_read(struct rule_table *t, struct slice text, const char *group, struct errmsg *e);
struct rule_line *rule_table_find(const struct rule_table *t, uint32_t gid, uint32_t sid);
/* gid, sid and rev of a rule's text; false without a sid. */
bool rule_numbers(const char *text, uint32_t *ret_gid, uint32_t *ret_sid, uint32_t *ret_rev);
/* The options one by one: name and value without blanks around; false at the end. `*at` begins as
 * the text. */
bool rule_option(const char **at, struct slice *ret_name, struct slice *ret_value);

void filters_done(struct filters *f);
/* Adds the lines of one file. `layer` is shown in reasons ("vendor", "customer", ...). Bad lines
 * are no error but problems. */
int filters_read(struct filters *f, enum filter_use use, const char *layer, struct slice text,
		 struct errmsg *e);
/* Applies all of a layer to every rule: first disable, then enable, drop, modify. */
int filters_apply(const struct filters *f, const char *layer, struct rule_table *t,
		  struct errmsg *e);
/* "customer/disable.conf:3" */
const char *filter_text(const struct filter *f, char ret[128]);
/* Rules that are off but set flow bits that enabled ones ask for go on, with noalert. How many. */
int rule_flowbits(struct rule_table *t, unsigned *ret, struct errmsg *e);
