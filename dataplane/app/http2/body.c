/* DATA frames: a file without a name, its content encoding taken off. */
#include "dataplane/app/http2/http2.h"
#include "dataplane/app/text/content_range.h"

struct target {
	struct app_io *io;
	struct http2_tx *tx;
	enum dir dir;
};

static void open_file(struct app_io *io, struct http2_tx *t, enum dir dir);

static void file_data(void *ctx, struct slice data)
{
	struct target *target = ctx;
	struct http2_side *side = &target->tx->side[target->dir];

	open_file(target->io, target->tx, target->dir);
	if (side->file)
		app_file_data(target->io, side->file, data);
	app_part_data(target->io, side->part, data);
}

/* The path's last element, without its query. */
static struct slice last_element(struct slice path)
{
	const uint8_t *query = path.len ? memchr(path.data, '?', path.len) : NULL;
	size_t at, len = query ? (size_t)(query - path.data) : path.len;

	for (at = len; at > 0 && path.data[at - 1] != '/'; at--)
		;
	return slice_sub(path, at ? at - 1 : 0, len - (at ? at - 1 : 0));
}

static struct slice without_port(struct slice host)
{
	const uint8_t *colon = host.len ? memchr(host.data, ':', host.len) : NULL;

	return slice_sub(host, 0, colon ? (size_t)(colon - host.data) : host.len);
}

/* A part of a larger whole, as the answer says. */
static void open_part(struct app_io *io, struct http2_tx *t)
{
	const struct http2_side *asked = &t->side[DIR_TS];
	const struct http2_header *h = http2_find(&t->side[DIR_TC], "content-range");
	const struct http2_header *host = http2_find(asked, ":authority");
	const struct http2_header *path = http2_find(asked, ":path");
	struct text_content_range r;
	struct app_part_place place;

	if (!h)
		return;
	r = text_content_range_of(http2_value(&t->side[DIR_TC], h));
	if (!r.valid ||
	    (r.bounded && r.end && r.sized && r.size && (r.start > r.end || r.end >= r.size)))
		http2_event(t, HTTP2_EVENT_INVALID_RANGE);
	if (!host || !path || !text_content_range_is_part(&r))
		return;
	place = (struct app_part_place){
		.key = {without_port(http2_value(asked, host)),
			last_element(http2_value(asked, path))},
		.first = r.start,
		.last = r.end,
		.size = r.size,
	};
	if (place.key[0].len)
		t->side[DIR_TC].part = app_part_open(io, &place);
}

static void open_file(struct app_io *io, struct http2_tx *t, enum dir dir)
{
	struct http2_side *side = &t->side[dir];

	if (side->file_opened)
		return;
	side->file_opened = true;
	side->file = app_file_open(io, &t->tx, dir, SLICE_LIT(""));
	if (dir == DIR_TC)
		open_part(io, t);
}

/* Bytes that cannot be decoded are in no file, as in Suricata. */
void http2_body_data(struct app_io *io, struct http2_tx *t, enum dir dir, struct slice data,
		     bool end)
{
	struct http2_side *side = &t->side[dir];
	struct target target = {io, t, dir};
	struct http2_decode_sink sink = {file_data, &target};

	if (side->decoder && !http2_decode(side->decoder, data, &sink)) {
		http2_event(t, HTTP2_EVENT_FAILED_DECOMPRESSION);
		return;
	}
	open_file(io, t, dir);
	/* What comes behind the end of the stream is in no file. */
	if (!side->decoder)
		file_data(&target, data);
	if (end)
		http2_body_close(io, t, dir, false);
}

void http2_body_close(struct app_io *io, struct http2_tx *t, enum dir dir, bool truncated)
{
	struct http2_side *side = &t->side[dir];

	if (side->file)
		app_file_close(io, side->file, truncated);
	side->file = NULL;
	app_part_close(io, side->part, &t->tx, dir, truncated);
	side->part = NULL;
	http2_decoder_free(side->decoder);
	side->decoder = NULL;
}
