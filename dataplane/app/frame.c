#include "dataplane/app/frame.h"

#include "dataplane/app/internal.h"
#include "dataplane/stream/stream.h"

enum { FRAMES_FIRST = 4 };

/* ---- what is wanted ---- */

void app_worker_frames(struct app_worker *w, const uint32_t *wanted)
{
	w->frames_any = false;
	for (unsigned i = 0; i < w->protos && i < ARRAY_SIZE(w->frames); i++) {
		w->frames[i] = wanted ? wanted[i] : 0;
		w->frames_any |= w->frames[i] != 0;
	}
}

const char *app_frame_name(const struct app_proto *proto, unsigned type)
{
	if (type == APP_FRAME_STREAM)
		return "stream";
	return type < proto->frame_count ? proto->frames[type] : NULL;
}

/* ---- the parser's side ---- */

struct app_frames *app_frames_of(const struct app_flow *a, enum dir dir)
{
	struct app_frames *frames = a ? a->frames : NULL;

	return frames && frames[dir].n ? &frames[dir] : NULL;
}

static struct app_frame *frame_by_id(struct app_frames *l, uint64_t id)
{
	unsigned low = 0, high = l->n;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (l->v[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < l->n && l->v[low].id == id ? &l->v[low] : NULL;
}

static bool list_room(struct app_call *c, struct app_frames *l)
{
	uint16_t cap = l->cap ? (uint16_t)(l->cap * 2) : FRAMES_FIRST;
	struct app_frame *grown;

	if (l->n < l->cap)
		return true;
	if (l->n >= LIMIT_APP_FRAMES) {
		app_count(c->w, APP_COUNT_FRAMES);
		return false;
	}
	grown = slab_grow(c->w->slab, l->v, l->cap * sizeof(*grown), cap * sizeof(*grown));
	if (!grown) {
		app_count(c->w, APP_COUNT_MEMORY);
		return false;
	}
	l->v = grown;
	l->cap = cap;
	return true;
}

static struct app_frame *frame_new(struct app_call *c, unsigned type, uint64_t offset, int64_t len)
{
	struct app_flow *a = &c->a->pub;
	struct app_frames *l;

	if (!a->frames) {
		a->frames = slab_zalloc(c->w->slab, 2 * sizeof(*a->frames));
		if (!a->frames) {
			app_count(c->w, APP_COUNT_MEMORY);
			return NULL;
		}
	}
	l = &a->frames[c->dir];
	if (!list_room(c, l))
		return NULL;
	l->v[l->n] = (struct app_frame){.id = ++l->made,
					.offset = offset,
					.len = len < 0 ? -1 : len,
					.type = (uint8_t)type};
	return &l->v[l->n++];
}

/* Where `at` lies in the direction. False: not in this call's data. */
static bool place(const struct app_call *c, const uint8_t *at, uint64_t *ret)
{
	if (!at || !c->view.data || at < c->view.data || at > c->view.data + c->view.len)
		return false;
	*ret = c->view_offset + (uint64_t)(at - c->view.data);
	return true;
}

uint64_t app_frame_add(struct app_io *io, unsigned type, const uint8_t *at, int64_t len)
{
	struct app_call *c = app_call_of(io);
	struct app_frame *frame;
	uint64_t offset;

	if (!place(c, at, &offset))
		return 0;
	frame = frame_new(c, type, offset, len);
	return frame ? frame->id : 0;
}

static struct app_frame *frame_of_call(struct app_call *c, uint64_t id)
{
	struct app_frames *l = id ? app_frames_of(&c->a->pub, c->dir) : NULL;

	return l ? frame_by_id(l, id) : NULL;
}

void app_frame_end(struct app_io *io, uint64_t id, const uint8_t *end)
{
	struct app_call *c = app_call_of(io);
	struct app_frame *frame = frame_of_call(c, id);
	uint64_t offset = c->view_offset;

	if (!frame || (end && !place(c, end, &offset)) || offset < frame->offset)
		return;
	frame->len = (int64_t)(offset - frame->offset);
}

void app_frame_length(struct app_io *io, uint64_t id, int64_t len)
{
	struct app_frame *frame = frame_of_call(app_call_of(io), id);

	if (frame && len >= 0)
		frame->len = len;
}

void app_frame_tx(struct app_io *io, uint64_t id, const struct app_tx *tx)
{
	struct app_frame *frame = frame_of_call(app_call_of(io), id);

	if (!frame || !tx)
		return;
	frame->tx_id = tx->id;
	frame->has_tx = true;
}

/* ---- the framework's side ---- */

void app_frames_begin(struct app_call *c, enum dir dir, struct slice view, uint64_t offset)
{
	c->dir = dir;
	c->view = view;
	c->view_offset = offset;
	c->io.frames = c->w->frames_any ? c->w->frames[app_proto_index(c->w, c->a->pub.proto)] : 0;
}

/* The stream as a whole: begins with the first bytes that the parser gets, ends with the last. */
void app_frames_stream(struct app_call *c, bool eof)
{
	struct app_flow *a = &c->a->pub;
	struct app_frames *l = a->frames ? &a->frames[c->dir] : NULL;
	uint64_t end = c->view_offset + c->view.len;

	if (!app_frame_wanted(&c->io, APP_FRAME_STREAM))
		return;
	if (!l || !l->stream) {
		if (c->view.len == 0)
			return;
		frame_new(c, APP_FRAME_STREAM, c->view_offset, eof ? (int64_t)c->view.len : -1);
		if (a->frames)
			a->frames[c->dir].stream = true;
		return;
	}
	for (unsigned i = 0; eof && i < l->n; i++) {
		if (l->v[i].type == APP_FRAME_STREAM && l->v[i].len < 0)
			l->v[i].len = (int64_t)(end - l->v[i].offset);
	}
}

void app_frames_free(struct app_call *c)
{
	struct app_flow *a = &c->a->pub;

	for (unsigned d = 0; a->frames && d < 2; d++) {
		struct app_frames *l = &a->frames[d];

		slab_free(c->w->slab, l->v, l->cap * sizeof(*l->v));
		if (c->f->tcp)
			stream_keep(c->f, (enum dir)d, UINT64_MAX);
	}
	slab_free(c->w->slab, a->frames, 2 * sizeof(*a->frames));
	a->frames = NULL;
}

/* The first byte that some frame has not been looked at at. */
static uint64_t left_edge(const struct app_frames *l)
{
	uint64_t left = UINT64_MAX;

	for (unsigned i = 0; l && i < l->n; i++) {
		const struct app_frame *frame = &l->v[i];
		uint64_t at = frame->offset + frame->inspected;

		if (at < left)
			left = at;
	}
	return left;
}

void app_frames_keep(struct app_call *c, enum dir dir, uint64_t waiting)
{
	uint64_t left;

	if (!c->w->frames_any || !c->f->tcp)
		return;
	left = left_edge(app_frames_of(&c->a->pub, dir));
	stream_keep(c->f, dir, waiting < left ? waiting : left);
}

static bool over(const struct app_frame *frame, uint64_t edge)
{
	return frame->len >= 0 && frame->offset + (uint64_t)frame->len <= edge;
}

void app_frames_done(struct app_worker *w, struct flow *f, enum dir dir, uint64_t edge, bool end)
{
	struct app_frames *l = app_frames_of(f->app, dir);
	uint16_t kept = 0;
	struct app_call c;

	if (!l)
		return;
	for (unsigned i = 0; i < l->n && !end; i++) {
		if (!over(&l->v[i], edge))
			l->v[kept++] = l->v[i];
	}
	l->n = kept;
	app_call_init(&c, w, f, NULL);
	app_frames_keep(&c, dir, app_side_offset(c.a, dir));
}
