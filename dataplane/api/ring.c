#include "dataplane/api/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dataplane/api/shm.h"

/* The file: the producer's page, the consumer's page, the data. Each side maps the other's page
 * read-only. The data is mapped twice in a row, so that no record is ever in two pieces. A record
 * is preceded by 8 bytes: its length and a mark. */
enum { RING_VERSION = 1, PREFIX = 8, DATA_AT = 2 * SHM_PAGE };
#define RING_MAGIC 0x31474e4952424b42ULL /* "BKBRING1" */
#define RING_MARK  0x4b52414dU

struct producer_page {
	uint64_t magic; /* written last: 0 = not ready */
	uint64_t version;
	uint64_t size; /* of the data, a power of two */
	uint64_t birth;
	uint64_t generation;
	_Alignas(64) uint64_t head; /* bytes ever committed */
	uint64_t written, lost;	    /* records */
};

struct consumer_page {
	uint64_t tail; /* bytes given back */
	uint64_t damaged;
};

struct prefix {
	uint32_t len, mark;
};

static void *map_data_twice(const struct shm_file *f, size_t size, bool writable, struct errmsg *e)
{
	int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	uint8_t *p = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED && mmap(p, size, prot, MAP_SHARED | MAP_FIXED, f->fd, DATA_AT) == p &&
	    mmap(p + size, size, prot, MAP_SHARED | MAP_FIXED, f->fd, DATA_AT) == p + size) {
		(void)madvise(p, 2 * size, MADV_DONTFORK);
		return p;
	}
	if (p != MAP_FAILED)
		munmap(p, 2 * size);
	errmsg_set(e, ERR_IO, "%s cannot be mapped: %s", f->path, strerror(errno));
	return NULL;
}

static bool size_ok(uint64_t size)
{
	return size >= RING_SIZE_MIN && size <= RING_SIZE_MAX && (size & (size - 1)) == 0;
}

/* Is there a ring in this file? */
static bool page_ok(const struct producer_page *p, size_t file_size)
{
	return shm_load(&p->magic) == RING_MAGIC && p->version == RING_VERSION &&
	       size_ok(p->size) && file_size >= DATA_AT && p->size <= file_size - DATA_AT &&
	       p->birth != 0 && p->head % 8 == 0;
}

/* ---- producer ---- */

struct ring {
	struct producer_page *own;
	const struct consumer_page *other;
	uint8_t *data;
	uint64_t size, head, tail_seen;
	uint64_t written, lost;
	uint32_t reserved;
	struct shm_file file;
};

static int map_producer(struct ring *r, struct errmsg *e)
{
	r->own = shm_map(&r->file, 0, SHM_PAGE, true, e);
	if (!r->own)
		return ERR_IO;
	r->other = shm_map(&r->file, SHM_PAGE, SHM_PAGE, false, e);
	return r->other ? 0 : ERR_IO;
}

static void unmap_producer(struct ring *r)
{
	if (r->own)
		munmap(r->own, SHM_PAGE);
	if (r->other)
		munmap((void *)r->other, SHM_PAGE);
	if (r->data)
		munmap(r->data, 2 * r->size);
	r->own = NULL;
	r->other = NULL;
	r->data = NULL;
	shm_close(&r->file);
}

static int make_new(struct ring *r, const char *path, uint64_t size, struct errmsg *e)
{
	int rc = shm_make(path, DATA_AT + size, SHM_WRITER, &r->file, e);

	if (rc == 0)
		rc = map_producer(r, e);
	if (rc)
		return rc;
	r->own->version = RING_VERSION;
	r->own->size = size;
	r->own->birth = shm_random();
	shm_store(&r->own->magic, RING_MAGIC);
	return shm_publish(&r->file, e);
}

static bool holds_records(const struct ring *r)
{
	return shm_load(&r->own->head) != shm_load(&r->other->tail);
}

/* Goes on in the file that is there; ERR_NOTFOUND when a new one is needed. */
static int take_over(struct ring *r, const char *path, uint64_t size, struct errmsg *e)
{
	int rc = shm_open_there(path, SHM_WRITER, &r->file, e);

	if (rc)
		return rc == ERR_EXISTS ? rc : ERR_NOTFOUND;
	if (map_producer(r, e) || !page_ok(r->own, r->file.size) ||
	    (r->own->size != size && !holds_records(r)) || shm_replaced(&r->file)) {
		unmap_producer(r);
		return ERR_NOTFOUND;
	}
	return 0;
}

static uint64_t round_size(uint64_t size)
{
	uint64_t p = RING_SIZE_MIN;

	while (p < size && p < RING_SIZE_MAX)
		p *= 2;
	return p;
}

struct ring *ring_create(const char *path, uint64_t size, struct errmsg *e)
{
	struct ring *r = calloc(1, sizeof(*r));
	int rc;

	if (!r) {
		errmsg_set(e, ERR_NOMEM, "no memory for a ring");
		return NULL;
	}
	r->file.fd = -1;
	size = round_size(size);
	rc = take_over(r, path, size, e);
	if (rc == ERR_NOTFOUND)
		rc = make_new(r, path, size, e);
	if (rc == 0) {
		r->size = r->own->size;
		r->data = map_data_twice(&r->file, r->size, true, e);
	}
	if (!r->data) {
		ring_close(r);
		return NULL;
	}
	r->head = r->own->head;
	r->tail_seen = shm_load(&r->other->tail);
	r->written = r->own->written;
	r->lost = r->own->lost;
	shm_store(&r->own->generation, shm_random());
	return r;
}

void ring_close(struct ring *r)
{
	if (!r)
		return;
	unmap_producer(r);
	free(r);
}

/* A consumer's cursor that makes no sense counts as one that does not move. */
static uint64_t room(struct ring *r, uint64_t need)
{
	uint64_t used = r->head - r->tail_seen;

	if (used <= r->size && r->size - used >= need)
		return r->size - used;
	r->tail_seen = shm_load(&r->other->tail);
	used = r->head - r->tail_seen;
	return used <= r->size ? r->size - used : 0;
}

void *ring_reserve(struct ring *r, uint32_t max)
{
	uint64_t need = PREFIX + (((uint64_t)max + 7) & ~7ULL);

	r->reserved = 0;
	if (max == 0 || max > RECORD_MAX || room(r, need) < need) {
		shm_poke(&r->own->lost, ++r->lost);
		return NULL;
	}
	r->reserved = max;
	return r->data + (r->head & (r->size - 1)) + PREFIX;
}

void ring_commit(struct ring *r, uint32_t used)
{
	struct prefix p = {(used + 7) & ~7U, RING_MARK};

	if (used == 0 || used > r->reserved) {
		r->reserved = 0;
		return;
	}
	r->reserved = 0;
	memcpy(r->data + (r->head & (r->size - 1)), &p, sizeof(p));
	r->head += PREFIX + p.len;
	shm_poke(&r->own->written, ++r->written);
	shm_store(&r->own->head, r->head);
}

bool ring_put(struct ring *r, struct slice record)
{
	void *place = ring_reserve(r, record.len <= RECORD_MAX ? (uint32_t)record.len : UINT32_MAX);

	if (!place)
		return false;
	memcpy(place, record.data, record.len);
	ring_commit(r, (uint32_t)record.len);
	return true;
}

/* ---- consumer ---- */

struct ring_reader {
	const struct producer_page *other;
	struct consumer_page *own;
	const uint8_t *data;
	uint64_t size, birth, position;
	struct shm_file file;
};

static int map_reader(struct ring_reader *r, struct errmsg *e)
{
	if (r->file.size < DATA_AT)
		return errmsg_set(e, ERR_INVALID, "%s is no ring", r->file.path);
	r->other = shm_map(&r->file, 0, SHM_PAGE, false, e);
	r->own = r->other ? shm_map(&r->file, SHM_PAGE, SHM_PAGE, true, e) : NULL;
	if (!r->own)
		return ERR_IO;
	if (!page_ok(r->other, r->file.size))
		return errmsg_set(e, ERR_INVALID, "%s is no ring", r->file.path);
	/* Read once: the other side cannot make us look outside later. */
	r->size = r->other->size;
	r->birth = r->other->birth;
	if (!size_ok(r->size) || r->size > r->file.size - DATA_AT)
		return errmsg_set(e, ERR_INVALID, "%s is no ring", r->file.path);
	r->data = map_data_twice(&r->file, r->size, false, e);
	return r->data ? 0 : ERR_IO;
}

/* Everything up to the producer's cursor is given up. */
static void skip_all(struct ring_reader *r, uint64_t head)
{
	r->position = head & ~7ULL;
	shm_poke(&r->own->damaged, shm_peek(&r->own->damaged) + 1);
}

struct ring_reader *ring_reader_open(const char *path, struct errmsg *e)
{
	struct ring_reader *r = calloc(1, sizeof(*r));
	uint64_t head;
	int rc;

	if (!r) {
		errmsg_set(e, ERR_NOMEM, "no memory for a ring");
		return NULL;
	}
	r->file.fd = -1;
	rc = shm_open_there(path, SHM_READER, &r->file, e);
	if (rc == 0)
		rc = map_reader(r, e);
	if (rc) {
		ring_reader_close(r);
		return NULL;
	}
	head = shm_load(&r->other->head);
	r->position = shm_load(&r->own->tail);
	if (head - r->position > r->size || r->position % 8)
		skip_all(r, head);
	return r;
}

void ring_reader_close(struct ring_reader *r)
{
	if (!r)
		return;
	if (r->other)
		munmap((void *)r->other, SHM_PAGE);
	if (r->own)
		munmap(r->own, SHM_PAGE);
	if (r->data)
		munmap((void *)r->data, 2 * r->size);
	shm_close(&r->file);
	free(r);
}

long ring_next(struct ring_reader *r, void *buf, struct errmsg *e)
{
	uint64_t head = shm_load(&r->other->head), there = head - r->position;
	const uint8_t *at = r->data + (r->position & (r->size - 1));
	struct prefix p;

	if (there == 0)
		return 0;
	if (there > r->size || there < PREFIX || head % 8) {
		skip_all(r, head);
		return errmsg_set(e, ERR_INVALID, "%s: its cursors make no sense", r->file.path);
	}
	memcpy(&p, at, sizeof(p));
	if (p.mark != RING_MARK || p.len == 0 || p.len % 8 || p.len > RECORD_MAX ||
	    p.len > there - PREFIX) {
		skip_all(r, head);
		return errmsg_set(e, ERR_INVALID, "%s: a record's length makes no sense",
				  r->file.path);
	}
	memcpy(buf, at + PREFIX, p.len);
	r->position += PREFIX + p.len;
	return (long)p.len;
}

uint64_t ring_position(const struct ring_reader *r)
{
	return r->position;
}

uint64_t ring_birth(const struct ring_reader *r)
{
	return r->birth;
}

void ring_skip_to(struct ring_reader *r, uint64_t position)
{
	uint64_t head = shm_load(&r->other->head);

	if (position % 8 == 0 && position - r->position <= head - r->position)
		r->position = position;
}

void ring_release(struct ring_reader *r)
{
	shm_store(&r->own->tail, r->position);
}

void ring_rewind(struct ring_reader *r)
{
	uint64_t tail = shm_load(&r->own->tail);

	/* The page is ours, but others can write into the file: never forward, never too far. */
	if (r->position - tail <= r->size && tail % 8 == 0)
		r->position = tail;
}

bool ring_replaced(const struct ring_reader *r)
{
	return shm_replaced(&r->file);
}

void ring_reader_info(const struct ring_reader *r, struct ring_info *ret)
{
	uint64_t fill = shm_load(&r->other->head) - shm_load(&r->own->tail);

	*ret = (struct ring_info){
		.generation = shm_load(&r->other->generation),
		.written = shm_peek(&r->other->written),
		.lost = shm_peek(&r->other->lost),
		.damaged = shm_peek(&r->own->damaged),
		.fill = fill <= r->size ? fill : r->size,
		.size = r->size,
	};
}
