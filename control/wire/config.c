#include "control/wire/config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "control/wire/arena.h"
#include "control/wire/config_value.h"
#include "control/wire/file.h"
#include "control/wire/message.h"

enum { FILE_MAX = 4 << 20, MEMORY_MAX = 64 << 20, PATH_TEXT = 256, ITEMS_MAX = 65536 };

struct config {
	struct arena *memory;
};

/* Where the walk is. `path` is "a.b[2].c". */
struct walk {
	yaml_document_t *doc;
	const char *name;
	struct arena *memory;
	struct errmsg *e;
	char path[PATH_TEXT];
	size_t path_len;
};

/* What a file says goes into the sentence; its line ends must not. */
static void one_line(struct errmsg *e)
{
	for (char *c = e->text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
}

__attribute__((format(printf, 3, 4))) static int wrong(struct walk *w, const yaml_node_t *at,
						       const char *fmt, ...)
{
	char what[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (w->path_len == 0)
		return errmsg_set(w->e, ERR_INVALID, "%s:%zu: %s", w->name, at->start_mark.line + 1,
				  what);
	return errmsg_set(w->e, ERR_INVALID, "%s:%zu: key '%s': %s", w->name,
			  at->start_mark.line + 1, w->path, what);
}

__attribute__((format(printf, 2, 3))) static size_t enter(struct walk *w, const char *fmt, ...)
{
	size_t before = w->path_len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->path + before, sizeof(w->path) - before, fmt, ap);
	va_end(ap);
	w->path_len += (size_t)n;
	if (w->path_len >= sizeof(w->path))
		w->path_len = sizeof(w->path) - 1;
	return before;
}

static void leave(struct walk *w, size_t before)
{
	w->path_len = before;
	w->path[before] = '\0';
}

static int fill_table(struct walk *w, const struct config_key *keys, yaml_node_t *node, void *conf);

/* The scalar's text; NULL when it is none or has a NUL in it. */
static const char *scalar(const yaml_node_t *n)
{
	const char *text = (const char *)n->data.scalar.value;

	if (n->type != YAML_SCALAR_NODE || strlen(text) != n->data.scalar.length)
		return NULL;
	return text;
}

static size_t sequence_len(const yaml_node_t *n)
{
	return (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
}

static int fill_texts(struct walk *w, const struct config_key *k, yaml_node_t *node,
		      struct config_texts *ret)
{
	double max = k->max > 0 ? k->max : 4096;
	size_t n;

	if (node->type != YAML_SEQUENCE_NODE)
		return wrong(w, node, "must be a list of texts");
	n = sequence_len(node);
	if ((double)n > max)
		return wrong(w, node, "has %zu items, more than the %.0f allowed", n, max);
	ret->items = arena_alloc(w->memory, n * sizeof(char *));
	ret->n = 0;
	if (!ret->items)
		return wrong(w, node, "does not fit: the configuration is too large");
	for (size_t i = 0; i < n; i++) {
		yaml_node_t *item =
			yaml_document_get_node(w->doc, node->data.sequence.items.start[i]);
		const char *text = scalar(item);
		struct errmsg e = {0};

		if (!text)
			return wrong(w, item, "item %zu must be a text", i + 1);
		ret->items[i] = config_value_text(k, text, w->memory, &e);
		if (!ret->items[i])
			return wrong(w, item, "item %zu %s", i + 1, e.text);
		ret->n++;
	}
	return 0;
}

static int fill_items(struct walk *w, const struct config_key *k, yaml_node_t *node,
		      struct config_items *ret)
{
	double max = k->max > 0 ? k->max : ITEMS_MAX;
	size_t n;
	int rc = 0;

	if (node->type != YAML_SEQUENCE_NODE)
		return wrong(w, node, "must be a list");
	n = sequence_len(node);
	if ((double)n > max)
		return wrong(w, node, "has %zu items, more than the %.0f allowed", n, max);
	*ret = (struct config_items){arena_alloc(w->memory, n * k->size), n};
	if (!ret->items)
		return wrong(w, node, "does not fit: the configuration is too large");
	for (size_t i = 0; i < n && rc == 0; i++) {
		yaml_node_t *item =
			yaml_document_get_node(w->doc, node->data.sequence.items.start[i]);
		void *conf = (char *)ret->items + i * k->size;
		size_t before = enter(w, "[%zu]", i + 1);
		struct errmsg e = {0};

		rc = config_value_defaults(k->keys, conf, w->memory, &e);
		if (rc)
			rc = wrong(w, item, "%s", e.text);
		else
			rc = fill_table(w, k->keys, item, conf);
		leave(w, before);
	}
	return rc;
}

static int fill_value(struct walk *w, const struct config_key *k, yaml_node_t *node, void *conf)
{
	void *member = (char *)conf + k->offset;
	struct errmsg e = {0};
	const char *text;

	if (k->type == CONFIG_GROUP)
		return fill_table(w, k->keys, node, member);
	if (k->type == CONFIG_TEXTS)
		return fill_texts(w, k, node, member);
	if (k->type == CONFIG_ITEMS)
		return fill_items(w, k, node, member);
	text = scalar(node);
	if (!text)
		return wrong(w, node, "must be a single value");
	/* Two ways YAML writes "nothing". */
	if (k->type == CONFIG_TEXT && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    (strcmp(text, "~") == 0 || strcmp(text, "null") == 0))
		text = "";
	if (config_value_set(k, text, member, w->memory, &e))
		return wrong(w, node, "%s", e.text);
	return 0;
}

static const struct config_key *find(const struct config_key *keys, const char *name, size_t len)
{
	for (const struct config_key *k = keys; k->name; k++) {
		if (strlen(k->name) == len && memcmp(k->name, name, len) == 0)
			return k;
	}
	return NULL;
}

static bool is_double(struct walk *w, yaml_node_pair_t *start, yaml_node_pair_t *pair)
{
	const char *name = scalar(yaml_document_get_node(w->doc, pair->key));

	for (yaml_node_pair_t *p = start; p < pair; p++) {
		if (strcmp(scalar(yaml_document_get_node(w->doc, p->key)), name) == 0)
			return true;
	}
	return false;
}

static int check_required(struct walk *w, const struct config_key *keys, yaml_node_t *node)
{
	for (const struct config_key *k = keys; k->name; k++) {
		bool there = !k->required;

		for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
		     p < node->data.mapping.pairs.top && !there; p++)
			there = strcmp(scalar(yaml_document_get_node(w->doc, p->key)), k->name) ==
				0;
		if (!there)
			return wrong(w, node, "'%s' is missing (%s)", k->name, k->help);
	}
	return 0;
}

static int fill_pair(struct walk *w, const struct config_key *keys, yaml_node_t *node,
		     yaml_node_pair_t *pair, void *conf)
{
	yaml_node_t *key = yaml_document_get_node(w->doc, pair->key);
	const char *name = scalar(key);
	const struct config_key *k;
	size_t before;
	int rc;

	if (!name)
		return wrong(w, key, "has a key that is no word");
	k = find(keys, name, strlen(name));
	before = enter(w, "%s%s", w->path_len ? "." : "", name);
	if (!k)
		return wrong(w, key, "there is no such key");
	if (is_double(w, node->data.mapping.pairs.start, pair))
		return wrong(w, key, "is there twice");
	rc = fill_value(w, k, yaml_document_get_node(w->doc, pair->value), conf);
	if (rc == 0)
		leave(w, before);
	return rc;
}

static int fill_table(struct walk *w, const struct config_key *keys, yaml_node_t *node, void *conf)
{
	int rc = 0;

	/* "key:" with nothing behind it: all defaults. */
	if (node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0)
		return 0;
	if (node->type != YAML_MAPPING_NODE)
		return wrong(w, node, "must be keys with values");
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top && rc == 0; p++)
		rc = fill_pair(w, keys, node, p, conf);
	return rc ? rc : check_required(w, keys, node);
}

/* ---- loading ---- */

static int parse_error(const yaml_parser_t *p, const char *name, struct errmsg *e)
{
	size_t line = p->problem_mark.line ? p->problem_mark.line : p->context_mark.line;

	return errmsg_set(e, ERR_INVALID, "%s:%zu: is not YAML: %s", name, line + 1,
			  p->problem ? p->problem : "it cannot be read");
}

static int expect_end(yaml_parser_t *parser, struct walk *w)
{
	yaml_document_t doc;
	yaml_node_t *root;
	int rc = 0;

	if (!yaml_parser_load(parser, &doc))
		return parse_error(parser, w->name, w->e);
	root = yaml_document_get_root_node(&doc);
	if (root)
		rc = wrong(w, root, "a second document begins here, but only one is read");
	yaml_document_delete(&doc);
	return rc;
}

/* Calls `fill` with the root of the only document; an empty file has none. */
static int with_document(const char *yaml, size_t len, struct walk *w,
			 int (*fill)(struct walk *, yaml_node_t *, void *), void *arg)
{
	yaml_parser_t parser;
	yaml_document_t doc;
	yaml_node_t *root;
	int rc = 0;

	if (!yaml_parser_initialize(&parser))
		return errmsg_set(w->e, ERR_NOMEM, "no memory to read %s", w->name);
	yaml_parser_set_input_string(&parser, (const unsigned char *)(yaml ? yaml : ""), len);
	if (!yaml_parser_load(&parser, &doc)) {
		rc = parse_error(&parser, w->name, w->e);
		yaml_parser_delete(&parser);
		return rc;
	}
	w->doc = &doc;
	root = yaml_document_get_root_node(&doc);
	if (root)
		rc = fill(w, root, arg);
	yaml_document_delete(&doc);
	if (rc == 0 && root)
		rc = expect_end(&parser, w);
	yaml_parser_delete(&parser);
	return rc;
}

struct whole {
	const struct config_key *keys;
	void *conf;
};

static int fill_whole(struct walk *w, yaml_node_t *root, void *arg)
{
	struct whole *a = arg;

	return fill_table(w, a->keys, root, a->conf);
}

struct config *config_parse(const struct config_key *keys, const char *yaml, size_t len,
			    const char *name, void *ret, size_t size, struct errmsg *e)
{
	struct config *c = calloc(1, sizeof(*c));
	struct whole whole = {keys, ret};
	struct walk w = {.name = name, .e = e};
	int rc;

	memset(ret, 0, size);
	if (!c || !(c->memory = arena_new(MEMORY_MAX))) {
		free(c);
		errmsg_set(e, ERR_NOMEM, "no memory for the configuration");
		return NULL;
	}
	w.memory = c->memory;
	rc = config_value_defaults(keys, ret, c->memory, e);
	if (rc == 0)
		rc = with_document(yaml, len, &w, fill_whole, &whole);
	if (rc) {
		if (e)
			one_line(e);
		memset(ret, 0, size);
		config_free(c);
		return NULL;
	}
	return c;
}

struct config *config_load(const struct config_key *keys, const char *path, void *ret, size_t size,
			   struct errmsg *e)
{
	struct slice text = {0};
	struct config *c;

	if (path && file_read(path, FILE_MAX, &text, e)) {
		memset(ret, 0, size);
		return NULL;
	}
	c = config_parse(keys, (const char *)text.data, text.len, path ? path : "defaults", ret,
			 size, e);
	payload_free(&text);
	return c;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	arena_delete(c->memory);
	free(c);
}

/* ---- one key from the command line ---- */

struct one {
	const struct config_key *key;
	void *conf;
};

static int fill_one(struct walk *w, yaml_node_t *root, void *arg)
{
	struct one *a = arg;

	return fill_value(w, a->key, root, a->conf);
}

static int set_one(struct config *c, const struct config_key *keys, const char *assign, void *conf,
		   struct errmsg *e)
{
	size_t name_len = strcspn(assign, "=");
	struct walk w = {.name = "--set", .memory = c->memory, .e = e};
	const struct config_key *k = NULL;
	struct errmsg why = {0};
	const char *part = assign;

	if (assign[name_len] != '=')
		return errmsg_set(e, ERR_INVALID, "--set %.80s: must be key=value", assign);
	for (;;) {
		size_t len = strcspn(part, ".=");

		k = find(keys, part, len);
		if (!k || (part[len] == '.' && k->type != CONFIG_GROUP))
			return errmsg_set(e, ERR_INVALID, "--set %.*s: there is no such key",
					  (int)name_len, assign);
		if (part[len] == '=')
			break;
		conf = (char *)conf + k->offset;
		keys = k->keys;
		part += len + 1;
	}
	if (k->type == CONFIG_TEXTS || k->type == CONFIG_ITEMS || k->type == CONFIG_GROUP) {
		struct one one = {k, conf};

		enter(&w, "%.*s", (int)name_len, assign);
		return with_document(assign + name_len + 1, strlen(assign + name_len + 1), &w,
				     fill_one, &one);
	}
	if (config_value_set(k, assign + name_len + 1, (char *)conf + k->offset, c->memory, &why))
		return errmsg_set(e, ERR_INVALID, "--set %.*s: %s", (int)name_len, assign,
				  why.text);
	return 0;
}

int config_set(struct config *c, const struct config_key *keys, const char *assign, void *conf,
	       struct errmsg *e)
{
	int rc = set_one(c, keys, assign, conf, e);

	if (rc && e)
		one_line(e);
	return rc;
}
