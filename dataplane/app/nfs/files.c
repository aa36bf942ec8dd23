/* Files that READs and WRITEs carry, each in a transaction of its own. */
#include "dataplane/app/nfs/internal.h"

#define SECOND_NS 1000000000ULL

static struct slice key_of(struct slice handle)
{
	return slice_sub(handle, 0, NFS_HANDLE_MAX);
}

static void both_done(struct nfs_tx *t)
{
	t->is_closed = true;
	t->tx.progress[DIR_TS] = t->tx.progress[DIR_TC] = NFS_COMPLETE;
}

struct nfs_tx *nfs_file_find(struct nfs_state *s, struct slice handle, enum dir dir)
{
	for (uint32_t i = 0; i < s->open_count; i++) {
		struct nfs_tx *t = s->open[i];

		if (!t->is_closed && t->dir == dir &&
		    slice_eq(kept_slice(&t->handle), key_of(handle)))
			return t;
	}
	return NULL;
}

void nfs_file_forget(struct nfs_state *s, struct nfs_tx *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->open_count; i++) {
		if (s->open[i] != t)
			s->open[n++] = s->open[i];
	}
	s->open_count = n;
	for (unsigned d = 0; d < 2; d++) {
		if (s->side[d].chunk_tx == t)
			s->side[d].chunk_tx = NULL;
	}
}

/* A closed one makes room, else the oldest ends. */
static void open_room(struct app_io *io, struct nfs_state *s)
{
	struct nfs_tx *victim = s->open[0];

	if (s->open_count < NFS_OPEN_FILES)
		return;
	for (uint32_t i = 0; i < s->open_count; i++) {
		if (s->open[i]->is_closed && s->side[s->open[i]->dir].chunk_tx != s->open[i]) {
			victim = s->open[i];
			break;
		}
	}
	if (!victim->is_closed) {
		chunks_close(io, &victim->chunks, true);
		both_done(victim);
	}
	nfs_file_forget(s, victim);
}

struct nfs_tx *nfs_file_new(struct app_io *io, struct nfs_state *s, struct slice handle,
			    struct slice name, enum dir dir)
{
	struct nfs_tx *t = nfs_tx_new(io, s, NULL);

	if (!t)
		return NULL;
	t->is_file = true;
	t->dir = (uint8_t)dir;
	kept_set(io->slab, &t->name, slice_sub(name, 0, NFS_NAME_MAX));
	kept_set(io->slab, &t->handle, key_of(handle));
	nfs_tx_handle(t, handle);
	open_room(io, s);
	s->open[s->open_count++] = t;
	return t;
}

/* --- pieces --- */

static void piece(struct app_io *io, struct nfs_state *s, struct nfs_tx *t,
		  const struct nfs_data *d)
{
	struct nfs_side *side = &s->side[t->dir];
	struct chunks *c = &t->chunks;

	if (!c->file && !c->done)
		c->file = app_file_open(io, &t->tx, t->dir, d->name);
	chunks_begin(io, c, d->offset, d->count, d->last);
	chunks_data(io, c, d->data);
	side->taken = true;
	side->chunk_tx = t;
	side->chunk = d->count - d->data.len;
}

/* The file of a piece: the one under way, or a new one. NULL when there is no room. */
static struct nfs_tx *file_of(struct app_io *io, struct nfs_state *s, const struct nfs_data *d,
			      enum dir dir)
{
	struct nfs_tx *t = nfs_file_find(s, d->handle, dir);

	if (t) {
		t->chunk_count++;
		return t;
	}
	t = nfs_file_new(io, s, d->handle, d->name, dir);
	if (!t)
		return NULL;
	t->procedure = d->procedure;
	t->xid = d->xid;
	t->is_first = true;
	if (dir == DIR_TS)
		t->version = d->version;
	return t;
}

static bool sensible(const struct nfs_data *d)
{
	return d->count > 0 && d->count <= NFS_DATA_MAX;
}

static void file_over(struct nfs_tx *t)
{
	if (!t->chunks.done)
		return;
	t->is_closed = true;
	t->tx.progress[t->dir] = NFS_COMPLETE;
}

/* The side that brings the bytes ends with them; Suricata ends the reply's side of a file that came
 * in several WRITEs with the last of them, and of one that came in one WRITE never. */
void nfs_file_write(struct app_io *io, struct nfs_state *s, const struct nfs_data *d)
{
	struct nfs_tx *t;
	bool more;

	if (!sensible(d))
		return;
	more = nfs_file_find(s, d->handle, DIR_TS) != NULL;
	t = file_of(io, s, d, DIR_TS);
	if (!t)
		return;
	piece(io, s, t, d);
	if (d->last) {
		t->last_xid = d->xid;
		t->is_last = true;
		if (more)
			t->tx.progress[DIR_TC] = NFS_COMPLETE;
	}
	file_over(t);
}

void nfs_file_read(struct app_io *io, struct nfs_state *s, const struct nfs_data *d)
{
	struct nfs_tx *t;

	if (!sensible(d))
		return;
	t = file_of(io, s, d, DIR_TC);
	if (!t)
		return;
	piece(io, s, t, d);
	if (d->last) {
		t->last_xid = d->xid;
		t->rpc_status = d->rpc_status;
		t->nfs_status = d->nfs_status;
		t->is_last = true;
		t->tx.progress[DIR_TS] = NFS_COMPLETE;
	}
	file_over(t);
}

void nfs_file_commit(struct app_io *io, struct nfs_state *s, struct slice handle, uint32_t xid,
		     bool is_commit)
{
	struct nfs_tx *t = nfs_file_find(s, handle, DIR_TS);

	if (!t)
		return;
	if (is_commit) {
		t->chunk_count++;
		t->committed = true;
	}
	chunks_close(io, &t->chunks, t->chunks.left > 0);
	t->last_xid = xid;
	t->is_last = true;
	file_over(t);
}

/* --- bytes of a piece under way --- */

void nfs_file_more(struct app_io *io, struct nfs_state *s, enum dir dir, struct slice data)
{
	struct nfs_side *side = &s->side[dir];
	struct nfs_tx *t = side->chunk_tx;

	side->chunk -= data.len;
	if (!t)
		return;
	t->post_gap_ns = 0;
	t->chunk_count++;
	chunks_data(io, &t->chunks, data);
	file_over(t);
	if (side->chunk == 0)
		side->chunk_tx = NULL;
}

void nfs_file_gap(struct app_io *io, struct nfs_state *s, enum dir dir, uint64_t len)
{
	struct nfs_side *side = &s->side[dir];
	struct nfs_tx *t = side->chunk_tx;

	side->chunk -= len;
	if (!t)
		return;
	t->post_gap_ns = 0;
	t->chunk_count++;
	chunks_gap(io, &t->chunks, len);
	file_over(t);
	if (side->chunk == 0)
		side->chunk_tx = NULL;
}

void nfs_file_eof(struct app_io *io, struct nfs_state *s, enum dir dir)
{
	for (uint32_t i = 0; i < s->open_count; i++) {
		struct nfs_tx *t = s->open[i];

		if (t->dir == dir && t->chunks.file)
			chunks_close(io, &t->chunks, true);
	}
}

void nfs_file_tick(struct app_io *io, struct nfs_state *s)
{
	s->post_gap = false;
	for (uint32_t i = 0; i < s->open_count; i++) {
		struct nfs_tx *t = s->open[i];

		if (t->post_gap_ns == 0 || t->is_closed)
			continue;
		if (io->now_ns > t->post_gap_ns) {
			chunks_close(io, &t->chunks, true);
			both_done(t);
		} else {
			s->post_gap = true;
		}
	}
}
