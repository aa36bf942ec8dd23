#include "control/sensor/evelog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES = 2 };

static const char *const names[FILES] = {"eve.json", "banken.json"};

struct evelog {
	FILE *files[FILES];
	ino_t inos[FILES];
	uint64_t written, lost; /* lines since the last flush; ever */
	char folder[256];
};

static int open_file(struct evelog *l, int i, struct errmsg *e)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", l->folder, names[i]);
	l->files[i] = fopen(path, "ae");
	if (!l->files[i] || fstat(fileno(l->files[i]), &st))
		return errmsg_set(e, ERR_IO, "%s cannot be written: %s", path, strerror(errno));
	l->inos[i] = st.st_ino;
	return 0;
}

struct evelog *evelog_open(const char *folder, struct errmsg *e)
{
	struct evelog *l = calloc(1, sizeof(*l));

	if (!l) {
		errmsg_set(e, ERR_NOMEM, "no memory for EVE files");
		return NULL;
	}
	snprintf(l->folder, sizeof(l->folder), "%s", folder);
	for (int i = 0; i < FILES; i++) {
		if (open_file(l, i, e)) {
			evelog_close(l);
			return NULL;
		}
	}
	return l;
}

void evelog_close(struct evelog *l)
{
	if (!l)
		return;
	for (int i = 0; i < FILES; i++) {
		if (l->files[i])
			fclose(l->files[i]);
	}
	free(l);
}

void evelog_write(struct evelog *l, struct slice line, bool own)
{
	FILE *f = l->files[own];

	l->written++;
	if (!f)
		return;
	fwrite(line.data, 1, line.len, f);
	fputc('\n', f);
}

/* Rotated away? */
static bool moved(const struct evelog *l, int i)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", l->folder, names[i]);
	return stat(path, &st) || st.st_ino != l->inos[i];
}

bool evelog_flush(struct evelog *l)
{
	bool ok = true;

	for (int i = 0; i < FILES; i++) {
		FILE *f = l->files[i];

		if (f && (fflush(f) || ferror(f))) {
			clearerr(f);
			ok = false;
		}
		if (f && !moved(l, i))
			continue;
		if (f)
			fclose(f);
		l->files[i] = NULL;
		if (open_file(l, i, NULL))
			ok = false;
	}
	if (!ok)
		l->lost += l->written;
	l->written = 0;
	return ok;
}

uint64_t evelog_lost(const struct evelog *l)
{
	return l->lost;
}
