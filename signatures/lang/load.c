#include "signatures/lang/lang.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signatures/lang/build.h"
#include "signatures/lang/index.h"
#include "signatures/lang/load.h"
#include "signatures/lang/parse.h"
#include "signatures/lang/text.h"

enum { FILE_MAX = 1 << 30 };

struct lang_set *lang_set_new(void)
{
	struct lang_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->arena = lang_arena_new();
	set->index = lang_index_new();
	if (!set->arena || !set->index) {
		lang_set_free(set);
		return NULL;
	}
	return set;
}

void lang_set_free(struct lang_set *set)
{
	if (!set)
		return;
	lang_arena_free(set->arena);
	lang_index_free(set->index);
	free(set);
}

/* Room for one rule of so many bytes: each name in it takes two of them at least. */
bool load_reserve(struct lang_set *set, size_t len)
{
	size_t names = len / 2 + 64;

	return lang_arena_reserve(set->arena, LANG_RULE_BYTES, names) &&
	       lang_index_reserve(set->index, names);
}

/* Where a rule stands. */
struct place {
	const char *file; /* interned */
	uint32_t line;
};

/* The number behind "sid:" when the rule could not be read so far. */
static uint32_t guess_sid(const char *text)
{
	const char *at = strstr(text, "sid:");
	uint64_t sid = 0;

	for (at = at ? at + 4 : ""; lang_blank(*at); at++)
		;
	for (; lang_digit(*at) && sid <= UINT32_MAX; at++)
		sid = sid * 10 + (uint64_t)(*at - '0');
	return sid <= UINT32_MAX ? (uint32_t)sid : 0;
}

void load_problem(struct lang_build *b, const char *file, uint32_t line, uint32_t sid)
{
	struct lang_problem p = {.verdict = b->verdict, .file = file, .line = line, .sid = sid};
	char text[1024], who[32] = "";

	if (sid)
		snprintf(who, sizeof(who), "sid %u: ", sid);
	snprintf(text, sizeof(text), "%s:%u: %s%s%s%s", file, line, who, b->about,
		 b->about[0] ? ": " : "", b->reason);
	p.keyword = lang_arena_intern(b->arena, slice_of(b->about));
	p.reason = lang_arena_intern(b->arena, slice_of(b->reason));
	p.text = lang_arena_text(b->arena, slice_of(text));
	lang_index_add_problem(b->set->index, &p);
	*(b->verdict == LANG_SKIPPED ? &b->set->skipped : &b->set->failed) += 1;
}

static int add_rule(struct lang_build *b)
{
	bool replaced;

	if (lang_index_add_rule(b->set->index, b->rule, &replaced) < 0)
		return lang_fail(b,
				 "a rule of the same sid and gid with the same or a newer revision "
				 "is there already");
	if (b->rule->nbyte_vars > b->set->byte_vars_max)
		b->set->byte_vars_max = b->rule->nbyte_vars;
	return ERR_OK;
}

static int one_rule(struct lang_build *b, const struct place *at, char *text)
{
	struct lang_set *set = b->set;
	uint32_t sid;
	int e;

	if (!load_reserve(set, strlen(text)))
		return ERR_NOMEM;
	memset((char *)b + offsetof(struct lang_build, rule), 0,
	       offsetof(struct lang_build, buffers) - offsetof(struct lang_build, rule));
	b->rule = LANG_NEW(set->arena, struct rule);
	b->rule->file = at->file;
	b->rule->line = at->line;
	if (b->opts->keep_text)
		b->rule->text = lang_arena_text(set->arena, slice_of(text));
	sid = guess_sid(text);
	e = lang_parse_rule(b, text);
	if (e == ERR_OK)
		e = add_rule(b);
	if (b->not_required) {
		set->not_required++;
		return ERR_OK;
	}
	if (e != ERR_OK)
		load_problem(b, at->file, at->line, b->sid_given ? b->rule->sid : sid);
	return e == ERR_OK || e == ERR_UNSUPPORTED ? ERR_OK : ERR_INVALID;
}

void load_publish(struct lang_set *set)
{
	set->rules = lang_index_rules(set->index, &set->count);
	set->problems = lang_index_problems(set->index, &set->nproblems);
	set->flowbits = lang_index_names(set->index, LANG_NAME_FLOWBIT);
	set->xbits = lang_index_names(set->index, LANG_NAME_XBIT);
	set->hostbits = lang_index_names(set->index, LANG_NAME_HOSTBIT);
	set->vars = lang_index_names(set->index, LANG_NAME_VAR);
}

struct lang_build *load_begin(struct lang_set *set, const struct lang_vars *vars,
			      const struct lang_opts *opts)
{
	static const struct lang_opts plain = {.lang = 7};
	struct lang_build *b;

	if (!load_reserve(set, 0))
		return NULL;
	b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	b->set = set;
	b->arena = set->arena;
	b->vars = vars ? vars : lang_vars_default();
	b->opts = opts ? opts : &plain;
	set->loads++;
	return b;
}

/* A rule put together from its lines. */
struct joined {
	char text[LANG_LINE_MAX + 1];
	size_t len;
};

static bool is_comment(const struct joined *j)
{
	return j->len == 0 || strchr(" #;\r\n", j->text[0]);
}

/* What is over the limit is cut off; the rule then fails for its length. */
static void append(struct joined *j, struct slice line)
{
	size_t room = LANG_LINE_MAX - j->len;

	if (line.len > room)
		line.len = room;
	memcpy(j->text + j->len, line.data, line.len);
	j->len += line.len;
	/* A NUL would hide what follows it; as a control character it makes the rule fail. */
	for (size_t i = j->len - line.len; i < j->len; i++) {
		if (!j->text[i])
			j->text[i] = 1;
	}
	j->text[j->len] = '\0';
}

/* Cuts white space and a \ off the end: true when the rule goes on. */
static bool goes_on(struct joined *j)
{
	size_t len = j->len;

	while (len > 0 && lang_space(j->text[len - 1]))
		len--;
	if (len == 0 || j->text[len - 1] != '\\')
		return false;
	j->len = len - 1;
	j->text[j->len] = '\0';
	return true;
}

static int all_lines(struct lang_build *b, struct slice bytes, const char *file)
{
	struct joined *j = calloc(1, sizeof(*j));
	struct place at = {.file = file};
	size_t pos = 0;
	int e = j ? ERR_OK : ERR_NOMEM;

	if (bytes.len >= 3 && memcmp(bytes.data, "\xef\xbb\xbf", 3) == 0)
		pos = 3; /* byte order mark */
	for (uint32_t line = 1; pos < bytes.len && e != ERR_NOMEM; line++) {
		const uint8_t *end = memchr(bytes.data + pos, '\n', bytes.len - pos);
		size_t len = end ? (size_t)(end - bytes.data) - pos : bytes.len - pos;
		bool last;

		if (j->len == 0)
			at.line = line; /* where the rule begins */
		append(j, SLICE(bytes.data + pos, len));
		pos += len + 1;
		last = pos >= bytes.len;
		if (is_comment(j)) {
			j->len = 0;
		} else if (!goes_on(j) || last) {
			e = one_rule(b, &at, j->text);
			j->len = 0;
		}
	}
	free(j);
	return e == ERR_NOMEM ? e : ERR_OK;
}

int lang_load_bytes(struct slice bytes, const char *name, const struct lang_vars *vars,
		    const struct lang_opts *opts, struct lang_set *set)
{
	struct lang_build *b = load_begin(set, vars, opts);
	int e;

	if (!b)
		return ERR_NOMEM;
	e = all_lines(b, bytes, lang_arena_intern(set->arena, slice_of(name)));
	free(b);
	load_publish(set);
	return e;
}

int lang_parse_line(const char *text, const struct lang_vars *vars, const struct lang_opts *opts,
		    struct lang_set *set)
{
	struct lang_build *b = load_begin(set, vars, opts);
	struct place at = {.line = 1};
	char *copy;
	int e = ERR_NOMEM;

	if (!b)
		return ERR_NOMEM;
	at.file = lang_arena_intern(set->arena, SLICE_LIT("line"));
	copy = strdup(text);
	if (copy)
		e = one_rule(b, &at, copy);
	if (e == ERR_OK && b->verdict == LANG_SKIPPED && b->reason[0])
		e = ERR_UNSUPPORTED;
	if (e == ERR_OK && b->not_required)
		e = ERR_UNSUPPORTED;
	free(copy);
	free(b);
	load_publish(set);
	return e;
}

int load_read(const char *path, struct slice *ret, struct errmsg *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *bytes = NULL;
	size_t len = 0, cap = 0;

	if (fd < 0)
		return errmsg_set(e, ERR_IO, "%s cannot be opened: %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		return errmsg_set(e, ERR_IO, "%s is a folder, not a rule file", path);
	}
	for (;;) {
		ssize_t n;

		if (len == cap) {
			uint8_t *grown =
				cap < FILE_MAX ? realloc(bytes, cap ? cap * 2 : 1 << 20) : NULL;

			if (!grown)
				break;
			bytes = grown;
			cap = cap ? cap * 2 : 1 << 20;
		}
		n = read(fd, bytes + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			errmsg_set(e, ERR_IO, "%s cannot be read: %s", path, strerror(errno));
			free(bytes);
			close(fd);
			return ERR_IO;
		}
		if (n == 0) {
			close(fd);
			*ret = SLICE(bytes, len);
			return ERR_OK;
		}
		len += (size_t)n;
	}
	close(fd);
	free(bytes);
	return errmsg_set(e, ERR_NOMEM, "%s is too large", path);
}

int lang_load_file(const char *path, const struct lang_vars *vars, const struct lang_opts *opts,
		   struct lang_set *set, struct errmsg *e)
{
	struct slice bytes;
	int code = load_read(path, &bytes, e);

	if (code != ERR_OK)
		return code;
	code = lang_load_bytes(bytes, path, vars, opts, set);
	free((void *)bytes.data);
	if (code == ERR_NOMEM)
		errmsg_set(e, code, "no memory for the rules of %s", path);
	return code;
}
