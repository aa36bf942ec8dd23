/* The operator's own rules: ET Open's archive, a folder, a file. */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/wire/file.h"
#include "signatures/bundle/disk.h"
#include "signatures/bundle/store.h"

enum { BLOCK = 1 << 16, ENTRIES = 1 << 16 };

static bool is_rules(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && strcmp(name + n - 6, ".rules") == 0 && bundle_name_ok(name);
}

/* What rules are explained by: classes and kinds of references. */
static bool is_words(const char *name)
{
	return strcmp(name, "classification.config") == 0 || strcmp(name, "reference.config") == 0;
}

static bool is_taken(const char *name)
{
	return is_rules(name) || is_words(name);
}

/* One file of rules below `into`; the same name twice is refused. */
static int keep(const char *into, const char *name, struct slice text, struct import_counts *counts,
		struct errmsg *e)
{
	char path[DISK_PATH];
	int rc = disk_path(path, e, "%s/%s", into, name);

	if (rc != ERR_OK)
		return rc;
	if (access(path, F_OK) == 0)
		return errmsg_set(e, ERR_EXISTS, "%s comes twice in it", name);
	if (counts->files == RULE_SOURCES)
		return errmsg_set(e, ERR_LIMIT, "more than %d rule files", RULE_SOURCES);
	counts->files += !is_words(name);
	counts->bytes += text.len;
	if (counts->bytes > BUNDLE_TOTAL_MAX)
		return errmsg_set(e, ERR_LIMIT, "its rules are more than the %d MiB allowed",
				  (int)(BUNDLE_TOTAL_MAX >> 20));
	return file_write(path, text, 0644, e);
}

static int take_file(const char *source, const char *name, const char *into,
		     struct import_counts *counts, struct errmsg *e)
{
	struct slice text;
	int rc = file_read(source, RULE_SOURCE_MAX, &text, e);

	if (rc != ERR_OK)
		return rc;
	rc = keep(into, name, text, counts, e);
	free((void *)text.data);
	return rc;
}

static int take_folder(const char *source, const char *into, struct import_counts *counts,
		       struct errmsg *e)
{
	struct dirent **names = NULL;
	int n = scandir(source, &names, NULL, alphasort), rc = ERR_OK;

	for (int i = 0; i < n; i++) {
		char path[DISK_PATH];

		if (rc == ERR_OK && is_taken(names[i]->d_name)) {
			rc = disk_path(path, e, "%s/%s", source, names[i]->d_name);
			if (rc == ERR_OK)
				rc = take_file(path, names[i]->d_name, into, counts, e);
		} else {
			counts->left_out += names[i]->d_name[0] != '.';
		}
		free(names[i]);
	}
	free(names);
	return rc;
}

/* Grows with what really comes, never by what an entry says of itself. */
static int read_entry(struct archive *a, struct slice *ret, struct errmsg *e)
{
	uint8_t *bytes = NULL, *more;
	size_t len = 0, cap = 0;
	ssize_t n = 0;

	do {
		if (cap - len < BLOCK) {
			cap = cap ? cap * 2 : 4 * BLOCK;
			more = cap > RULE_SOURCE_MAX * 2ul ? NULL : realloc(bytes, cap + 1);
			if (!more) {
				free(bytes);
				return errmsg_set(e, ERR_LIMIT,
						  "a rule file in it is larger than the "
						  "%d MiB allowed",
						  RULE_SOURCE_MAX >> 20);
			}
			bytes = more;
		}
		n = archive_read_data(a, bytes + len, BLOCK);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len <= RULE_SOURCE_MAX);
	if (n != 0) {
		free(bytes);
		return n > 0 ? errmsg_set(e, ERR_LIMIT,
					  "a rule file in it is larger than the %d MiB allowed",
					  RULE_SOURCE_MAX >> 20)
			     : errmsg_set(e, ERR_INVALID, "the archive is damaged");
	}
	*ret = SLICE(bytes, len);
	return ERR_OK;
}

/* Only the last part of an entry's path counts, so that none leads anywhere. */
static int take_entry(struct archive *a, struct archive_entry *entry, const char *into,
		      struct import_counts *counts, struct errmsg *e)
{
	const char *path = archive_entry_pathname(entry), *slash = path ? strrchr(path, '/') : NULL;
	const char *name = slash ? slash + 1 : path;
	struct slice text;
	int rc;

	if (!name || archive_entry_filetype(entry) != AE_IFREG || !is_taken(name)) {
		counts->left_out += archive_entry_filetype(entry) != AE_IFDIR;
		return ERR_OK;
	}
	rc = read_entry(a, &text, e);
	if (rc != ERR_OK)
		return rc;
	rc = keep(into, name, text, counts, e);
	free((void *)text.data);
	return rc;
}

static int take_archive(const char *source, const char *into, struct import_counts *counts,
			struct errmsg *e)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	unsigned entries = 0;
	int rc = ERR_OK, got;

	if (!a)
		return errmsg_set(e, ERR_NOMEM, "no memory to read an archive");
	archive_read_support_format_tar(a);
	archive_read_support_format_zip(a);
	archive_read_support_filter_gzip(a);
	if (archive_read_open_filename(a, source, BLOCK) != ARCHIVE_OK)
		rc = errmsg_set(e, ERR_INVALID, "%s is no rule file, folder or archive of rules",
				source);
	while (rc == ERR_OK && (got = archive_read_next_header(a, &entry)) != ARCHIVE_EOF) {
		if (got < ARCHIVE_WARN || ++entries > ENTRIES)
			rc = errmsg_set(e, ERR_INVALID, "%s is no archive, or a damaged one",
					source);
		else
			rc = take_entry(a, entry, into, counts, e);
	}
	archive_read_free(a);
	return rc;
}

static int take(const char *source, const char *into, struct import_counts *counts,
		struct errmsg *e)
{
	const char *slash = strrchr(source, '/'), *name = slash ? slash + 1 : source;
	struct stat st;

	if (stat(source, &st))
		return errmsg_set(e, ERR_NOTFOUND, "%s is not there", source);
	if (S_ISDIR(st.st_mode))
		return take_folder(source, into, counts, e);
	return is_rules(name) ? take_file(source, name, into, counts, e)
			      : take_archive(source, into, counts, e);
}

int store_import(const struct store_place *p, const char *source, const char *name,
		 struct import_counts *ret, struct errmsg *e)
{
	char folder[DISK_PATH], beside[DISK_PATH], final[DISK_PATH];
	int lock, rc = disk_path(folder, e, "%s/imports", p->folder);

	*ret = (struct import_counts){0};
	if (!bundle_name_ok(name))
		return errmsg_set(e, ERR_INVALID, "a name has letters, digits, '-', '_' and '.'");
	if (rc == ERR_OK)
		rc = disk_path(beside, e, "%s/.new%ld", folder, (long)getpid());
	if (rc == ERR_OK)
		rc = disk_path(final, e, "%s/%s", folder, name);
	if (rc != ERR_OK)
		return rc;
	lock = disk_lock(p->folder, e);
	if (lock < 0)
		return ERR_AGAIN;
	disk_sweep(folder);
	rc = file_make_folder(beside, 0755, e);
	if (rc == ERR_OK)
		rc = take(source, beside, ret, e);
	if (rc == ERR_OK && ret->files == 0)
		rc = errmsg_set(e, ERR_NOTFOUND, "%s: no *.rules is in it", source);
	if (rc == ERR_OK)
		rc = disk_move(beside, final, e);
	disk_remove(beside);
	close(lock);
	return rc;
}

int store_forget_import(const struct store_place *p, const char *name, struct errmsg *e)
{
	char path[DISK_PATH];
	int lock, rc = disk_path(path, e, "%s/imports/%s", p->folder, name);

	if (rc != ERR_OK || !bundle_name_ok(name) || access(path, F_OK) != 0)
		return errmsg_set(e, ERR_NOTFOUND, "nothing was imported as %s", name);
	lock = disk_lock(p->folder, e);
	if (lock < 0)
		return ERR_AGAIN;
	disk_remove(path);
	close(lock);
	return ERR_OK;
}
