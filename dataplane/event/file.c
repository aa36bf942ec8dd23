#include "dataplane/event/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, LINE_MAX_BYTES = 1 << 19 };

struct out {
	int fd;
	int error; /* errno of the first failure */
	size_t len;
	char path[512];
	char buf[BUFFER];
};

struct event_file {
	struct record_eve_options options;
	struct out eve, own;
	uint64_t too_long; /* records that did not fit a line */
};

static int out_open(struct out *o, const char *folder, const char *name, struct errmsg *err)
{
	snprintf(o->path, sizeof(o->path), "%s/%s", folder, name);
	o->fd = open(o->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (o->fd < 0)
		return errmsg_set(
			err, ERR_IO,
			"%s: cannot be written (%s); choose a folder that exists and is writable "
			"with -l",
			o->path, strerror(errno));
	return ERR_OK;
}

static void out_flush(struct out *o)
{
	size_t done = 0;

	while (done < o->len && !o->error) {
		ssize_t n = write(o->fd, o->buf + done, o->len - done);

		if (n < 0 && errno != EINTR)
			o->error = errno;
		else if (n > 0)
			done += (size_t)n;
	}
	o->len = 0;
}

struct event_file *event_file_open(const char *folder, const struct record_eve_options *options,
				   struct errmsg *err)
{
	struct event_file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->options = *options;
	f->own.fd = -1;
	if (out_open(&f->eve, folder, "eve.json", err) != ERR_OK ||
	    out_open(&f->own, folder, "banken.json", err) != ERR_OK) {
		if (f->eve.fd >= 0)
			close(f->eve.fd);
		free(f);
		return NULL;
	}
	return f;
}

void event_file_put(struct event_file *f, struct slice record)
{
	const struct record_head *h = (const struct record_head *)record.data;
	struct out *o = h->flags & RECORD_OWN_TYPE ? &f->own : &f->eve;
	long n;

	if (BUFFER - o->len < LINE_MAX_BYTES)
		out_flush(o);
	n = record_to_eve(record, &f->options, o->buf + o->len, BUFFER - o->len - 1);
	if (n < 0) {
		f->too_long++;
		return;
	}
	o->len += (size_t)n;
	o->buf[o->len++] = '\n';
}

static int out_close(struct out *o, struct errmsg *err)
{
	out_flush(o);
	if (close(o->fd) < 0 && !o->error)
		o->error = errno;
	if (o->error)
		return errmsg_set(err, ERR_IO,
				  "%s: writing failed (%s); records are missing from there on",
				  o->path, strerror(o->error));
	return ERR_OK;
}

int event_file_close(struct event_file *f, struct errmsg *err)
{
	int rc = out_close(&f->eve, err);
	int own = out_close(&f->own, rc == ERR_OK ? err : NULL);

	if (rc == ERR_OK && own == ERR_OK && f->too_long)
		rc = errmsg_set(err, ERR_LIMIT,
				"%llu records were too long for a line and left out",
				(unsigned long long)f->too_long);
	free(f);
	return rc != ERR_OK ? rc : own;
}
