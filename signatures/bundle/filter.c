/* enable.conf, disable.conf, drop.conf, modify.conf */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <fnmatch.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "signatures/bundle/rules.h"

const char *const filter_files[FILTER_USES] = {"disable.conf", "enable.conf", "drop.conf",
					       "modify.conf"};

enum kind { BY_SID, BY_GROUP, BY_TEXT, BY_METADATA, ALL };

struct filter {
	enum filter_use use;
	enum kind kind;
	char layer[32];
	unsigned line;
	uint32_t gid, sid;
	char *text;	   /* group, or metadata "key value" */
	pcre2_code *match; /* BY_TEXT */
	pcre2_code *from;  /* FILTER_MODIFY */
	char *to;
};

static void filter_done(struct filter *f)
{
	free(f->text);
	free(f->to);
	pcre2_code_free(f->match);
	pcre2_code_free(f->from);
}

void filters_done(struct filters *f)
{
	for (unsigned i = 0; i < f->n; i++)
		filter_done(&f->list[i]);
	free(f->list);
	*f = (struct filters){0};
}

const char *filter_text(const struct filter *f, char ret[128])
{
	snprintf(ret, 128, "%s/%s:%u", f->layer, filter_files[f->use], f->line);
	return ret;
}

/* --- reading a line --- */

static bool compile(const char *pattern, uint32_t options, pcre2_code **ret, char why[128])
{
	PCRE2_SIZE at;
	int error;

	*ret = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &error, &at,
			     NULL);
	if (*ret) /* without machine code made of it: what installs bundles may not make any */
		return true;
	pcre2_get_error_message(error, (PCRE2_UCHAR *)why, 100);
	snprintf(why + strlen(why), 28, " at %zu", at);
	return false;
}

static bool read_number(const char **at, uint32_t *ret)
{
	char *end;
	unsigned long n = strtoul(*at, &end, 10);

	if (end == *at || n == 0 || n > UINT32_MAX || !isdigit((unsigned char)**at))
		return false;
	*ret = (uint32_t)n;
	*at = end;
	return true;
}

/* "sid" or "gid:sid", to the end of the word. */
static bool read_sid(const char *word, struct filter *f)
{
	f->gid = 1;
	if (!read_number(&word, &f->sid))
		return false;
	if (*word == ':') {
		f->gid = f->sid;
		word++;
		if (!read_number(&word, &f->sid))
			return false;
	}
	return *word == '\0';
}

/* Behind "group:", "filename:" or "metadata:"; a group's name without its ending. */
static bool read_named(const char *value, enum kind kind, struct filter *f, char why[128])
{
	size_t n;

	value += strspn(value, " \t");
	n = strlen(value);
	if (kind == BY_GROUP && n > 6 && strcmp(value + n - 6, ".rules") == 0)
		n -= 6;
	f->kind = kind;
	f->text = strndup(value, n);
	snprintf(why, 128, "nothing stands behind the colon");
	return f->text && n > 0;
}

static bool read_matcher(const char *word, struct filter *f, char why[128])
{
	size_t n = strlen(word);

	if (strncmp(word, "re:", 3) == 0) {
		f->kind = BY_TEXT;
		return compile(word + 3 + strspn(word + 3, " \t"), PCRE2_CASELESS, &f->match, why);
	}
	if (strncmp(word, "group:", 6) == 0)
		return read_named(word + 6, BY_GROUP, f, why);
	if (strncmp(word, "filename:", 9) == 0)
		return read_named(word + 9, BY_GROUP, f, why);
	if (strncmp(word, "metadata:", 9) == 0)
		return read_named(word + 9, BY_METADATA, f, why);
	if (n > 6 && strcmp(word + n - 6, ".rules") == 0)
		return read_named(word, BY_GROUP, f, why);
	f->kind = strcmp(word, "*") == 0 ? ALL : BY_SID;
	snprintf(why, 128, "neither *, a number, a file nor group:, re: or metadata:");
	return f->kind == ALL || read_sid(word, f);
}

/* The next word as a shell takes it: blanks end it, quotes hold it together, within double quotes a
 * backslash stands for itself unless a quote or a backslash follows. In place; NULL at the end, or
 * when a quote is left open (*bad). */
static char *shell_word(char **at, bool *bad)
{
	char *from = *at + strspn(*at, " \t"), *to = from, *begin = from, quote = 0;

	if (!*from)
		return NULL;
	for (; *from && (quote || (*from != ' ' && *from != '\t')); from++) {
		if (!quote && (*from == '"' || *from == '\''))
			quote = *from;
		else if (*from == quote)
			quote = 0;
		else if (*from == '\\' && quote != '\'' && from[1] &&
			 (!quote || from[1] == '"' || from[1] == '\\'))
			*to++ = *++from;
		else
			*to++ = *from;
	}
	*bad |= quote != 0;
	*at = *from ? from + 1 : from;
	*to = '\0';
	return *bad ? NULL : begin;
}

/* Python's \1 and the older ${1} as PCRE2's ${1}; a '$' of its own is doubled. */
static char *replacement(const char *text)
{
	char *to = malloc(strlen(text) * 4 + 1);
	size_t n = 0;

	for (; to && *text; text++) {
		if (*text == '\\' && isdigit((unsigned char)text[1])) {
			to[n++] = '$';
			to[n++] = '{';
			to[n++] = *++text;
			to[n++] = '}';
		} else if (*text == '\\' && text[1] == '\\') {
			to[n++] = *++text;
		} else {
			if (*text == '$' && !(text[1] == '{' && isdigit((unsigned char)text[2])))
				to[n++] = '$';
			to[n++] = *text;
		}
	}
	if (to)
		to[n] = '\0';
	return to;
}

static void problem(struct filters *fs, const struct filter *f, const char *why)
{
	struct filter_problem *p;

	if (fs->n_problems == FILTER_PROBLEMS)
		return;
	p = &fs->problems[fs->n_problems++];
	snprintf(p->file, sizeof(p->file), "%s/%s", f->layer, filter_files[f->use]);
	p->line = f->line;
	snprintf(p->why, sizeof(p->why), "%.150s", why);
}

static int keep(struct filters *fs, struct filter *f, struct errmsg *e)
{
	if (fs->n == fs->cap) {
		unsigned cap = fs->cap ? fs->cap * 2 : 64;
		struct filter *more =
			cap > FILTER_LINES * 2 ? NULL : realloc(fs->list, cap * sizeof(*more));

		if (!more) {
			filter_done(f);
			return errmsg_set(e, ERR_LIMIT, "more than %d filter lines", FILTER_LINES);
		}
		fs->list = more;
		fs->cap = cap;
	}
	fs->list[fs->n++] = *f;
	return ERR_OK;
}

/* One matcher with its change; bad ones are problems. */
static int take(struct filters *fs, struct filter f, const char *word, const char *from,
		const char *to, struct errmsg *e)
{
	char why[128] = "";
	bool ok = read_matcher(word, &f, why);

	if (ok && f.use == FILTER_MODIFY) {
		f.to = replacement(to);
		ok = f.to && compile(from, 0, &f.from, why);
	}
	if (!ok) {
		problem(fs, &f, why);
		filter_done(&f);
		return ERR_OK;
	}
	return keep(fs, &f, e);
}

/* Numbers may be several with commas. */
static int take_words(struct filters *fs, struct filter f, char *what, const char *from,
		      const char *to, struct errmsg *e)
{
	char *word, *save = NULL;
	int rc = ERR_OK;

	if (!isdigit((unsigned char)*what))
		return take(fs, f, what, from, to, e);
	for (word = strtok_r(what, ", \t", &save); word && rc == ERR_OK;
	     word = strtok_r(NULL, ", \t", &save))
		rc = take(fs, f, word, from, to, e);
	return rc;
}

/* WHAT "from" "to", or Oinkmaster's modifysid WHAT "from" | "to". */
static int take_change(struct filters *fs, struct filter f, char *line, struct errmsg *e)
{
	bool bad = false, old = strncmp(line, "modifysid", 9) == 0 && strchr(" \t", line[9]);
	char *what, *from, *bar = "|", *to, *more;

	if (old)
		(void)shell_word(&line, &bad);
	what = shell_word(&line, &bad);
	from = what ? shell_word(&line, &bad) : NULL;
	if (old && from)
		bar = shell_word(&line, &bad);
	to = from && bar ? shell_word(&line, &bad) : NULL;
	more = to ? shell_word(&line, &bad) : NULL;
	if (!to || more || bad || strcmp(bar, "|") != 0) {
		problem(fs, &f, "written otherwise than WHAT \"from\" \"to\"");
		return ERR_OK;
	}
	return take_words(fs, f, what, from, to, e);
}

static int take_line(struct filters *fs, struct filter f, char *line, struct errmsg *e)
{
	return f.use == FILTER_MODIFY ? take_change(fs, f, line, e)
				      : take_words(fs, f, line, "", "", e);
}

int filters_read(struct filters *fs, enum filter_use use, const char *layer, struct slice text,
		 struct errmsg *e)
{
	struct filter f = {.use = use};
	int rc = ERR_OK;

	snprintf(f.layer, sizeof(f.layer), "%s", layer);
	while (text.len > 0 && rc == ERR_OK) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t n = end ? (size_t)(end - text.data) : text.len;
		char *line = strndup((const char *)text.data, n), *at = line;

		if (!line)
			return errmsg_set(e, ERR_NOMEM, "no memory for filters");
		f.line++;
		at += strspn(at, " \t");
		if (strstr(at, " #"))
			*strstr(at, " #") = '\0';
		for (size_t l = strlen(at); l > 0 && isspace((unsigned char)at[l - 1]); l--)
			at[l - 1] = '\0';
		if (*at && *at != '#')
			rc = take_line(fs, f, at, e);
		free(line);
		text = slice_sub(text, end ? n + 1 : n, text.len);
	}
	return rc;
}

/* --- applying --- */

struct tools {
	pcre2_match_data *data;
	pcre2_match_context *context;
};

static bool in_metadata(const char *text, const char *wanted)
{
	struct slice name, value;
	const char *at = text;

	while (rule_option(&at, &name, &value)) {
		if (!slice_eq(name, SLICE_LIT("metadata")))
			continue;
		while (value.len) {
			const uint8_t *comma = memchr(value.data, ',', value.len);
			size_t n = comma ? (size_t)(comma - value.data) : value.len, skip = 0;

			while (skip < n && isspace(value.data[skip]))
				skip++;
			while (n > skip && isspace(value.data[n - 1]))
				n--;
			if (slice_eq_nocase(SLICE(value.data + skip, n - skip), SLICE_STR(wanted)))
				return true;
			value = slice_sub(value,
					  comma ? (size_t)(comma - value.data) + 1 : value.len,
					  value.len);
		}
	}
	return false;
}

static bool matches(const struct filter *f, const struct rule_line *r, const struct tools *t)
{
	switch (f->kind) {
	case BY_SID:
		return f->gid == r->gid && f->sid == r->sid;
	case ALL:
		return true;
	case BY_GROUP:
		return fnmatch(f->text, r->group, 0) == 0;
	case BY_METADATA:
		return in_metadata(r->text, f->text);
	default:
		return pcre2_match(f->match, (PCRE2_SPTR)r->text, strlen(r->text), 0, 0, t->data,
				   t->context) >= 0;
	}
}

static int change(const struct filter *f, struct rule_line *r, const struct tools *t,
		  struct errmsg *e)
{
	PCRE2_SIZE room = strlen(r->text) * 2 + strlen(f->to) * 16 + 64;
	char *text = malloc(room);
	int n;

	if (!text)
		return errmsg_set(e, ERR_NOMEM, "no memory for the rules");
	n = pcre2_substitute(f->from, (PCRE2_SPTR)r->text, strlen(r->text), 0,
			     PCRE2_SUBSTITUTE_GLOBAL, t->data, t->context, (PCRE2_SPTR)f->to,
			     strlen(f->to), (PCRE2_UCHAR *)text, &room);
	if (n <= 0 || strpbrk(text, "\r\n")) {
		free(text);
		return ERR_OK;
	}
	free(r->text);
	r->text = text;
	r->modified = true;
	r->why = f;
	return ERR_OK;
}

/* What tells nobody anything stays. */
static int drop(const struct filter *f, struct rule_line *r, struct errmsg *e)
{
	size_t action = strspn(r->text, "abcdefghijklmnopqrstuvwxyz"), n = strlen(r->text) + 5;
	struct slice name, value;
	const char *at = r->text;
	char *text;

	while (rule_option(&at, &name, &value)) {
		if (slice_eq(name, SLICE_LIT("noalert")) ||
		    (slice_eq(name, SLICE_LIT("flowbits")) &&
		     slice_eq(value, SLICE_LIT("noalert"))))
			return ERR_OK;
	}
	text = malloc(n);
	if (!text)
		return errmsg_set(e, ERR_NOMEM, "no memory for the rules");
	snprintf(text, n, "drop%s", r->text + action);
	free(r->text);
	r->text = text;
	r->dropped = true;
	r->why = f;
	return ERR_OK;
}

static int apply(const struct filter *f, struct rule_line *r, const struct tools *t,
		 struct errmsg *e)
{
	if (!matches(f, r, t))
		return ERR_OK;
	switch (f->use) {
	case FILTER_MODIFY:
		return change(f, r, t, e);
	case FILTER_DROP:
		return drop(f, r, e);
	default:
		if (r->enabled != (f->use == FILTER_ENABLE))
			r->why = f;
		r->enabled = f->use == FILTER_ENABLE;
		return ERR_OK;
	}
}

static int apply_use(const struct filters *fs, enum filter_use use, const char *layer,
		     struct rule_table *table, const struct tools *t, struct errmsg *e)
{
	int rc = ERR_OK;

	for (unsigned i = 0; i < fs->n && rc == ERR_OK; i++) {
		const struct filter *f = &fs->list[i];

		if (f->use != use || strcmp(f->layer, layer) != 0)
			continue;
		if (f->kind == BY_SID) {
			struct rule_line *r = rule_table_find(table, f->gid, f->sid);

			rc = r ? apply(f, r, t, e) : ERR_OK;
			continue;
		}
		for (unsigned k = 0; k < table->n && rc == ERR_OK; k++)
			rc = apply(f, &table->rules[k], t, e);
	}
	return rc;
}

int filters_apply(const struct filters *fs, const char *layer, struct rule_table *table,
		  struct errmsg *e)
{
	struct tools t = {pcre2_match_data_create(32, NULL), pcre2_match_context_create(NULL)};
	int rc = t.data && t.context ? ERR_OK : errmsg_set(e, ERR_NOMEM, "no memory for filters");

	if (t.context)
		pcre2_set_match_limit(t.context, 1000000);
	for (enum filter_use use = 0; use < FILTER_USES && rc == ERR_OK; use++)
		rc = apply_use(fs, use, layer, table, &t, e);
	pcre2_match_data_free(t.data);
	pcre2_match_context_free(t.context);
	return rc;
}
