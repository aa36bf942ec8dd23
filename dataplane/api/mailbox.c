#include "dataplane/api/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/api/shm.h"

/* One direction: the writer's page, the reader's page, slots. Both processes may make the file, so
 * who holds a lock on the folder's lock file looks and makes. */
enum { MAILBOX_VERSION = 1, SLOTS = 64, SLOTS_AT = 2 * SHM_PAGE };
#define MAILBOX_MAGIC 0x31584f424d424b42ULL /* "BKBMBOX1" */

struct page {
	uint64_t magic, version, slot_size;
	_Alignas(64) uint64_t cursor; /* messages ever written, or read */
};

struct way {
	struct shm_file file;
	struct page *writer, *reader; /* the other's is mapped read-only */
	uint8_t *slots;
	size_t slot_size;
};

struct mailbox {
	struct way orders, answers;
	uint64_t next_id, refused;
};

static void way_close(struct way *w)
{
	if (w->writer)
		munmap(w->writer, SHM_PAGE);
	if (w->reader)
		munmap(w->reader, SHM_PAGE);
	if (w->slots)
		munmap(w->slots, SLOTS * w->slot_size);
	shm_close(&w->file);
}

static int way_map(struct way *w, bool as_writer, struct errmsg *e)
{
	w->writer = shm_map(&w->file, 0, SHM_PAGE, as_writer, e);
	w->reader = w->writer ? shm_map(&w->file, SHM_PAGE, SHM_PAGE, !as_writer, e) : NULL;
	w->slots =
		w->reader ? shm_map(&w->file, SLOTS_AT, SLOTS * w->slot_size, as_writer, e) : NULL;
	return w->slots ? 0 : ERR_INVALID;
}

static bool way_ok(const struct way *w)
{
	return shm_load(&w->writer->magic) == MAILBOX_MAGIC &&
	       w->writer->version == MAILBOX_VERSION && w->writer->slot_size == w->slot_size;
}

static int way_make(struct way *w, const char *path, enum shm_part part, struct errmsg *e)
{
	int rc = shm_make(path, SLOTS_AT + SLOTS * w->slot_size, part, &w->file, e);
	struct page *p;

	if (rc) {
		w->file.fd = -1;
		return rc;
	}
	p = shm_map(&w->file, 0, SHM_PAGE, true, e);
	if (!p)
		return ERR_IO;
	p->version = MAILBOX_VERSION;
	p->slot_size = w->slot_size;
	p->cursor = 0;
	shm_store(&p->magic, MAILBOX_MAGIC);
	munmap(p, SHM_PAGE);
	rc = shm_publish(&w->file, e);
	return rc ? rc : way_map(w, part == SHM_WRITER, e);
}

static int way_open(struct way *w, const char *path, enum shm_part part, struct errmsg *e)
{
	int rc = shm_open_there(path, part, &w->file, e);

	if (rc == 0 && way_map(w, part == SHM_WRITER, e) == 0 && way_ok(w))
		return 0;
	if (rc == ERR_EXISTS) {
		w->file.fd = -1;
		return rc;
	}
	if (rc == 0)
		way_close(w);
	*w = (struct way){.file = {.fd = -1}, .slot_size = w->slot_size};
	return way_make(w, path, part, e);
}

/* Held while looking and making; released by closing. */
static int lock_folder(const char *rundir, struct errmsg *e)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/mailbox.lock", rundir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (fd < 0 || flock(fd, LOCK_EX)) {
		int why = errno;

		if (fd >= 0)
			close(fd);
		return errmsg_set(e, ERR_IO, "%s cannot be locked: %s", path, strerror(why));
	}
	(void)fchmod(fd, 0660); /* works for who made it */
	return fd;
}

struct mailbox *mailbox_open(const char *rundir, bool reader, struct errmsg *e)
{
	struct mailbox *m = calloc(1, sizeof(*m));
	char path[512];
	int lock, rc;

	if (!m) {
		errmsg_set(e, ERR_NOMEM, "no memory for the mailbox");
		return NULL;
	}
	m->orders = (struct way){.file = {.fd = -1}, .slot_size = sizeof(struct mailbox_message)};
	m->answers = (struct way){.file = {.fd = -1}, .slot_size = sizeof(struct mailbox_answer)};
	m->next_id = shm_random() >> 1;
	lock = lock_folder(rundir, e);
	rc = lock < 0 ? ERR_IO : 0;
	if (rc == 0) {
		snprintf(path, sizeof(path), "%s/mailbox", rundir);
		rc = way_open(&m->orders, path, reader ? SHM_READER : SHM_WRITER, e);
	}
	if (rc == 0) {
		snprintf(path, sizeof(path), "%s/answers", rundir);
		rc = way_open(&m->answers, path, reader ? SHM_WRITER : SHM_READER, e);
	}
	if (lock >= 0)
		close(lock);
	if (rc) {
		mailbox_close(m);
		return NULL;
	}
	return m;
}

void mailbox_close(struct mailbox *m)
{
	if (!m)
		return;
	way_close(&m->orders);
	way_close(&m->answers);
	free(m);
}

/* ---- one message ---- */

static int way_put(struct way *w, const void *message)
{
	uint64_t cursor = shm_load(&w->writer->cursor);

	if (cursor - shm_load(&w->reader->cursor) >= SLOTS)
		return ERR_AGAIN;
	memcpy(w->slots + cursor % SLOTS * w->slot_size, message, w->slot_size);
	shm_store(&w->writer->cursor, cursor + 1);
	return 0;
}

static bool way_get(struct way *w, void *ret)
{
	uint64_t cursor = shm_load(&w->reader->cursor), end = shm_load(&w->writer->cursor);

	if (cursor == end)
		return false;
	/* A writer that claims more than there is room for: what is in the slots is read. */
	if (end - cursor > SLOTS)
		cursor = end - SLOTS;
	memcpy(ret, w->slots + cursor % SLOTS * w->slot_size, w->slot_size);
	shm_store(&w->reader->cursor, cursor + 1);
	return true;
}

int mailbox_post(struct mailbox *m, struct mailbox_message *message)
{
	message->id = ++m->next_id;
	return way_put(&m->orders, message);
}

bool mailbox_next_answer(struct mailbox *m, struct mailbox_answer *ret)
{
	if (!way_get(&m->answers, ret))
		return false;
	ret->sentence[MAILBOX_SENTENCE - 1] = '\0';
	return true;
}

int mailbox_reply(struct mailbox *m, const struct mailbox_answer *answer)
{
	return way_put(&m->answers, answer);
}

static bool host_ok(const struct mailbox_host *h)
{
	bool ok = h->n_ips <= MAILBOX_IPS_MAX && h->n_exempt <= MAILBOX_EXEMPT_MAX &&
		  (h->n_ips > 0 || h->has_mac);

	for (uint32_t i = 0; ok && i < h->n_exempt; i++)
		ok = h->exempt[i].bits <= 128;
	return ok;
}

static bool message_ok(const struct mailbox_message *m)
{
	switch (m->kind) {
	case MAILBOX_WATCH:
		return host_ok(&m->watch.host);
	case MAILBOX_RESET_HOST:
		return host_ok(&m->reset_host.host);
	case MAILBOX_RELOAD_RULES:
		return memchr(m->reload.path, 0, MAILBOX_PATH_MAX) != NULL;
	default:
		return m->kind > MAILBOX_NONE && m->kind < MAILBOX_KINDS;
	}
}

bool mailbox_next(struct mailbox *m, uint64_t now, struct mailbox_message *ret)
{
	while (way_get(&m->orders, ret)) {
		if (message_ok(ret) && (ret->expires == 0 || ret->expires > now))
			return true;
		m->refused++;
	}
	return false;
}

uint64_t mailbox_refused(const struct mailbox *m)
{
	return m->refused;
}
