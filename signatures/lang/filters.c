/* Threshold files: one statement a line, as Suricata's threshold.config:
 *   suppress gen_id G, sig_id S[, track by_src|by_dst|by_either, ip LIST]
 *   threshold|event_filter gen_id G, sig_id S, type T, track K, count N, seconds N
 *   rate_filter gen_id G, sig_id S, track K, count N, seconds N, new_action A, timeout N */
#include <stdlib.h>
#include <string.h>

#include "signatures/lang/head.h"
#include "signatures/lang/load.h"
#include "signatures/lang/text.h"

struct word {
	const char *name;
	int value;
};

static const struct word verbs[] = {{"suppress", RULE_THRESHOLD_SUPPRESS},
				    {"threshold", RULE_THRESHOLD_THRESHOLD},
				    {"event_filter", RULE_THRESHOLD_THRESHOLD},
				    {"rate_filter", RULE_THRESHOLD_RATE},
				    {NULL, 0}};
static const struct word types[] = {{"limit", RULE_THRESHOLD_LIMIT},
				    {"threshold", RULE_THRESHOLD_THRESHOLD},
				    {"both", RULE_THRESHOLD_BOTH},
				    {NULL, 0}};
static const struct word tracks[] = {{"by_src", RULE_TRACK_SRC},
				     {"by_dst", RULE_TRACK_DST},
				     {"by_both", RULE_TRACK_PAIR},
				     {"by_rule", RULE_TRACK_RULE},
				     {NULL, 0}};
static const struct word suppressed[] = {{"by_src", RULE_TRACK_SRC},
					 {"by_dst", RULE_TRACK_DST},
					 {"by_either", RULE_TRACK_EITHER},
					 {NULL, 0}};
static const struct word actions[] = {{"alert", RULE_ALERT},
				      {"drop", RULE_DROP},
				      {"pass", RULE_PASS},
				      {"log", RULE_ALERT},
				      {"sdrop", RULE_DROP},
				      {"reject", RULE_REJECT},
				      {NULL, 0}};

/* The value behind `name` at *text, which moves behind the comma after it; NULL with a reason. */
static char *part(struct lang_build *b, char **text, const char *name)
{
	size_t n = strlen(name);
	char *piece, *at;

	piece = *text ? head_next(text) : NULL;
	if (!piece) {
		lang_fail(b, "%s is missing", name);
		return NULL;
	}
	at = lang_trim(piece);
	if (strncmp(at, name, n) != 0) {
		lang_fail(b, "%s is expected where \"%s\" stands", name, at);
		return NULL;
	}
	return lang_trim(at + n);
}

static int number(struct lang_build *b, char **text, const char *name, uint32_t *ret)
{
	char *value = part(b, text, name);

	if (!value)
		return ERR_INVALID;
	if (!lang_u32(value, ret))
		return lang_fail(b, "%s: \"%s\" is not a number", name, value);
	return ERR_OK;
}

static int one_of(struct lang_build *b, char **text, const char *name, const struct word *words,
		  int *ret)
{
	char *value = part(b, text, name);

	if (!value)
		return ERR_INVALID;
	for (; words->name; words++) {
		if (strcmp(words->name, value) == 0) {
			*ret = words->value;
			return ERR_OK;
		}
	}
	return lang_fail(b, "%s: \"%s\" is not known", name, value);
}

static int track(struct lang_build *b, char **text, const struct word *words,
		 struct rule_threshold *t)
{
	int value;

	if (one_of(b, text, "track", words, &value) != ERR_OK)
		return ERR_INVALID;
	t->track = (enum rule_track)value;
	return ERR_OK;
}

static int suppress(struct lang_build *b, char *text, struct lang_filter *f)
{
	bool negated = false;
	char *list;

	f->threshold.track = RULE_TRACK_RULE;
	if (!text)
		return ERR_OK;
	if (track(b, &text, suppressed, &f->threshold) != ERR_OK)
		return ERR_INVALID;
	list = text ? lang_trim(text) : "";
	if (strncmp(list, "ip", 2) != 0)
		return lang_fail(b, "ip is missing");
	return head_addrs(b, lang_trim(list + 2), &f->addrs, &negated);
}

static int counted(struct lang_build *b, char *text, struct rule_threshold *t)
{
	bool rate = t->type == RULE_THRESHOLD_RATE;
	int value;

	if (!rate) {
		if (one_of(b, &text, "type", types, &value) != ERR_OK)
			return ERR_INVALID;
		t->type = (enum rule_threshold_type)value;
	}
	if (track(b, &text, tracks, t) != ERR_OK ||
	    number(b, &text, "count", &t->count) != ERR_OK ||
	    number(b, &text, "seconds", &t->seconds) != ERR_OK)
		return ERR_INVALID;
	if (t->count == 0 || t->seconds == 0)
		return lang_fail(b, "count and seconds must be above 0");
	if (rate) {
		if (one_of(b, &text, "new_action", actions, &value) != ERR_OK ||
		    number(b, &text, "timeout", &t->timeout) != ERR_OK)
			return ERR_INVALID;
		t->new_action = (enum rule_action)value;
	}
	return text ? lang_fail(b, "\"%s\" is too much", lang_trim(text)) : ERR_OK;
}

/* "suppress gen_id 1, ...": the verb and where the rest begins. */
static int verb(struct lang_build *b, char **text, struct lang_filter *f)
{
	char *at = lang_trim(*text), *end = at + strcspn(at, " \t");
	bool more = *end;

	*end = '\0';
	for (const struct word *w = verbs; w->name; w++) {
		if (strcmp(w->name, at) == 0) {
			f->threshold.type = (enum rule_threshold_type)w->value;
			*text = more ? end + 1 : NULL;
			return ERR_OK;
		}
	}
	return lang_fail(b, "\"%s\" is not suppress, threshold, event_filter or rate_filter", at);
}

static int statement(struct lang_build *b, char *text, struct lang_filter *f)
{
	if (verb(b, &text, f) != ERR_OK || number(b, &text, "gen_id", &f->gid) != ERR_OK ||
	    number(b, &text, "sig_id", &f->sid) != ERR_OK)
		return ERR_INVALID;
	if (f->sid > 0 && f->gid == 0)
		return lang_fail(b, "gen_id 0 goes with sig_id 0 only");
	if (f->threshold.type == RULE_THRESHOLD_SUPPRESS)
		return suppress(b, text, f);
	return counted(b, text, &f->threshold);
}

static const struct lang_filter **last_of(struct lang_set *set)
{
	const struct lang_filter **at = &set->filters;

	while (*at)
		at = (const struct lang_filter **)&(*at)->next;
	return at;
}

static int one_line(struct lang_build *b, char *text, const char *file, uint32_t line,
		    const struct lang_filter ***end)
{
	struct lang_filter *f;

	if (!load_reserve(b->set, strlen(text)))
		return ERR_NOMEM;
	b->reason[0] = b->about[0] = '\0';
	b->verdict = LANG_FAILED;
	f = LANG_NEW(b->arena, struct lang_filter);
	f->file = file;
	f->line = line;
	if (statement(b, text, f) != ERR_OK) {
		snprintf(b->about, sizeof(b->about), "threshold file");
		load_problem(b, file, line, f->sid);
		return ERR_OK;
	}
	**end = f;
	*end = (const struct lang_filter **)&f->next;
	return ERR_OK;
}

static bool nothing(const char *text)
{
	while (lang_space(*text))
		text++;
	return *text == '\0' || *text == '#';
}

/* Cuts white space and a \ off the end: true when the statement goes on. */
static bool goes_on(char *text, size_t *len)
{
	while (*len > 0 && lang_space(text[*len - 1]))
		--*len;
	if (*len == 0 || text[*len - 1] != '\\') {
		text[*len] = '\0';
		return false;
	}
	text[--*len] = '\0';
	return true;
}

int lang_load_filter_bytes(struct slice bytes, const char *name, const struct lang_vars *vars,
			   const struct lang_opts *opts, struct lang_set *set)
{
	struct lang_build *b = load_begin(set, vars, opts);
	char *text = malloc(bytes.len + 1);
	const struct lang_filter **end = last_of(set);
	const char *file;
	uint32_t line = 0, begin = 1;
	size_t len = 0;
	int e = b && text ? ERR_OK : ERR_NOMEM;

	file = b ? lang_arena_intern(set->arena, slice_of(name)) : "";
	for (size_t pos = 0; e == ERR_OK && pos < bytes.len;) {
		const uint8_t *stop = memchr(bytes.data + pos, '\n', bytes.len - pos);
		size_t n = stop ? (size_t)(stop - bytes.data) - pos : bytes.len - pos;

		line++;
		if (len == 0)
			begin = line;
		for (size_t i = 0; i < n; i++)
			text[len++] = bytes.data[pos + i] ? (char)bytes.data[pos + i] : '?';
		pos += n + 1;
		if (goes_on(text, &len) && pos < bytes.len)
			continue;
		if (len > 0 && !nothing(text))
			e = one_line(b, text, file, begin, &end);
		len = 0;
	}
	free(text);
	free(b);
	load_publish(set);
	return e;
}

int lang_load_filters(const char *path, const struct lang_vars *vars, const struct lang_opts *opts,
		      struct lang_set *set, struct errmsg *e)
{
	struct slice bytes;
	int code = load_read(path, &bytes, e);

	if (code != ERR_OK)
		return code;
	code = lang_load_filter_bytes(bytes, path, vars, opts, set);
	free((void *)bytes.data);
	if (code == ERR_NOMEM)
		errmsg_set(e, code, "no memory for %s", path);
	return code;
}
