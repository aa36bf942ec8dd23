/* The framework with every protocol: two flows between the same hosts are identified, parsed,
 * inspected, logged and released.
 *
 * Input: a byte of flags (bit 0 UDP, 1 midstream, 2 protocols that are off by default too, 3 no
 * frames), the two flows' server ports (two bytes each, little endian), then pieces: a byte (bit 0
 * direction, 1 gap, 2 end, 3 which flow, 4 depth, 5 release), two bytes of length, bytes. */
#include "dataplane/app/internal.h"

#include <stdlib.h>

#include "dataplane/api/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIECES = 200 };

struct rig {
	struct slab *slab;
	struct app_worker *w;
	struct flow flow[2];
	struct packet packet;
	uint64_t offset[2][2];
	bool ended[2][2];
	uint16_t reversed[2]; /* FLOW_REVERSED, as it was when these were last turned round */
};

static void rig_new(struct rig *r, struct cursor *c)
{
	struct app_config config = app_config_default;
	uint8_t flags = cursor_u8(c);
	uint32_t wanted[64];

	*r = (struct rig){.slab = slab_new(64 << 20)};
	config.midstream = flags & 2;
	config.enabled = flags & 4 ? UINT64_MAX : 0;
	config.limits.file_wanted = APP_FILE_MD5 | APP_FILE_SHA1 | APP_FILE_SHA256;
	r->w = app_worker_new(&config, r->slab, NULL);
	if (!r->slab || !r->w)
		abort();
	memset(wanted, flags & 8 ? 0 : 0xff, sizeof(wanted));
	app_worker_frames(r->w, wanted);
	for (unsigned i = 0; i < 2; i++) {
		struct flow *f = &r->flow[i];

		f->key.ip_proto = flags & 1 && i == 0 ? IP_PROTO_UDP : IP_PROTO_TCP;
		f->key.port[0] = (uint16_t)(40000 + i);
		f->key.port[1] = cursor_u16_le(c);
		f->wanted = FLOW_WANT_ALL;
		f->flags = flags & 2 ? FLOW_MIDSTREAM : 0;
	}
	r->packet.now_ns = 1600000000000000000ULL;
}

/* Client and server may turn out to be confused: the flow's directions are swapped from then on. */
static void follow(struct rig *r, unsigned which)
{
	uint16_t now = r->flow[which].flags & FLOW_REVERSED;
	uint64_t offset = r->offset[which][0];
	bool ended = r->ended[which][0];

	if (now == r->reversed[which])
		return;
	r->reversed[which] = now;
	r->offset[which][0] = r->offset[which][1];
	r->offset[which][1] = offset;
	r->ended[which][0] = r->ended[which][1];
	r->ended[which][1] = ended;
}

/* The directions have ended that were said to. */
static void look_ends(const struct rig *r, unsigned which)
{
	const struct flow *f = &r->flow[which];

	for (unsigned d = 0; f->key.ip_proto == IP_PROTO_TCP && f->app && d < 2; d++) {
		if (f->app->eof[d] != r->ended[which][d])
			abort();
	}
}

static unsigned touch_buffers(const struct app_flow *a, struct app_tx *tx)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < 2 * a->proto->buffer_count; i++) {
		const struct app_buffer *b = &a->proto->buffers[i / 2];
		enum dir dir = i % 2 ? DIR_TC : DIR_TS;
		struct slice s;

		if (!b->dir[dir] || app_tx_progress(a, tx, dir) < b->progress[dir])
			continue;
		for (uint32_t k = 0; k < (b->multi ? 200u : 1u) && b->get(tx, dir, k, &s); k++) {
			for (size_t n = 0; n < s.len; n++)
				sum += s.data[n];
		}
		if (b->seen)
			b->seen(tx, dir);
	}
	return sum;
}

static void log_tx(const struct app_flow *a, const struct app_tx *tx)
{
	static _Alignas(8) uint8_t buf[RECORD_MAX];
	static char text[4 * RECORD_MAX];
	struct record_eve_options options = {0};
	struct record r;
	struct slice bytes;

	if (!a->proto->log || !a->proto->eve_key)
		return;
	record_begin(&r, buf, sizeof(buf));
	record_object(&r, a->proto->eve_key);
	a->proto->log(tx, a->state, &r);
	record_end(&r);
	for (unsigned d = 0; d < 2; d++) {
		for (const struct app_file *f = tx->files[d]; f; f = f->next) {
			record_object(&r, "fileinfo");
			app_file_log(f, &r);
			record_end(&r);
		}
	}
	bytes = record_finish(&r);
	if (bytes.len &&
	    (!record_check(bytes) || record_to_eve(bytes, &options, text, sizeof(text)) == 0))
		abort();
}

/* Frames are in order, have names, and go when everything before them was seen. */
static void look_frames(struct rig *r, struct flow *f)
{
	bool udp = f->key.ip_proto == IP_PROTO_UDP;

	for (unsigned d = 0; d < 2; d++) {
		const struct app_frames *l = app_frames_of(f->app, (enum dir)d);
		uint64_t before = 0;

		if (l && l->n > LIMIT_APP_FRAMES)
			abort();
		for (unsigned i = 0; l && i < l->n; i++) {
			const struct app_frame *frame = &l->v[i];

			if (frame->id <= before || frame->len < -1 ||
			    (!udp && frame->offset > r->offset[f == &r->flow[1]][d]) ||
			    !app_frame_name(f->app->proto, frame->type))
				abort();
			before = frame->id;
		}
		app_frames_done(r->w, f, (enum dir)d, r->offset[f == &r->flow[1]][d], udp);
	}
}

static void look(struct rig *r, struct flow *f)
{
	char name[64];
	unsigned sum = 0;

	app_proto_text(f);
	app_proto_side_text(f, DIR_TS);
	app_proto_side_text(f, DIR_TC);
	if (!f->app || !f->app->proto)
		return;
	look_frames(r, f);
	for (struct app_tx *tx = f->app->tx_first; tx; tx = tx->next) {
		for (unsigned i = 0; i < tx->event_count; i++) {
			if (!app_event_name(f->app->proto, tx->event[i], name, sizeof(name)))
				abort();
		}
		sum += touch_buffers(f->app, tx);
		log_tx(f->app, tx);
		tx->flags |= APP_TX_LOGGED | APP_TX_INSPECTED_TS | APP_TX_INSPECTED_TC;
	}
	*(volatile unsigned *)&sum = sum; /* so that every byte is read */
}

/* The bytes lie in a block of their size, so that a sanitizer sees a read past them. */
static void give(struct rig *r, unsigned which, enum dir dir, struct slice bytes, uint32_t flags)
{
	uint8_t *copy = malloc(bytes.len + 1);
	struct stream_chunk chunk = {copy, (uint32_t)bytes.len, flags, r->offset[which][dir]};

	if (!copy)
		abort();
	if (bytes.data && bytes.len)
		memcpy(copy, bytes.data, bytes.len);
	if (flags & STREAM_DATA_GAP)
		chunk.data = NULL;
	r->packet.dir = dir;
	r->packet.payload = copy;
	r->packet.payload_len = chunk.len;
	if (r->flow[which].key.ip_proto == IP_PROTO_UDP)
		app_datagram(r->w, &r->flow[which], &r->packet);
	else
		app_stream_data(r->w, &r->flow[which], &r->packet, dir, &chunk);
	r->offset[which][dir] += bytes.len;
	r->ended[which][dir] = flags & STREAM_DATA_EOF;
	follow(r, which);
	look_ends(r, which);
	free(copy);
}

static void piece(struct rig *r, struct cursor *c)
{
	uint8_t kind = cursor_u8(c);
	uint16_t len = cursor_u16_le(c);
	unsigned which = kind >> 3 & 1;
	enum dir dir = kind & 1 ? DIR_TC : DIR_TS;
	uint32_t flags = r->offset[which][dir] == 0 ? STREAM_DATA_START : 0;
	struct slice bytes = SLICE(NULL, len);

	if (!(kind & 2))
		bytes = cursor_take(c, len < cursor_left(c) ? len : cursor_left(c));
	if (r->ended[which][dir])
		return;
	if (kind & 2)
		flags |= STREAM_DATA_GAP;
	if (kind & 4)
		flags |= STREAM_DATA_EOF;
	if ((kind & 0x14) == 0x14)
		flags |= STREAM_DATA_DEPTH;
	if (bytes.len == 0 && !(flags & STREAM_DATA_EOF))
		return;
	give(r, which, dir, bytes, flags);
	if (kind & 0x20) {
		look(r, &r->flow[which]);
		app_tx_release(r->w, &r->flow[which]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_init(data, size);
	static struct rig r;

	rig_new(&r, &c);
	for (unsigned i = 0; i < PIECES && !c.bad && cursor_left(&c) > 3; i++) {
		piece(&r, &c);
		r.packet.now_ns += 1000000;
	}
	for (unsigned i = 0; i < 4; i++) {
		if (!r.ended[i / 2][i % 2])
			give(&r, i / 2, i % 2, SLICE(NULL, 0), STREAM_DATA_EOF);
	}
	for (unsigned i = 0; i < 2; i++) {
		look(&r, &r.flow[i]);
		app_tx_release(r.w, &r.flow[i]);
		app_flow_free(r.w, &r.flow[i]);
	}
	if (slab_used(r.slab) != 0)
		abort();
	app_worker_delete(r.w);
	slab_delete(r.slab);
	return 0;
}
