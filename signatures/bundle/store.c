#include "signatures/bundle/store.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/wire/file.h"
#include "signatures/bundle/disk.h"
#include "signatures/bundle/known.h"
#include "signatures/bundle/set.h"

const char store_folder[] = "/var/lib/banken/bundle";
const char store_keys_folder[] = "/etc/banken/bundle-keys";

enum { SET_JSON_MAX = 4 << 20, ID = 2 * BUNDLE_NAME + 64 };

/* --- parts: what a set is made of --- */

static const char *text_at(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static uint64_t version_of(const json_t *part)
{
	return (uint64_t)json_integer_value(json_object_get(part, "version"));
}

static bool is_part(const json_t *part, const char *kind, const char *name)
{
	return strcmp(text_at(part, "kind"), kind) == 0 &&
	       (!name || strcmp(text_at(part, "name"), name) == 0);
}

/* The folder of a part below bundles/. */
static const char *id_of(const json_t *part, char ret[ID])
{
	snprintf(ret, ID, "%s-%s-%llu", text_at(part, "kind"), text_at(part, "name"),
		 (unsigned long long)version_of(part));
	return ret;
}

static json_t *part_of(const struct bundle *b, const char *signer)
{
	char digest[65];

	bundle_hex(b->digest, sizeof(b->digest), digest);
	return json_pack("{ss ss sI ss ss sI sI ss}", "kind", bundle_kind_names[b->kind], "name",
			 b->name, "version", (json_int_t)b->version, "digest", digest, "signer",
			 signer, "made", (json_int_t)b->made, "expires", (json_int_t)b->expires,
			 "note", b->note);
}

/* In place of the one of the same kind and name. */
static void put_part(json_t *parts, json_t *part)
{
	size_t i;
	json_t *old;

	json_array_foreach(parts, i, old)
	{
		if (is_part(old, text_at(part, "kind"), text_at(part, "name"))) {
			json_array_set(parts, i, part);
			return;
		}
	}
	json_array_append(parts, part);
}

/* Broad scopes first, so that narrow ones have the last word. */
static int scope_order(const char *name)
{
	static const char *const scopes[] = {"all", "customer", "site", "sensor"};

	for (int i = 0; i < 4; i++) {
		if (strncmp(name, scopes[i], strlen(scopes[i])) == 0)
			return i;
	}
	return 4;
}

/* --- reading what is there --- */

static int load_set(const char *folder, const char *set, json_t **ret, struct errmsg *e)
{
	char path[DISK_PATH];
	struct slice text;
	int rc = disk_path(path, e, "%s/%s/set.json", folder, set);

	*ret = NULL;
	if (rc == ERR_OK)
		rc = file_read(path, SET_JSON_MAX, &text, e);
	if (rc != ERR_OK)
		return rc;
	*ret = json_loadb((const char *)text.data, text.len, 0, NULL);
	free((void *)text.data);
	if (!json_is_object(*ret) || !json_is_array(json_object_get(*ret, "parts"))) {
		json_decref(*ret);
		*ret = NULL;
		return errmsg_set(e, ERR_INVALID, "%s is damaged; install a bundle again", path);
	}
	return ERR_OK;
}

int store_current(const char *folder, json_t **ret, struct errmsg *e)
{
	int rc = load_set(folder, "current", ret, e);

	return rc == ERR_NOTFOUND ? errmsg_set(e, rc, "%s: nothing is installed there", folder)
				  : rc;
}

static int newest_first(const struct dirent **a, const struct dirent **b)
{
	long x = strtol((*a)->d_name, NULL, 10), y = strtol((*b)->d_name, NULL, 10);

	return x == y ? 0 : x > y ? -1 : 1;
}

static int is_number(const struct dirent *d)
{
	return d->d_name[0] && strspn(d->d_name, "0123456789") == strlen(d->d_name);
}

json_t *store_history(const char *folder)
{
	struct dirent **names = NULL;
	json_t *all = json_array();
	char path[DISK_PATH], set[300];
	int n = 0;

	if (disk_path(path, NULL, "%s/sets", folder) == ERR_OK)
		n = scandir(path, &names, is_number, newest_first);
	for (int i = 0; i < n; i++) {
		json_t *one;

		snprintf(set, sizeof(set), "sets/%s", names[i]->d_name);
		if (load_set(folder, set, &one, NULL) == ERR_OK)
			json_array_append_new(all, one);
		free(names[i]);
	}
	free(names);
	return all;
}

int store_open_bundle(const struct store_place *p, const char *file, struct slice *ret_bytes,
		      struct bundle *ret, const char **ret_signer, struct bundle_keys **ret_keys,
		      struct errmsg *e)
{
	int rc = bundle_keys_load(p->keys, ret_keys, e);

	if (rc != ERR_OK)
		return rc;
	rc = file_read(file, BUNDLE_MAX, ret_bytes, e);
	if (rc == ERR_OK) {
		rc = bundle_parse(*ret_bytes, ret, e);
		if (rc == ERR_OK) {
			rc = bundle_check(ret, *ret_keys, ret_signer, e);
			if (rc == ERR_OK)
				rc = bundle_check_time(ret, p->now, e);
			if (rc != ERR_OK)
				bundle_done(ret);
		}
		if (rc != ERR_OK)
			free((void *)ret_bytes->data);
	}
	if (rc != ERR_OK)
		bundle_keys_free(*ret_keys);
	return rc;
}

/* --- building --- */

static int add_imports(const struct store_place *p, struct set *s, struct errmsg *e)
{
	struct dirent **names = NULL;
	char path[DISK_PATH];
	int n, rc = disk_path(path, e, "%s/imports", p->folder);

	if (rc != ERR_OK)
		return rc;
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (rc == ERR_OK && names[i]->d_name[0] != '.') {
			rc = disk_path(path, e, "%s/imports/%s", p->folder, names[i]->d_name);
			if (rc == ERR_OK)
				rc = set_add_rules(s, path, e);
			if (rc == ERR_OK)
				rc = set_add_words(s, path, e);
		}
		free(names[i]);
	}
	free(names);
	return rc;
}

/* The folder `what` of a part, or of `extra` for a part that is not unpacked below bundles/ yet. */
static int part_folder(const struct store_place *p, const json_t *part, const char *what,
		       char ret[DISK_PATH], struct errmsg *e)
{
	const char *at = json_string_value(json_object_get(part, "at"));
	char id[ID];

	return at ? disk_path(ret, e, "%s/%s", at, what)
		  : disk_path(ret, e, "%s/bundles/%s/%s", p->folder, id_of(part, id), what);
}

static int add_parts(const struct store_place *p, const json_t *parts, struct set *s,
		     struct errmsg *e)
{
	char path[DISK_PATH];
	size_t i;
	json_t *part;
	int rc = ERR_OK;

	json_array_foreach(parts, i, part)
	{
		if (rc == ERR_OK)
			rc = part_folder(p, part, "rules", path, e);
		if (rc == ERR_OK)
			rc = set_add_rules(s, path, e);
	}
	return rc == ERR_OK ? add_imports(p, s, e) : rc;
}

static int add_layers(const struct store_place *p, const json_t *parts, struct set *s,
		      struct errmsg *e)
{
	char path[DISK_PATH];
	size_t i;
	json_t *part;
	int rc = ERR_OK;

	json_array_foreach(parts, i, part)
	{
		if (rc != ERR_OK || is_part(part, "rule-set", NULL))
			continue;
		rc = part_folder(p, part, "config", path, e);
		if (rc == ERR_OK)
			rc = set_add_layer(s, path, text_at(part, "name"), e);
	}
	for (int order = 0; order <= 4; order++) {
		json_array_foreach(parts, i, part)
		{
			if (rc != ERR_OK || !is_part(part, "rule-set", NULL) ||
			    scope_order(text_at(part, "name")) != order)
				continue;
			rc = part_folder(p, part, "config", path, e);
			if (rc == ERR_OK)
				rc = set_add_layer(s, path, text_at(part, "name"), e);
		}
	}
	if (rc == ERR_OK)
		rc = disk_path(path, e, "%s/local", p->folder);
	return rc == ERR_OK ? set_add_layer(s, path, "local", e) : rc;
}

/* Data sets lie beside the rules that name them; compiled databases in a folder of their own. */
static int share_parts(const struct store_place *p, const json_t *parts, const char *into,
		       struct errmsg *e)
{
	char path[DISK_PATH], cache[DISK_PATH];
	size_t i;
	json_t *part;
	int rc = disk_path(cache, e, "%s/cache", into);

	json_array_foreach(parts, i, part)
	{
		if (rc == ERR_OK)
			rc = part_folder(p, part, "data", path, e);
		if (rc == ERR_OK)
			rc = disk_share(path, into, e);
		if (rc == ERR_OK)
			rc = part_folder(p, part, "cache", path, e);
		if (rc == ERR_OK)
			rc = disk_share(path, cache, e);
	}
	return rc;
}

static int write_json(const char *folder, const json_t *o, struct errmsg *e)
{
	char path[DISK_PATH], *text = json_dumps(o, JSON_INDENT(1) | JSON_SORT_KEYS);
	int rc = text ? disk_path(path, e, "%s/set.json", folder)
		      : errmsg_set(e, ERR_NOMEM, "no memory for the set");

	if (rc == ERR_OK)
		rc = file_write(path, SLICE_STR(text), 0644, e);
	free(text);
	return rc;
}

/* Builds the set of `info`'s parts into a folder, which is made; figures go into `info`. */
static int build(const struct store_place *p, json_t *info, const char *into, struct errmsg *e)
{
	const json_t *parts = json_object_get(info, "parts");
	struct set s = {0};
	int rc = add_parts(p, parts, &s, e);

	if (rc == ERR_OK)
		rc = add_layers(p, parts, &s, e);
	if (rc == ERR_OK)
		rc = set_finish(&s, e);
	if (rc == ERR_OK)
		rc = file_make_folder(into, 0755, e);
	if (rc == ERR_OK)
		rc = share_parts(p, parts, into, e);
	if (rc == ERR_OK)
		rc = set_write(&s, into, e);
	if (rc == ERR_OK) {
		json_object_set_new(info, "rules", set_json(&s));
		rc = write_json(into, info, e);
	}
	set_done(&s);
	return rc;
}

/* --- putting in force --- */

static bool is_needed(const json_t *history, const char *id)
{
	size_t i, k;
	json_t *set, *part;
	char one[ID];

	json_array_foreach(history, i, set)
	{
		json_array_foreach(json_object_get(set, "parts"), k, part)
		{
			if (strcmp(id_of(part, one), id) == 0)
				return true;
		}
	}
	return false;
}

/* Sets before the last few, and bundles that no kept set is made of. */
static void forget(const struct store_place *p)
{
	struct dirent **names = NULL;
	char path[DISK_PATH];
	json_t *history;
	int n;

	(void)disk_path(path, NULL, "%s/sets", p->folder);
	n = scandir(path, &names, is_number, newest_first);
	for (int i = 0; i < n; i++) {
		if (i >= BUNDLE_KEPT &&
		    disk_path(path, NULL, "%s/sets/%s", p->folder, names[i]->d_name) == ERR_OK)
			disk_remove(path);
		free(names[i]);
	}
	free(names);
	history = store_history(p->folder);
	(void)disk_path(path, NULL, "%s/bundles", p->folder);
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.' && !is_needed(history, names[i]->d_name) &&
		    disk_path(path, NULL, "%s/bundles/%s", p->folder, names[i]->d_name) == ERR_OK)
			disk_remove(path);
		free(names[i]);
	}
	free(names);
	json_decref(history);
}

/* Numbers only rise, over what a kill left as well. */
static long next_number(const struct store_place *p)
{
	struct dirent **names = NULL;
	char path[DISK_PATH];
	long next = 1;
	int n;

	(void)disk_path(path, NULL, "%s/sets", p->folder);
	n = scandir(path, &names, is_number, newest_first);
	for (int i = 0; i < n; i++) {
		if (i == 0)
			next = strtol(names[i]->d_name, NULL, 10) + 1;
		free(names[i]);
	}
	free(names);
	return next;
}

static int commit(const struct store_place *p, json_t *info, json_t **ret_set, struct errmsg *e)
{
	char beside[DISK_PATH], final[DISK_PATH], link[DISK_PATH], target[64];
	long number = next_number(p);
	int rc = disk_path(beside, e, "%s/sets/.new%ld", p->folder, (long)getpid());

	json_object_set_new(info, "set", json_integer(number));
	json_object_set_new(info, "made", json_integer((json_int_t)p->now));
	snprintf(target, sizeof(target), "sets/%ld", number);
	if (rc == ERR_OK)
		rc = disk_path(final, e, "%s/%s", p->folder, target);
	if (rc == ERR_OK)
		rc = disk_path(link, e, "%s/current", p->folder);
	if (rc == ERR_OK)
		rc = build(p, info, beside, e);
	if (rc == ERR_OK)
		rc = disk_move(beside, final, e);
	if (rc == ERR_OK)
		rc = disk_link(target, link, e);
	if (rc != ERR_OK) {
		disk_remove(beside);
		return rc;
	}
	forget(p);
	if (p->lists)
		(void)known_settle(p->folder, p->lists, info, (uint32_t)p->now, NULL);
	if (ret_set)
		*ret_set = json_incref(info);
	return ERR_OK;
}

/* The set in force as the begin of the next one; an empty one when nothing is installed. */
static int begin(const struct store_place *p, const char *why, json_t **ret, struct errmsg *e)
{
	char path[DISK_PATH];
	json_t *info;
	int rc = disk_path(path, e, "%s/sets", p->folder);

	if (rc == ERR_OK)
		rc = file_make_folder(path, 0755, e);
	disk_sweep(path);
	if (rc == ERR_OK)
		rc = disk_path(path, e, "%s/bundles", p->folder);
	if (rc == ERR_OK)
		rc = file_make_folder(path, 0755, e);
	if (rc != ERR_OK)
		return rc;
	disk_sweep(path);
	rc = store_current(p->folder, &info, NULL);
	if (rc != ERR_OK)
		info = json_pack("{s[] s{}}", "parts", "highest");
	else
		json_object_set(info, "before", json_object_get(info, "set"));
	if (!info)
		return errmsg_set(e, ERR_NOMEM, "no memory for the set");
	json_object_set_new(info, "why", json_string(why));
	*ret = info;
	return ERR_OK;
}

/* --- installing --- */

static const char *mark_of(const struct bundle *b, char ret[ID])
{
	snprintf(ret, ID, "%s/%s", bundle_kind_names[b->kind], b->name);
	return ret;
}

/* True when it is in force already. */
static bool is_there(const json_t *info, const struct bundle *b)
{
	char digest[65];
	size_t i;
	json_t *part;

	bundle_hex(b->digest, sizeof(b->digest), digest);
	json_array_foreach(json_object_get(info, "parts"), i, part)
	{
		if (strcmp(text_at(part, "digest"), digest) == 0)
			return true;
	}
	return false;
}

static int check_version(const json_t *info, const struct bundle *b, struct errmsg *e)
{
	const json_t *highest = json_object_get(info, "highest");
	char mark[ID];
	uint64_t most = (uint64_t)json_integer_value(json_object_get(highest, mark_of(b, mark)));

	if (b->version > most)
		return ERR_OK;
	return errmsg_set(
		e, ERR_DENIED,
		"%s version %llu is not newer than %llu, which was installed here; 'banken "
		"bundle rollback' goes back on purpose",
		b->name, (unsigned long long)b->version, (unsigned long long)most);
}

static void raise_mark(json_t *info, const char *mark, uint64_t version)
{
	json_t *highest = json_object_get(info, "highest");

	if (version > (uint64_t)json_integer_value(json_object_get(highest, mark)))
		json_object_set_new(highest, mark, json_integer((json_int_t)version));
}

/* Below bundles/, whole or not at all. */
static int keep_unpacked(const struct store_place *p, const struct bundle *b, const json_t *part,
			 struct slice bytes, struct errmsg *e)
{
	char beside[DISK_PATH], final[DISK_PATH], copy[DISK_PATH], id[ID];
	int rc = disk_path(beside, e, "%s/bundles/.new%ld", p->folder, (long)getpid());

	if (rc == ERR_OK)
		rc = disk_path(final, e, "%s/bundles/%s", p->folder, id_of(part, id));
	if (rc == ERR_OK)
		rc = disk_path(copy, e, "%s/bundle", beside);
	if (rc == ERR_OK)
		rc = disk_unpack(b, beside, e);
	if (rc == ERR_OK)
		rc = file_write(copy, bytes, 0644, e);
	if (rc == ERR_OK)
		rc = disk_move(beside, final, e);
	if (rc != ERR_OK)
		disk_remove(beside);
	return rc;
}

static int install(const struct store_place *p, const struct bundle *b, const char *signer,
		   struct slice bytes, json_t **ret_set, struct errmsg *e)
{
	json_t *info, *part = part_of(b, signer);
	char why[BUNDLE_NAME + 64], mark[ID];
	int rc;

	snprintf(why, sizeof(why), "install %s %llu", b->name, (unsigned long long)b->version);
	rc = begin(p, why, &info, e);
	if (rc != ERR_OK) {
		json_decref(part);
		return rc;
	}
	if (is_there(info, b)) {
		if (ret_set)
			*ret_set = json_incref(info);
	} else {
		rc = p->back ? ERR_OK : check_version(info, b, e);
		if (rc == ERR_OK)
			rc = keep_unpacked(p, b, part, bytes, e);
		if (rc == ERR_OK) {
			put_part(json_object_get(info, "parts"), part);
			raise_mark(info, mark_of(b, mark), b->version);
			rc = commit(p, info, ret_set, e);
		}
	}
	json_decref(part);
	json_decref(info);
	return rc;
}

int store_install(const struct store_place *p, const char *file, json_t **ret_set, struct errmsg *e)
{
	struct bundle_keys *keys;
	struct slice bytes;
	struct bundle b;
	const char *signer;
	int lock, rc = store_open_bundle(p, file, &bytes, &b, &signer, &keys, e);

	if (rc != ERR_OK)
		return rc;
	lock = disk_lock(p->folder, e);
	rc = lock < 0 ? ERR_AGAIN : install(p, &b, signer, bytes, ret_set, e);
	if (lock >= 0)
		close(lock);
	bundle_done(&b);
	free((void *)bytes.data);
	bundle_keys_free(keys);
	return rc;
}

/* --- the other changes --- */

/* The newest kept set in which the first signature bundle has that version; version 0: the one
 * before the set in force. */
static json_t *find_before(const struct store_place *p, const json_t *info, uint64_t version)
{
	json_t *history = store_history(p->folder), *set, *part, *found = NULL;
	json_int_t now = json_integer_value(json_object_get(info, "set"));
	size_t i, k;

	json_array_foreach(history, i, set)
	{
		bool fits =
			version == 0 && json_integer_value(json_object_get(set, "set")) < now &&
			!json_equal(json_object_get(set, "parts"), json_object_get(info, "parts"));

		json_array_foreach(json_object_get(set, "parts"), k, part) fits |=
			version && is_part(part, "signatures", NULL) && version_of(part) == version;
		if (fits && !found)
			found = json_incref(set);
	}
	json_decref(history);
	return found;
}

static int rollback(const struct store_place *p, uint64_t version, json_t **ret_set,
		    struct errmsg *e)
{
	json_t *info, *before;
	int rc = begin(p, "rollback", &info, e);

	if (rc != ERR_OK)
		return rc;
	before = find_before(p, info, version);
	if (before) {
		json_object_set_new(info, "parts",
				    json_deep_copy(json_object_get(before, "parts")));
		rc = commit(p, info, ret_set, e);
	} else if (version) {
		rc = errmsg_set(e, ERR_NOTFOUND, "version %llu is not kept here any more",
				(unsigned long long)version);
	} else {
		rc = errmsg_set(e, ERR_NOTFOUND, "there is nothing to go back to");
	}
	json_decref(before);
	json_decref(info);
	return rc;
}

int store_rollback(const struct store_place *p, uint64_t version, json_t **ret_set,
		   struct errmsg *e)
{
	int lock = disk_lock(p->folder, e), rc;

	if (lock < 0)
		return ERR_AGAIN;
	rc = rollback(p, version, ret_set, e);
	close(lock);
	return rc;
}

int store_apply(const struct store_place *p, const char *why, json_t **ret_set, struct errmsg *e)
{
	int lock = disk_lock(p->folder, e), rc;
	json_t *info;

	if (lock < 0)
		return ERR_AGAIN;
	rc = begin(p, why, &info, e);
	if (rc == ERR_OK) {
		rc = commit(p, info, ret_set, e);
		json_decref(info);
	}
	close(lock);
	return rc;
}

static int take_out(const struct store_place *p, enum bundle_kind kind, const char *name,
		    json_t **ret_set, struct errmsg *e)
{
	json_t *info, *parts, *part;
	bool found = false;
	size_t i;
	int rc = begin(p, "remove", &info, e);

	if (rc != ERR_OK)
		return rc;
	parts = json_object_get(info, "parts");
	for (i = json_array_size(parts); i-- > 0;) {
		part = json_array_get(parts, i);
		if (is_part(part, bundle_kind_names[kind], name)) {
			json_array_remove(parts, i);
			found = true;
		}
	}
	rc = found ? commit(p, info, ret_set, e)
		   : errmsg_set(e, ERR_NOTFOUND, "there is no %s %s here", bundle_kind_names[kind],
				name);
	json_decref(info);
	return rc;
}

int store_remove(const struct store_place *p, enum bundle_kind kind, const char *name,
		 json_t **ret_set, struct errmsg *e)
{
	int lock = disk_lock(p->folder, e), rc;

	if (lock < 0)
		return ERR_AGAIN;
	rc = take_out(p, kind, name, ret_set, e);
	close(lock);
	return rc;
}

int store_load(const struct store_place *p, struct set *ret, struct errmsg *e)
{
	json_t *info = NULL;
	int rc;

	*ret = (struct set){0};
	if (store_current(p->folder, &info, NULL) != ERR_OK)
		info = json_pack("{s[]}", "parts");
	rc = add_parts(p, json_object_get(info, "parts"), ret, e);
	if (rc == ERR_OK)
		rc = add_layers(p, json_object_get(info, "parts"), ret, e);
	if (rc == ERR_OK)
		rc = set_finish(ret, e);
	json_decref(info);
	return rc;
}

int store_try(const struct store_place *p, const char *file, const char *into, json_t **ret_set,
	      struct errmsg *e)
{
	struct bundle_keys *keys;
	char unpacked[DISK_PATH];
	struct slice bytes;
	struct bundle b;
	const char *signer;
	json_t *info = NULL, *part;
	int rc = store_open_bundle(p, file, &bytes, &b, &signer, &keys, e);

	if (rc != ERR_OK)
		return rc;
	rc = disk_path(unpacked, e, "%s/bundle", into);
	if (rc == ERR_OK)
		rc = disk_unpack(&b, unpacked, e);
	if (rc == ERR_OK && store_current(p->folder, &info, NULL) != ERR_OK)
		info = json_pack("{s[] s{}}", "parts", "highest");
	if (rc == ERR_OK) {
		part = part_of(&b, signer);
		json_object_set_new(part, "at", json_string(unpacked));
		put_part(json_object_get(info, "parts"), part);
		json_decref(part);
		rc = build(p, info, into, e);
	}
	if (rc == ERR_OK && ret_set)
		*ret_set = json_incref(info);
	json_decref(info);
	bundle_done(&b);
	free((void *)bytes.data);
	bundle_keys_free(keys);
	return rc;
}
