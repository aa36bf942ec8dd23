/* A rule's head: action, protocol, addresses, ports, direction. Private to lang. */
#pragma once

#include "signatures/lang/build.h"

/* Spaces of lang_index_place: lists as written depend on the variables of the load, and those
 * resolved do not. */
enum {
	HEAD_PORTS_DONE = 1,
	HEAD_ADDRS_DONE = 2,
	HEAD_DATASET = 3, /* the type of a dataset, plus 1 */
	HEAD_PORTS = 16,
	HEAD_ADDRS = 17,
};
#define HEAD_SPACE(b, what) ((what) + 2 * (b)->set->loads)

enum head_part {
	HEAD_ACTION,
	HEAD_PROTO,
	HEAD_SRC,
	HEAD_SPORT,
	HEAD_DIRECTION,
	HEAD_DST,
	HEAD_DPORT,
	HEAD_PARTS
};

/* Cuts the rule's text into the parts of its head and moves *text to its options. */
int head_split(struct lang_build *b, char **text, char *parts[HEAD_PARTS]);
/* Reads the parts. */
int head_read(struct lang_build *b, char *const parts[HEAD_PARTS]);

/* Limits the rule to the IP protocols of its application protocol. */
void head_app_layer(struct lang_build *b);
bool lang_app_known(const char *app);
/* True when an application protocol (or "file") runs on something the rule can be on; of a rule
 * that can be on TCP, only that is asked. */
bool head_shares_layer(const struct lang_build *b, const char *app);
/* The same, whatever else the rule can be on. */
bool head_may_carry(const struct lang_build *b, const char *app);
bool head_has_tcp(const struct lang_build *b);
/* True when a rule can be on TCP or UDP. */
bool head_carries_apps(const struct lang_build *b);
/* What an application protocol runs on. */
enum rule_layer head_layer_of(const char *app);

/* For ports.c and addrs.c. */
int head_ports(struct lang_build *b, char *text, const struct rule_ports **ret);
/* *ret_negated becomes true when something in the list is negated. */
int head_addrs(struct lang_build *b, char *text, const struct rule_addrs **ret, bool *ret_negated);
/* A copy of the value of a variable, to be freed; NULL and the reason when there is none. */
char *head_variable(struct lang_build *b, bool is_addr, const char *name);
/* Cuts off the next element of a list at a comma outside brackets; NULL when they do not match. */
char *head_next(char **text);
