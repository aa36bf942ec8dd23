#include "control/sensor/memory/memory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/base/hash.h"

enum { STEP_ENTRIES = 2048, PATH_ROOM = 512 };

#define END_TABLE UINT32_MAX

struct entry_head {
	uint32_t table, size;
	uint64_t hash, last_ns;
};

static const struct hash_key sum_key = {0x6d656d6f7279, 0x62616e6b656e};

static void beside(char *ret, const char *path, const char *end)
{
	snprintf(ret, PATH_ROOM, "%.500s%s", path, end);
}

/* ---- writing ---- */

static int failed(struct memory_file *f, const char *what, struct errmsg *e)
{
	errmsg_set(e, ERR_IO, "%s %s: %s", what, f->path, strerror(errno));
	memory_file_give_up(f);
	return ERR_IO;
}

int memory_file_begin(struct memory_file *f, const struct behave *b, struct errmsg *e)
{
	struct behave_keep_head head;
	char path[PATH_ROOM];
	int fd;

	beside(path, f->path, ".new");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	f->out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f->out) {
		if (fd >= 0)
			close(fd);
		return failed(f, "cannot write", e);
	}
	memset(&head, 0, sizeof(head));
	behave_keep_head(b, &head);
	f->at = (struct behave_keep){0};
	f->entries = 0;
	f->sum = hash_bytes(&sum_key, &head, sizeof(head));
	if (fwrite(&head, sizeof(head), 1, f->out) != 1)
		return failed(f, "cannot write", e);
	return 0;
}

static bool put(struct memory_file *f, const struct entry_head *h, const void *entry)
{
	f->sum = hash_mix(f->sum, hash_bytes(&sum_key, h, sizeof(*h)));
	if (h->size)
		f->sum = hash_mix(f->sum, hash_bytes(&sum_key, entry, h->size));
	return fwrite(h, sizeof(*h), 1, f->out) == 1 &&
	       (h->size == 0 || fwrite(entry, h->size, 1, f->out) == 1);
}

/* Whole and on the disk before it takes the old one's place. */
static int finish(struct memory_file *f, struct errmsg *e)
{
	struct entry_head end = {END_TABLE, 0, f->entries, f->sum};
	char from[PATH_ROOM], folder[PATH_ROOM];
	FILE *out = f->out;
	bool good;
	int fd;

	good = fwrite(&end, sizeof(end), 1, out) == 1 && fflush(out) == 0 &&
	       fsync(fileno(out)) == 0;
	f->out = NULL;
	good = fclose(out) == 0 && good;
	beside(from, f->path, ".new");
	if (!good || rename(from, f->path) != 0)
		return failed(f, "cannot write", e);
	beside(folder, f->path, "");
	fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	return 0;
}

int memory_file_step(struct memory_file *f, struct behave *b, struct errmsg *e)
{
	struct behave_kept k;

	for (unsigned i = 0; i < STEP_ENTRIES && behave_keep_next(b, &f->at, &k); i++) {
		struct entry_head h = {k.table, k.size, k.hash, k.last_ns};

		f->entries++;
		if (!put(f, &h, k.entry))
			return failed(f, "cannot write", e);
	}
	return f->at.over ? finish(f, e) : 1;
}

void memory_file_give_up(struct memory_file *f)
{
	char path[PATH_ROOM];

	if (f->out)
		fclose(f->out);
	f->out = NULL;
	beside(path, f->path, ".new");
	(void)unlink(path);
}

/* ---- reading ---- */

static bool read_entries(FILE *in, struct behave *b, uint64_t sum, uint64_t *ret_entries)
{
	_Alignas(8) uint8_t entry[BEHAVE_KEEP_ENTRY];
	struct entry_head h;

	while (fread(&h, sizeof(h), 1, in) == 1) {
		if (h.table == END_TABLE)
			return h.hash == *ret_entries && h.last_ns == sum && fgetc(in) == EOF;
		if (h.size > sizeof(entry) || fread(entry, h.size, 1, in) != 1)
			return false;
		sum = hash_mix(sum, hash_bytes(&sum_key, &h, sizeof(h)));
		sum = hash_mix(sum, hash_bytes(&sum_key, entry, h.size));
		if (behave_keep_put(
			    b, &(struct behave_kept){h.table, h.size, h.hash, h.last_ns, entry}))
			return false;
		++*ret_entries;
	}
	return false;
}

bool memory_file_read(const char *path, struct behave *b, uint64_t *ret_entries, struct errmsg *e)
{
	struct behave_keep_head head;
	char aside[PATH_ROOM];
	FILE *in = fopen(path, "re");
	bool good;

	*ret_entries = 0;
	if (!in && errno == ENOENT)
		return true;
	good = in && fread(&head, sizeof(head), 1, in) == 1 && behave_keep_begin(b, &head) == 0 &&
	       read_entries(in, b, hash_bytes(&sum_key, &head, sizeof(head)), ret_entries);
	if (in)
		fclose(in);
	if (good)
		return true;
	beside(aside, path, ".damaged");
	(void)rename(path, aside);
	errmsg_set(e, ERR_INVALID,
		   "%s is damaged or of another version and was put aside as %s: behaviour over "
		   "hours is learnt anew",
		   path, aside);
	return false;
}
