#include "dataplane/app/text/chunks.h"

#include "dataplane/app/text/kept.h"

struct chunks_piece {
	struct chunks_piece *next;
	uint64_t offset;
	uint64_t gap; /* bytes missing behind those kept */
	struct kept bytes;
};

static void piece_free(struct app_io *io, struct chunks *c, struct chunks_piece *p)
{
	c->waiting_count--;
	c->waiting_bytes -= p->bytes.len;
	kept_free(io->slab, &p->bytes);
	slab_free(io->slab, p, sizeof(*p));
}

void chunks_free(struct app_io *io, struct chunks *c)
{
	while (c->waiting) {
		struct chunks_piece *p = c->waiting;

		c->waiting = p->next;
		piece_free(io, c, p);
	}
	c->current = NULL;
	c->ahead = false;
}

void chunks_close(struct app_io *io, struct chunks *c, bool truncated)
{
	if (c->done)
		return;
	c->done = true;
	if (c->file)
		app_file_close(io, c->file, truncated);
	chunks_free(io, c);
}

/* A place for a piece ahead of its turn; NULL when there is no room. */
static struct chunks_piece *piece_new(struct app_io *io, struct chunks *c, uint64_t offset)
{
	struct chunks_piece *p, **link = &c->waiting;

	if (c->waiting_count >= CHUNKS_WAITING)
		return NULL;
	p = slab_zalloc(io->slab, sizeof(*p));
	if (!p)
		return NULL;
	p->offset = offset;
	while (*link && (*link)->offset <= offset)
		link = &(*link)->next;
	p->next = *link;
	*link = p;
	c->waiting_count++;
	return p;
}

void chunks_begin(struct app_io *io, struct chunks *c, uint64_t offset, uint64_t len, bool last)
{
	if (c->done)
		return;
	if (c->left > 0 || (last && offset != c->tracked)) {
		/* An unfinished piece, or bytes before the last one are missing. */
		chunks_close(io, c, true);
		return;
	}
	c->left = len;
	c->last = last;
	c->ahead = offset > c->tracked && len > 0;
	c->passed_over = offset < c->tracked;
	c->current = NULL;
	if (c->ahead) {
		c->current = piece_new(io, c, offset);
		if (!c->current)
			chunks_close(io, c, true);
	} else if (last && len == 0) {
		chunks_close(io, c, false);
	}
}

/* Those whose turn has come. */
static void drain(struct app_io *io, struct chunks *c)
{
	while (c->waiting && c->waiting->offset <= c->tracked) {
		struct chunks_piece *p = c->waiting;

		c->waiting = p->next;
		if (p->offset == c->tracked) {
			if (p->bytes.len > 0)
				app_file_data(io, c->file, kept_slice(&p->bytes));
			if (p->gap > 0)
				app_file_gap(io, c->file, p->gap);
			c->tracked += p->bytes.len + p->gap;
		}
		piece_free(io, c, p);
	}
}

static void piece_over(struct app_io *io, struct chunks *c)
{
	if (!c->ahead && !c->passed_over && c->file)
		drain(io, c);
	c->ahead = c->passed_over = false;
	c->current = NULL;
	if (c->last)
		chunks_close(io, c, false);
}

/* Bytes of a piece that waits: those behind a gap count as missing too. */
static bool piece_add(struct app_io *io, struct chunks *c, struct slice data)
{
	struct chunks_piece *p = c->current;

	if (p->gap > 0) {
		p->gap += data.len;
		return true;
	}
	if (data.len > CHUNKS_WAITING_BYTES - c->waiting_bytes ||
	    !kept_append(io->slab, &p->bytes, data, CHUNKS_WAITING_BYTES))
		return false;
	c->waiting_bytes += (uint32_t)data.len;
	return true;
}

void chunks_data(struct app_io *io, struct chunks *c, struct slice data)
{
	if (c->done || c->left == 0)
		return;
	if (data.len > c->left)
		data.len = c->left;
	c->left -= data.len;
	if (c->ahead) {
		if (!piece_add(io, c, data)) {
			chunks_close(io, c, true);
			return;
		}
	} else if (!c->passed_over) {
		if (c->file && data.len > 0)
			app_file_data(io, c->file, data);
		c->tracked += data.len;
	}
	if (c->left == 0)
		piece_over(io, c);
}

void chunks_gap(struct app_io *io, struct chunks *c, uint64_t len)
{
	if (c->done || c->left == 0)
		return;
	if (len > c->left)
		len = c->left;
	c->left -= len;
	if (c->ahead) {
		c->current->gap += len;
	} else if (!c->passed_over) {
		if (c->file)
			app_file_gap(io, c->file, len);
		c->tracked += len;
	}
	if (c->left == 0)
		piece_over(io, c);
}
