#include "dataplane/app/smb/files.h"

#include "dataplane/app/smb/names.h"

/* --- bytes in order --- */

static void append(struct smb_state *s, struct smb_file *f, struct slice data)
{
	if (f->file && !f->cut && data.len > 0)
		app_file_data(s->io, f->file, data);
	f->tracked += data.len;
}

static void append_missing(struct smb_state *s, struct smb_file *f, uint64_t missing)
{
	if (f->file && !f->cut && missing > 0)
		app_file_gap(s->io, f->file, missing);
	f->tracked += missing;
}

/* --- pieces that wait --- */

static void chunk_free(struct smb_state *s, struct smb_file *f, struct smb_chunk **at)
{
	struct smb_chunk *c = *at;

	*at = c->next;
	f->queued -= c->bytes.len;
	f->chunk_count--;
	kept_free(s->io->slab, &c->bytes);
	slab_free(s->io->slab, c, sizeof(*c));
}

/* What waited for the bytes that are now there. The list is sorted by offset. */
static void drain(struct smb_state *s, struct smb_file *f)
{
	while (f->chunks && f->chunks != f->now && f->chunks->offset <= f->tracked) {
		struct smb_chunk *c = f->chunks;

		if (c->offset == f->tracked) {
			append(s, f, kept_slice(&c->bytes));
			append_missing(s, f, c->missing);
		}
		chunk_free(s, f, &f->chunks);
	}
}

/* Gives up what lies in front of the first piece that waits. */
static void jump(struct smb_state *s, struct smb_file *f)
{
	if (!f->chunks)
		return;
	if (f->chunks->offset > f->tracked)
		append_missing(s, f, f->chunks->offset - f->tracked);
	drain(s, f);
}

static void make_room(struct smb_state *s, struct smb_file *f, uint32_t len)
{
	bool read = f->dir == DIR_TC;

	while (f->chunks && (f->chunk_count >= LIMIT_SMB_FILE_CHUNKS ||
			     f->queued + len > LIMIT_SMB_FILE_QUEUED)) {
		app_limit_met(s->io);
		if (f->chunk_count >= LIMIT_SMB_FILE_CHUNKS)
			smb_event(s,
				  read ? SMB_EVENT_READ_QUEUE_COUNT : SMB_EVENT_WRITE_QUEUE_COUNT);
		else
			smb_event(s, read ? SMB_EVENT_READ_QUEUE_SIZE : SMB_EVENT_WRITE_QUEUE_SIZE);
		jump(s, f);
	}
}

/* Room for the piece that comes now; it is not wanted when one waits at the same place. */
static struct smb_chunk *chunk_new(struct smb_state *s, struct smb_file *f, uint64_t offset)
{
	struct smb_chunk **at = &f->chunks, *c;

	while (*at && (*at)->offset < offset)
		at = &(*at)->next;
	if (*at && (*at)->offset == offset)
		return NULL;
	c = slab_zalloc(s->io->slab, sizeof(*c));
	if (!c)
		return NULL;
	c->offset = offset;
	c->next = *at;
	*at = c;
	f->chunk_count++;
	return c;
}

static void keep(struct smb_state *s, struct smb_file *f, struct slice data, uint64_t missing)
{
	struct smb_chunk *c = f->now;
	uint32_t before = c->bytes.len;

	if (missing > 0 || c->missing > 0 ||
	    (data.len > 0 &&
	     !kept_append(s->io->slab, &c->bytes, data, LIMIT_SMB_FILE_QUEUED / 2))) {
		/* Not whole: what is known is only how long it was. */
		c->missing += c->bytes.len + data.len + missing;
		f->queued -= before;
		kept_free(s->io->slab, &c->bytes);
		return;
	}
	f->queued += c->bytes.len - before;
}

/* --- a piece --- */

static void piece_ends(struct smb_state *s, struct smb_file *f)
{
	f->now = NULL;
	f->keep = f->discard = false;
	drain(s, f);
}

static uint32_t piece_more(struct smb_state *s, struct smb_file *f, struct slice data,
			   uint64_t missing)
{
	uint64_t there = data.len + missing;
	uint32_t n = there < f->left ? (uint32_t)there : f->left;

	if (data.len > n)
		data.len = n;
	if (missing > n - data.len)
		missing = n - data.len;
	if (f->discard) {
	} else if (f->keep) {
		keep(s, f, data, missing);
	} else {
		append(s, f, data);
		append_missing(s, f, missing);
	}
	f->left -= n;
	if (f->left == 0)
		piece_ends(s, f);
	return n;
}

static void piece_begins(struct smb_state *s, struct smb_tx *t, const struct smb_piece *p)
{
	struct smb_file *f = &t->file;

	if (f->left > 0) { /* the one before was not whole */
		piece_ends(s, f);
		smb_file_cut(s, t);
	}
	if (p->offset < f->tracked)
		smb_event(s, SMB_EVENT_FILE_OVERLAP);
	f->left = p->len;
	f->discard = p->offset < f->tracked || f->cut;
	f->keep = !f->discard && p->offset > f->tracked;
	if (f->keep) {
		make_room(s, f, p->len);
		f->keep = p->offset > f->tracked;
	}
	if (f->keep) {
		f->now = chunk_new(s, f, p->offset);
		f->discard = f->now == NULL;
	}
	if (p->len == 0)
		piece_ends(s, f);
}

/* --- files --- */

static struct smb_tx *file_new(struct smb_state *s, enum dir dir, const struct smb_piece *p)
{
	struct smb_tx *t = smb_tx_new(s, SMB_TX_FILE, p->header, p->command);
	struct smb_file *f;

	if (!t)
		return NULL;
	f = &t->file;
	f->dir = dir;
	f->id = p->id;
	f->open = true;
	smb_tx_request_open(t);
	kept_set(s->io->slab, &f->name, slice_sub(p->name, 0, SMB_NAME_MAX));
	kept_set(s->io->slab, &f->share, slice_sub(p->share, 0, SMB_NAME_MAX));
	f->file = app_file_open(s->io, &t->tx, dir, p->name);
	smb_tx_index_file(s, t);
	return t;
}

struct smb_tx *smb_file_piece(struct smb_state *s, enum dir dir, const struct smb_piece *p)
{
	struct smb_tx *t = smb_tx_find_file(s, &p->id, dir, true);

	if (!t)
		t = file_new(s, dir, p);
	if (!t)
		return NULL;
	piece_begins(s, t, p);
	piece_more(s, &t->file, p->data, 0);
	return t;
}

uint32_t smb_file_more(struct smb_state *s, enum dir dir, struct slice data, uint64_t missing)
{
	struct smb_side *side = &s->side[dir];
	uint64_t there = data.len + missing;
	uint32_t n = there < side->left ? (uint32_t)there : side->left;
	struct smb_tx *t;

	if (n == 0)
		return 0;
	if (data.len > n)
		data.len = n;
	if (missing > n - data.len)
		missing = n - data.len;
	side->left -= n;
	t = smb_tx_find_file(s, &side->id, dir, true);
	if (t) {
		t->file.gap_until_ns = 0;
		piece_more(s, &t->file, data, missing);
	}
	return n;
}

void smb_file_close(struct smb_state *s, struct smb_tx *t)
{
	struct smb_file *f = &t->file;

	if (!f->open)
		return;
	f->open = false;
	f->now = NULL;
	while (f->chunks) /* what lies behind a hole is not part of it, as in Suricata 7 */
		chunk_free(s, f, &f->chunks);
	if (f->file && !f->cut)
		app_file_close(s->io, f->file, f->left > 0);
}

void smb_file_cut(struct smb_state *s, struct smb_tx *t)
{
	struct smb_file *f = &t->file;

	if (f->file && f->open && !f->cut)
		app_file_close(s->io, f->file, true);
	f->cut = true;
}

void smb_file_free(struct smb_state *s, struct smb_tx *t)
{
	while (t->file.chunks)
		chunk_free(s, &t->file, &t->file.chunks);
	kept_free(s->io->slab, &t->file.name);
	kept_free(s->io->slab, &t->file.share);
}

/* --- opened --- */

/* FILETIME: 100 ns since 1601. */
static uint32_t seconds(uint64_t filetime)
{
	return filetime > 116444736000000000ULL ? (uint32_t)(filetime / 10000000 - 11644473600ULL)
						: 0;
}

void smb_created_keep(struct smb_tx *t, const struct smb_created *n)
{
	t->create.created = seconds(n->times[0]);
	t->create.accessed = seconds(n->times[1]);
	t->create.modified = seconds(n->times[2]);
	t->create.changed = seconds(n->times[3]);
	t->create.size = n->size;
	t->create.id = n->id;
}

void smb_name_opened(struct smb_state *s, const struct smb_key *create, const struct smb_id *id)
{
	struct smb_key open = {.kind = SMB_ENTRY_NAME, .id = *id};
	struct smb_entry *e = smb_table_get(&s->table, create);
	struct smb_text name;

	if (!e)
		return;
	smb_text_bytes(&name, kept_slice(&e->bytes));
	smb_table_drop(s->io, &s->table, e);
	smb_table_put(s->io, &s->table, &open, smb_text_slice(&name));
}
