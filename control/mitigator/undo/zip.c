#include "control/mitigator/undo/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/base/clock.h"

/* ---- reading ---- */

struct lists {
	struct undo_list *items;
	char (*names)[UNDO_NAME];
	unsigned n;
	uint64_t unpacked;
	char *room; /* of one member */
};

static int member_name(struct archive_entry *entry, struct lists *l, const char **ret,
		       struct errmsg *e)
{
	const char *name = archive_entry_pathname(entry);
	struct undo_list parsed;

	if (!name || undo_name_parse(name, &parsed) < 0)
		return errmsg_set(e, ERR_INVALID,
				  "the archive has \"%.80s\", which is no list's name: "
				  "<threat>-<YYYYMMDDhhmmss>.csv",
				  name ? name : "a name that is no text");
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
	    archive_entry_symlink(entry))
		return errmsg_set(e, ERR_INVALID, "%s in the archive is no plain file", name);
	if (archive_entry_is_encrypted(entry))
		return errmsg_set(e, ERR_INVALID, "%s in the archive is encrypted", name);
	for (unsigned i = 0; i < l->n; i++) {
		if (strcmp(l->names[i], name) == 0)
			return errmsg_set(e, ERR_INVALID, "%s is in the archive twice", name);
	}
	*ret = name;
	return 0;
}

/* The member's bytes; what it says of its size is not believed. */
static int unpack(struct archive *a, const char *name, struct lists *l, size_t *ret_n,
		  struct errmsg *e)
{
	size_t n = 0;
	la_ssize_t got;

	while (n <= UNDO_LIST_BYTES) {
		got = archive_read_data(a, l->room + n, UNDO_LIST_BYTES + 1 - n);
		if (got < 0)
			return errmsg_set(e, ERR_INVALID, "%s in the archive is broken: %.200s",
					  name, archive_error_string(a) ?: "no reason given");
		if (got == 0)
			break;
		n += (size_t)got;
	}
	l->unpacked += n;
	if (n > UNDO_LIST_BYTES || l->unpacked > UNDO_ZIP_UNPACKED)
		return errmsg_set(e, ERR_LIMIT, "%s in the archive is too large unpacked", name);
	*ret_n = n;
	return 0;
}

static int read_member(struct archive *a, struct archive_entry *entry, struct lists *l,
		       struct errmsg *e)
{
	const char *name = "";
	size_t n = 0;
	int rc;

	if (l->n >= UNDO_ZIP_MEMBERS)
		return errmsg_set(e, ERR_LIMIT, "the archive has more than %d lists",
				  UNDO_ZIP_MEMBERS);
	rc = member_name(entry, l, &name, e);
	if (rc == 0)
		rc = unpack(a, name, l, &n, e);
	if (rc == 0)
		rc = undo_list_read(SLICE(l->room, n), name, &l->items[l->n], e);
	if (rc == 0)
		snprintf(l->names[l->n++], UNDO_NAME, "%s", name);
	return rc;
}

static int read_members(struct archive *a, struct lists *l, struct errmsg *e)
{
	struct archive_entry *entry;
	int rc, status;

	while ((status = archive_read_next_header(a, &entry)) == ARCHIVE_OK) {
		rc = read_member(a, entry, l, e);
		if (rc < 0)
			return rc;
	}
	if (status != ARCHIVE_EOF)
		return errmsg_set(e, ERR_INVALID, "it is no ZIP archive or a broken one: %.200s",
				  archive_error_string(a) ?: "no reason given");
	if (l->n == 0)
		return errmsg_set(e, ERR_INVALID, "the archive has no list");
	return 0;
}

int undo_zip_read(struct slice zip, int (*fn)(void *ctx, const struct undo_list *l), void *ctx,
		  struct errmsg *e)
{
	struct archive *a = archive_read_new();
	struct lists l = {.items = calloc(UNDO_ZIP_MEMBERS, sizeof(*l.items)),
			  .names = calloc(UNDO_ZIP_MEMBERS, sizeof(*l.names)),
			  .room = malloc(UNDO_LIST_BYTES + 1)};
	int rc = 0;

	if (!a || !l.items || !l.names || !l.room)
		rc = errmsg_set(e, ERR_NOMEM, "no memory");
	else if (zip.len > UNDO_ZIP_BYTES)
		rc = errmsg_set(e, ERR_LIMIT, "the archive is larger than %d bytes",
				UNDO_ZIP_BYTES);
	else if (archive_read_support_format_zip_seekable(a) != ARCHIVE_OK ||
		 archive_read_open_memory(a, zip.data, zip.len) != ARCHIVE_OK)
		rc = errmsg_set(e, ERR_INVALID, "it is no ZIP archive: %.200s",
				archive_error_string(a) ?: "no reason given");
	else
		rc = read_members(a, &l, e);
	archive_read_free(a);
	free(l.room);
	for (unsigned i = 0; i < l.n; i++) {
		if (rc >= 0)
			rc = fn(ctx, &l.items[i]);
		undo_list_done(&l.items[i]);
	}
	free(l.items);
	free(l.names);
	return rc < 0 ? rc : 0;
}

/* ---- writing ---- */

struct undo_zip {
	struct archive *a;
	char *path, *beside; /* renamed at the end */
};

static int failed(struct undo_zip *z, struct errmsg *e)
{
	return errmsg_set(e, ERR_IO, "%s cannot be written: %.200s", z->path,
			  archive_error_string(z->a) ?: strerror(errno));
}

struct undo_zip *undo_zip_new(const char *path, struct errmsg *e)
{
	struct undo_zip *z = calloc(1, sizeof(*z));
	mode_t mask;

	if (!z || !(z->path = strdup(path)) || asprintf(&z->beside, "%s.new", path) < 0 ||
	    !(z->a = archive_write_new())) {
		errmsg_set(e, ERR_NOMEM, "no memory");
		free(z);
		return NULL;
	}
	mask = umask(0077);
	if (archive_write_set_format_zip(z->a) != ARCHIVE_OK ||
	    archive_write_open_filename(z->a, z->beside) != ARCHIVE_OK) {
		failed(z, e);
		undo_zip_finish(z, false, NULL);
		z = NULL;
	}
	umask(mask);
	return z;
}

int undo_zip_add(struct undo_zip *z, const char *name, struct slice csv, struct errmsg *e)
{
	struct archive_entry *entry = archive_entry_new();
	struct undo_list parsed;
	int rc = 0;

	if (undo_name_parse(name, &parsed) < 0) {
		rc = errmsg_set(e, ERR_INVALID, "\"%.80s\" is no list's name", name);
	} else {
		archive_entry_set_pathname(entry, name);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0600);
		archive_entry_set_size(entry, (la_int64_t)csv.len);
		archive_entry_set_mtime(entry, (time_t)(parsed.time / NS_PER_SEC), 0);
		if (archive_write_header(z->a, entry) != ARCHIVE_OK ||
		    archive_write_data(z->a, csv.data, csv.len) != (la_ssize_t)csv.len)
			rc = failed(z, e);
	}
	archive_entry_free(entry);
	return rc;
}

int undo_zip_finish(struct undo_zip *z, bool keep, struct errmsg *e)
{
	int rc = 0;

	if (archive_write_close(z->a) != ARCHIVE_OK && keep)
		rc = failed(z, e);
	archive_write_free(z->a);
	if (keep && rc == 0 && rename(z->beside, z->path) < 0)
		rc = errmsg_set(e, ERR_IO, "%s cannot be written: %s", z->path, strerror(errno));
	if (!keep || rc < 0)
		unlink(z->beside);
	free(z->path);
	free(z->beside);
	free(z);
	return rc;
}
