/* A rule while it is being read: what the keywords' set-up functions work on. Private to lang. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "signatures/lang/arena.h"
#include "signatures/lang/buffers.h"
#include "signatures/lang/lang.h"
#include "signatures/lang/limits.h"
#include "signatures/lang/rule.h"

struct lang_keyword;

/* Items in order of their place in the rule, growing. */
struct build_list {
	struct rule_item *items;
	uint32_t count, cap;
};

/* One list besides packet, payload and post: a sticky buffer's, or the list of its own that a
 * protocol keyword has (buffer NULL). `type` is interned and says which lists are the same kind;
 * what a later modifier reaches depends on that, as in Suricata. */
struct build_buffer {
	const char *type;
	const struct lang_buffer *buffer;
	const struct lang_keyword *own; /* the keyword whose list it is, when buffer is NULL */
	const char *name;
	struct rule_transform transforms[LANG_TRANSFORMS_MAX];
	uint32_t ntransforms;
	struct build_list items;
	bool implicit; /* made by an item, not by a sticky keyword */
	bool bsize_given;
	int64_t bsize_most; /* what Suricata checks contents against, of the first bsize; -1: none
			     */
	bool multi;
};

enum build_flag {
	BUILD_DSIZE = 1 << 0,
	BUILD_NEED_PACKET = 1 << 1, /* looks at packets only */
	BUILD_NEED_STREAM = 1 << 2,
	BUILD_JA = 1 << 3,   /* ja3/ja4: only tls and quic */
	BUILD_FLOW = 1 << 4, /* `flow` was given */
	BUILD_FILE = 1 << 5, /* needs a protocol with files */
	BUILD_FILENAME = 1 << 6,
	BUILD_BASE64 = 1 << 7, /* base64_decode was given */
	BUILD_PRIORITY = 1 << 8,
	BUILD_REV = 1 << 11,
	BUILD_MSG = 1 << 12,
	BUILD_REJECT_PLACE = 1 << 13,
	BUILD_FILESTORE = 1 << 14,
};

/* IP protocols a rule is limited to, as bits; 0: any. */
struct build_proto {
	uint8_t bits[32];
	bool any;
};

struct lang_build {
	struct lang_set *set;
	struct lang_arena *arena;
	const struct lang_vars *vars;
	const struct lang_opts *opts;
	struct rule *rule;
	const struct lang_keyword *keyword; /* being set up */
	const char *written;		    /* its name in the rule, perhaps an alias */
	bool negated;			    /* a ! before its argument, taken off */
	bool sid_given;
	bool negated_addrs; /* of the head, variables included */

	struct build_list packet, payload, base64, post;
	uint32_t nbuffers;
	struct build_buffer *cur;	  /* the one set up last */
	const struct lang_buffer *active; /* sticky buffer that content goes to now, before... */
	const char *active_name;
	const char *active_type; /* ...its transforms; NULL: payload. */
	bool active_base64;
	bool active_set; /* transforms may follow */
	struct rule_transform pending[LANG_TRANSFORMS_MAX];
	uint32_t npending;

	uint32_t flags;	    /* enum build_flag */
	int64_t dsize_most; /* the number that dsize may not exceed; -1: none */
	unsigned sides; /* enum lang_side: directions given so far by flow and http.response_body */
	struct build_proto proto;
	const char *app; /* application protocol so far; NULL: none */
	uint16_t place, flow_place;
	uint32_t noptions;
	const char *byte_vars[LANG_BYTE_VARS_MAX];

	char reason[400]; /* why it failed; "" */
	char about[64];	  /* the keyword it is about */
	enum lang_verdict verdict;
	bool not_required;
	bool prefilter; /* the keyword was given */

	struct build_buffer buffers[LANG_BUFFERS_MAX]; /* the first nbuffers are filled */
};

/* Sets the reason; returns ERR_INVALID, or ERR_UNSUPPORTED for lang_skip. */
__attribute__((format(printf, 2, 3))) int lang_fail(struct lang_build *b, const char *fmt, ...);
__attribute__((format(printf, 2, 3))) int lang_skip(struct lang_build *b, const char *fmt, ...);

/* Adds an item to a list and gives it its place; the union is filled by the caller. */
struct rule_item *build_add(struct lang_build *b, struct build_list *list,
			    enum rule_item_kind kind);

/* An empty list, made the current one; NULL when there are too many. */
struct build_buffer *build_new_buffer(struct lang_build *b);

/* Adds an item where content goes now: the active buffer (applying transforms that wait) or the
 * payload. NULL when that failed. */
struct rule_item *build_add_bytes(struct lang_build *b, enum rule_item_kind kind);

/* Adds an item to the list of a buffer (by name) or, without one, to the keyword's own list `type`;
 * the active buffer is left when it is another one. NULL when there are too many. */
struct rule_item *build_add_to(struct lang_build *b, const struct lang_buffer *buffer,
			       const char *type, enum rule_item_kind kind);

/* Makes a buffer active. `name` is its name in the rule, of frames with the frame. */
int build_activate(struct lang_build *b, const struct lang_buffer *buffer, const char *name);
int build_add_transform(struct lang_build *b, enum rule_transform_kind kind, struct slice arg);
/* Applies transforms that wait; to be called before the active list is used. */
int build_settle(struct lang_build *b);

/* The last item that is one of `kinds` (a bit per kind): in the active buffer when there is one,
 * else anywhere. `ret_list` (may be NULL) is where it is. */
struct rule_item *build_last(struct lang_build *b, uint64_t kinds, struct build_list **ret_list);
/* The last item of all lists. */
struct rule_item *build_last_anywhere(struct lang_build *b);
/* The last content or pcre of this list before item `before` (NULL: the end). */
struct rule_item *build_previous(const struct build_list *list, const struct rule_item *before,
				 uint64_t kinds);
/* The list that content goes to now. */
struct build_list *build_active_list(struct lang_build *b);
#define BUILD_KIND(k) (UINT64_C(1) << (k))

/* Marks a content or pcre as the base of a later relative item. */
void build_mark_relative(struct rule_item *item);

struct rule_content *build_content(struct rule_item *item);
struct rule_pcre *build_pcre(struct rule_item *item);

/* Limits the rule to an application protocol, as Suricata combines them. */
int build_app(struct lang_build *b, const char *app);

/* True when a rule for `rule_app` is looked at in flows of `app`. */
bool lang_app_covers(const char *rule_app, const char *app);

/* The index of a byte variable, -1 when there is none of that name. */
int build_var_find(const struct lang_build *b, const char *name);
/* Defines one; an existing name is used again. -1 when there are too many. */
int build_var_add(struct lang_build *b, const char *name);
/* A number (C notation, base) or a byte variable. */
int build_value(struct lang_build *b, const char *text, struct rule_value *ret);

/* Numbers names of the set. */
enum lang_name_kind {
	LANG_NAME_FLOWBIT,
	LANG_NAME_XBIT,
	LANG_NAME_HOSTBIT,
	LANG_NAME_VAR,
	LANG_NAME_KINDS,
};
uint32_t build_name_id(struct lang_build *b, enum lang_name_kind kind, const char *name);

/* True when a content of the list has a replace. */
bool build_has_replace(const struct build_list *list);

/* Checks the whole and makes it const. */
int build_finish(struct lang_build *b);
