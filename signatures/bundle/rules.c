#include "signatures/bundle/rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/hash.h"

void rule_table_done(struct rule_table *t)
{
	for (unsigned i = 0; i < t->n; i++)
		free(t->rules[i].text);
	for (unsigned i = 0; i < t->n_groups; i++)
		free(t->groups[i]);
	free(t->rules);
	free(t->groups);
	free(t->index);
	*t = (struct rule_table){0};
}

/* --- options of a rule's text --- */

static struct slice trimmed(const char *from, const char *to)
{
	while (from < to && isspace((unsigned char)*from))
		from++;
	while (to > from && isspace((unsigned char)to[-1]))
		to--;
	return SLICE(from, (size_t)(to - from));
}

/* The next ';' that is not escaped, or the end: quotes do not protect one. */
static const char *option_end(const char *at)
{
	for (; *at && *at != ';'; at++) {
		if (*at == '\\' && at[1])
			at++;
	}
	return at;
}

bool rule_option(const char **at, struct slice *ret_name, struct slice *ret_value)
{
	const char *begin = *at, *end, *colon;

	if (*begin != ';') { /* the first call */
		begin = strchr(begin, '(');
		if (!begin)
			return false;
	}
	begin++;
	end = option_end(begin);
	if (*end != ';')
		return false;
	colon = memchr(begin, ':', (size_t)(end - begin));
	*ret_name = trimmed(begin, colon ? colon : end);
	*ret_value = colon ? trimmed(colon + 1, end) : SLICE(end, 0);
	*at = end;
	return true;
}

static uint32_t number_of(struct slice s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return 0;
		n = n * 10 + (uint64_t)(s.data[i] - '0');
		if (n > UINT32_MAX)
			return 0;
	}
	return (uint32_t)n;
}

bool rule_numbers(const char *text, uint32_t *gid, uint32_t *sid, uint32_t *rev)
{
	struct slice name, value;
	const char *at = text;

	*gid = 1;
	*sid = 0;
	*rev = 0;
	while (rule_option(&at, &name, &value)) {
		if (slice_eq(name, SLICE_LIT("sid")))
			*sid = number_of(value);
		else if (slice_eq(name, SLICE_LIT("gid")))
			*gid = number_of(value);
		else if (slice_eq(name, SLICE_LIT("rev")))
			*rev = number_of(value);
	}
	return *sid != 0;
}

/* --- the table --- */

static unsigned slot_of(const struct rule_table *t, uint32_t gid, uint32_t sid)
{
	static const struct hash_key key = {0x72756c6573, 0x62616e6b656e};
	uint32_t both[2] = {gid, sid};
	unsigned at = (unsigned)hash_bytes(&key, both, sizeof(both)) & (t->index_size - 1);

	while (t->index[at]) {
		const struct rule_line *r = &t->rules[t->index[at] - 1];

		if (r->gid == gid && r->sid == sid)
			break;
		at = (at + 1) & (t->index_size - 1);
	}
	return at;
}

struct rule_line *rule_table_find(const struct rule_table *t, uint32_t gid, uint32_t sid)
{
	uint32_t at = t->index_size ? t->index[slot_of(t, gid, sid)] : 0;

	return at ? &t->rules[at - 1] : NULL;
}

static bool grow(struct rule_table *t)
{
	unsigned cap = t->cap ? t->cap * 2 : 1024;
	struct rule_line *more = realloc(t->rules, cap * sizeof(*more));

	if (!more)
		return false;
	t->rules = more;
	t->cap = cap;
	free(t->index);
	t->index_size = cap * 2;
	t->index = calloc(t->index_size, sizeof(*t->index));
	if (!t->index) {
		t->index_size = 0;
		return false;
	}
	for (unsigned i = 0; i < t->n; i++)
		t->index[slot_of(t, t->rules[i].gid, t->rules[i].sid)] = i + 1;
	return true;
}

/* Takes `text` over. The higher rev of two with the same numbers stays; of equals the later one. */
static int add(struct rule_table *t, char *text, bool enabled, const char *group, struct errmsg *e)
{
	struct rule_line r = {
		.enabled = enabled, .as_shipped = enabled, .group = group, .text = text};
	struct rule_line *old;

	if (!rule_numbers(text, &r.gid, &r.sid, &r.rev)) {
		/* A comment that looks like a rule is none; a rule must have its number. */
		t->unreadable += enabled;
		free(text);
		return ERR_OK;
	}
	old = rule_table_find(t, r.gid, r.sid);
	if (old) {
		t->doubles++;
		if (r.rev < old->rev) {
			free(text);
		} else {
			free(old->text);
			*old = r;
		}
		return ERR_OK;
	}
	if (t->n == RULE_LINES || (t->n == t->cap && !grow(t))) {
		free(text);
		return t->n == RULE_LINES
			       ? errmsg_set(e, ERR_LIMIT, "more than %d rules", RULE_LINES)
			       : errmsg_set(e, ERR_NOMEM, "no memory for the rules");
	}
	t->rules[t->n++] = r;
	t->index[slot_of(t, r.gid, r.sid)] = t->n;
	return ERR_OK;
}

/* --- lines --- */

static bool begins_rule(const char *text)
{
	static const char *const actions[] = {"alert",	"drop",	     "pass",	  "reject",
					      "config", "rejectsrc", "rejectdst", "rejectboth"};
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz");

	for (unsigned i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strlen(actions[i]) == n && strncmp(actions[i], text, n) == 0)
			return (text[n] == ' ' || text[n] == '\t') && strchr(text, '(');
	}
	return false;
}

/* The next line with its continuations joined, trimmed, as a string of its own. */
static char *next_line(struct slice *text)
{
	char *line = malloc(text->len + 1);
	size_t n = 0, i = 0;

	if (!line)
		return NULL;
	for (; i < text->len && text->data[i] != '\n'; i++) {
		bool more =
			text->data[i] == '\\' &&
			(i + 1 < text->len && (text->data[i + 1] == '\n' ||
					       (text->data[i + 1] == '\r' && i + 2 < text->len &&
						text->data[i + 2] == '\n')));

		if (more)
			i += text->data[i + 1] == '\r' ? 2 : 1;
		else
			line[n++] = text->data[i] ? (char)text->data[i] : ' ';
	}
	*text = slice_sub(*text, i < text->len ? i + 1 : i, text->len);
	while (n > 0 && isspace((unsigned char)line[n - 1]))
		n--;
	line[n] = '\0';
	return line;
}

/* A whole file's bytes are not needed for one line of it. */
static char *line_of(struct slice *text)
{
	const uint8_t *end = memchr(text->data, '\n', text->len);
	struct slice part = *text;
	char *line;

	while (end && end > text->data &&
	       (end[-1] == '\\' || (end[-1] == '\r' && end - text->data > 1 && end[-2] == '\\')))
		end = memchr(end + 1, '\n', text->len - (size_t)(end + 1 - text->data));
	if (end)
		part.len = (size_t)(end + 1 - text->data);
	line = next_line(&part);
	*text = slice_sub(*text, end ? (size_t)(end + 1 - text->data) : text->len, text->len);
	return line;
}

static const char *group_of(struct rule_table *t, const char *name)
{
	size_t n = strlen(name);
	char **more, *copy;

	if (n > 6 && strcmp(name + n - 6, ".rules") == 0)
		n -= 6;
	for (unsigned i = 0; i < t->n_groups; i++) {
		if (strlen(t->groups[i]) == n && strncmp(t->groups[i], name, n) == 0)
			return t->groups[i];
	}
	more = realloc(t->groups, (t->n_groups + 1) * sizeof(*more));
	if (!more)
		return NULL;
	t->groups = more;
	copy = strndup(name, n);
	if (copy)
		t->groups[t->n_groups++] = copy;
	return copy;
}

int rule_table_read(struct rule_table *t, struct slice text, const char *group, struct errmsg *e)
{
	const char *name = group_of(t, group);
	int rc = ERR_OK;

	if (!name || (!t->cap && !grow(t)))
		return errmsg_set(e, ERR_NOMEM, "no memory for the rules");
	while (text.len > 0 && rc == ERR_OK) {
		char *line = line_of(&text), *at = line;
		bool enabled = true;

		if (!line)
			return errmsg_set(e, ERR_NOMEM, "no memory for the rules");
		while (*at == '#' || isspace((unsigned char)*at)) {
			enabled &= *at != '#';
			at++;
		}
		if (begins_rule(at)) {
			memmove(line, at, strlen(at) + 1);
			rc = add(t, line, enabled, name, e);
		} else {
			t->unreadable += enabled && *at;
			free(line);
		}
	}
	return rc;
}

/* --- flow bits --- */

struct bits {
	struct slice *names;
	unsigned n, cap;
};

static bool bits_has(const struct bits *b, struct slice name)
{
	for (unsigned i = 0; i < b->n; i++) {
		if (slice_eq(b->names[i], name))
			return true;
	}
	return false;
}

static bool bits_add(struct bits *b, struct slice name)
{
	struct slice *more;

	if (bits_has(b, name))
		return true;
	if (b->n == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 64;
		more = realloc(b->names, b->cap * sizeof(*more));
		if (!more)
			return false;
		b->names = more;
	}
	b->names[b->n++] = name;
	return true;
}

/* Calls `each` for every name of "flowbits:VERB,NAME|NAME"; asks: isset and isnotset. */
static bool names_of(const char *text, bool asks, bool (*each)(struct bits *, struct slice),
		     struct bits *b)
{
	struct slice option, value;
	const char *at = text;

	while (rule_option(&at, &option, &value)) {
		const uint8_t *comma = memchr(value.data, ',', value.len);
		struct slice verb, rest;
		bool is_ask;

		if (!slice_eq(option, SLICE_LIT("flowbits")) || !comma)
			continue;
		verb = trimmed((const char *)value.data, (const char *)comma);
		is_ask =
			slice_eq(verb, SLICE_LIT("isset")) || slice_eq(verb, SLICE_LIT("isnotset"));
		if (is_ask != asks)
			continue;
		rest = slice_sub(value, (size_t)(comma + 1 - value.data), value.len);
		while (rest.len) {
			const uint8_t *bar = memchr(rest.data, '|', rest.len);
			size_t n = bar ? (size_t)(bar - rest.data) : rest.len;

			if (!each(b, trimmed((const char *)rest.data, (const char *)rest.data + n)))
				return false;
			rest = slice_sub(rest, bar ? n + 1 : n, rest.len);
		}
	}
	return true;
}

/* Stops (false) at the first name that is asked for. */
static bool none_asked(struct bits *b, struct slice name)
{
	return !bits_has(b, name);
}

/* "...; noalert;)" */
static bool mute(struct rule_line *r)
{
	size_t n = strlen(r->text);
	char *text;

	if (strstr(r->text, "noalert"))
		return true;
	while (n > 0 && r->text[n - 1] != ')')
		n--;
	text = n ? malloc(n + 16) : NULL;
	if (!text)
		return false;
	snprintf(text, n + 16, "%.*s noalert;)", (int)n - 1, r->text);
	free(r->text);
	r->text = text;
	return true;
}

static int switch_on(struct rule_table *t, struct bits *asked, unsigned *count, struct errmsg *e)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct rule_line *r = &t->rules[i];

		if (r->enabled || !strstr(r->text, "flowbits") ||
		    names_of(r->text, false, none_asked, asked))
			continue;
		if (!mute(r))
			return errmsg_set(e, ERR_NOMEM, "no memory for the rules");
		r->enabled = r->for_flowbits = true;
		++*count;
	}
	return ERR_OK;
}

/* What was switched on may ask for others in turn; each round switches some on or is the last. The
 * names point into texts, so each round gathers them anew. */
int rule_flowbits(struct rule_table *t, unsigned *ret, struct errmsg *e)
{
	unsigned before;
	int rc = ERR_OK;

	*ret = 0;
	do {
		struct bits asked = {0};

		before = *ret;
		for (unsigned i = 0; i < t->n && rc == ERR_OK; i++) {
			if (t->rules[i].enabled && strstr(t->rules[i].text, "flowbits") &&
			    !names_of(t->rules[i].text, true, bits_add, &asked))
				rc = errmsg_set(e, ERR_NOMEM, "no memory for the rules");
		}
		if (rc == ERR_OK)
			rc = switch_on(t, &asked, ret, e);
		free(asked.names);
	} while (rc == ERR_OK && *ret != before);
	return rc;
}
