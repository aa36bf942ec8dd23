#include "dataplane/evidence/pcapng.h"

enum {
	SECTION = 0x0a0d0d0a,
	INTERFACE = 1,
	STATISTICS = 5,
	PACKET = 6,
	OPT_COMMENT = 1,
	OPT_SHB_USERAPPL = 4,
	OPT_IF_NAME = 2,
	OPT_IF_TSRESOL = 9,
	OPT_EPB_FLAGS = 2,
	OPT_ISB_STARTTIME = 2,
	OPT_ISB_ENDTIME = 3,
	OPT_ISB_IFRECV = 4,
	OPT_ISB_IFDROP = 5,
	INBOUND = 1,
	OPTION_MAX = 65000,
};

static void bytes(struct pcapng *w, const void *data, size_t n)
{
	static const uint8_t zero[4];
	size_t pad = (4 - n % 4) % 4;

	if (w->full || w->cap - w->len < n + pad) {
		w->full = true;
		return;
	}
	if (n)
		memcpy(w->buf + w->len, data, n);
	memcpy(w->buf + w->len + n, zero, pad);
	w->len += n + pad;
}

static void u32(struct pcapng *w, uint32_t v)
{
	const uint8_t le[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
			       (uint8_t)(v >> 24)};

	bytes(w, le, 4);
}

static void two_u16(struct pcapng *w, uint32_t a, uint32_t b)
{
	u32(w, (a & 0xffff) | b << 16);
}

/* High word first, as the format has its times. */
static void u64_time(struct pcapng *w, uint64_t v)
{
	u32(w, (uint32_t)(v >> 32));
	u32(w, (uint32_t)v);
}

static void option(struct pcapng *w, uint16_t code, const void *data, size_t n)
{
	if (n > OPTION_MAX)
		n = OPTION_MAX;
	two_u16(w, code, (uint32_t)n);
	bytes(w, data, n);
}

static void text(struct pcapng *w, uint16_t code, const char *s)
{
	if (s[0])
		option(w, code, s, strlen(s));
}

static void number(struct pcapng *w, uint16_t code, uint64_t v)
{
	two_u16(w, code, 8);
	u32(w, (uint32_t)v);
	u32(w, (uint32_t)(v >> 32));
}

static void time_option(struct pcapng *w, uint16_t code, uint64_t v)
{
	two_u16(w, code, 8);
	u64_time(w, v);
}

static size_t begin(struct pcapng *w, uint32_t type)
{
	size_t at = w->len;

	u32(w, type);
	u32(w, 0);
	return at;
}

/* Sets both lengths; a block that did not fit is taken back whole. */
static bool end(struct pcapng *w, size_t at)
{
	uint32_t n;

	two_u16(w, 0, 0); /* opt_endofopt */
	u32(w, (uint32_t)(w->len - at + 4));
	if (w->full) {
		w->len = at;
		return false;
	}
	n = (uint32_t)(w->len - at);
	for (unsigned i = 0; i < 4; i++)
		w->buf[at + 4 + i] = (uint8_t)(n >> 8 * i);
	return true;
}

void pcapng_begin(struct pcapng *w, uint8_t *buf, size_t cap, const char *program,
		  const char *comment)
{
	size_t at;

	*w = (struct pcapng){.buf = buf, .cap = cap};
	at = begin(w, SECTION);
	u32(w, 0x1a2b3c4d);
	two_u16(w, 1, 0);
	u32(w, 0xffffffff); /* length of the section: not said */
	u32(w, 0xffffffff);
	text(w, OPT_COMMENT, comment);
	text(w, OPT_SHB_USERAPPL, program);
	end(w, at);
}

void pcapng_interface(struct pcapng *w, uint16_t link_type, uint32_t snap, const char *name)
{
	static const uint8_t nanoseconds = 9;
	size_t at = begin(w, INTERFACE);

	two_u16(w, link_type, 0);
	u32(w, snap);
	text(w, OPT_IF_NAME, name);
	option(w, OPT_IF_TSRESOL, &nanoseconds, 1);
	end(w, at);
}

bool pcapng_packet(struct pcapng *w, uint32_t interface, uint64_t time_ns, struct slice data,
		   uint32_t wire_len, const char *comment)
{
	static const uint8_t flags[4] = {INBOUND};
	size_t at = begin(w, PACKET);

	u32(w, interface);
	u64_time(w, time_ns);
	u32(w, (uint32_t)data.len);
	u32(w, wire_len);
	bytes(w, data.data, data.len);
	text(w, OPT_COMMENT, comment);
	option(w, OPT_EPB_FLAGS, flags, 4);
	return end(w, at);
}

void pcapng_statistics(struct pcapng *w, uint32_t interface, const struct pcapng_counts *c)
{
	size_t at = begin(w, STATISTICS);

	u32(w, interface);
	u64_time(w, c->time_ns);
	time_option(w, OPT_ISB_STARTTIME, c->start_ns);
	time_option(w, OPT_ISB_ENDTIME, c->end_ns);
	number(w, OPT_ISB_IFRECV, c->received);
	number(w, OPT_ISB_IFDROP, c->dropped);
	end(w, at);
}
