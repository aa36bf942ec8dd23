/* asn1: looks for structures in BER (X.690) that broke decoders: an element longer than so many
 * bytes, a bit string with more unused bits than it has, a real of more than 256 characters. */
#include "dataplane/base/cursor.h"
#include "dataplane/detect/internal.h"

enum {
	DEPTH = 32, /* nesting of elements that are looked into */
	ELEMENTS = 256,
	TAG_BITS = 3,
	TAG_REAL = 9,
	REAL_MAX = 256,
};

struct element {
	uint32_t tag; /* UINT32_MAX: not of the universal class */
	bool constructed;
	bool endless; /* indefinite length: ends with two zero bytes */
	struct slice body;
};

static bool read_tag(struct cursor *c, struct element *e)
{
	uint8_t first = cursor_u8(c), more;

	e->constructed = first & 0x20;
	e->tag = first & 0x1f;
	if (e->tag == 0x1f) {
		e->tag = 0;
		do {
			more = cursor_u8(c);
			if (!!c->bad || e->tag > UINT32_MAX >> 7)
				return false;
			e->tag = e->tag << 7 | (more & 0x7f);
		} while (more & 0x80);
	}
	if (first & 0xc0)
		e->tag = UINT32_MAX;
	return !c->bad;
}

static bool read_element(struct cursor *c, struct element *e)
{
	uint64_t len;
	unsigned bytes;

	if (!read_tag(c, e))
		return false;
	len = cursor_u8(c);
	e->endless = len == 0x80;
	if (e->endless) {
		e->body = SLICE(c->pos, cursor_left(c));
		return !c->bad && e->constructed;
	}
	bytes = len & 0x80 ? len & 0x7f : 0;
	if (bytes > 8)
		return false;
	if (bytes)
		len = 0;
	for (; bytes > 0; bytes--)
		len = len << 8 | cursor_u8(c);
	if (!!c->bad || len > cursor_left(c))
		return false;
	e->body = cursor_take(c, (size_t)len);
	return true;
}

static bool is_hit(const struct rule_asn1 *a, const struct element *e)
{
	size_t len = e->endless ? 0 : e->body.len;

	if (a->oversize && len > a->size)
		return true;
	if (e->constructed || len == 0)
		return false;
	if (a->bitstring && e->tag == TAG_BITS && e->body.data[0] > len * 8)
		return true;
	return a->real && e->tag == TAG_REAL && len > REAL_MAX && !(e->body.data[0] & 0xc0);
}

/* The elements below each other are kept on a stack of cursors. */
static bool search(const struct rule_asn1 *a, struct slice data)
{
	struct cursor stack[DEPTH];
	unsigned depth = 0;

	stack[0] = cursor_of(data);
	for (unsigned n = 0; n < ELEMENTS; n++) {
		struct element e;

		while (depth > 0 && cursor_left(&stack[depth]) == 0)
			depth--;
		if (cursor_left(&stack[depth]) == 0 || !read_element(&stack[depth], &e))
			return false;
		if (is_hit(a, &e))
			return true;
		if (!e.constructed || depth + 1 == DEPTH)
			continue;
		stack[++depth] = cursor_of(e.body);
		if (e.endless) /* what follows it is looked at as if inside */
			stack[depth - 1] = cursor_of(SLICE(NULL, 0));
	}
	return false;
}

bool asn1_match(const struct run *r, const struct rule_asn1 *a)
{
	int64_t from = a->offset;

	if (a->relative)
		from += inspect_position(r->d->inspect);
	if (from < 0 || (uint64_t)from >= r->payload.len)
		return false;
	return search(a, slice_sub(r->payload, (size_t)from, r->payload.len - (size_t)from));
}
