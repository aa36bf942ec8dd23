#include "signatures/lists/taxii.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signatures/lists/taxii_http.h"

enum { PATH = 4096, NEXT_MAX = 512 };

/* --- answers --- */

static json_t *parse(const char *text, size_t len, struct errmsg *e)
{
	json_error_t why;
	json_t *root = json_loadb(text, len, 0, &why);

	if (json_is_object(root))
		return root;
	errmsg_set(e, ERR_INVALID, "the answer is no JSON object: %s",
		   root ? "another value" : why.text);
	json_decref(root);
	return NULL;
}

json_t *taxii_envelope(const char *text, size_t len, bool *ret_more, const char **ret_next,
		       json_t **ret_root, struct errmsg *e)
{
	json_t *root = parse(text, len, e), *objects;

	*ret_root = root;
	if (!root)
		return NULL;
	objects = json_object_get(root, "objects");
	*ret_more = json_is_true(json_object_get(root, "more"));
	*ret_next = json_string_value(json_object_get(root, "next"));
	/* An empty page may come without objects (section 3.7). */
	if (!objects && json_object_set_new(root, "objects", json_array()) == 0)
		objects = json_object_get(root, "objects");
	if (!json_is_array(objects)) {
		errmsg_set(e, ERR_INVALID, "the answer is no envelope: \"objects\" is no array");
		return NULL;
	}
	if (*ret_next && strlen(*ret_next) >= NEXT_MAX) {
		errmsg_set(e, ERR_LIMIT, "the answer's page token is longer than %d", NEXT_MAX);
		return NULL;
	}
	return objects;
}

static int get_object(const struct taxii_source *s, const char *url, json_t **ret, struct errmsg *e)
{
	struct taxii_answer a;
	int rc = taxii_get(s, url, &a, e);

	if (rc != ERR_OK)
		return rc;
	*ret = parse(a.text, a.len, e);
	free(a.text);
	return *ret ? ERR_OK : ERR_INVALID;
}

/* --- discovery --- */

static void join(char ret[TAXII_URL], const char *url, const char *tail)
{
	size_t n = strlen(url);

	snprintf(ret, TAXII_URL, "%s%s%s", url, n && url[n - 1] == '/' ? "" : "/", tail);
}

/* A root may be a path on the same server. */
static void whole_url(char ret[TAXII_URL], const char *base, const char *root)
{
	const char *host = strstr(base, "://"), *path = host ? strchr(host + 3, '/') : NULL;

	if (root[0] == '/')
		snprintf(ret, TAXII_URL, "%.*s%s", (int)(path ? path - base : (long)strlen(base)),
			 base, root);
	else
		snprintf(ret, TAXII_URL, "%s", root);
}

static bool same_server(const char *a, const char *b)
{
	const char *x = strstr(a, "://"), *y = strstr(b, "://");
	size_t n = x ? (size_t)(x + 3 - a) + strcspn(x + 3, "/") : 0;
	size_t m = y ? (size_t)(y + 3 - b) + strcspn(y + 3, "/") : 0;

	return n && n == m && strncasecmp(a, b, n) == 0;
}

static int add_collections(const struct taxii_source *s, const char *root, json_t *into,
			   struct errmsg *e)
{
	char url[TAXII_URL];
	json_t *answer, *one;
	size_t i;
	int rc;

	join(url, root, "collections/");
	rc = get_object(s, url, &answer, e);
	if (rc != ERR_OK)
		return rc;
	json_array_foreach(json_object_get(answer, "collections"), i, one)
	{
		const char *id = json_string_value(json_object_get(one, "id"));
		const char *title = json_string_value(json_object_get(one, "title"));

		if (id && json_array_size(into) < 1000)
			json_array_append_new(
				into, json_pack("{ss ss ss sb}", "root", root, "id", id, "title",
						title ? title : "", "can_read",
						json_is_true(json_object_get(one, "can_read"))));
	}
	json_decref(answer);
	return ERR_OK;
}

static int discover_server(const struct taxii_source *s, const char *url, json_t *ret,
			   struct errmsg *e)
{
	json_t *answer, *roots, *root;
	size_t i;
	int rc = get_object(s, url, &answer, e);

	if (rc != ERR_OK)
		return rc;
	roots = json_object_get(answer, "api_roots");
	if (!json_is_array(roots)) {
		json_decref(answer);
		return ERR_NOTFOUND;
	}
	json_object_set(ret, "title", json_object_get(answer, "title"));
	json_array_foreach(roots, i, root)
	{
		char whole[TAXII_URL];

		if (!json_is_string(root) || i >= 100)
			continue;
		whole_url(whole, url, json_string_value(root));
		json_array_append_new(json_object_get(ret, "api_roots"), json_string(whole));
		/* A password for one server is not told another. */
		if (same_server(url, whole) && rc == ERR_OK)
			rc = add_collections(s, whole, json_object_get(ret, "collections"), e);
	}
	json_decref(answer);
	return rc;
}

int taxii_discover(const struct taxii_source *s, json_t **ret, struct errmsg *e)
{
	json_t *o = json_pack("{s[] s[]}", "api_roots", "collections");
	char url[TAXII_URL];
	int rc;

	join(url, s->url, "");
	rc = discover_server(s, url, o, e);
	if (rc == ERR_NOTFOUND || rc == ERR_INVALID) {
		join(url, s->url, "taxii2/");
		if (discover_server(s, url, o, NULL) == ERR_OK) {
			rc = ERR_OK;
		} else if (rc == ERR_NOTFOUND) {
			/* No server's: an API root by itself. */
			rc = add_collections(s, s->url, json_object_get(o, "collections"), e);
			json_array_append_new(json_object_get(o, "api_roots"), json_string(s->url));
		}
	}
	if (rc == ERR_OK)
		*ret = o;
	else
		json_decref(o);
	return rc;
}

/* --- what is kept --- */

struct fetch {
	const struct taxii_source *source;
	const char *folder;
	char after[64], next[NEXT_MAX], last[64];
	int pages; /* pages.jsonl, for appending */
	uint64_t bytes;
	struct taxii_counts *counts;
	struct errmsg *e;
};

static void path_of(const struct fetch *f, const char *name, char ret[PATH])
{
	snprintf(ret, PATH, "%s/%s", f->folder, name);
}

static int failed(const struct fetch *f, const char *what)
{
	return errmsg_set(f->e, ERR_IO, "%s/%s cannot be written: %s", f->folder, what,
			  strerror(errno));
}

/* Written beside and renamed, as everything that must be whole. */
static int write_json(const struct fetch *f, const char *name, const json_t *o)
{
	char path[PATH], beside[PATH + 8];
	FILE *out;
	bool ok;

	path_of(f, name, path);
	snprintf(beside, sizeof(beside), "%s.new", path);
	out = fopen(beside, "we");
	ok = out && json_dumpf(o, out, JSON_COMPACT) == 0 && fflush(out) == 0 &&
	     fsync(fileno(out)) == 0;
	if (out)
		ok = fclose(out) == 0 && ok;
	if (ok && rename(beside, path) == 0)
		return ERR_OK;
	(void)unlink(beside);
	return failed(f, name);
}

static void text_of(const json_t *o, const char *key, char *ret, size_t cap)
{
	const char *text = json_string_value(json_object_get(o, key));

	snprintf(ret, cap, "%s", text ? text : "");
}

static void load_state(struct fetch *f)
{
	char path[PATH];
	json_t *o;

	path_of(f, "state.json", path);
	o = json_load_file(path, 0, NULL);
	text_of(o, "after", f->after, sizeof(f->after));
	text_of(o, "next", f->next, sizeof(f->next));
	text_of(o, "last", f->last, sizeof(f->last));
	json_decref(o);
	f->counts->resumed = f->next[0] != '\0';
}

static int save_state(const struct fetch *f)
{
	json_t *o = json_pack("{ss ss ss}", "after", f->after, "next", f->next, "last", f->last);
	int rc = o ? write_json(f, "state.json", o) : ERR_NOMEM;

	json_decref(o);
	return rc;
}

static bool is_indicator(const json_t *o)
{
	const char *type = json_string_value(json_object_get(o, "type"));

	return type && strcmp(type, "indicator") == 0 && json_is_string(json_object_get(o, "id"));
}

/* Durable before the state says that they came. */
static int keep_page(struct fetch *f, const json_t *objects)
{
	const json_t *o;
	size_t i;

	json_array_foreach(objects, i, o)
	{
		char *line = is_indicator(o) ? json_dumps(o, JSON_COMPACT) : NULL;
		size_t n = line ? strlen(line) : 0;
		bool ok = true;

		if (!line)
			continue;
		f->bytes += n + 1;
		line[n] = '\n';
		ok = write(f->pages, line, n + 1) == (ssize_t)(n + 1);
		free(line);
		if (!ok)
			return failed(f, "pages.jsonl");
		if (f->bytes > TAXII_BYTES_MAX)
			return errmsg_set(f->e, ERR_LIMIT,
					  "the collection is larger than the %d MiB allowed",
					  TAXII_BYTES_MAX >> 20);
		f->counts->objects++;
	}
	return fsync(f->pages) ? failed(f, "pages.jsonl") : ERR_OK;
}

/* --- fetching --- */

static char *page_url(const struct fetch *f)
{
	char *after = taxii_quote(f->after), *next = taxii_quote(f->next);
	char *id = taxii_quote(f->source->collection), *url = NULL;
	size_t n = strlen(f->source->url);
	int rc = -1;

	if (after && next && id)
		rc = asprintf(&url,
			      "%s%scollections/%s/objects/?match%%5Btype%%5D=indicator%s%s%s%s",
			      f->source->url, n && f->source->url[n - 1] == '/' ? "" : "/", id,
			      f->after[0] ? "&added_after=" : "", after, f->next[0] ? "&next=" : "",
			      next);
	free(after);
	free(next);
	free(id);
	return rc < 0 ? NULL : url;
}

/* One page; *more says whether there is another. */
static int fetch_page(struct fetch *f, bool *more)
{
	struct taxii_answer a;
	json_t *root = NULL, *objects;
	const char *next = NULL;
	char *url = page_url(f);
	int rc = url ? taxii_get(f->source, url, &a, f->e)
		     : errmsg_set(f->e, ERR_NOMEM, "no memory for a request");

	free(url);
	if (rc != ERR_OK)
		return rc;
	objects = taxii_envelope(a.text, a.len, more, &next, &root, f->e);
	rc = objects ? keep_page(f, objects) : ERR_INVALID;
	if (rc == ERR_OK && *more && (!next || strcmp(next, f->next) == 0))
		rc = errmsg_set(f->e, ERR_INVALID,
				"the server says that there is more, and does not say where");
	if (rc == ERR_OK) {
		if (a.last[0])
			snprintf(f->last, sizeof(f->last), "%s", a.last);
		snprintf(f->next, sizeof(f->next), "%s", *more ? next : "");
		f->counts->pages++;
		if (*more)
			rc = save_state(f);
	}
	json_decref(root);
	free(a.text);
	return rc;
}

static int fetch_pages(struct fetch *f)
{
	bool more = true, tried = false;

	while (more) {
		int rc = fetch_page(f, &more);

		/* A token that the server forgot: once more from the last whole fetch on. */
		if ((rc == ERR_IO || rc == ERR_NOTFOUND) && f->counts->resumed && !tried &&
		    f->counts->pages == 0) {
			tried = true;
			f->next[0] = '\0';
			f->e->text[0] = '\0';
			continue;
		}
		if (rc != ERR_OK)
			return rc;
		if (f->counts->pages > TAXII_PAGES_MAX)
			return errmsg_set(f->e, ERR_LIMIT, "more than %d pages", TAXII_PAGES_MAX);
	}
	return ERR_OK;
}

/* --- joining --- */

static const char *modified(const json_t *o)
{
	const char *text = json_string_value(json_object_get(o, "modified"));

	return text ? text : "";
}

/* The newest version of an object, by its id. Times of one form compare as text. */
static int put(struct fetch *f, json_t *table, json_t *o)
{
	const char *id = json_string_value(json_object_get(o, "id"));
	const json_t *old = json_object_get(table, id);

	if (old && strcmp(modified(old), modified(o)) > 0)
		return ERR_OK;
	if (!old && json_object_size(table) >= TAXII_OBJECTS_MAX)
		return errmsg_set(f->e, ERR_LIMIT, "more than %d indicators in the collection",
				  TAXII_OBJECTS_MAX);
	return json_object_set(table, id, o) == 0
		       ? ERR_OK
		       : errmsg_set(f->e, ERR_NOMEM, "no memory for the collection");
}

static int read_kept(struct fetch *f, json_t *table)
{
	char path[PATH], *line = NULL;
	json_t *bundle, *o;
	size_t i, cap = 0;
	int rc = ERR_OK;
	FILE *in;

	path_of(f, "objects.json", path);
	bundle = json_load_file(path, 0, NULL);
	json_array_foreach(json_object_get(bundle, "objects"), i, o)
	{
		if (rc == ERR_OK && is_indicator(o))
			rc = put(f, table, o);
	}
	json_decref(bundle);
	path_of(f, "pages.jsonl", path);
	in = fopen(path, "re");
	while (in && rc == ERR_OK && getline(&line, &cap, in) > 0) {
		o = json_loads(line, 0, NULL); /* a last line may be cut by a kill */
		if (is_indicator(o))
			rc = put(f, table, o);
		json_decref(o);
	}
	if (in)
		fclose(in);
	free(line);
	return rc;
}

static int join_pages(struct fetch *f)
{
	json_t *table = json_object(), *objects = json_array(), *bundle, *o;
	const char *id;
	char path[PATH];
	int rc = read_kept(f, table);

	json_object_foreach(table, id, o) json_array_append(objects, o);
	f->counts->kept = json_array_size(objects);
	bundle = json_pack("{ss ss so}", "type", "bundle", "id",
			   "bundle--00000000-0000-4000-8000-000000000000", "objects", objects);
	if (rc == ERR_OK)
		rc = write_json(f, "objects.json", bundle);
	if (rc == ERR_OK) {
		/* Only a whole fetch moves the time: objects may share one over two pages. */
		if (f->last[0])
			snprintf(f->after, sizeof(f->after), "%s", f->last);
		f->next[0] = f->last[0] = '\0';
		rc = save_state(f);
	}
	if (rc == ERR_OK) {
		path_of(f, "pages.jsonl", path);
		(void)truncate(path, 0);
	}
	json_decref(bundle);
	json_decref(table);
	return rc;
}

int taxii_fetch(const struct taxii_source *s, const char *folder, struct taxii_counts *ret,
		struct errmsg *e)
{
	struct fetch f = {.source = s, .folder = folder, .counts = ret, .e = e};
	char path[PATH];
	struct stat st;
	int rc;

	*ret = (struct taxii_counts){0};
	e->text[0] = '\0';
	if (mkdir(folder, 0700) && errno != EEXIST)
		return failed(&f, "");
	path_of(&f, "pages.jsonl", path);
	f.pages = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (f.pages < 0)
		return failed(&f, "pages.jsonl");
	if (flock(f.pages, LOCK_EX | LOCK_NB)) {
		close(f.pages);
		return errmsg_set(e, ERR_AGAIN, "%s is being fetched by another program", folder);
	}
	f.bytes = fstat(f.pages, &st) == 0 ? (uint64_t)st.st_size : 0;
	/* Behind a line that a kill cut off. */
	if (f.bytes && write(f.pages, "\n", 1) != 1) {
		close(f.pages);
		return failed(&f, "pages.jsonl");
	}
	load_state(&f);
	rc = fetch_pages(&f);
	if (rc == ERR_OK)
		rc = join_pages(&f);
	close(f.pages);
	return rc;
}
