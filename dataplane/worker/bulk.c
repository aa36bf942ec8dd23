#include "dataplane/worker/bulk.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/cursor.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/packet.h"

enum { ROWS = 2, CELLS = 1 << 15, TAGS = 3, FRAGMENT = 0x3fff };

struct bulk {
	struct hash_key key;
	uint64_t halved_ns;
	uint32_t bytes[ROWS][CELLS];
	_Atomic uint8_t spared[ROWS][CELLS];
};

struct bulk *bulk_new(void)
{
	struct bulk *b = calloc(1, sizeof(*b));

	if (b)
		b->key = hash_key_random();
	return b;
}

void bulk_delete(struct bulk *b)
{
	free(b);
}

/* --- whose frame --- */

/* Up to the type of what an Ethernet frame carries. */
static uint16_t carried(struct cursor *c)
{
	uint16_t type;

	cursor_skip(c, 12);
	type = cursor_u16(c);
	for (unsigned i = 0; i < TAGS && (type == 0x8100 || type == 0x88a8 || type == 0x9100);
	     i++) {
		cursor_skip(c, 2);
		type = cursor_u16(c);
	}
	return type;
}

struct ends {
	struct slice from, to;
	uint8_t protocol; /* 0: of no conversation that could be left out */
};

static struct ends ipv4_ends(struct cursor *c)
{
	uint8_t words = cursor_u8(c) & 15;
	struct ends e = {.protocol = 0};

	cursor_skip(c, 5);
	if (words < 5 || (cursor_u16(c) & FRAGMENT))
		return e;
	cursor_skip(c, 1);
	e.protocol = cursor_u8(c);
	cursor_skip(c, 2);
	e.from = cursor_take(c, 4);
	e.to = cursor_take(c, 4);
	cursor_skip(c, words * 4u - 20);
	return e;
}

static struct ends ipv6_ends(struct cursor *c)
{
	struct ends e;

	cursor_skip(c, 6);
	e.protocol = cursor_u8(c);
	cursor_skip(c, 1);
	e.from = cursor_take(c, 16);
	e.to = cursor_take(c, 16);
	return e;
}

/* The same for both directions, never 0; 0: not to be left out by the bulk of it. `opens`: opens or
 * closes a connection. */
static uint64_t conversation(const struct bulk *s, const uint8_t *frame, size_t len, bool *opens)
{
	struct cursor c = cursor_init(frame, len);
	struct ends e = {.protocol = 0};
	uint16_t type = carried(&c);
	uint64_t a, b;

	*opens = false;
	if (type == 0x0800)
		e = ipv4_ends(&c);
	else if (type == 0x86dd)
		e = ipv6_ends(&c);
	if (e.protocol != IP_PROTO_TCP && e.protocol != IP_PROTO_UDP)
		return 0;
	a = hash_mix(hash_bytes(&s->key, e.from.data, e.from.len), cursor_u16(&c));
	b = hash_mix(hash_bytes(&s->key, e.to.data, e.to.len), cursor_u16(&c));
	if (e.protocol == IP_PROTO_TCP) {
		cursor_skip(&c, 9);
		*opens = cursor_u8(&c) & (TCP_SYN | TCP_FIN | TCP_RST);
	}
	return c.bad ? 0 : hash_mix(a ^ b, a + b) | 1;
}

/* --- how much of it --- */

static uint32_t cell(uint64_t key, unsigned row)
{
	return (uint32_t)(key >> (row * 20 + 4)) % CELLS;
}

static void halve(struct bulk *b, uint64_t now_ns)
{
	if (now_ns - b->halved_ns < BULK_HALVE_S * NS_PER_SEC)
		return;
	b->halved_ns = now_ns;
	for (unsigned r = 0; r < ROWS; r++) {
		for (unsigned i = 0; i < CELLS; i++) {
			b->bytes[r][i] /= 2;
			if (b->bytes[r][i] == 0)
				atomic_store_explicit(&b->spared[r][i], 0, memory_order_relaxed);
		}
	}
}

static uint32_t add(uint32_t *sum, uint32_t n)
{
	*sum = *sum > UINT32_MAX - n ? UINT32_MAX : *sum + n;
	return *sum;
}

bool bulk_frame(struct bulk *b, const uint8_t *frame, size_t len, uint32_t wire_len,
		uint64_t now_ns)
{
	bool opens, is_bulk = true, spared = true;
	uint64_t key = conversation(b, frame, len, &opens);

	halve(b, now_ns);
	if (key == 0)
		return false;
	for (unsigned r = 0; r < ROWS; r++) {
		uint32_t at = cell(key, r);

		is_bulk &= add(&b->bytes[r][at], wire_len) >= BULK_BYTES;
		spared &= atomic_load_explicit(&b->spared[r][at], memory_order_relaxed) != 0;
	}
	return is_bulk && !spared && !opens;
}

void bulk_spare(struct bulk *b, const uint8_t *frame, size_t len)
{
	bool opens;
	uint64_t key = conversation(b, frame, len, &opens);

	for (unsigned r = 0; key != 0 && r < ROWS; r++)
		atomic_store_explicit(&b->spared[r][cell(key, r)], 1, memory_order_relaxed);
}
