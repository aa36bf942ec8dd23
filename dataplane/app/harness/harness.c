#include "dataplane/app/harness/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/api/record.h"

#define CHECK(condition, clause)                                                                   \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "parser contract: %s\n", clause);                          \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static struct harness *of_io(const struct app_io *io)
{
	return container_of(io, struct harness, io);
}

/* --- the parser's calls --- */

struct app_tx *app_tx_new(struct app_io *io, uint32_t size)
{
	struct harness *h = of_io(io);
	struct app_tx *tx;

	if (harness_live(h) >= LIMIT_APP_TRANSACTIONS)
		return NULL;
	tx = slab_zalloc(io->slab, size);
	if (!tx)
		return NULL;
	tx->size = size;
	tx->id = h->tx_count++;
	tx->start_ns = io->now_ns;
	if (h->last)
		h->last->next = tx;
	else
		h->first = tx;
	h->last = tx;
	return tx;
}

struct app_tx *app_tx_last(const struct app_io *io)
{
	return of_io(io)->last;
}

struct app_tx *app_tx_first(const struct app_io *io)
{
	return of_io(io)->first;
}

struct app_tx *app_tx_find(const struct app_io *io, uint64_t id)
{
	return harness_tx(of_io(io), id);
}

void app_tx_event(struct app_tx *tx, unsigned event)
{
	for (unsigned i = 0; i < tx->event_count; i++) {
		if (tx->event[i] == event)
			return;
	}
	if (tx->event_count < LIMIT_APP_TX_EVENTS)
		tx->event[tx->event_count++] = (uint8_t)event;
}

void app_limit_met(struct app_io *io)
{
	of_io(io)->limits_met++;
}

void app_raw_trigger(struct app_io *io, enum dir dir)
{
	of_io(io)->raw_triggers++;
}

void app_payload_encrypted(struct app_io *io)
{
	of_io(io)->encrypted = true;
}

bool app_change_proto(struct app_io *io, const char *hint)
{
	return app_change_proto_port(io, hint, 0);
}

bool app_change_proto_port(struct app_io *io, const char *hint, uint16_t server_port)
{
	struct harness *h = of_io(io);

	if (h->changed)
		return false;
	h->changed = true;
	snprintf(h->hint, sizeof(h->hint), "%s", hint ? hint : "");
	return true;
}

bool app_read_on(struct app_io *io, const char *proto)
{
	return app_change_proto(io, proto);
}

void app_expect(struct app_io *io, const struct app_expectation *e)
{
	of_io(io)->announced = *e;
}

void app_leave(struct app_io *io, struct slice bytes)
{
	kept_set(io->slab, &of_io(io)->left, bytes);
}

struct slice app_left(const struct app_io *io)
{
	return kept_slice(&of_io(io)->left);
}

const char *app_changed_from(const struct app_io *io)
{
	return of_io(io)->changed_from;
}

const struct app_expectation *app_expected(const struct app_io *io)
{
	struct harness *h = of_io(io);

	return h->expected ? &h->announced : NULL;
}

struct app_file *app_file_open(struct app_io *io, struct app_tx *tx, enum dir dir,
			       struct slice name)
{
	struct app_file *f = slab_zalloc(io->slab, sizeof(*f)), **tail = &tx->files[dir];

	if (!f)
		return NULL;
	f->id = ++of_io(io)->files;
	f->tx_id = tx->id;
	f->name_len = (uint16_t)(name.len > UINT16_MAX ? UINT16_MAX : name.len);
	f->name = slab_alloc(io->slab, f->name_len + 1u);
	if (f->name) {
		if (f->name_len)
			memcpy(f->name, name.data, f->name_len);
		f->name[f->name_len] = 0;
	} else {
		f->name_len = 0;
	}
	while (*tail)
		tail = &(*tail)->next;
	*tail = f;
	return f;
}

void app_file_data(struct app_io *io, struct app_file *file, struct slice data)
{
	size_t room;

	CHECK(file->state == APP_FILE_OPEN, "data for a closed file");
	for (size_t i = 0; i < data.len && file->head_len < sizeof(file->head); i++)
		file->head[file->head_len++] = data.data[i];
	file->size += data.len;
	if (!file->window) {
		file->window = slab_alloc(io->slab, HARNESS_FILE);
		file->window_cap = file->window ? HARNESS_FILE : 0;
	}
	room = file->window_cap - file->window_len;
	if (room > data.len)
		room = data.len;
	if (room)
		memcpy(file->window + file->window_len, data.data, room);
	file->window_len += (uint32_t)room;
}

void app_file_gap(struct app_io *io, struct app_file *file, uint64_t len)
{
	CHECK(file->state == APP_FILE_OPEN, "gap in a closed file");
	file->gaps = true;
	file->size += len;
}

/* The whole is the framework's affair. */
struct app_part *app_part_open(struct app_io *io, const struct app_part_place *place)
{
	struct harness *h = of_io(io);

	CHECK(place->first <= place->last && place->last < place->size && place->key[0].len,
	      "a part lies within its whole, which has a name");
	h->parts++;
	h->part_first = place->first;
	h->part_last = place->last;
	h->part_size = place->size;
	snprintf(h->part_name, sizeof(h->part_name), "%.*s%.*s", (int)place->key[0].len,
		 (const char *)place->key[0].data, (int)place->key[1].len,
		 (const char *)place->key[1].data);
	return NULL;
}

void app_part_data(struct app_io *io, struct app_part *part, struct slice data)
{
	(void)data;
}

void app_part_close(struct app_io *io, struct app_part *part, struct app_tx *tx, enum dir dir,
		    bool truncated)
{
	(void)truncated;
}

void app_file_close(struct app_io *io, struct app_file *file, bool truncated)
{
	CHECK(file->state == APP_FILE_OPEN, "a file closed twice");
	file->state = truncated ? APP_FILE_TRUNCATED : APP_FILE_CLOSED;
}

/* --- frames --- */

static void view_set(struct harness *h, enum dir dir, struct slice view, uint64_t offset)
{
	h->dir = dir;
	h->view = view;
	h->view_offset = offset;
}

uint64_t app_frame_add(struct app_io *io, unsigned type, const uint8_t *at, int64_t len)
{
	struct harness *h = of_io(io);
	uint64_t before = (uint64_t)(at - h->view.data);

	CHECK(type < h->proto->frame_count, "a frame of a type without a name");
	CHECK(at && before <= h->view.len, "a frame outside the bytes of the call");
	CHECK(len >= -1, "a frame of negative length");
	if (h->frame_count == HARNESS_FRAMES)
		return 0;
	h->frames[h->frame_count] = (struct harness_frame){.name = h->proto->frames[type],
							   .dir = h->dir,
							   .offset = h->view_offset + before,
							   .len = len};
	return ++h->frame_count;
}

static struct harness_frame *frame_of(const struct app_io *io, uint64_t id)
{
	struct harness *h = of_io(io);

	CHECK(id <= h->frame_count, "a frame that never was");
	CHECK(!id || h->frames[id - 1].dir == h->dir, "a frame of the other direction");
	return id ? &h->frames[id - 1] : NULL;
}

void app_frame_end(struct app_io *io, uint64_t id, const uint8_t *end)
{
	struct harness *h = of_io(io);
	struct harness_frame *f = frame_of(io, id);
	uint64_t offset = h->view_offset;

	if (!f)
		return;
	if (end) {
		CHECK(end >= h->view.data && end <= h->view.data + h->view.len,
		      "a frame ends outside the bytes of the call");
		offset += (uint64_t)(end - h->view.data);
	}
	CHECK(offset >= f->offset, "a frame ends before its start");
	f->len = (int64_t)(offset - f->offset);
}

void app_frame_length(struct app_io *io, uint64_t id, int64_t len)
{
	struct harness_frame *f = frame_of(io, id);

	CHECK(len >= 0, "a frame of negative length");
	if (f)
		f->len = len;
}

void app_frame_tx(struct app_io *io, uint64_t id, const struct app_tx *tx)
{
	struct harness_frame *f = frame_of(io, id);

	if (!f || !tx)
		return;
	f->has_tx = true;
	f->tx_id = tx->id;
}

/* --- one flow --- */

static struct harness *new_flow(const struct app_proto *proto, enum app_transport transport,
				uint16_t port)
{
	static const struct app_limits limits = {
		.demand = {true, true, true},
		.http_request_body_limit = 100 << 10,
		.http_response_body_limit = 100 << 10,
	};
	struct harness *h = calloc(1, sizeof(*h));

	if (!h)
		abort();
	h->proto = proto;
	h->udp = transport == APP_UDP;
	ip_addr_parse("10.0.0.1", &h->tuple.addr[DIR_TS]);
	ip_addr_parse("10.0.0.2", &h->tuple.addr[DIR_TC]);
	h->tuple.port[DIR_TS] = 1024;
	h->tuple.port[DIR_TC] = port;
	h->tuple.ip_proto = h->udp ? 17 : 6;
	h->io.slab = slab_new(256u << 20);
	h->io.now_ns = 1600000000000000000ULL;
	h->io.tuple = &h->tuple;
	h->io.limits = &limits;
	h->io.frames = UINT32_MAX;
	if (!h->io.slab)
		abort();
	return h;
}

static void state_ready(struct harness *h)
{
	if (h->proto->state_size == 0)
		return;
	h->state = app_state_new(&h->io, h->proto);
	CHECK(h->state, "no state");
}

struct harness *harness_new(const struct app_proto *proto, enum app_transport transport,
			    uint16_t port)
{
	struct harness *h = new_flow(proto, transport, port);

	state_ready(h);
	return h;
}

struct harness *harness_new_expected(const struct app_proto *proto, uint16_t port,
				     const struct app_expectation *e)
{
	struct harness *h = new_flow(proto, APP_TCP, port);

	h->announced = *e;
	h->expected = true;
	state_ready(h);
	return h;
}

static void free_files(struct harness *h, struct app_tx *tx)
{
	for (unsigned d = 0; d < 2; d++) {
		struct app_file *f = tx->files[d];

		while (f) {
			struct app_file *next = f->next;

			slab_free(h->io.slab, f->window, f->window_cap);
			if (f->name)
				slab_free(h->io.slab, f->name, f->name_len + 1u);
			slab_free(h->io.slab, f, sizeof(*f));
			f = next;
		}
	}
}

static void free_tx(struct harness *h, struct app_tx *tx)
{
	if (h->proto->tx_free)
		h->proto->tx_free(&h->io, h->state, tx);
	free_files(h, tx);
	slab_free(h->io.slab, tx, tx->size);
}

static bool tx_complete(const struct harness *h, const struct app_tx *tx)
{
	for (unsigned d = 0; d < 2; d++) {
		if (tx->progress[d] < h->proto->complete[d] && !tx->only_one_way[d])
			return false;
	}
	return true;
}

void harness_release(struct harness *h)
{
	struct app_tx **link = &h->first;

	h->last = NULL;
	while (*link) {
		struct app_tx *tx = *link;

		if (tx_complete(h, tx)) {
			*link = tx->next;
			free_tx(h, tx);
		} else {
			h->last = tx;
			link = &tx->next;
		}
	}
}

void harness_delete(struct harness *h)
{
	while (h->first) {
		struct app_tx *tx = h->first;

		h->first = tx->next;
		free_tx(h, tx);
	}
	app_state_delete(&h->io, h->proto, h->state);
	kept_free(h->io.slab, &h->left);
	CHECK(slab_used(h->io.slab) == 0, "memory kept after the flow's end");
	slab_delete(h->io.slab);
	free(h->kept[0]);
	free(h->kept[1]);
	free(h);
}

static bool feed_datagram(struct harness *h, enum dir dir, const void *data, size_t len)
{
	struct app_input in = {.data = SLICE(data, len)};
	struct app_result r;

	view_set(h, dir, in.data, 0);
	r = h->proto->parse(&h->io, h->state, dir, in);
	CHECK(r.used <= len, "used more than there was");
	h->failed = r.status == APP_BAD;
	h->done = r.status == APP_DONE;
	return !h->failed;
}

/* One call with everything kept; true when the parser went on. */
static bool call(struct harness *h, enum dir dir)
{
	uint32_t len = h->kept_len[dir];
	uint8_t *exact = malloc(len ? len : 1);
	struct app_input in = {.data = SLICE(exact, len), .eof = h->eof[dir]};
	struct app_result r;

	if (!exact)
		abort();
	if (len)
		memcpy(exact, h->kept[dir], len);
	view_set(h, dir, in.data, h->end[dir] - len);
	r = h->proto->parse(&h->io, h->state, dir, in);
	free(exact);
	CHECK(r.used <= len, "used more than there was");
	if (r.status == APP_BAD) {
		h->failed = true;
		return false;
	}
	h->kept_len[dir] = len - r.used;
	memmove(h->kept[dir], h->kept[dir] + r.used, h->kept_len[dir]);
	h->need[dir] = r.need > 0 ? h->kept_len[dir] + r.need : 0;
	CHECK(r.status == APP_DONE || h->kept_len[dir] <= HARNESS_KEPT, "kept too much");
	if (r.status == APP_DONE)
		h->done = true;
	return true;
}

bool harness_feed(struct harness *h, enum dir dir, const void *data, size_t len)
{
	if (h->failed || h->done || h->eof[dir])
		return !h->failed;
	if (h->udp)
		return feed_datagram(h, dir, data, len);
	h->kept[dir] = realloc(h->kept[dir], h->kept_len[dir] + len + 1);
	if (!h->kept[dir])
		abort();
	if (len)
		memcpy(h->kept[dir] + h->kept_len[dir], data, len);
	h->kept_len[dir] += (uint32_t)len;
	h->end[dir] += len;
	if (h->kept_len[dir] == 0 || h->kept_len[dir] < h->need[dir])
		return true;
	return call(h, dir);
}

bool harness_say(struct harness *h, enum dir dir, struct slice bytes, size_t step)
{
	for (size_t i = 0; i < bytes.len; i += step) {
		struct slice piece = slice_sub(bytes, i, step);

		if (!harness_feed(h, dir, piece.data, piece.len))
			return false;
	}
	return true;
}

bool harness_gap(struct harness *h, enum dir dir, uint64_t len)
{
	if (h->failed || h->done || h->eof[dir])
		return !h->failed;
	h->kept_len[dir] = 0;
	h->need[dir] = 0;
	h->end[dir] += len;
	view_set(h, dir, SLICE(NULL, 0), h->end[dir]);
	if (!h->proto->gap || !h->proto->gap(&h->io, h->state, dir, len))
		h->failed = true;
	return !h->failed;
}

void harness_eof(struct harness *h, enum dir dir)
{
	if (h->failed || h->done || h->eof[dir] || h->udp)
		return;
	h->eof[dir] = true;
	if (!h->kept[dir])
		h->kept[dir] = calloc(1, 1);
	call(h, dir);
}

/* --- looking at it --- */

struct app_tx *harness_tx(const struct harness *h, uint64_t id)
{
	for (struct app_tx *tx = h->first; tx; tx = tx->next) {
		if (tx->id == id)
			return tx;
	}
	return NULL;
}

unsigned harness_live(const struct harness *h)
{
	unsigned n = 0;

	for (struct app_tx *tx = h->first; tx; tx = tx->next)
		n++;
	return n;
}

bool harness_has_event(const struct harness *h, const struct app_tx *tx, const char *name)
{
	for (unsigned i = 0; i < tx->event_count; i++) {
		CHECK(tx->event[i] < h->proto->event_count, "an event without a name");
		if (strcmp(h->proto->events[tx->event[i]], name) == 0)
			return true;
	}
	return false;
}

struct slice harness_buffer(const struct harness *h, const struct app_tx *tx, const char *name,
			    enum dir dir, uint32_t index)
{
	for (unsigned i = 0; i < h->proto->buffer_count; i++) {
		const struct app_buffer *b = &h->proto->buffers[i];
		struct slice s;

		if (strcmp(b->name, name) == 0 && b->dir[dir])
			return b->get(tx, dir, index, &s) ? s : SLICE(NULL, 0);
	}
	return SLICE(NULL, 0);
}

int harness_keyword(const struct harness *h, const struct app_tx *tx, const char *name,
		    enum dir dir, const char *argument)
{
	for (unsigned i = 0; i < h->proto->keyword_count; i++) {
		const struct app_keyword *k = &h->proto->keywords[i];
		char why[256];
		void *compiled;
		int hit;

		if (strcmp(k->name, name) != 0)
			continue;
		compiled = k->compile(slice_of(argument), why, sizeof(why));
		if (!compiled)
			return -1;
		hit = k->dir[dir] && k->match(tx, dir, compiled);
		free(compiled);
		return hit;
	}
	CHECK(false, "no such keyword");
	return -1;
}

static const char *finish(struct record *r)
{
	static char text[4 * RECORD_MAX];
	struct slice bytes = record_finish(r);
	struct record_eve_options options = {0};

	CHECK(bytes.len > 0 && record_check(bytes), "a record that is not valid");
	CHECK(record_to_eve(bytes, &options, text, sizeof(text)) > 0, "a record without JSON");
	return text;
}

static _Alignas(8) uint8_t record_buf[RECORD_MAX];

const char *harness_eve(const struct harness *h, const struct app_tx *tx, uint32_t index)
{
	struct record r;
	struct record_head *head;
	bool some;

	if (!h->proto->eve_key)
		return NULL;
	head = record_begin(&r, record_buf, sizeof(record_buf));
	snprintf(head->type, sizeof(head->type), "%s",
		 h->proto->eve_type ? h->proto->eve_type : "none");
	record_object(&r, h->proto->eve_key);
	if (h->proto->log_nth)
		some = h->proto->log_nth(tx, h->state, index, &r);
	else
		some = index == 0 && h->proto->log(tx, h->state, &r);
	record_end(&r);
	if (some && h->proto->log_beside)
		h->proto->log_beside(tx, h->state, &r);
	return some ? finish(&r) : NULL;
}

const char *harness_eve_alert(const struct harness *h, const struct app_tx *tx)
{
	struct record r;
	struct record_head *head = record_begin(&r, record_buf, sizeof(record_buf));

	snprintf(head->type, sizeof(head->type), "alert");
	if (h->proto->log_alert) {
		h->proto->log_alert(tx, h->state, &r);
	} else if (h->proto->eve_key) {
		record_object(&r, h->proto->eve_key);
		if (!h->proto->log(tx, h->state, &r))
			return NULL;
		record_end(&r);
	}
	return finish(&r);
}

static enum app_probe identify_pattern(const struct harness *h, enum dir dir, struct slice data,
				       uint8_t transport)
{
	for (unsigned i = 0; i < h->proto->pattern_count; i++) {
		const struct app_pattern *p = &h->proto->patterns[i];
		struct slice at = slice_sub(data, p->offset, (size_t)p->depth - p->offset);

		if (p->dir != dir || !(p->transport & transport))
			continue;
		while (at.len >= p->len) {
			struct slice want = SLICE(p->bytes, p->len), have = SLICE(at.data, p->len);

			if (p->nocase ? slice_eq_nocase(want, have) : slice_eq(want, have))
				return p->confirm ? p->confirm(&h->tuple, dir, data)
						  : APP_PROBE_YES;
			at = slice_sub(at, 1, at.len);
		}
	}
	return APP_PROBE_NO;
}

enum app_probe harness_identify(const struct harness *h, enum dir dir, struct slice data)
{
	uint8_t transport = h->udp ? APP_UDP : APP_TCP;
	enum app_probe best = identify_pattern(h, dir, data, transport);

	for (unsigned i = 0; best == APP_PROBE_NO && i < h->proto->probe_count; i++) {
		const struct app_probe_rule *p = &h->proto->probes[i];

		if (p->transport & transport && data.len >= p->min_len)
			best = p->probe(&h->tuple, dir, data);
	}
	return best;
}

static unsigned touch_slice(struct slice s)
{
	unsigned sum = 0;

	for (size_t i = 0; i < s.len; i++)
		sum += s.data[i];
	return sum;
}

static unsigned touch_buffers(const struct harness *h, const struct app_tx *tx)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < 2 * h->proto->buffer_count; i++) {
		const struct app_buffer *b = &h->proto->buffers[i / 2];
		enum dir dir = i % 2 ? DIR_TC : DIR_TS;
		struct slice s;

		if (!b->dir[dir] || tx->progress[dir] < b->progress[dir])
			continue;
		for (uint32_t k = 0; b->get(tx, dir, k, &s) && k < (b->multi ? 70000u : 1u); k++)
			sum += touch_slice(s);
	}
	return sum;
}

static void touch_tx(struct harness *h, struct app_tx *tx)
{
	static volatile unsigned sum;

	CHECK(tx->progress[0] <= h->proto->complete[0], "progress over the end");
	CHECK(tx->progress[1] <= h->proto->complete[1], "progress over the end");
	for (unsigned i = 0; i < tx->event_count; i++)
		CHECK(tx->event[i] < h->proto->event_count, "an event without a name");
	sum += touch_buffers(h, tx);
	for (uint32_t i = 0; i < 4 && harness_eve(h, tx, i); i++)
		sum++;
	harness_eve_alert(h, tx);
}

void harness_touch(struct harness *h)
{
	for (struct app_tx *tx = h->first; tx; tx = tx->next)
		touch_tx(h, tx);
}

/* Those that are about to be freed, and the newest: all of them each time would be slow. */
static void touch_some(struct harness *h)
{
	for (struct app_tx *tx = h->first; tx; tx = tx->next) {
		if (tx == h->last || tx_complete(h, tx))
			touch_tx(h, tx);
	}
}

int harness_fuzz(const struct app_proto *proto, uint16_t port, const uint8_t *data, size_t size)
{
	struct cursor c = cursor_init(data, size);
	uint8_t flags = cursor_u8(&c);
	bool udp = proto->transport == APP_UDP || (proto->transport & APP_UDP && flags & 1);
	struct harness *h = harness_new(proto, udp ? APP_UDP : APP_TCP, port);

	for (unsigned pieces = 0; !c.bad && cursor_left(&c) > 0 && pieces < 256; pieces++) {
		uint8_t kind = cursor_u8(&c);
		uint16_t len = cursor_u16_le(&c);
		enum dir dir = kind & 1 ? DIR_TC : DIR_TS;
		struct slice piece;

		if (c.bad)
			break;
		if (kind & 2) {
			harness_gap(h, dir, len);
			continue;
		}
		piece = cursor_take(&c, len < cursor_left(&c) ? len : cursor_left(&c));
		harness_identify(h, dir, piece);
		harness_feed(h, dir, piece.data, piece.len);
		if (kind & 4)
			harness_eof(h, dir);
		if (flags & 2) {
			touch_some(h);
			harness_release(h);
		}
	}
	harness_eof(h, DIR_TS);
	harness_eof(h, DIR_TC);
	harness_touch(h);
	harness_delete(h);
	return 0;
}
