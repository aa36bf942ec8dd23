/* Header blocks (RFC 7541) by nghttp2, and what is kept of them. */
#include "dataplane/app/http2/http2.h"

enum { SIZE_ROOM = 16, HEADERS_FIRST = 16 };

/* --- memory for nghttp2: the size stands in front of the block --- */

static void *take(size_t size, void *slab)
{
	size_t len = size + SIZE_ROOM;
	uint8_t *block = size > SLAB_MAX ? NULL : slab_zalloc(slab, len);

	if (!block)
		return NULL;
	memcpy(block, &len, sizeof(len));
	return block + SIZE_ROOM;
}

static void *take_items(size_t items, size_t size, void *slab)
{
	return size > 0 && items > SLAB_MAX / size ? NULL : take(items * size, slab);
}

static size_t size_of(const void *address)
{
	size_t len;

	memcpy(&len, (const uint8_t *)address - SIZE_ROOM, sizeof(len));
	return len;
}

static void give_back(void *address, void *slab)
{
	if (address)
		slab_free(slab, (uint8_t *)address - SIZE_ROOM, size_of(address));
}

static void *take_again(void *address, size_t size, void *slab)
{
	void *grown = take(size, slab);
	size_t old;

	if (!grown || !address)
		return grown;
	old = size_of(address) - SIZE_ROOM;
	memcpy(grown, address, old < size ? old : size);
	give_back(address, slab);
	return grown;
}

static bool inflater_ready(struct app_io *io, struct http2_direction *d)
{
	if (d->inflater)
		return true;
	d->mem = (nghttp2_mem){io->slab, take, give_back, take_items, take_again};
	if (nghttp2_hd_inflate_new2(&d->inflater, &d->mem) != 0) {
		d->inflater = NULL;
		return false;
	}
	/* What the peer allows is not waited for: the encoder's own word counts. */
	nghttp2_hd_inflate_change_table_size(d->inflater, HTTP2_TABLE_MAX);
	return true;
}

void http2_direction_free(struct app_io *io, struct http2_direction *d)
{
	if (d->inflater)
		nghttp2_hd_inflate_del(d->inflater);
	d->inflater = NULL;
	d->block = NULL;
	d->block_open = false;
}

/* --- what is kept --- */

static struct http2_header *header_room(struct app_io *io, struct http2_side *side)
{
	struct http2_header *grown;
	uint32_t cap = side->header_cap ? 2 * side->header_cap : HEADERS_FIRST;

	if (side->pending < side->header_cap)
		return &side->headers[side->pending];
	if (cap > HTTP2_HEADERS_MAX)
		return NULL;
	grown = slab_grow(io->slab, side->headers, side->header_cap * sizeof(*grown),
			  cap * sizeof(*grown));
	if (!grown)
		return NULL;
	side->headers = grown;
	side->header_cap = cap;
	return &side->headers[side->pending];
}

static bool bytes_put(struct app_io *io, struct kept *to, struct slice name, struct slice value)
{
	return kept_append(io->slab, to, name, HTTP2_HEAD_MAX) &&
	       kept_append(io->slab, to, SLICE_LIT(": "), HTTP2_HEAD_MAX) &&
	       kept_append(io->slab, to, value, HTTP2_HEAD_MAX) &&
	       kept_append(io->slab, to, SLICE_LIT("\r\n"), HTTP2_HEAD_MAX);
}

static bool header_put(struct app_io *io, struct http2_tx *t, struct http2_side *side,
		       struct http2_header h, struct slice name, struct slice value)
{
	struct http2_header *to;
	uint32_t before = side->bytes.cap;
	bool ok;

	if (name.len + value.len + 4 > HTTP2_HEAD_MAX - side->pending_len ||
	    name.len + value.len + t->connection->heads > HTTP2_HEADS_MAX)
		return false;
	to = header_room(io, side);
	if (!to)
		return false;
	side->bytes.len = side->pending_len;
	ok = bytes_put(io, &side->bytes, name, value);
	t->connection->heads += side->bytes.cap - before;
	if (!ok)
		return false;
	h.at = side->pending_len;
	h.name_len = (uint32_t)name.len;
	h.value_len = (uint32_t)value.len;
	*to = h;
	side->pending++;
	side->pending_len = side->bytes.len;
	return true;
}

bool http2_header_add(struct app_io *io, struct http2_tx *t, enum dir dir, struct slice name,
		      struct slice value)
{
	if (header_put(io, t, &t->side[dir], (struct http2_header){.kind = HTTP2_HEADER}, name,
		       value))
		return true;
	http2_event(t, HTTP2_EVENT_REASSEMBLY_LIMIT_REACHED);
	return false;
}

struct slice http2_name(const struct http2_side *side, const struct http2_header *h)
{
	return slice_sub(kept_slice(&side->bytes), h->at, h->name_len);
}

struct slice http2_value(const struct http2_side *side, const struct http2_header *h)
{
	return slice_sub(kept_slice(&side->bytes), h->at + h->name_len + 2, h->value_len);
}

const struct http2_header *http2_find(const struct http2_side *side, const char *name)
{
	struct slice wanted = slice_of(name);

	for (uint32_t i = 0; i < side->count; i++) {
		if (slice_eq(http2_name(side, &side->headers[i]), wanted))
			return &side->headers[i];
	}
	return NULL;
}

/* --- blocks --- */

/* Updates of the table's size stand in front of all headers (RFC 7541 4.2). */
static void size_updates(struct app_io *io, struct http2_tx *t, enum dir dir, struct slice block)
{
	struct cursor c = cursor_of(block);

	while ((cursor_peek(&c) & 0xe0) == 0x20 && cursor_peek(&c) >= 0) {
		uint64_t value = cursor_u8(&c) & 0x1f;
		struct http2_header h = {.kind = HTTP2_SIZE_UPDATE};

		for (unsigned shift = 0; value >= 0x1f && shift < 56; shift += 7) {
			uint8_t more = cursor_u8(&c);

			value += (uint64_t)(more & 0x7f) << shift;
			if (!(more & 0x80))
				break;
		}
		h.size = value;
		if (c.bad || !header_put(io, t, &t->side[dir], h, SLICE(NULL, 0), SLICE(NULL, 0)))
			return;
	}
}

void http2_block_drop(struct app_io *io, struct http2_direction *d, struct http2_tx *t,
		      enum dir dir)
{
	if (t) {
		t->side[dir].pending = t->side[dir].count;
		t->side[dir].pending_len = t->side[dir].len;
	}
	http2_direction_free(io, d);
}

static void check_hosts(struct http2_tx *t, const struct http2_side *side)
{
	struct slice authority = {0}, host = {0};

	for (uint32_t i = side->count; i < side->pending; i++) {
		const struct http2_header *h = &side->headers[i];

		if (slice_eq_nocase(http2_name(side, h), SLICE_LIT(":authority")))
			authority = http2_value(side, h);
		else if (slice_eq_nocase(http2_name(side, h), SLICE_LIT("host")))
			host = http2_value(side, h);
	}
	if (authority.len && memchr(authority.data, '@', authority.len))
		http2_event(t, HTTP2_EVENT_USERINFO_IN_URI);
	if (authority.data && host.data && !slice_eq_nocase(authority, host))
		http2_event(t, HTTP2_EVENT_AUTHORITY_HOST_MISMATCH);
}

static void check_encoding(struct http2_tx *t, struct http2_side *side)
{
	for (uint32_t i = side->count; i < side->pending; i++) {
		const struct http2_header *h = &side->headers[i];
		bool known;

		if (!slice_eq(http2_name(side, h), SLICE_LIT("content-encoding")))
			continue;
		http2_decoder_free(side->decoder);
		side->decoder = http2_decoder_new(t->slab, http2_value(side, h), &known);
	}
}

/* The block is whole: its headers may be seen. */
void http2_headers_done(struct http2_tx *t, enum dir dir)
{
	struct http2_side *side = &t->side[dir];

	check_encoding(t, side);
	check_hosts(t, side);
	side->count = side->pending;
	side->len = side->pending_len;
}

/* The inflater is at the end of a header. */
static bool block_ends(struct http2_direction *d)
{
	int flags = 0;
	nghttp2_nv nv;

	if (nghttp2_hd_inflate_hd2(d->inflater, &nv, &flags, NULL, 0, 1) != 0)
		return false;
	nghttp2_hd_inflate_end_headers(d->inflater);
	return flags & NGHTTP2_HD_INFLATE_FINAL;
}

enum http2_block http2_block_read(struct app_io *io, struct http2_direction *d, struct http2_tx *t,
				  enum dir dir, struct slice piece, bool end)
{
	bool keep = true;
	int flags;

	if (!inflater_ready(io, d))
		return HTTP2_BLOCK_INVALID;
	if (!d->block_open)
		size_updates(io, t, dir, piece);
	do {
		nghttp2_nv nv;
		ssize_t used;

		flags = 0;
		used = nghttp2_hd_inflate_hd2(d->inflater, &nv, &flags, piece.data, piece.len, 0);
		if (used < 0)
			return HTTP2_BLOCK_INVALID;
		piece = slice_sub(piece, (size_t)used, piece.len);
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			keep = keep && http2_header_add(io, t, dir, SLICE(nv.name, nv.namelen),
							SLICE(nv.value, nv.valuelen));
	} while (piece.len > 0 || flags & NGHTTP2_HD_INFLATE_EMIT);
	if (!end)
		return HTTP2_BLOCK_OK;
	if (!block_ends(d))
		return HTTP2_BLOCK_CUT;
	http2_headers_done(t, dir);
	return HTTP2_BLOCK_OK;
}
