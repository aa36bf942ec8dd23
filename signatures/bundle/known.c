#include "signatures/bundle/known.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "control/wire/file.h"
#include "signatures/bundle/disk.h"
#include "signatures/lists/book.h"

static const char prefix[] = "bundle-";

/* Names the lists: the digests of what the set is made of. */
static void mark_of(const json_t *set, char ret[4096])
{
	size_t i, n = 0;
	json_t *part;

	ret[0] = '\0';
	json_array_foreach(json_object_get(set, "parts"), i, part)
	{
		const char *digest = json_string_value(json_object_get(part, "digest"));

		if (digest && n < 3900)
			n += (size_t)snprintf(ret + n, 4096 - n, "%.64s\n", digest);
	}
}

static int add_one(const char *lists, const char *folder, const char *file, uint32_t now,
		   struct errmsg *e)
{
	struct book_reading *reading = calloc(1, sizeof(*reading));
	struct book_list list = {.info = {.known = true, .priority = BOOK_PRIORITY}};
	const char *dot = strrchr(file, '.');
	char path[DISK_PATH];
	int rc = reading ? disk_path(path, e, "%s/%s", folder, file) : ERR_NOMEM;

	if (rc == ERR_OK && snprintf(list.info.name, sizeof(list.info.name), "%s%.*s", prefix,
				     dot ? (int)(dot - file) : (int)strlen(file),
				     file) >= (int)sizeof(list.info.name))
		rc = errmsg_set(e, ERR_LIMIT, "%s: the name is too long", file);
	if (rc == ERR_OK)
		rc = book_add(lists, path, &list, now, reading, e);
	free(reading);
	return rc;
}

static int add_all(const char *store, const char *lists, const json_t *set, json_t *have,
		   uint32_t now, struct errmsg *e)
{
	size_t i;
	json_t *part;
	int rc = ERR_OK;

	json_array_foreach(json_object_get(set, "parts"), i, part)
	{
		char folder[DISK_PATH];
		struct dirent *d;
		DIR *dir;

		if (disk_path(folder, e, "%s/bundles/%s-%s-%lld/lists", store,
			      json_string_value(json_object_get(part, "kind")),
			      json_string_value(json_object_get(part, "name")),
			      json_integer_value(json_object_get(part, "version"))) != ERR_OK)
			return ERR_LIMIT;
		dir = opendir(folder);
		while (dir && (d = readdir(dir))) {
			const char *dot = strrchr(d->d_name, '.');
			char name[300];

			if (d->d_name[0] == '.')
				continue;
			snprintf(name, sizeof(name), "%s%.*s", prefix,
				 dot ? (int)(dot - d->d_name) : (int)strlen(d->d_name), d->d_name);
			json_object_set_new(have, name, json_true());
			/* One that cannot be read keeps the others from nothing. */
			if (add_one(lists, folder, d->d_name, now, e) != ERR_OK)
				rc = ERR_INVALID;
		}
		if (dir)
			closedir(dir);
	}
	return rc;
}

static void remove_others(const char *lists, const json_t *have, uint32_t now)
{
	struct book *book = calloc(1, sizeof(*book));

	if (book && book_load(lists, book, NULL) == ERR_OK) {
		for (unsigned i = 0; i < book->n; i++) {
			const char *name = book->lists[i].info.name;

			if (strncmp(name, prefix, strlen(prefix)) == 0 &&
			    !json_object_get(have, name))
				(void)book_remove(lists, name, now, NULL);
		}
	}
	free(book);
}

int known_settle(const char *store, const char *lists, const json_t *set, uint32_t now,
		 struct errmsg *e)
{
	char path[DISK_PATH], mark[4096];
	json_t *have = json_object();
	struct slice before;
	int rc = disk_path(path, e, "%s/lists-settled", store);

	mark_of(set, mark);
	if (rc == ERR_OK && file_read(path, sizeof(mark), &before, NULL) == ERR_OK) {
		bool same = slice_eq(before, SLICE_STR(mark));

		free((void *)before.data);
		if (same) {
			json_decref(have);
			return ERR_OK;
		}
	}
	if (rc == ERR_OK)
		rc = file_make_folder(lists, 0755, e);
	if (rc == ERR_OK) {
		rc = add_all(store, lists, set, have, now, e);
		remove_others(lists, have, now);
	}
	json_decref(have);
	return rc == ERR_OK ? file_write(path, SLICE_STR(mark), 0644, e) : rc;
}
