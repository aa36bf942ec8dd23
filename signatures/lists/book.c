#include "signatures/lists/book.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096 };

const char book_folder[] = "/var/lib/banken/lists";

bool book_name_ok(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < LIST_NAME && name[0] != '.' && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
		       n;
}

struct book_list *book_find(struct book *b, const char *name)
{
	for (unsigned i = 0; i < b->n; i++) {
		if (strcmp(b->lists[i].info.name, name) == 0)
			return &b->lists[i];
	}
	return NULL;
}

static int in_folder(const char *folder, const char *name, const char *suffix, char ret[PATH],
		     struct errmsg *err)
{
	if ((size_t)snprintf(ret, PATH, "%s/%s%s", folder, name, suffix) >= PATH)
		return errmsg_set(err, ERR_INVALID, "%s is too long a path", folder);
	return ERR_OK;
}

bool book_compiled(const char *folder, char *ret, size_t cap)
{
	return (size_t)snprintf(ret, cap, "%s/compiled", folder) < cap;
}

/* --- lists.json --- */

static void text_into(char *ret, size_t cap, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	snprintf(ret, cap, "%s", text ? text : "");
}

static uint64_t number_at(const json_t *object, const char *key, uint64_t most)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n < 0 ? 0 : (uint64_t)n > most ? most : (uint64_t)n;
}

static unsigned word_at(const json_t *object, const char *key, const char *const *words, unsigned n)
{
	const char *text = json_string_value(json_object_get(object, key));

	for (unsigned i = 0; text && i < n; i++) {
		if (strcmp(words[i], text) == 0)
			return i;
	}
	return 0;
}

static bool read_list(const json_t *o, struct book_list *ret)
{
	struct list_info *info = &ret->info;

	*ret = (struct book_list){0};
	text_into(info->name, sizeof(info->name), o, "name");
	text_into(info->comment, sizeof(info->comment), o, "comment");
	text_into(info->tactic, sizeof(info->tactic), o, "tactic");
	text_into(info->technique, sizeof(info->technique), o, "technique");
	info->id = (uint32_t)number_at(o, "id", UINT32_MAX);
	info->priority = (uint8_t)number_at(o, "priority", 100);
	info->severity = (uint8_t)number_at(o, "severity", 4);
	info->known = !json_is_false(json_object_get(o, "known"));
	info->allow = json_is_true(json_object_get(o, "allow"));
	info->exact = json_is_true(json_object_get(o, "exact"));
	ret->any_port = json_is_true(json_object_get(o, "any_port"));
	ret->form = (enum list_form)word_at(o, "form", list_form_names, LIST_FORMS);
	ret->hint = (enum indicator_hint)word_at(o, "kind", indicator_hint_names, HINTS);
	ret->lifetime_days = (uint32_t)number_at(o, "lifetime_days", 36500);
	ret->added = (uint32_t)number_at(o, "added", UINT32_MAX);
	ret->taken = number_at(o, "taken", INT64_MAX);
	ret->refused = number_at(o, "refused", INT64_MAX);
	ret->expired = number_at(o, "expired", INT64_MAX);
	return book_name_ok(info->name) && info->id;
}

int book_load(const char *folder, struct book *ret, struct errmsg *err)
{
	json_error_t why;
	json_t *root, *o;
	char path[PATH];
	size_t i;
	int rc = in_folder(folder, "lists.json", "", path, err);

	*ret = (struct book){.next_id = BOOK_FIRST_ID};
	if (rc != ERR_OK)
		return rc;
	root = json_load_file(path, 0, &why);
	if (!root && access(path, F_OK) < 0 && errno == ENOENT)
		return ERR_OK;
	if (!root)
		return errmsg_set(err, ERR_INVALID, "%s:%d: %s", path, why.line, why.text);
	ret->next_id = (uint32_t)number_at(root, "next_id", UINT32_MAX);
	json_array_foreach(json_object_get(root, "lists"), i, o)
	{
		if (ret->n == BOOK_LISTS || !read_list(o, &ret->lists[ret->n]))
			rc = errmsg_set(err, ERR_INVALID, "%s: list %zu has no proper name or id",
					path, i + 1);
		else
			ret->n++;
	}
	if (ret->next_id < BOOK_FIRST_ID)
		ret->next_id = BOOK_FIRST_ID;
	json_decref(root);
	return rc;
}

static json_t *list_json(const struct book_list *l)
{
	const struct list_info *i = &l->info;

	return json_pack(
		"{s:s s:s s:s s:s s:I s:i s:i s:b s:b s:b s:b s:s s:s s:I s:I s:I s:I s:I}", "name",
		i->name, "comment", i->comment, "tactic", i->tactic, "technique", i->technique,
		"id", (json_int_t)i->id, "priority", i->priority, "severity", i->severity, "known",
		i->known, "allow", i->allow, "exact", i->exact, "any_port", l->any_port, "form",
		list_form_names[l->form], "kind", indicator_hint_names[l->hint], "lifetime_days",
		(json_int_t)l->lifetime_days, "added", (json_int_t)l->added, "taken",
		(json_int_t)l->taken, "refused", (json_int_t)l->refused, "expired",
		(json_int_t)l->expired);
}

static int write_text(const char *path, const char *text, struct errmsg *err)
{
	char beside[PATH + 8];
	size_t n = strlen(text);
	int fd, bad;

	snprintf(beside, sizeof(beside), "%s.new", path);
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return errmsg_set(err, ERR_IO, "%s cannot be written (%s)", beside,
				  strerror(errno));
	bad = write(fd, text, n) != (ssize_t)n || fsync(fd) < 0;
	close(fd);
	if (bad || rename(beside, path) < 0) {
		bad = errno;
		unlink(beside);
		return errmsg_set(err, ERR_IO, "%s: writing failed (%s)", path, strerror(bad));
	}
	return ERR_OK;
}

static int book_save(const char *folder, const struct book *b, struct errmsg *err)
{
	json_t *lists = json_array(), *root;
	char path[PATH], *text;
	int rc = in_folder(folder, "lists.json", "", path, err);

	for (unsigned i = 0; i < b->n; i++)
		json_array_append_new(lists, list_json(&b->lists[i]));
	root = json_pack("{s:I s:o}", "next_id", (json_int_t)b->next_id, "lists", lists);
	text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
	json_decref(root);
	if (rc == ERR_OK)
		rc = text ? write_text(path, text, err)
			  : errmsg_set(err, ERR_INVALID, "a list's comment is no UTF-8");
	free(text);
	return rc;
}

/* --- reading sources --- */

struct intake {
	struct build *build; /* NULL: only looked at */
	const struct book_list *list;
	struct book_reading *reading;
	uint32_t now;
};

static uint32_t ends(const struct book_list *l, uint32_t expires)
{
	uint64_t life = (uint64_t)l->added + (uint64_t)l->lifetime_days * 86400;

	if (expires || !l->lifetime_days)
		return expires;
	return life < UINT32_MAX ? (uint32_t)life : UINT32_MAX;
}

static int take(void *ctx, const struct indicator *i, uint32_t expires, struct slice comment,
		struct errmsg *err)
{
	struct intake *in = ctx;
	struct indicator whole;

	expires = ends(in->list, expires);
	in->reading->expired += expires && expires <= in->now;
	if (i->kind == LIST_SERVICE && in->list->any_port) {
		whole = *i;
		whole.kind = LIST_ADDRESS;
		whole.bits = 128;
		i = &whole;
	}
	in->reading->kinds[i->kind]++;
	return in->build ? build_indicator(in->build, i, expires, in->now, comment, err) : ERR_OK;
}

static void refused(void *ctx, uint64_t line, const char *why)
{
	struct book_reading *r = ((struct intake *)ctx)->reading;

	if (r->n_refusals == BOOK_REFUSED)
		return;
	r->refusals[r->n_refusals].line = line;
	snprintf(r->refusals[r->n_refusals++].why, sizeof(r->refusals[0].why), "%s", why);
}

/* Maps a file as it is now; an empty one is an empty slice. */
static int map_source(const char *path, struct slice *ret, struct errmsg *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map;

	*ret = SLICE("", 0);
	if (fd < 0 || fstat(fd, &st) < 0) {
		if (fd >= 0)
			close(fd);
		return errmsg_set(err, ERR_IO, "%s cannot be read (%s)", path, strerror(errno));
	}
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return errmsg_set(err, ERR_INVALID, "%s is no file", path);
	}
	map = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	close(fd);
	if (map == MAP_FAILED)
		return errmsg_set(err, ERR_NOMEM, "%s cannot be mapped (%s)", path,
				  strerror(errno));
	if (map)
		*ret = SLICE(map, st.st_size);
	return ERR_OK;
}

static int read_source(const char *path, struct intake *in, struct errmsg *err)
{
	struct list_sink sink = {take, refused, in};
	struct errmsg why = {""};
	struct slice text;
	int rc = map_source(path, &text, err);

	if (rc != ERR_OK)
		return rc;
	rc = list_read(text, in->list->form, in->list->hint, &sink, &in->reading->counts, &why);
	if (rc != ERR_OK)
		errmsg_set(err, rc, "%s: %s", path, why.text);
	if (text.len)
		munmap((void *)text.data, text.len);
	return rc;
}

int book_check(const char *path, const struct book_list *list, uint32_t now,
	       struct book_reading *ret, struct errmsg *err)
{
	struct intake in = {.list = list, .reading = ret, .now = now};

	*ret = (struct book_reading){0};
	return read_source(path, &in, err);
}

/* --- changes --- */

static int lock_folder(const char *folder, int *ret, struct errmsg *err)
{
	char path[PATH];
	int rc = in_folder(folder, "lock", "", path, err);

	if (rc != ERR_OK)
		return rc;
	if (mkdir(folder, 0750) < 0 && errno != EEXIST)
		return errmsg_set(err, ERR_IO, "folder %s cannot be made (%s)", folder,
				  strerror(errno));
	*ret = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (*ret < 0 || flock(*ret, LOCK_EX) < 0)
		return errmsg_set(err, ERR_IO, "%s cannot be locked (%s)", path, strerror(errno));
	return ERR_OK;
}

/* All lists of the book into one file; the figures of each in the book. */
static int compile(const char *folder, struct book *b, uint32_t now, struct build_counts *ret,
		   struct errmsg *err)
{
	struct build *build = build_new();
	struct book_reading reading;
	char path[PATH];
	int rc = build ? ERR_OK : errmsg_set(err, ERR_NOMEM, "no memory to compile lists");

	for (unsigned i = 0; i < b->n && rc == ERR_OK; i++) {
		struct book_list *l = &b->lists[i];
		struct intake in = {build, l, &reading, now};

		reading = (struct book_reading){0};
		rc = build_list(build, &l->info, err);
		if (rc == ERR_OK)
			rc = in_folder(folder, l->info.name, ".list", path, err);
		if (rc == ERR_OK)
			rc = read_source(path, &in, err);
		l->taken = reading.counts.taken - reading.expired;
		l->refused = reading.counts.refused;
		l->expired = reading.expired;
	}
	if (rc == ERR_OK)
		rc = in_folder(folder, "compiled", "", path, err);
	if (rc == ERR_OK)
		rc = build_write(build, path, err);
	if (rc == ERR_OK && ret)
		*ret = build_counts(build);
	build_free(build);
	return rc;
}

int book_compile(const char *folder, uint32_t now, struct build_counts *ret, struct errmsg *err)
{
	struct book b;
	int lock = -1, rc = lock_folder(folder, &lock, err);

	if (rc != ERR_OK)
		return rc;
	rc = book_load(folder, &b, err);
	if (rc == ERR_OK)
		rc = compile(folder, &b, now, ret, err);
	if (rc == ERR_OK)
		rc = book_save(folder, &b, err);
	close(lock);
	return rc;
}

static int copy_file(const char *from, const char *to, struct errmsg *err)
{
	struct slice text;
	size_t done = 0;
	int fd, rc = map_source(from, &text, err);

	if (rc != ERR_OK)
		return rc;
	fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	while (fd >= 0 && done < text.len) {
		ssize_t n = write(fd, text.data + done, text.len - done);

		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || done < text.len || fsync(fd) < 0)
		rc = errmsg_set(err, ERR_IO, "%s: writing failed (%s)", to, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (text.len)
		munmap((void *)text.data, text.len);
	return rc;
}

/* The new source is put in place, the old one kept until all is compiled. */
static int take_over(const char *folder, const char *from, struct book *b, const char *name,
		     uint32_t now, struct errmsg *err)
{
	char source[PATH], old[PATH], beside[PATH];
	int rc = in_folder(folder, name, ".list", source, err);
	bool had;

	if (rc == ERR_OK)
		rc = in_folder(folder, name, ".list-old", old, err);
	if (rc == ERR_OK)
		rc = in_folder(folder, name, ".list-new", beside, err);
	if (rc == ERR_OK)
		rc = copy_file(from, beside, err);
	if (rc != ERR_OK) {
		unlink(beside);
		return rc;
	}
	had = rename(source, old) == 0;
	if (rename(beside, source) < 0)
		rc = errmsg_set(err, ERR_IO, "%s cannot be put in place (%s)", source,
				strerror(errno));
	if (rc == ERR_OK)
		rc = compile(folder, b, now, NULL, err);
	if (rc == ERR_OK)
		rc = book_save(folder, b, err);
	if (rc == ERR_OK) {
		unlink(old);
	} else {
		unlink(beside);
		if (!had)
			unlink(source);
		else if (rename(old, source) < 0)
			errmsg_set(err, rc, "%s could not be put back (%s)", source,
				   strerror(errno));
	}
	return rc;
}

static int add_locked(const char *folder, const char *path, const struct book_list *list,
		      uint32_t now, struct book_reading *ret, struct errmsg *err)
{
	struct book_list *at;
	struct book b;
	uint32_t id;
	int rc = book_load(folder, &b, err);

	if (rc != ERR_OK)
		return rc;
	at = book_find(&b, list->info.name);
	if (!at && b.n == BOOK_LISTS)
		return errmsg_set(err, ERR_LIMIT, "there are %d lists already", BOOK_LISTS);
	if (!at) {
		at = &b.lists[b.n++];
		at->info.id = b.next_id++;
	}
	id = at->info.id;
	*at = *list;
	at->info.id = id;
	at->added = now;
	rc = book_check(path, at, now, ret, err);
	if (rc != ERR_OK)
		return rc;
	if (ret->counts.taken == 0)
		return errmsg_set(err, ERR_INVALID, "%s has no indicator%s%s", path,
				  ret->n_refusals ? ": " : "",
				  ret->n_refusals ? ret->refusals[0].why : "");
	return take_over(folder, path, &b, list->info.name, now, err);
}

int book_add(const char *folder, const char *path, const struct book_list *list, uint32_t now,
	     struct book_reading *ret, struct errmsg *err)
{
	int lock = -1, rc;

	*ret = (struct book_reading){0};
	if (!book_name_ok(list->info.name))
		return errmsg_set(err, ERR_INVALID,
				  "\"%s\" is no name for a list: up to 47 letters, digits, '-', "
				  "'_', '.'",
				  list->info.name);
	rc = lock_folder(folder, &lock, err);
	if (rc != ERR_OK)
		return rc;
	rc = add_locked(folder, path, list, now, ret, err);
	close(lock);
	return rc;
}

int book_remove(const char *folder, const char *name, uint32_t now, struct errmsg *err)
{
	struct book_list *l = NULL;
	struct book b;
	char path[PATH];
	int lock = -1, rc = lock_folder(folder, &lock, err);

	if (rc != ERR_OK)
		return rc;
	rc = book_load(folder, &b, err);
	if (rc == ERR_OK) {
		l = book_find(&b, name);
		if (!l)
			rc = errmsg_set(err, ERR_NOTFOUND, "there is no list %s", name);
	}
	if (rc == ERR_OK) {
		memmove(l, l + 1, (size_t)(&b.lists[b.n] - (l + 1)) * sizeof(*l));
		b.n--;
		rc = compile(folder, &b, now, NULL, err);
	}
	if (rc == ERR_OK)
		rc = book_save(folder, &b, err);
	if (rc == ERR_OK && in_folder(folder, name, ".list", path, err) == ERR_OK)
		unlink(path);
	close(lock);
	return rc;
}
