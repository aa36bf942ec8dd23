#include "signatures/lang/kw.h"

#include <stdio.h>
#include <string.h>

#include "signatures/lang/events.h"
#include "signatures/lang/head.h"
#include "signatures/lang/text.h"

/* Keywords on the flow, on bits and variables, and on the application protocol as a whole. */

static const struct {
	const char *word;
	uint32_t flag, against;
} flow_words[] = {
	{"established", RULE_FLOW_ESTABLISHED, RULE_FLOW_NOT_ESTABLISHED | RULE_FLOW_STATELESS},
	{"not_established", RULE_FLOW_NOT_ESTABLISHED, RULE_FLOW_ESTABLISHED | RULE_FLOW_STATELESS},
	{"stateless", RULE_FLOW_STATELESS, RULE_FLOW_ESTABLISHED | RULE_FLOW_NOT_ESTABLISHED},
	{"to_client", RULE_FLOW_TO_CLIENT, RULE_FLOW_TO_SERVER},
	{"from_server", RULE_FLOW_TO_CLIENT, RULE_FLOW_TO_SERVER},
	{"to_server", RULE_FLOW_TO_SERVER, RULE_FLOW_TO_CLIENT},
	{"from_client", RULE_FLOW_TO_SERVER, RULE_FLOW_TO_CLIENT},
	{"only_stream", RULE_FLOW_ONLY_STREAM, RULE_FLOW_NO_STREAM},
	{"no_stream", RULE_FLOW_NO_STREAM, RULE_FLOW_ONLY_STREAM},
	{"no_frag", RULE_FLOW_NO_FRAG, RULE_FLOW_ONLY_FRAG},
	{"only_frag", RULE_FLOW_ONLY_FRAG, RULE_FLOW_NO_FRAG},
};

static int flow_word(struct lang_build *b, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(flow_words); i++) {
		if (!lang_eq_nocase(flow_words[i].word, word))
			continue;
		if (b->rule->flow & (flow_words[i].against | flow_words[i].flag))
			return lang_fail(b, "%s contradicts or repeats another word of it", word);
		b->rule->flow |= flow_words[i].flag;
		return ERR_OK;
	}
	return lang_fail(b, "there is no word %s for it", word);
}

int kw_flow(struct lang_build *b, char *arg)
{
	char *words[3];
	unsigned n = lang_split(arg, ',', words, 3);

	static const uint32_t directions = RULE_FLOW_TO_SERVER | RULE_FLOW_TO_CLIENT;
	uint32_t before = b->rule->flow, here;

	/* Suricata lets one that only gives a direction or no_stream be followed by another. */
	if (b->flags & BUILD_FLOW)
		return lang_fail(b, "it was given before");
	if (n > 3)
		return lang_fail(b, "more than three words");
	b->rule->flow = 0;
	for (unsigned i = 0; i < n; i++) {
		if (flow_word(b, words[i]) != ERR_OK)
			return ERR_INVALID;
	}
	here = b->rule->flow & directions;
	if (b->rule->flow & RULE_FLOW_ONLY_STREAM)
		b->flags |= BUILD_NEED_STREAM;
	if (b->rule->flow & RULE_FLOW_NO_STREAM)
		b->flags |= BUILD_NEED_PACKET;
	/* the direction is set at the end, when all of them are known */
	b->rule->flow = (b->rule->flow & ~directions) | before;
	b->sides |= here == RULE_FLOW_TO_SERVER	  ? (unsigned)LANG_TO_SERVER
		    : here == RULE_FLOW_TO_CLIENT ? (unsigned)LANG_TO_CLIENT
						  : (unsigned)LANG_BOTH;
	if (b->rule->flow)
		b->flow_place = b->place++;
	if (b->rule->flow & ~(uint32_t)RULE_FLOW_NO_STREAM)
		b->flags |= BUILD_FLOW;
	return ERR_OK;
}

/* ---- bits ---- */

static bool bit_command(const char *word, enum rule_bits_cmd *ret)
{
	static const char *const words[] = {[RULE_BIT_ISSET] = "isset",
					    [RULE_BIT_ISNOTSET] = "isnotset",
					    [RULE_BIT_SET] = "set",
					    [RULE_BIT_UNSET] = "unset",
					    [RULE_BIT_TOGGLE] = "toggle"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], word) == 0) {
			*ret = (enum rule_bits_cmd)i;
			return true;
		}
	}
	return false;
}

static bool is_test(enum rule_bits_cmd cmd)
{
	return cmd == RULE_BIT_ISSET || cmd == RULE_BIT_ISNOTSET;
}

static int bit_names(struct lang_build *b, char *list, struct rule_flowbits *f)
{
	const char **names = LANG_NEW_N(b->arena, const char *, LANG_BITS_OR_MAX);
	uint32_t *ids = LANG_NEW_N(b->arena, uint32_t, LANG_BITS_OR_MAX);
	char *name;

	while ((name = lang_next(&list, '|'))) {
		name = lang_trim(name);
		if (!*name)
			continue;
		if (strpbrk(name, " \t"))
			return lang_fail(b, "a name cannot hold blanks");
		if (f->count == LANG_BITS_OR_MAX)
			return lang_fail(b, "more than %d names", LANG_BITS_OR_MAX);
		names[f->count] = lang_arena_intern(b->arena, slice_of(name));
		ids[f->count] = build_name_id(b, LANG_NAME_FLOWBIT, names[f->count]);
		f->count++;
	}
	f->names = names;
	f->ids = ids;
	return f->count ? ERR_OK : lang_fail(b, "a name is missing");
}

int kw_flowbits(struct lang_build *b, char *arg)
{
	struct rule_flowbits *f = LANG_NEW(b->arena, struct rule_flowbits);
	char *comma = strchr(arg, ','), *word;

	if (comma)
		*comma++ = '\0';
	word = lang_trim(arg);
	if (strcmp(word, "noalert") == 0) {
		if (comma)
			return lang_fail(b, "noalert has no name");
		b->rule->noalert = true;
		return ERR_OK;
	}
	if (!bit_command(word, &f->cmd))
		return lang_fail(b,
				 "\"%s\" is none of set, unset, toggle, isset, isnotset and "
				 "noalert",
				 word);
	if (!comma)
		return lang_fail(b, "a name is missing");
	if (bit_names(b, lang_trim(comma), f) != ERR_OK)
		return ERR_INVALID;
	build_add(b, is_test(f->cmd) ? &b->packet : &b->post, RULE_ITEM_FLOWBITS)->flowbits = f;
	return ERR_OK;
}

static int add_xbits(struct lang_build *b, struct rule_xbits *x, enum lang_name_kind names)
{
	x->id = build_name_id(b, names, x->name);
	build_add(b, is_test(x->cmd) ? &b->packet : &b->post, b->keyword->kind)->xbits = x;
	return ERR_OK;
}

int kw_xbits(struct lang_build *b, char *arg)
{
	struct rule_xbits *x = LANG_NEW(b->arena, struct rule_xbits);
	char *args[4], *track, *expire;
	unsigned n = lang_split(arg, ',', args, 4);

	x->expire = 30;
	if (n < 3 || n > 4 || strncmp(args[2], "track", 5) != 0 || !lang_space(args[2][5]) ||
	    !*args[1])
		return lang_fail(b, "it needs a command, a name, \"track\" with what, then perhaps "
				    "\"expire\" with seconds");
	track = lang_trim(args[2] + 5);
	if (!bit_command(args[0], &x->cmd))
		return lang_fail(b, "\"%s\" is none of set, unset, toggle, isset and isnotset",
				 args[0]);
	if (!lang_one_of("ip_src|ip_dst|ip_pair", track))
		return lang_fail(b, "track must be ip_src, ip_dst or ip_pair, not \"%s\"", track);
	x->track = strcmp(track, "ip_src") == 0	  ? RULE_TRACK_SRC
		   : strcmp(track, "ip_dst") == 0 ? RULE_TRACK_DST
						  : RULE_TRACK_PAIR;
	if (n == 4) {
		expire = strncmp(args[3], "expire", 6) == 0 ? lang_trim(args[3] + 6) : NULL;
		if (!expire || !lang_u32(expire, &x->expire) || x->expire == 0)
			return lang_fail(b, "expire needs a number of seconds above 0");
	}
	x->name = lang_arena_intern(b->arena, slice_of(args[1]));
	return add_xbits(b, x, LANG_NAME_XBIT);
}

int kw_hostbits(struct lang_build *b, char *arg)
{
	struct rule_xbits *x = LANG_NEW(b->arena, struct rule_xbits);
	char *args[3];
	unsigned n = lang_split(arg, ',', args, 3);

	if (n == 1 && strcmp(args[0], "noalert") == 0) {
		b->rule->noalert = true;
		return ERR_OK;
	}
	if (n < 2 || n > 3 || !*args[1] || strpbrk(args[1], " \t"))
		return lang_fail(b, "it needs a command and a name, then perhaps src or dst");
	if (!bit_command(args[0], &x->cmd))
		return lang_fail(b, "\"%s\" is none of set, unset, toggle, isset and isnotset",
				 args[0]);
	x->track = RULE_TRACK_SRC;
	if (n == 3 && strcmp(args[2], "dst") == 0)
		x->track = RULE_TRACK_DST;
	else if (n == 3 && strcmp(args[2], "src") != 0)
		return lang_fail(b, "the host must be src or dst, not \"%s\"", args[2]);
	x->name = lang_arena_intern(b->arena, slice_of(args[1]));
	return add_xbits(b, x, LANG_NAME_HOSTBIT);
}

/* ---- variables ---- */

static const struct {
	const char *text;
	enum rule_flowint_op op;
	bool alone, change;
} flowint_ops[] = {
	{"=", RULE_FLOWINT_SET, false, true},
	{"+", RULE_FLOWINT_ADD, false, true},
	{"-", RULE_FLOWINT_SUB, false, true},
	{"==", RULE_FLOWINT_EQ, false, false},
	{"!=", RULE_FLOWINT_NE, false, false},
	{"<", RULE_FLOWINT_LT, false, false},
	{"<=", RULE_FLOWINT_LE, false, false},
	{">", RULE_FLOWINT_GT, false, false},
	{">=", RULE_FLOWINT_GE, false, false},
	{"isset", RULE_FLOWINT_ISSET, true, false},
	{"isnotset", RULE_FLOWINT_ISNOTSET, true, false},
	{"notset", RULE_FLOWINT_ISNOTSET, true, false},
};

static int flowint_operand(struct lang_build *b, const char *text, struct rule_flowint *f)
{
	if (lang_digit(*text)) {
		if (!lang_u32(text, &f->number))
			return lang_fail(b, "\"%s\" is no number of 32 bits", text);
		return ERR_OK;
	}
	f->operand_var = lang_arena_intern(b->arena, slice_of(text));
	f->operand_id = build_name_id(b, LANG_NAME_VAR, f->operand_var);
	return ERR_OK;
}

/* At least two letters, digits and of `more`, as Suricata wants it. */
static bool is_name(const char *s, const char *more)
{
	if (!lang_alpha(s[0]) || !s[1])
		return false;
	for (; *s; s++) {
		if (!lang_alpha(*s) && !lang_digit(*s) && !strchr(more, *s))
			return false;
	}
	return true;
}

/* "name,+1" is "name,+,1"; `op` has room for the operator then. */
static unsigned flowint_args(char *arg, char *args[3], char op[4])
{
	unsigned n = lang_split(arg, ',', args, 3);
	size_t len = n == 2 ? strspn(args[1], "=+-!<>") : 0;

	if (len > 0 && len < 4 && args[1][len]) {
		memcpy(op, args[1], len);
		op[len] = '\0';
		args[2] = lang_trim(args[1] + len);
		args[1] = op;
		n = 3;
	}
	return n;
}

int kw_flowint(struct lang_build *b, char *arg)
{
	struct rule_flowint *f = LANG_NEW(b->arena, struct rule_flowint);
	char *args[3], op[4];
	unsigned n = flowint_args(arg, args, op);
	size_t i = ARRAY_SIZE(flowint_ops);

	if (n >= 2 && n <= 3 && is_name(args[0], "_./")) {
		for (i = 0;
		     i < ARRAY_SIZE(flowint_ops) && strcmp(flowint_ops[i].text, args[1]) != 0; i++)
			;
	}
	if (i == ARRAY_SIZE(flowint_ops) || (!flowint_ops[i].alone && (n < 3 || !*args[2])))
		return lang_fail(b,
				 "it needs a name and isset or isnotset, or a name, one of = + - "
				 "== != < <= > >= and a number or name");
	f->name = lang_arena_intern(b->arena, slice_of(args[0]));
	f->id = build_name_id(b, LANG_NAME_VAR, f->name);
	f->op = flowint_ops[i].op;
	if (!flowint_ops[i].alone) {
		if (!lang_digit(*args[2]) && !is_name(args[2], "_"))
			return lang_fail(b, "\"%s\" is neither a number nor a name", args[2]);
		if (flowint_operand(b, args[2], f) != ERR_OK)
			return ERR_INVALID;
	}
	build_add(b, flowint_ops[i].change ? &b->post : &b->packet, RULE_ITEM_FLOWINT)->flowint = f;
	return ERR_OK;
}

int kw_varmatch(struct lang_build *b, char *arg)
{
	struct rule_varmatch *v = LANG_NEW(b->arena, struct rule_varmatch);
	char *comma = strchr(arg, ','), *bytes;
	size_t len;

	if (!comma)
		return lang_fail(b, "it needs a name, a comma and the bytes it must hold");
	*comma = '\0';
	bytes = lang_trim(comma + 1);
	len = strlen(bytes);
	if (len > 1 && *bytes == '"' && bytes[len - 1] == '"') {
		bytes[len - 1] = '\0';
		bytes++;
	}
	v->name = lang_arena_intern(b->arena, slice_of(lang_trim(arg)));
	v->id = build_name_id(b, LANG_NAME_VAR, v->name);
	if (kw_bytes(b, bytes, &v->bytes) != ERR_OK)
		return ERR_INVALID;
	build_add(b, &b->packet, b->keyword->kind)->varmatch = v;
	return ERR_OK;
}

/* ---- hosts ---- */

int kw_iprep(struct lang_build *b, char *arg)
{
	struct rule_iprep *r = LANG_NEW(b->arena, struct rule_iprep);
	static const struct {
		const char *word;
		enum rule_track track;
	} sides[] = {{"any", RULE_TRACK_EITHER},
		     {"src", RULE_TRACK_SRC},
		     {"dst", RULE_TRACK_DST},
		     {"both", RULE_TRACK_BOTH}};
	char *args[4], compare[32];
	unsigned n = lang_split(arg, ',', args, 4);
	size_t i;
	uint64_t score;

	for (i = 0; n >= 3 && n <= 4 && i < ARRAY_SIZE(sides); i++) {
		if (strcmp(sides[i].word, args[0]) == 0)
			break;
	}
	if (n == 3 && b->opts->lang >= 8 && i < ARRAY_SIZE(sides)) {
		r->isset = strcmp(args[2], "isset") == 0;
		r->isnotset = strcmp(args[2], "isnotset") == 0;
	}
	if (n < 3 || n > 4 || i == ARRAY_SIZE(sides) ||
	    (n == 3 ? !r->isset && !r->isnotset
		    : !lang_one_of("<|>|=|<=|>=", args[2]) || !lang_u64(args[3], 10, 127, &score)))
		return lang_fail(b,
				 "it needs any, src, dst or both, a category, one of < > = and a "
				 "score from 0 to 127");
	r->track = sides[i].track;
	r->category = lang_arena_intern(b->arena, slice_of(args[1]));
	if (n == 4) {
		snprintf(compare, sizeof(compare), "%s%u", args[2], (unsigned)score);
		if (!kw_read_uint(compare, 8, false, &r->value))
			r->value = (struct rule_uint){0, 255, 8, true, 0};
	}
	build_add(b, &b->packet, RULE_ITEM_IPREP)->iprep = r;
	return ERR_OK;
}

int kw_geoip(struct lang_build *b, char *arg)
{
	enum { COUNTRIES_MAX = 64 };
	struct rule_geoip *g = LANG_NEW(b->arena, struct rule_geoip);
	const char **countries = LANG_NEW_N(b->arena, const char *, COUNTRIES_MAX);
	char *word;

	while ((word = lang_next(&arg, ','))) {
		word = lang_trim(word);
		if (*word == '!') {
			g->negated = true;
			word++;
		}
		if (strcmp(word, "src") == 0) {
			g->source = true;
		} else if (strcmp(word, "dst") == 0) {
			g->destination = true;
		} else if (strcmp(word, "both") == 0) {
			g->source = g->destination = g->both = true;
		} else if (strcmp(word, "any") == 0) {
			g->source = g->destination = true;
		} else {
			if (strlen(word) != 2 || !lang_alpha(word[0]) || !lang_alpha(word[1]))
				return lang_fail(b, "\"%s\" is no country of two letters", word);
			if (g->count == COUNTRIES_MAX)
				return lang_fail(b, "more than %d countries", COUNTRIES_MAX);
			countries[g->count++] = lang_arena_intern(b->arena, slice_of(word));
		}
	}
	if (g->count == 0)
		return lang_fail(b, "a country is missing");
	if (!g->source && !g->destination)
		g->source = g->destination = true;
	g->countries = countries;
	build_add(b, &b->packet, RULE_ITEM_GEOIP)->geoip = g;
	return ERR_OK;
}

/* ---- application protocol ---- */

int kw_app_protocol(struct lang_build *b, char *arg)
{
	struct rule_named *n = LANG_NEW(b->arena, struct rule_named);

	n->negated = b->negated;
	if (!lang_app_known(arg) && strcmp(arg, "failed") != 0)
		return lang_fail(b, "\"%s\" is no application protocol", arg);
	if (b->app)
		return lang_fail(b, "the rule is for %s already", b->app);
	n->name = lang_arena_intern(b->arena, slice_of(arg));
	for (uint32_t i = 0; i < b->packet.count; i++) {
		const struct rule_item *o = &b->packet.items[i];

		if (o->kind != RULE_ITEM_APP_PROTOCOL)
			continue;
		if (!n->negated || !o->named->negated)
			return lang_fail(b, "one that is not negated can stand beside no other");
		if (strcmp(o->named->name, n->name) == 0)
			return lang_fail(b, "%s is given twice", n->name);
	}
	build_add(b, &b->packet, RULE_ITEM_APP_PROTOCOL)->named = n;
	return ERR_OK;
}

int kw_app_event(struct lang_build *b, char *arg)
{
	enum { EVENT_MAX = 50 }; /* as in Suricata */
	struct rule_named *n = LANG_NEW(b->arena, struct rule_named);
	char *dot = strchr(arg, '.');
	struct rule_item *item;

	arg = lang_trim(arg);
	if (!dot) {
		if (!lang_event_known("applayer", arg))
			return lang_fail(b, "there is no event %s", arg);
		n->name = lang_arena_intern(b->arena, slice_of(arg));
		build_add(b, &b->packet, RULE_ITEM_APP_EVENT)->named = n;
		return ERR_OK;
	}
	if (strlen(arg) > EVENT_MAX)
		return lang_fail(b, "it is longer than %d bytes", EVENT_MAX);
	n->name = lang_arena_intern(b->arena, slice_of(arg));
	*dot = '\0';
	if (strcmp(arg, "file") != 0 && !lang_app_known(arg))
		return lang_fail(b, "\"%s\" is no application protocol", arg);
	if (!head_carries_apps(b))
		return lang_fail(b, "the rule's protocol carries no %s", arg);
	/* What the rule's transport does not carry has no events there, says Suricata. */
	if (!lang_event_known(arg, dot + 1) || !head_shares_layer(b, arg))
		return lang_skip(b, "there is no event %s", n->name);
	if (strcmp(arg, "file") != 0 &&
	    build_app(b, strcmp(arg, "http") == 0 ? "http1" : arg) != ERR_OK)
		return ERR_INVALID;
	item = build_add_to(b, NULL, "app-layer-events", RULE_ITEM_APP_EVENT);
	if (!item)
		return ERR_INVALID;
	item->named = n;
	return ERR_OK;
}
