#include "signatures/lang/kw.h"

#include <stdio.h>
#include <string.h>

#include "signatures/lang/classes.h"
#include "signatures/lang/requires.h"
#include "signatures/lang/text.h"

/* What a rule says about itself, and how often it alerts. */

int kw_msg(struct lang_build *b, char *arg)
{
	char *to;

	if (b->flags & BUILD_MSG)
		return lang_fail(b, "it was given before");
	b->flags |= BUILD_MSG;
	to = lang_arena_text(b->arena, slice_of(arg));
	b->rule->msg = to;
	/* \" \; \: and \\ stand for themselves; another backslash stays */
	for (const char *from = arg; *from; from++) {
		if (*from == '\\' && from[1] && strchr("\";:\\", from[1]))
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return ERR_OK;
}

/* A number of 32 bits as strtoul reads it, but nothing behind it. */
static int number32(struct lang_build *b, char *arg, uint32_t most, uint32_t *ret)
{
	uint64_t value;

	arg = lang_trim(arg);
	if (!lang_u64(*arg == '+' ? arg + 1 : arg, 10, most, &value))
		return lang_fail(b, "it must be a number from 0 to %u, not \"%s\"", most, arg);
	*ret = (uint32_t)value;
	return ERR_OK;
}

int kw_sid(struct lang_build *b, char *arg)
{
	if (b->sid_given)
		return lang_fail(b, "it was given before");
	if (number32(b, arg, UINT32_MAX - 1, &b->rule->sid) != ERR_OK)
		return ERR_INVALID;
	if (b->rule->sid == 0)
		return lang_fail(b, "0 is no sid");
	b->sid_given = true;
	return ERR_OK;
}

int kw_gid(struct lang_build *b, char *arg)
{
	return number32(b, arg, UINT32_MAX, &b->rule->gid);
}

int kw_rev(struct lang_build *b, char *arg)
{
	if (b->flags & BUILD_REV)
		return lang_fail(b, "it was given before");
	b->flags |= BUILD_REV;
	if (number32(b, arg, UINT32_MAX, &b->rule->rev) != ERR_OK)
		return ERR_INVALID;
	return b->rule->rev ? ERR_OK : lang_fail(b, "0 is no revision");
}

int kw_priority(struct lang_build *b, char *arg)
{
	uint64_t value;

	arg = lang_trim(arg);
	if (!lang_u64(arg, 10, UINT64_MAX, &value))
		return lang_fail(b, "it must be a number, not \"%s\"", arg);
	b->rule->priority = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
	b->flags |= BUILD_PRIORITY;
	return ERR_OK;
}

/* Of several the one with the highest priority stays; an explicit priority is not touched. */
int kw_classtype(struct lang_build *b, char *arg)
{
	const struct lang_class *class;
	struct rule *r = b->rule;
	uint32_t priority;

	arg = lang_trim(arg);
	if (!lang_alpha(*arg))
		return lang_fail(b, "\"%s\" is no name of a class", arg);
	for (const char *c = arg; *c; c++) {
		if (!lang_alpha(*c) && !lang_digit(*c) && !strchr("-_", *c))
			return lang_fail(b, "\"%s\" is no name of a class", arg);
	}
	class = lang_class_of(b->set, arg);
	priority = class ? class->priority : LANG_PRIORITY_DEFAULT;
	if (r->classtype && (b->flags & BUILD_PRIORITY || priority >= r->priority))
		return ERR_OK;
	if (!(b->flags & BUILD_PRIORITY))
		r->priority = priority;
	r->classtype = class ? class->name : lang_arena_intern(b->arena, slice_of(arg));
	r->category = class ? class->description : "";
	return ERR_OK;
}

static void add_pair(struct lang_build *b, const struct rule_pair **list, uint32_t *count,
		     struct rule_pair pair)
{
	struct rule_pair *grown;

	/* the array is doubled at each power of two */
	if ((*count & (*count - 1)) == 0) {
		grown = LANG_NEW_N(b->arena, struct rule_pair, *count ? *count * 2 : 1);
		if (*count)
			memcpy(grown, *list, *count * sizeof(*grown));
		*list = grown;
	}
	((struct rule_pair *)*list)[(*count)++] = pair;
}

int kw_reference(struct lang_build *b, char *arg)
{
	char *comma = strchr(arg, ','), *key, *value;
	struct rule_pair pair;
	bool ok;

	if (!comma)
		return lang_fail(b, "it needs a kind, a comma and the reference");
	*comma = '\0';
	key = lang_trim(arg);
	value = lang_trim(comma + 1);
	ok = lang_alpha(*key) && *value;
	for (const char *c = key; *c; c++)
		ok = ok && (lang_alpha(*c) || lang_digit(*c) || strchr("-_.", *c));
	if (!ok)
		return lang_fail(b, "it needs a kind, a comma and the reference");
	pair.key = lang_arena_intern(b->arena, slice_of(key));
	pair.value = lang_arena_text(b->arena, slice_of(value));
	add_pair(b, &b->rule->references, &b->rule->nreferences, pair);
	return ERR_OK;
}

int kw_metadata(struct lang_build *b, char *arg)
{
	char *piece;

	while ((piece = lang_next(&arg, ','))) {
		char *value;
		struct rule_pair pair;

		piece = lang_trim(piece);
		value = strchrnul(piece, ' ');
		if (!*value)
			continue; /* a key alone says nothing, as in Suricata */
		*value = '\0';
		value = lang_trim(value + 1);
		if (!*piece || !*value)
			continue;
		pair.key = lang_arena_intern(b->arena, slice_of(piece));
		pair.value = lang_arena_intern(b->arena, slice_of(value));
		add_pair(b, &b->rule->metadata, &b->rule->nmetadata, pair);
	}
	return ERR_OK;
}

int kw_target(struct lang_build *b, char *arg)
{
	enum rule_target target;

	arg = lang_trim(arg);
	if (strcmp(arg, "src_ip") == 0)
		target = RULE_TARGET_SRC;
	else if (strcmp(arg, "dest_ip") == 0)
		target = RULE_TARGET_DST;
	else
		return lang_fail(b, "it must be src_ip or dest_ip, not \"%s\"", arg);
	if (b->rule->target && b->rule->target != target)
		return lang_fail(b, "it contradicts the target given before");
	b->rule->target = target;
	return ERR_OK;
}

int kw_requires(struct lang_build *b, char *arg)
{
	enum lang_requires r = lang_requires_met(arg);

	if (r == LANG_REQUIRES_BAD)
		return lang_fail(b, "\"%s\" is no requirement (version, feature)", arg);
	if (r == LANG_REQUIRES_TWICE)
		return lang_fail(b, "version can stand only once");
	if (r == LANG_REQUIRES_UNMET)
		b->not_required = true;
	return b->not_required ? ERR_UNSUPPORTED : ERR_OK;
}

int kw_noalert(struct lang_build *b, char *arg)
{
	b->rule->noalert = true;
	return ERR_OK;
}

int kw_alert(struct lang_build *b, char *arg)
{
	b->rule->noalert = false;
	b->rule->alert = true;
	return ERR_OK;
}

int kw_bypass(struct lang_build *b, char *arg)
{
	b->rule->bypass = true;
	return ERR_OK;
}

/* Kinds of items that can be looked for first, as --list-keywords says. */
static bool can_prefilter(const struct rule_item *item)
{
	static const uint64_t kinds =
		BUILD_KIND(RULE_ITEM_APP_PROTOCOL) | BUILD_KIND(RULE_ITEM_TCP_ACK) |
		BUILD_KIND(RULE_ITEM_TCP_SEQ) | BUILD_KIND(RULE_ITEM_TCP_FLAGS) |
		BUILD_KIND(RULE_ITEM_FRAGBITS) | BUILD_KIND(RULE_ITEM_FRAGOFFSET) |
		BUILD_KIND(RULE_ITEM_TTL) | BUILD_KIND(RULE_ITEM_ITYPE) |
		BUILD_KIND(RULE_ITEM_ICODE) | BUILD_KIND(RULE_ITEM_ICMP_ID) |
		BUILD_KIND(RULE_ITEM_ICMP_SEQ) | BUILD_KIND(RULE_ITEM_DSIZE) |
		BUILD_KIND(RULE_ITEM_ID) | BUILD_KIND(RULE_ITEM_STREAM_SIZE) |
		BUILD_KIND(RULE_ITEM_TEMPLATE2) | BUILD_KIND(RULE_ITEM_ICMPV6_MTU) |
		BUILD_KIND(RULE_ITEM_TCP_MSS) | BUILD_KIND(RULE_ITEM_FLOW_AGE);

	return kinds & BUILD_KIND(item->kind);
}

int kw_prefilter(struct lang_build *b, char *arg)
{
	struct rule_item *item = build_last_anywhere(b);

	if (b->flags & BUILD_FLOW && (!item || item->place < b->flow_place))
		return ERR_OK; /* flow, which is kept apart */
	if (!item)
		return lang_fail(b, "nothing is matched before it");
	if (b->prefilter)
		return lang_fail(b, "it was given before");
	if (item->kind == RULE_ITEM_CONTENT)
		return kw_prefer_content(b, build_content(item));
	if (!can_prefilter(item))
		return lang_fail(b, "what stands before it cannot be looked for first");
	item->prefilter = true;
	b->prefilter = true;
	return ERR_OK;
}

/* ---- thresholds ---- */

static bool pair_of(char *text, char **ret_value)
{
	char *space = strpbrk(text, " \t");

	if (!space)
		return false;
	*space = '\0';
	*ret_value = lang_trim(space + 1);
	return true;
}

/* Which of the four parts it is, as a bit; -1 when it is none. */
static int set_part(struct rule_threshold *t, const char *key, const char *value, bool filter)
{
	static const char *const tracks[] = {[RULE_TRACK_SRC] = "by_src",
					     [RULE_TRACK_DST] = "by_dst",
					     [RULE_TRACK_PAIR] = "by_both",
					     [RULE_TRACK_RULE] = "by_rule"};
	static const char *const types[] = {[RULE_THRESHOLD_LIMIT] = "limit",
					    [RULE_THRESHOLD_THRESHOLD] = "threshold",
					    [RULE_THRESHOLD_BOTH] = "both"};

	if (strcmp(key, "count") == 0)
		return lang_u32(value, &t->count) ? 1 : -1;
	if (strcmp(key, "seconds") == 0)
		return lang_u32(value, &t->seconds) ? 2 : -1;
	if (strcmp(key, "track") == 0) {
		for (size_t i = 0; i < (filter ? 2u : ARRAY_SIZE(tracks)); i++) {
			if (strcmp(tracks[i], value) == 0) {
				t->track = (enum rule_track)i;
				return 4;
			}
		}
		return -1;
	}
	if (filter || strcmp(key, "type") != 0)
		return -1;
	for (size_t i = RULE_THRESHOLD_LIMIT; i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i], value) == 0) {
			t->type = (enum rule_threshold_type)i;
			return 8;
		}
	}
	return -1;
}

static int add_threshold(struct lang_build *b, const struct rule_threshold *t)
{
	struct rule_threshold *more;

	if (b->rule->threshold.type == RULE_THRESHOLD_NONE) {
		b->rule->threshold = *t;
		return ERR_OK;
	}
	more = LANG_NEW(b->arena, struct rule_threshold);
	*more = *t;
	more->next = b->rule->threshold.next;
	b->rule->threshold.next = more;
	return ERR_OK;
}

/* "seconds 60 foo" becomes "seconds 60", "track by_srcx" "track by_src". */
static void cut_behind_value(char *s)
{
	static const char *const words[] = {"limit",  "both",	 "threshold", "by_dst",
					    "by_src", "by_both", "by_rule"};

	s += strcspn(s, " \t");
	s += strspn(s, " \t");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strncmp(s, words[i], strlen(words[i])) == 0) {
			s[strlen(words[i])] = '\0';
			return;
		}
	}
	s[strspn(s, "0123456789")] = '\0';
}

/* Each part can stand once, and Suricata looks for its name anywhere between two commas. */
static bool repeats(const char *arg)
{
	static const char *const names[] = {"count", "seconds", "type", "track"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		unsigned times = 0;

		for (const char *at = arg; at; at = strchr(at, ',')) {
			const char *end, *found;

			at += *at == ',';
			end = strchrnul(at, ',');
			found = strstr(at, names[i]);
			times += found && found < end;
		}
		if (times > 1)
			return true;
	}
	return false;
}

static int threshold(struct lang_build *b, char *arg, bool filter)
{
	enum { PARTS_ALL = 15 };
	struct rule_threshold t = {.type = filter ? RULE_THRESHOLD_DETECTION_FILTER
						  : RULE_THRESHOLD_NONE};
	int seen = filter ? 8 : 0, nth = 0;
	char *piece, *value;

	if (repeats(arg))
		return lang_fail(b, "a part of it is given twice");
	while ((piece = lang_next(&arg, ','))) {
		int part;

		piece = lang_trim(piece);
		if (!filter && seen == PARTS_ALL)
			break; /* what follows all four does not matter, as in Suricata... */
		if (!filter && ++nth == 4)
			cut_behind_value(piece); /* ...right behind the last value already */
		part = pair_of(piece, &value) ? set_part(&t, piece, value, filter) : -1;
		if (part < 0 || seen & part)
			return lang_fail(b,
					 "it needs %strack by_src%s, count and seconds, each once",
					 filter ? "" : "type limit, threshold or both, ",
					 filter ? " or by_dst" : ", by_dst, by_both or by_rule");
		seen |= part;
	}
	if (seen != PARTS_ALL)
		return lang_fail(b, "%s is missing",
				 !(seen & 8)   ? "type"
				 : !(seen & 4) ? "track"
				 : !(seen & 1) ? "count"
					       : "seconds");
	if (filter && t.count == 0)
		return lang_fail(b, "count must be above 0");
	return add_threshold(b, &t);
}

/* Suricata sees an earlier threshold only while no sticky buffer is in force, so there two of them
 * can stand, and each must let the alert pass. */
static int check_threshold(struct lang_build *b, bool filter)
{
	const struct rule_threshold *t = &b->rule->threshold;

	if (t->type == RULE_THRESHOLD_NONE || b->active || b->active_base64)
		return ERR_OK;
	if (filter == (t->type == RULE_THRESHOLD_DETECTION_FILTER))
		return lang_fail(b, "it was given before");
	return lang_fail(b, "it does not go together with %s",
			 filter ? "threshold" : "detection_filter");
}

int kw_threshold(struct lang_build *b, char *arg)
{
	if (check_threshold(b, false) != ERR_OK)
		return ERR_INVALID;
	return threshold(b, arg, false);
}

int kw_detection_filter(struct lang_build *b, char *arg)
{
	if (check_threshold(b, true) != ERR_OK)
		return ERR_INVALID;
	return threshold(b, arg, true);
}

/* ---- what happens afterwards ---- */

int kw_tag(struct lang_build *b, char *arg)
{
	static const char *const metrics[] = {[RULE_TAG_PACKETS] = "packets",
					      [RULE_TAG_BYTES] = "bytes",
					      [RULE_TAG_SECONDS] = "seconds"};
	struct rule_tag *t = LANG_NEW(b->arena, struct rule_tag);
	char *args[4];
	unsigned n = lang_split(arg, ',', args, 4);
	size_t m = RULE_TAG_ALL;
	bool ok = n <= 4 && n != 2 && lang_one_of("session|host", args[0]);

	t->source = true;
	if (ok && n > 1) {
		ok = lang_u32(args[1], &t->count);
		for (m = 0; m < ARRAY_SIZE(metrics) && strcmp(metrics[m], args[2]) != 0; m++)
			;
		ok = ok && m < ARRAY_SIZE(metrics) && (n < 4 || lang_one_of("src|dst", args[3]));
	}
	if (!ok)
		return lang_fail(
			b, "it needs session or host, then perhaps a count and packets, bytes "
			   "or seconds, then perhaps src or dst");
	t->host = *args[0] == 'h';
	t->metric = m;
	if (n == 4)
		t->source = *args[3] == 's';
	build_add(b, &b->post, RULE_ITEM_TAG)->tag = t;
	return ERR_OK;
}

int kw_config(struct lang_build *b, char *arg)
{
	struct rule_config *c = LANG_NEW(b->arena, struct rule_config);
	char *args[3], *state, *type, *scope;

	if (lang_split(arg, ',', args, 3) != 3 || !pair_of(args[0], &state) ||
	    !pair_of(args[1], &type) || !pair_of(args[2], &scope) || strcmp(args[1], "type") != 0 ||
	    strcmp(args[2], "scope") != 0)
		return lang_fail(b, "it needs \"logging disable, type ..., scope ...\"");
	if (strcmp(args[0], "logging") != 0 || strcmp(state, "disable") != 0)
		return lang_fail(b, "only \"logging disable\" is known");
	if (!lang_one_of("tx|flow", type) || !lang_one_of("tx|flow", scope))
		return lang_fail(b, "type and scope must be tx or flow");
	*c = (struct rule_config){"logging", "disable", lang_arena_intern(b->arena, slice_of(type)),
				  lang_arena_intern(b->arena, slice_of(scope))};
	build_add(b, &b->post, RULE_ITEM_CONFIG)->config = c;
	return ERR_OK;
}

int kw_lua(struct lang_build *b, char *arg)
{
	return lang_skip(b, "scripts are not supported");
}
