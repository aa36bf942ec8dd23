#include "signatures/lang/kw.h"

#include <stdio.h>
#include <string.h>

#include "signatures/lang/regex.h"
#include "signatures/lang/text.h"

/* pcre:"/expression/modifiers, flow:name, pkt:name" */

#define PLACED (BUILD_KIND(RULE_ITEM_CONTENT) | BUILD_KIND(RULE_ITEM_PCRE))

/* Modifier letters that are options of the expression. */
static const struct {
	char letter;
	uint32_t flag;
} letters[] = {
	{'A', RULE_PCRE_ANCHORED}, {'E', RULE_PCRE_DOLLAR_ENDONLY}, {'G', RULE_PCRE_UNGREEDY},
	{'i', RULE_PCRE_CASELESS}, {'m', RULE_PCRE_MULTILINE},	    {'s', RULE_PCRE_DOTALL},
	{'x', RULE_PCRE_EXTENDED}, {'O', RULE_PCRE_LIMIT},	    {'R', RULE_PCRE_RELATIVE},
	{'B', RULE_PCRE_RAWBYTES},
};

/* Where the argument's parts are. */
struct parts {
	char *expression, *modifiers, *names;
};

/* The names behind the expression begin at the first "flow:" or "pkt:" that a comma or blank stands
 * before; else the words belong to the expression. */
static char *find_names(char *arg)
{
	char *flow = strstr(arg, "flow:"), *pkt = strstr(arg, "pkt:");
	char *names = !flow || (pkt && pkt < flow) ? pkt : flow, *cut;

	if (!names || names - arg < 2)
		return NULL;
	for (cut = names; cut - 1 > arg && (cut[-1] == ',' || cut[-1] == ' '); cut--)
		;
	if (cut == names)
		return NULL;
	*cut = '\0';
	return names;
}

static int split(struct lang_build *b, char *arg, struct parts *ret)
{
	char *first, *last = NULL, *quote;
	char before;

	ret->names = find_names(arg);
	for (first = arg; *first && (*first != '/' || (first > arg && first[-1] == '\\')); first++)
		;
	for (char *c = *first ? first + 1 : first; *c; c++) {
		before = c > arg + 1 ? c[-2] : '\0';
		if (*c == '/' && (c[-1] != '\\' || before == '\\'))
			last = c;
	}
	if (!last)
		return lang_fail(b, "the expression must stand between two /");
	*last = '\0';
	ret->expression = first + 1;
	ret->modifiers = last + 1;
	quote = strchr(ret->modifiers, '"');
	if (quote)
		*quote = '\0';
	return ERR_OK;
}

static int read_modifiers(struct lang_build *b, const char *text, uint32_t *ret_flags,
			  const struct lang_buffer **ret_buffer)
{
	for (; *text; text++) {
		const struct lang_buffer *buffer = NULL;
		size_t i;

		for (i = 0; i < ARRAY_SIZE(letters) && letters[i].letter != *text; i++)
			;
		if (i < ARRAY_SIZE(letters)) {
			if (*text == 'B' && *ret_buffer)
				return lang_fail(b, "modifier B does not go together with one that "
						    "chooses a buffer");
			*ret_flags |= letters[i].flag;
			continue;
		}
		buffer = lang_buffer_by_letter(*text);
		if (!buffer)
			return lang_fail(b, "there is no modifier %c", *text);
		if (*ret_buffer)
			return lang_fail(b, "only one modifier can choose a buffer");
		if (*ret_flags & RULE_PCRE_RAWBYTES && !strchr("DPQYS", *text))
			return lang_fail(b, "modifier %c does not go together with B", *text);
		*ret_buffer = buffer;
	}
	return ERR_OK;
}

/* The host is always lower case. */
static bool has_upper(const char *s)
{
	for (; *s; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			if (*s == 'x')
				s += s[1] && s[2] ? 2 : 0;
		} else if (*s >= 'A' && *s <= 'Z') {
			return true;
		}
	}
	return false;
}

struct captures {
	struct rule_capture list[LANG_CAPTURES_MAX];
	uint32_t count;
};

static int add_capture(struct lang_build *b, struct captures *c, enum rule_capture_kind kind,
		       struct slice name, uint32_t group)
{
	struct rule_capture *to = &c->list[c->count];

	if (c->count == LANG_CAPTURES_MAX)
		return lang_fail(b, "more than %d captured variables", LANG_CAPTURES_MAX);
	c->count++;
	*to = (struct rule_capture){.group = group, .kind = kind};
	to->name = lang_arena_intern(b->arena, name);
	to->id = build_name_id(b, LANG_NAME_VAR, to->name);
	return ERR_OK;
}

/* "flow:a, pkt:b": the groups in order. */
static int listed_captures(struct lang_build *b, char *names, uint32_t groups, struct captures *c)
{
	char *name, *save = NULL;
	bool key = false;
	uint32_t group = 0;

	if (groups == 0)
		return ERR_OK; /* Suricata does not look at the names then */
	for (name = strtok_r(names, " ,", &save); name; name = strtok_r(NULL, " ,", &save)) {
		int e = ERR_OK;

		if (++group > groups)
			return lang_fail(b, "more names of variables than groups");
		if (strcmp(name, "pkt:value") == 0 || key) {
			if (!key || strcmp(name, "pkt:value") != 0)
				return lang_fail(b, "pkt:key and pkt:value must follow each other");
			key = false;
			continue;
		}
		key = strcmp(name, "pkt:key") == 0;
		if (strncmp(name, "flow:", 5) == 0)
			e = add_capture(b, c, RULE_CAPTURE_FLOW_VAR, slice_of(name + 5), group);
		else if (strncmp(name, "pkt:", 4) == 0)
			e = add_capture(b, c, RULE_CAPTURE_PACKET_VAR, slice_of(name + 4), group);
		else
			return lang_fail(b, "the name of a variable must begin with flow: or pkt:");
		if (e != ERR_OK)
			return e;
		c->list[c->count - 1].keyed = key;
		c->list[c->count - 1].listed = true;
	}
	return ERR_OK;
}

/* (?P<flow_a>...) and (?P<pkt_b>...) */
static int named_captures(struct lang_build *b, const char *expression, struct lang_regex *re,
			  struct captures *c)
{
	for (const char *at = strstr(expression, "(?P<"); at; at = strstr(at + 4, "(?P<")) {
		const char *name = at + 4, *end = strchr(name, '>');
		bool flow = strncmp(name, "flow_", 5) == 0, pkt = strncmp(name, "pkt_", 4) == 0;
		struct slice whole;
		int group;

		if (!end || (!flow && !pkt))
			continue;
		whole = SLICE(name, (size_t)(end - name));
		group = lang_regex_group(re, whole);
		if (group < 1 || whole.len <= (flow ? 5u : 4u))
			continue;
		if (add_capture(b, c, flow ? RULE_CAPTURE_FLOW_VAR : RULE_CAPTURE_PACKET_VAR,
				slice_sub(whole, flow ? 5 : 4, whole.len),
				(uint32_t)group) != ERR_OK)
			return ERR_INVALID;
	}
	return ERR_OK;
}

/* Compiles it to see that it is one, and works the captures out. */
static int compile(struct lang_build *b, const struct parts *p, struct rule_pcre *pcre)
{
	struct captures c = {.count = 0};
	struct errmsg why = {""};
	struct lang_regex *re;
	int e = ERR_OK;

	if (strlen(p->expression) > LANG_PCRE_MAX)
		return lang_fail(b, "the expression is longer than %d bytes", LANG_PCRE_MAX);
	pcre->pattern = lang_arena_text(b->arena, slice_of(p->expression));
	if (p->names && *p->names)
		pcre->flags |= RULE_PCRE_GROUPS;
	re = lang_regex_compile(pcre, &why);
	if (!re && !(pcre->flags & RULE_PCRE_GROUPS) && lang_regex_needs_groups(pcre)) {
		pcre->flags |= RULE_PCRE_GROUPS;
		re = lang_regex_compile(pcre, &why);
	}
	if (!re)
		return lang_fail(b, "the expression is not valid: %s", why.text);
	if (p->names && *p->names)
		e = listed_captures(b, p->names, lang_regex_groups(re), &c);
	if (e == ERR_OK)
		e = named_captures(b, pcre->pattern, re, &c);
	lang_regex_free(re);
	pcre->ncaptures = c.count;
	if (c.count)
		pcre->captures = memcpy(LANG_NEW_N(b->arena, struct rule_capture, c.count), c.list,
					c.count * sizeof(c.list[0]));
	return e;
}

/* The list it goes to: the active buffer, the one its letter chooses, or the payload. */
static struct rule_item *place(struct lang_build *b, const struct lang_buffer *buffer,
			       struct build_list **ret_list)
{
	if (b->active || b->active_base64) {
		if (buffer &&
		    (!b->active || strcmp(b->active_name, buffer->name) != 0 || b->npending)) {
			lang_fail(b, "its modifier chooses %s, but another buffer is in force",
				  buffer->name);
			return NULL;
		}
		if (build_settle(b) != ERR_OK)
			return NULL;
		*ret_list = build_active_list(b);
		return *ret_list ? build_add(b, *ret_list, RULE_ITEM_PCRE) : NULL;
	}
	if (buffer) {
		struct rule_item *item;

		if (b->app && !lang_app_covers(b->app, "http1")) {
			lang_fail(b, "it belongs to http, but the rule is for %s", b->app);
			return NULL;
		}
		if (build_app(b, "http1") != ERR_OK)
			return NULL;
		item = build_add_to(b, buffer, NULL, RULE_ITEM_PCRE);
		*ret_list = item ? &b->cur->items : NULL;
		return item;
	}
	*ret_list = &b->payload;
	return build_add(b, *ret_list, RULE_ITEM_PCRE);
}

int kw_pcre(struct lang_build *b, char *arg)
{
	struct rule_pcre *pcre = LANG_NEW(b->arena, struct rule_pcre);
	const struct lang_buffer *buffer = NULL;
	struct build_list *list;
	struct rule_item *item, *previous;
	struct parts p = {0};

	if (split(b, arg, &p) != ERR_OK ||
	    read_modifiers(b, p.modifiers, &pcre->flags, &buffer) != ERR_OK)
		return ERR_INVALID;
	if (b->negated)
		pcre->flags |= RULE_PCRE_NEGATED;
	if (buffer && strcmp(buffer->name, "http.host") == 0 &&
	    !(pcre->flags & RULE_PCRE_CASELESS) && has_upper(p.expression))
		return lang_fail(b,
				 "http.host is always lower case, but the expression has an upper "
				 "case letter");
	if (compile(b, &p, pcre) != ERR_OK)
		return ERR_INVALID;
	item = place(b, buffer, &list);
	if (!item)
		return ERR_INVALID;
	item->pcre = pcre;
	if (!(pcre->flags & RULE_PCRE_RELATIVE))
		return ERR_OK;
	previous = build_previous(list, item, PLACED);
	if (!previous && !b->active && !b->active_base64)
		return lang_fail(b, "R needs a content or pcre before it in the same buffer");
	if (previous)
		build_mark_relative(previous);
	return ERR_OK;
}
