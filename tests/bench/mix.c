/* Mixes sessions by time into one classic capture with nanosecond times. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/trace.h"

enum { SIDE_BY_SIDE_MAX = 256, PARTS_MAX = 8, BUFFER = 4 << 20 };

#define TRACE_START (1700000000ULL * NS_PER_SEC)

struct lane {
	struct session session;
	size_t next; /* frame */
	uint64_t start_ns;
	unsigned part;
	bool over;
};

struct mix {
	const struct mix_part *parts;
	unsigned parts_count, share_all;
	uint64_t written_by[PARTS_MAX];
	struct lane lanes[SIDE_BY_SIDE_MAX];
	unsigned lanes_count;
	FILE *out;
	uint64_t written;
};

static uint64_t lane_time(const struct lane *l)
{
	return l->start_ns + l->session.frames[l->next].at_ns;
}

/* The part that is furthest behind its share. */
static unsigned part_due(const struct mix *m)
{
	unsigned due = 0;

	for (unsigned i = 1; i < m->parts_count; i++) {
		if (m->written_by[i] * m->parts[due].share < m->written_by[due] * m->parts[i].share)
			due = i;
	}
	return due;
}

static void lane_fill(struct mix *m, struct lane *l, uint64_t now_ns)
{
	const struct generator *g;

	l->part = part_due(m);
	g = &m->parts[l->part].generator;
	l->next = 0;
	l->start_ns = now_ns;
	do {
		session_clear(&l->session);
		l->over = !g->next(g->ctx, &l->session);
	} while (!l->over && l->session.count == 0);
	m->written_by[l->part] += l->session.len;
}

static struct lane *earliest(struct mix *m)
{
	struct lane *first = NULL;

	for (unsigned i = 0; i < m->lanes_count; i++) {
		struct lane *l = &m->lanes[i];

		if (!l->over && (!first || lane_time(l) < lane_time(first)))
			first = l;
	}
	return first;
}

static void write_frame(struct mix *m, const struct lane *l)
{
	const struct session_frame *f = &l->session.frames[l->next];
	uint64_t at = lane_time(l);
	const uint32_t head[4] = {(uint32_t)(at / NS_PER_SEC), (uint32_t)(at % NS_PER_SEC), f->len,
				  f->wire_len};

	fwrite(head, sizeof(head), 1, m->out);
	fwrite(l->session.bytes + f->offset, 1, f->len, m->out);
	m->written += sizeof(head) + f->len;
}

static void write_all(struct mix *m, uint64_t bytes)
{
	static const uint32_t header[6] = {0xa1b23c4d, 4 << 16 | 2, 0, 0, TRACE_FRAME_MAX, 1};
	struct lane *l;

	fwrite(header, sizeof(header), 1, m->out);
	for (unsigned i = 0; i < m->lanes_count; i++)
		lane_fill(m, &m->lanes[i], TRACE_START + i * 10 * NS_PER_MS);
	while (m->written < bytes && (l = earliest(m))) {
		uint64_t now = lane_time(l);

		write_frame(m, l);
		if (++l->next == l->session.count)
			lane_fill(m, l, now + NS_PER_MS);
	}
}

int mix_write(const char *path, const struct mix_part *parts, unsigned count, unsigned side_by_side,
	      uint64_t bytes)
{
	struct mix *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return -1;
	m->parts = parts;
	m->parts_count = count < PARTS_MAX ? count : PARTS_MAX;
	m->lanes_count = side_by_side < SIDE_BY_SIDE_MAX ? side_by_side : SIDE_BY_SIDE_MAX;
	m->out = fopen(path, "wb");
	if (!m->out) {
		free(m);
		return -1;
	}
	setvbuf(m->out, NULL, _IOFBF, BUFFER);
	write_all(m, bytes);
	err = ferror(m->out);
	if (fclose(m->out))
		err = 1;
	for (unsigned i = 0; i < m->lanes_count; i++)
		session_free(&m->lanes[i].session);
	free(m);
	return err ? -1 : 0;
}
