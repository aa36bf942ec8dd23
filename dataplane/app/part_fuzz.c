/* Parts of files in any order, at once, cut off, with holes, over time. The bytes of a whole are a
 * function of its name and their place, so whatever the parts were: a whole that is told to be
 * complete has the right bytes, one with a hole is not told to be, memory stays within
 * byterange.memcap, and at the end nothing is left.
 *
 * Input: a byte (bits 0-1: how much memory), then steps: a byte (bits 0-1 open, data, hole, close;
 * bits 2-4 which of eight parts; bits 5-6 which whole; bit 7 time passes). open: first, last, size,
 * two bytes each; data and hole: two bytes of length. */
#include "dataplane/app/internal.h"

#include <stdlib.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/cursor.h"
#include "dataplane/files/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct app_proto *const app_protocols[] = {NULL};

enum { PARTS = 8, STEPS = 400, WHOLE_MAX = 3 * 65536 };

struct open_part {
	struct app_part *part;
	uint8_t name;
	uint64_t at; /* of its next byte in the whole */
};

struct rig {
	struct slab *slab;
	struct app_worker *w;
	struct app_flow_full flow;
	struct app_call c;
	struct app_tx tx;
	struct open_part parts[PARTS];
	bool open[PARTS];
};

static uint8_t byte_of(uint8_t name, uint64_t at)
{
	return (uint8_t)((at * 2654435761u >> 13) + name);
}

static void fill(uint8_t *to, uint8_t name, uint64_t at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = byte_of(name, at + i);
}

static void rig_new(struct rig *r, uint8_t flags)
{
	static const uint32_t memory[] = {0, 1000, 70000, 1 << 20};
	struct app_config config = app_config_default;

	*r = (struct rig){.slab = slab_new(64 << 20)};
	config.naming = false;
	config.limits.file_wanted = APP_FILE_SHA256;
	config.limits.part_memory = memory[flags & 3];
	r->w = app_worker_new(&config, r->slab, NULL);
	if (!r->slab || !r->w)
		abort();
	r->c = (struct app_call){.w = r->w, .a = &r->flow};
	r->c.io.slab = r->slab;
	r->c.io.limits = &r->w->config.limits;
	r->c.io.now_ns = NS_PER_SEC;
}

static void check_whole(const struct app_file *f)
{
	static uint8_t text[WHOLE_MAX];
	struct digest digest;
	uint8_t sha256[32], none[32];

	if (f->state == APP_FILE_OPEN || f->gaps != (f->state == APP_FILE_TRUNCATED) ||
	    f->size > WHOLE_MAX || f->name_len != 1)
		abort();
	if (f->state != APP_FILE_CLOSED)
		return;
	fill(text, f->name[0] & 3, 0, f->size);
	digest_init(&digest, DIGEST_SHA256);
	digest_update(&digest, SLICE(text, f->size));
	digest_finish(&digest, none, none, sha256);
	if (memcmp(sha256, f->sha256, sizeof(sha256)) != 0)
		abort();
}

static void look(struct rig *r)
{
	while (r->tx.files[DIR_TC]) {
		struct app_file *f = r->tx.files[DIR_TC];

		check_whole(f);
		r->tx.files[DIR_TC] = f->next;
		app_file_free(&r->c.io, f);
	}
}

static void open_one(struct rig *r, unsigned which, uint8_t name, struct cursor *c)
{
	static const char names[] = "`abc"; /* their low two bits are 0 to 3 */
	struct app_part_place place = {
		.key = {SLICE_LIT("h"), SLICE((const uint8_t *)&names[name], 1)},
		.first = cursor_u16(c),
		.last = cursor_u16(c),
		.size = cursor_u16(c),
	};

	if (c->bad || r->open[which] || place.first > place.last || place.last >= place.size)
		return;
	r->open[which] = true;
	r->parts[which] = (struct open_part){app_part_open(&r->c.io, &place), name, place.first};
}

static void give(struct rig *r, struct open_part *p, size_t n, bool hole)
{
	uint8_t *bytes = malloc(n + 1);

	if (!bytes)
		abort();
	fill(bytes, p->name, p->at, n);
	if (p->at + n <= 2 * 65536)
		app_part_data(&r->c.io, p->part, SLICE(hole ? NULL : bytes, n));
	p->at += n;
	free(bytes);
}

static void close_one(struct rig *r, unsigned which, bool cut)
{
	app_part_close(&r->c.io, r->parts[which].part, cut ? NULL : &r->tx, DIR_TC, false);
	r->open[which] = false;
	look(r);
}

static void step(struct rig *r, struct cursor *c)
{
	uint8_t what = cursor_u8(c);
	unsigned which = what >> 2 & 7;

	if (what & 0x80)
		r->c.io.now_ns += 20 * NS_PER_SEC;
	if ((what & 3) == 0)
		open_one(r, which, what >> 5 & 3, c);
	else if (r->open[which] && (what & 3) == 3)
		close_one(r, which, what & 0x20);
	else if (r->open[which])
		give(r, &r->parts[which], cursor_u16(c), (what & 3) == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_init(data, size);
	struct rig r;

	rig_new(&r, cursor_u8(&c));
	for (unsigned i = 0; i < STEPS && cursor_left(&c) > 0; i++)
		step(&r, &c);
	for (unsigned i = 0; i < PARTS; i++) {
		if (r.open[i])
			close_one(&r, i, false);
	}
	app_worker_delete(r.w);
	if (slab_used(r.slab) != 0)
		abort();
	slab_delete(r.slab);
	return 0;
}
