#include "signatures/lang/parse.h"

#include <string.h>

#include "signatures/lang/head.h"
#include "signatures/lang/index.h"
#include "signatures/lang/keywords.h"
#include "signatures/lang/kw.h"
#include "signatures/lang/text.h"

struct option {
	char *name, *value; /* value NULL without a colon */
};

/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates. */
static bool is_utf8(const uint8_t *s)
{
	while (*s) {
		uint32_t c = *s++, least = 0;
		int more = c < 0x80	  ? 0
			   : c >> 5 == 6  ? 1
			   : c >> 4 == 14 ? 2
			   : c >> 3 == 30 ? 3
					  : -1;

		if (more < 0)
			return false;
		if (more) {
			least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
			c &= 0x3fu >> more;
		}
		for (int i = 0; i < more; i++, s++) {
			if (*s >> 6 != 2)
				return false;
			c = c << 6 | (*s & 0x3f);
		}
		if (c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return false;
	}
	return true;
}

static bool has_control(const char *s)
{
	for (; *s; s++) {
		if (((unsigned char)*s < 0x20 && !strchr("\n\r\t", *s)) || *s == 0x7f)
			return true;
	}
	return false;
}

static void trim_end(char *s)
{
	for (size_t len = strlen(s); len > 0 && lang_blank(s[len - 1]); len--)
		s[len - 1] = '\0';
}

/* Cuts one option off at its ; (\; is none). */
static int next_option(struct lang_build *b, char **text, struct option *ret)
{
	char *name = *text, *end;

	while (lang_blank(*name))
		name++;
	for (end = name; (end = strchr(end, ';')) && end > name && end[-1] == '\\'; end++)
		;
	if (!end)
		return lang_fail(b, "an option does not end with ;");
	*end = '\0';
	*text = end + 1;
	ret->name = name;
	ret->value = strchr(name, ':');
	if (ret->value) {
		*ret->value++ = '\0';
		trim_end(ret->value);
	}
	trim_end(name);
	return ERR_OK;
}

/* All options into `list`; the brackets round them are cut off. */
static int split_options(struct lang_build *b, char *text, struct option *list)
{
	size_t len;

	while (lang_space(*text) || *text == '(')
		text++;
	for (len = strlen(text); len > 0 && (lang_space(text[len - 1]) || text[len - 1] == ')');
	     len--)
		text[len - 1] = '\0';
	while (*text) {
		if (b->noptions == LANG_KEYWORDS_MAX)
			return lang_fail(b, "more than %d options", LANG_KEYWORDS_MAX);
		if (next_option(b, &text, &list[b->noptions]) != ERR_OK)
			return ERR_INVALID;
		b->noptions++;
	}
	return ERR_OK;
}

/* Takes the quotes off. */
static int unquote(struct lang_build *b, char **value)
{
	char *s = *value;
	size_t len;

	trim_end(s);
	len = strlen(s);
	if (len < 2 || s[len - 1] != '"')
		return lang_fail(
			b, "the \" is not closed at the end of the option, perhaps for a missing "
			   "or unescaped ;");
	s[len - 1] = '\0';
	*value = s + 1;
	return len > 2 ? ERR_OK : lang_fail(b, "it is empty");
}

/* The argument as the set-up function wants it. */
static int prepare(struct lang_build *b, struct option *o, uint16_t flags)
{
	bool given = o->value && *o->value;

	b->negated = false;
	if (flags & KW_NOARG)
		return given ? lang_fail(b, "it takes no argument") : ERR_OK;
	if (!given)
		return flags & KW_OPTARG ? ERR_OK : lang_fail(b, "its argument is missing");
	while (lang_blank(*o->value))
		o->value++;
	if (flags & KW_NEGATION && *o->value == '!') {
		b->negated = true;
		o->value++;
		while (lang_blank(*o->value))
			o->value++;
	}
	if (!*o->value)
		return lang_fail(b, "its argument is missing");
	if (flags & (KW_QUOTES | KW_QUOTED) && *o->value == '"')
		return unquote(b, &o->value);
	if (flags & KW_QUOTED)
		return lang_fail(b, "its argument must stand in \" \"");
	if (*o->value == '"')
		return lang_fail(b, "its argument must not stand in \" \"");
	return ERR_OK;
}

static const struct lang_keyword sticky = {.flags = KW_NOARG};

static int set_up(struct lang_build *b, struct option *o, bool first)
{
	struct lang_word word = lang_index_word(b->set->index, o->name, b->opts->lang);
	struct lang_keyword named = sticky;
	int e;

	b->written = o->name;
	if (!word.keyword && !word.buffer) {
		if (first)
			return ERR_OK;
		b->keyword = &named;
		return lang_fail(
			b, "there is no such keyword%s",
			lang_index_word(b->set->index, o->name, UINT8_MAX).keyword ||
					lang_index_word(b->set->index, o->name, UINT8_MAX).buffer
				? " in this release (lang=8 has it)"
				: "");
	}
	if (first != (word.keyword && word.keyword->flags & KW_FIRST))
		return ERR_OK;
	if (word.buffer)
		named.name = word.buffer->name;
	b->keyword = word.keyword ? word.keyword : &named;
	e = prepare(b, o, b->keyword->flags);
	if (e == ERR_OK)
		e = word.keyword ? word.keyword->setup(b, o->value && *o->value ? o->value : NULL)
				 : kw_sticky(b, word.buffer);
	b->keyword = NULL;
	if (e != ERR_OK && !b->reason[0] && !b->not_required)
		lang_fail(b, "it cannot be used here");
	return e;
}

static int pass(struct lang_build *b, struct option *options, bool first)
{
	for (uint32_t i = 0; i < b->noptions; i++) {
		int e = set_up(b, &options[i], first);

		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

int lang_parse_rule(struct lang_build *b, char *text)
{
	struct option options[LANG_KEYWORDS_MAX];
	char *head[HEAD_PARTS];
	size_t len = strlen(text);
	int e;

	b->rule->gid = 1;
	b->rule->msg = b->rule->category = "";
	if (!is_utf8((const uint8_t *)text))
		return lang_fail(b, "the rule is not valid UTF-8");
	if (has_control(text))
		return lang_fail(b, "the rule holds control characters");
	if (len >= LANG_LINE_MAX)
		return lang_fail(b, "the rule is longer than %d bytes", LANG_LINE_MAX - 1);
	if (head_split(b, &text, head) != ERR_OK || split_options(b, text, options) != ERR_OK)
		return ERR_INVALID;
	e = pass(b, options, true);
	if (e != ERR_OK)
		return e;
	if (!b->sid_given)
		return lang_fail(b, "the rule has no sid");
	e = head_read(b, head);
	if (e == ERR_OK)
		e = pass(b, options, false);
	return e == ERR_OK ? build_finish(b) : e;
}
