/* Files that come in parts, joined over transactions and connections of this worker. Flows between
 * two hosts are always on one worker, so nothing is shared.
 *
 * A whole grows at its end only: the part that begins there has it in its hands and fills it as its
 * bytes come. Parts that lie further on, or come while another part has it, wait as pieces. When a
 * part ends, what waits and now fits is added. */
#include "dataplane/app/internal.h"

#include <stdlib.h>

#include "dataplane/base/clock.h"

enum { BUCKETS = 1024, PIECE_MOST = 1 << 16, PIECE_FIRST = 512, EXPIRED_A_CALL = 4 };

/* Bytes of a part that waits. */
struct piece {
	struct piece *next;
	uint32_t len, cap;
	uint8_t bytes[];
};

struct waiting {
	struct waiting *next; /* by start, then end */
	uint64_t start, len, gap;
	struct piece *first, *last;
};

struct joint {
	struct joint *next;	     /* in its bucket */
	struct joint *older, *newer; /* by time of the last part */
	uint64_t hash, expires_ns;
	uint64_t done, size;   /* bytes joined so far, of the whole */
	struct app_file *file; /* NULL: there is none yet, or it is complete */
	unsigned users;	       /* parts that are open */
	unsigned waiting_count;
	bool taken; /* the file is in a part's hands */
	bool complete;
	bool unlinked; /* goes with its last user */
	struct waiting *waiting;
	uint32_t key_len;
	uint8_t key[];
};

struct app_part {
	struct joint *joint;
	bool has_file; /* what comes goes to the joint's file */
	uint64_t skip; /* so many bytes are known already */
	uint64_t room; /* of a part that waits: bytes that it may still have */
	struct waiting *held;
};

struct part_table {
	struct joint *bucket[BUCKETS];
	struct joint *oldest, *newest;
	unsigned count;
	uint64_t memory; /* of pieces */
};

/* --- pieces --- */

static void waiting_free(struct app_worker *w, struct waiting *held)
{
	while (held && held->first) {
		struct piece *p = held->first;

		held->first = p->next;
		w->parts->memory -= p->cap;
		slab_free(w->slab, p, sizeof(*p) + p->cap);
	}
	slab_free(w->slab, held, sizeof(*held));
}

static struct piece *piece_new(struct app_worker *w, struct waiting *held, size_t want)
{
	uint32_t cap = held->first ? PIECE_MOST : PIECE_FIRST;
	struct piece *p;

	if (want > cap)
		cap = want > PIECE_MOST ? PIECE_MOST : (uint32_t)want;
	if (w->parts->memory + cap > w->config.limits.part_memory)
		return NULL;
	p = slab_alloc(w->slab, sizeof(*p) + cap);
	if (!p)
		return NULL;
	*p = (struct piece){.cap = cap};
	w->parts->memory += cap;
	*(held->last ? &held->last->next : &held->first) = p;
	held->last = p;
	return p;
}

static bool waiting_add(struct app_worker *w, struct waiting *held, struct slice data)
{
	while (data.len) {
		struct piece *p = held->last;
		size_t n;

		if (!p || p->len == p->cap)
			p = piece_new(w, held, data.len);
		if (!p)
			return false;
		n = p->cap - p->len < data.len ? p->cap - p->len : data.len;
		memcpy(p->bytes + p->len, data.data, n);
		p->len += (uint32_t)n;
		held->len += n;
		data = slice_sub(data, n, data.len);
	}
	return true;
}

/* --- joints --- */

static void joint_free(struct app_io *io, struct app_worker *w, struct joint *j)
{
	while (j->waiting) {
		struct waiting *held = j->waiting;

		j->waiting = held->next;
		waiting_free(w, held);
	}
	if (j->file)
		app_file_free(io, j->file);
	slab_free(w->slab, j, sizeof(*j) + j->key_len);
}

static void age_unlink(struct part_table *t, struct joint *j)
{
	*(j->older ? &j->older->newer : &t->oldest) = j->newer;
	*(j->newer ? &j->newer->older : &t->newest) = j->older;
}

static void age_newest(struct part_table *t, struct joint *j)
{
	j->older = t->newest;
	j->newer = NULL;
	*(t->newest ? &t->newest->newer : &t->oldest) = j;
	t->newest = j;
}

/* Nobody finds it any more; freed now or with its last user. */
static void joint_unlink(struct app_io *io, struct app_worker *w, struct joint *j)
{
	struct joint **at = &w->parts->bucket[j->hash % BUCKETS];

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	age_unlink(w->parts, j);
	w->parts->count--;
	j->unlinked = true;
	if (j->users == 0)
		joint_free(io, w, j);
}

static void expire(struct app_io *io, struct app_worker *w)
{
	for (unsigned i = 0; i < EXPIRED_A_CALL; i++) {
		struct joint *j = w->parts->oldest;

		if (!j || j->expires_ns > io->now_ns)
			return;
		if (j->users) { /* it goes on: younger than it seems */
			age_unlink(w->parts, j);
			age_newest(w->parts, j);
			j->expires_ns = io->now_ns + w->config.limits.part_seconds * NS_PER_SEC;
			continue;
		}
		if (!j->complete)
			app_count(w, APP_COUNT_PARTS_EXPIRED);
		joint_unlink(io, w, j);
	}
}

static bool key_is(const struct joint *j, const struct app_part_place *place)
{
	return j->key_len == place->key[0].len + place->key[1].len &&
	       memcmp(j->key, place->key[0].data, place->key[0].len) == 0 &&
	       memcmp(j->key + place->key[0].len, place->key[1].data, place->key[1].len) == 0;
}

static struct joint *joint_new(struct app_io *io, struct app_worker *w, uint64_t hash,
			       const struct app_part_place *place)
{
	struct part_table *t = w->parts;
	size_t key_len = place->key[0].len + place->key[1].len;
	struct joint *j;

	if (t->count >= LIMIT_APP_JOINTS) {
		app_count(w, APP_COUNT_PARTS_OLDEST);
		joint_unlink(io, w, t->oldest);
	}
	j = slab_alloc(w->slab, sizeof(*j) + key_len);
	if (!j)
		return NULL;
	*j = (struct joint){.hash = hash, .key_len = (uint32_t)key_len};
	memcpy(j->key, place->key[0].data, place->key[0].len);
	memcpy(j->key + place->key[0].len, place->key[1].data, place->key[1].len);
	j->next = t->bucket[hash % BUCKETS];
	t->bucket[hash % BUCKETS] = j;
	t->count++;
	age_newest(t, j);
	return j;
}

static struct joint *joint_of(struct app_io *io, struct app_worker *w,
			      const struct app_part_place *place)
{
	uint64_t hash = hash_mix(hash_bytes(&w->key, place->key[0].data, place->key[0].len),
				 hash_bytes(&w->key, place->key[1].data, place->key[1].len));
	struct joint *j = w->parts->bucket[hash % BUCKETS];

	while (j && !(j->hash == hash && key_is(j, place)))
		j = j->next;
	if (!j)
		j = joint_new(io, w, hash, place);
	if (!j)
		return NULL;
	age_unlink(w->parts, j);
	age_newest(w->parts, j);
	j->expires_ns = io->now_ns + w->config.limits.part_seconds * NS_PER_SEC;
	if (place->size > j->size)
		j->size = place->size;
	return j;
}

/* --- parts --- */

/* What the part's bytes will be used for. False: nothing of it is new, or there is no memory. */
static bool use_of_part(struct app_io *io, struct app_worker *w, struct app_part *part,
			const struct app_part_place *place)
{
	struct joint *j = part->joint;

	if (j->complete || place->last < j->done)
		return false;
	if (!j->file && !j->taken) {
		j->file = app_file_make(io, DIR_TC, place->key[1]);
		if (!j->file)
			return false;
		j->file->keep = 0;
	}
	if (place->first <= j->done && !j->taken) {
		part->has_file = j->taken = true;
		part->skip = j->done - place->first;
		return true;
	}
	if (j->waiting_count >= LIMIT_APP_JOINT_PARTS)
		return false;
	part->held = slab_zalloc(w->slab, sizeof(*part->held));
	if (!part->held)
		return false;
	part->held->start = place->first;
	part->room = place->last - place->first + 1;
	return true;
}

struct app_part *app_part_open(struct app_io *io, const struct app_part_place *place)
{
	struct app_worker *w = app_call_of(io)->w;
	struct app_part *part;

	app_count(w, APP_COUNT_PARTS);
	expire(io, w);
	if (place->key[0].len + place->key[1].len > LIMIT_APP_JOINT_KEY)
		return NULL;
	part = slab_zalloc(w->slab, sizeof(*part));
	if (!part)
		return NULL;
	part->joint = joint_of(io, w, place);
	if (part->joint && use_of_part(io, w, part, place)) {
		part->joint->users++;
		return part;
	}
	if (!part->joint || place->last >= part->joint->done)
		app_count(w, APP_COUNT_PARTS_REFUSED);
	slab_free(w->slab, part, sizeof(*part));
	return NULL;
}

static void to_file(struct app_io *io, struct app_file *file, struct slice data)
{
	if (data.data)
		app_file_data(io, file, data);
	else
		app_file_gap(io, file, data.len);
}

void app_part_data(struct app_io *io, struct app_part *part, struct slice data)
{
	struct app_worker *w = app_call_of(io)->w;

	if (!part || data.len == 0)
		return;
	if (part->skip >= data.len) {
		part->skip -= data.len;
		return;
	}
	if (data.data)
		data.data += part->skip;
	data.len -= (size_t)part->skip;
	part->skip = 0;
	if (part->has_file) {
		to_file(io, part->joint->file, data);
		return;
	}
	if (!part->held)
		return;
	if (!data.data) {
		part->held->gap += data.len;
		return;
	}
	if (data.len > part->room)
		data.len = (size_t)part->room;
	part->room -= data.len;
	if (!waiting_add(w, part->held, data)) {
		app_count(w, APP_COUNT_PARTS_REFUSED);
		waiting_free(w, part->held);
		part->held = NULL;
	}
}

/* --- the end of a part --- */

static bool before(const struct waiting *a, const struct waiting *b)
{
	return a->start != b->start ? a->start < b->start : a->len < b->len;
}

/* Into the list of those that wait. Freed when it has nothing new. */
static void wait_for_turn(struct app_worker *w, struct joint *j, struct waiting *held)
{
	struct waiting **at = &j->waiting;

	while (*at && before(*at, held))
		at = &(*at)->next;
	if (j->done >= held->start + held->len ||
	    (*at && (*at)->start == held->start && (*at)->len == held->len)) {
		waiting_free(w, held);
		return;
	}
	held->next = *at;
	*at = held;
	j->waiting_count++;
}

static void add_waiting(struct app_io *io, struct app_file *file, const struct waiting *held)
{
	uint64_t known = file->size - held->start;

	if (known >= held->len)
		return;
	if (held->gap)
		app_file_gap(io, file, held->gap);
	for (const struct piece *p = held->first; p; p = p->next) {
		size_t skip = known < p->len ? (size_t)known : p->len;

		app_file_data(io, file, SLICE(p->bytes + skip, p->len - skip));
		known -= skip;
	}
}

/* Adds what waits and fits. */
static void join(struct app_io *io, struct app_worker *w, struct joint *j)
{
	while (j->waiting && j->waiting->start <= j->file->size) {
		struct waiting *held = j->waiting;

		add_waiting(io, j->file, held);
		j->waiting = held->next;
		j->waiting_count--;
		waiting_free(w, held);
	}
	j->done = j->file->size;
}

static void whole(struct app_io *io, struct app_worker *w, struct joint *j, struct app_tx *tx,
		  enum dir dir, bool truncated)
{
	struct app_file *file = j->file;

	app_file_close(io, file, truncated);
	j->complete = true;
	j->file = NULL;
	if (tx && app_file_give(io, file, tx, dir))
		app_count(w, APP_COUNT_PARTS_JOINED);
	else
		app_file_free(io, file);
}

void app_part_close(struct app_io *io, struct app_part *part, struct app_tx *tx, enum dir dir,
		    bool truncated)
{
	struct app_worker *w = app_call_of(io)->w;
	struct joint *j;

	if (!part)
		return;
	j = part->joint;
	j->users--;
	if (part->has_file)
		j->taken = false;
	if (part->held)
		wait_for_turn(w, j, part->held);
	/* Cut off within what was known: nothing has changed. */
	if (j->file && !j->taken && part->skip == 0) {
		join(io, w, j);
		if (j->done >= j->size)
			whole(io, w, j, tx, dir, truncated);
	}
	slab_free(w->slab, part, sizeof(*part));
	if (j->unlinked && j->users == 0)
		joint_free(io, w, j);
}

/* --- the table --- */

struct part_table *part_table_new(void)
{
	return calloc(1, sizeof(struct part_table));
}

void part_table_delete(struct app_worker *w)
{
	struct app_call c = {.w = w, .io = {.slab = w->slab, .limits = &w->config.limits}};

	while (w->parts && w->parts->oldest)
		joint_unlink(&c.io, w, w->parts->oldest);
	free(w->parts);
}
