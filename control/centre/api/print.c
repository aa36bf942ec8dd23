#include "control/centre/api/print.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "control/centre/watch/errand.h"
#include "control/wire/file.h"
#include "control/wire/message.h"
#include "dataplane/base/clock.h"

enum { PDF_MAX = 256 << 20 };

enum job_state { JOB_FREE, JOB_PRINTING, JOB_DONE, JOB_FAILED };

struct job {
	enum job_state state;
	uint64_t id, since; /* ns since 1970 */
	char key[PRINT_KEY], error[256];
};

struct print_desk {
	struct loop *loop;
	struct helper *printer;
	char folder[ERRAND_PATH - 64];
	uint64_t ids;
	struct job jobs[PRINT_JOBS];
};

static void path_of(const struct print_desk *d, const struct job *j, const char *ending,
		    char ret[ERRAND_PATH])
{
	snprintf(ret, ERRAND_PATH, "%s/%llu.%s", d->folder, (unsigned long long)j->id, ending);
}

static void drop(struct print_desk *d, struct job *j)
{
	char path[ERRAND_PATH];

	path_of(d, j, "html", path);
	unlink(path);
	path_of(d, j, "pdf", path);
	unlink(path);
	*j = (struct job){0};
}

static struct job *by_key(struct print_desk *d, const char *key)
{
	for (unsigned i = 0; i < PRINT_JOBS; i++) {
		if (d->jobs[i].state != JOB_FREE && strcmp(d->jobs[i].key, key) == 0)
			return &d->jobs[i];
	}
	return NULL;
}

/* A free one, or the oldest that is not under way. */
static struct job *take_job(struct print_desk *d)
{
	struct job *best = NULL;

	for (unsigned i = 0; i < PRINT_JOBS; i++) {
		struct job *j = &d->jobs[i];

		if (j->state == JOB_FREE)
			return j;
		if (j->state != JOB_PRINTING && (!best || j->since < best->since))
			best = j;
	}
	if (best)
		drop(d, best);
	return best;
}

static void on_answer(void *ctx, uint32_t events)
{
	struct print_desk *d = ctx;
	struct errand_answer a;
	int rc;

	(void)events;
	while ((rc = errand_answer(d->printer, &a)) == 1) {
		for (unsigned i = 0; i < PRINT_JOBS; i++) {
			struct job *j = &d->jobs[i];

			if (j->state != JOB_PRINTING || j->id != a.id)
				continue;
			j->state = a.error[0] ? JOB_FAILED : JOB_DONE;
			snprintf(j->error, sizeof(j->error), "%s", a.error);
		}
	}
	if (rc == 0)
		return;
	loop_unwatch(d->loop, d->printer->fd);
	for (unsigned i = 0; i < PRINT_JOBS; i++) {
		if (d->jobs[i].state != JOB_PRINTING)
			continue;
		d->jobs[i].state = JOB_FAILED;
		snprintf(d->jobs[i].error, sizeof(d->jobs[i].error),
			 "the helper that prints is gone");
	}
}

static int come_again(struct api_answer *ret, struct errmsg *e)
{
	ret->wait_s = PRINT_AGAIN_S;
	return errmsg_set(e, ERR_AGAIN, "the PDF is being made: ask again");
}

int print_desk_ask(struct print_desk *d, const char *key, uint64_t now, struct api_answer *ret,
		   struct errmsg *e)
{
	struct job *j = by_key(d, key);
	char path[ERRAND_PATH];
	struct slice bytes;
	int rc;

	if (j && j->state == JOB_PRINTING)
		return come_again(ret, e);
	if (!j || j->since + PRINT_KEEP_S * NS_PER_SEC < now)
		return ERR_NOTFOUND;
	if (j->state == JOB_FAILED) {
		rc = errmsg_set(e, ERR_IO, "%s", j->error);
		drop(d, j);
		return rc;
	}
	path_of(d, j, "pdf", path);
	rc = file_read(path, PDF_MAX, &bytes, e);
	if (rc != ERR_OK)
		return ERR_NOTFOUND;
	ret->bytes = (char *)(uintptr_t)bytes.data;
	ret->len = bytes.len;
	ret->type = "application/pdf";
	return ERR_OK;
}

int print_desk_begin(struct print_desk *d, const char *key, struct slice html, uint64_t date,
		     uint64_t now, struct api_answer *ret, struct errmsg *e)
{
	struct job *j = by_key(d, key);
	struct print_order o = {.date = date / NS_PER_SEC};
	int rc;

	if (j)
		drop(d, j);
	j = take_job(d);
	if (!j)
		return errmsg_set(e, ERR_LIMIT, "%d reports are being printed: ask again later",
				  PRINT_JOBS);
	j->id = o.id = ++d->ids;
	j->since = now;
	snprintf(j->key, sizeof(j->key), "%s", key);
	path_of(d, j, "html", o.html);
	path_of(d, j, "pdf", o.pdf);
	rc = file_write(o.html, html, 0600, e);
	if (rc == ERR_OK && errand_send(d->printer, &o, sizeof(o)) != ERR_OK)
		rc = errmsg_set(e, ERR_IO, "the helper that prints is gone, or has too much to do");
	if (rc != ERR_OK) {
		drop(d, j);
		return rc;
	}
	j->state = JOB_PRINTING;
	return come_again(ret, e);
}

/* What a killed run left. */
static void sweep(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *f;

	while (dir && (f = readdir(dir))) {
		if (f->d_name[0] != '.')
			unlinkat(dirfd(dir), f->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

struct print_desk *print_desk_new(struct loop *loop, struct helper *printer, const char *folder,
				  struct errmsg *e)
{
	struct print_desk *d = calloc(1, sizeof(*d));

	if (!d) {
		errmsg_set(e, ERR_NOMEM, "no memory");
		return NULL;
	}
	d->loop = loop;
	d->printer = printer;
	snprintf(d->folder, sizeof(d->folder), "%s", folder);
	if (file_make_folder(d->folder, 0700, e) != ERR_OK ||
	    loop_watch(loop, printer->fd, EPOLLIN, on_answer, d) < 0) {
		free(d);
		return NULL;
	}
	sweep(d->folder);
	return d;
}

void print_desk_delete(struct print_desk *d)
{
	if (!d)
		return;
	loop_unwatch(d->loop, d->printer->fd);
	for (unsigned i = 0; i < PRINT_JOBS; i++) {
		if (d->jobs[i].state != JOB_FREE)
			drop(d, &d->jobs[i]);
	}
	rmdir(d->folder);
	free(d);
}
