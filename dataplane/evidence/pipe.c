#include "dataplane/evidence/pipe.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { KIND_WRAP = UINT32_MAX };

struct head {
	uint32_t size; /* of the message, head and padding included */
	uint32_t kind, tag, len;
};

struct pipe {
	uint8_t *data;
	size_t size;			    /* a power of two */
	_Alignas(64) _Atomic uint64_t head; /* bytes ever put */
	uint64_t tail_seen;		    /* producer's copy */
	_Alignas(64) _Atomic uint64_t tail; /* bytes ever released */
	uint64_t head_seen;		    /* consumer's copy */
	uint32_t taken;			    /* size of the message the consumer holds */
};

struct pipe *pipe_new(size_t size)
{
	struct pipe *p = aligned_alloc(64, sizeof(*p));

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	p->size = PIPE_SIZE_MIN;
	while (p->size < size)
		p->size *= 2;
	p->data = aligned_alloc(64, p->size);
	if (!p->data) {
		free(p);
		return NULL;
	}
	return p;
}

void pipe_delete(struct pipe *p)
{
	if (!p)
		return;
	free(p->data);
	free(p);
}

size_t pipe_largest(const struct pipe *p)
{
	return p->size / 4 - sizeof(struct head) - PIPE_ALIGN;
}

static struct head *head_at(const struct pipe *p, uint64_t at)
{
	return (struct head *)(p->data + (at & (p->size - 1)));
}

/* Is there room up to `end` with `spare` to go? */
static bool room(struct pipe *p, uint64_t end, size_t spare)
{
	if (end + spare - p->tail_seen <= p->size)
		return true;
	p->tail_seen = atomic_load_explicit(&p->tail, memory_order_acquire);
	return end + spare - p->tail_seen <= p->size;
}

bool pipe_put(struct pipe *p, uint32_t kind, uint32_t tag, const struct slice parts[3],
	      size_t spare)
{
	uint64_t head = atomic_load_explicit(&p->head, memory_order_relaxed), end;
	size_t len = parts[0].len + parts[1].len + parts[2].len, left;
	size_t size = (sizeof(struct head) + len + PIPE_ALIGN - 1) & ~(size_t)(PIPE_ALIGN - 1);
	uint8_t *to;

	if (len > pipe_largest(p))
		return false;
	left = p->size - (head & (p->size - 1));
	end = head + size + (left < size ? left : 0);
	if (!room(p, end, spare))
		return false;
	if (left < size) {
		if (left >= sizeof(struct head))
			*head_at(p, head) = (struct head){(uint32_t)left, KIND_WRAP, 0, 0};
		head += left;
	}
	*head_at(p, head) = (struct head){(uint32_t)size, kind, tag, (uint32_t)len};
	to = (uint8_t *)(head_at(p, head) + 1);
	for (unsigned i = 0; i < 3; i++) {
		if (parts[i].len)
			memcpy(to, parts[i].data, parts[i].len);
		to += parts[i].len;
	}
	atomic_store_explicit(&p->head, end, memory_order_release);
	return true;
}

bool pipe_next(struct pipe *p, struct pipe_message *ret)
{
	uint64_t tail = atomic_load_explicit(&p->tail, memory_order_relaxed);
	const struct head *h;
	size_t left;

	if (tail == p->head_seen)
		p->head_seen = atomic_load_explicit(&p->head, memory_order_acquire);
	if (tail == p->head_seen)
		return false;
	h = head_at(p, tail);
	left = p->size - (tail & (p->size - 1));
	p->taken = 0;
	if (left < sizeof(*h) || h->kind == KIND_WRAP) {
		p->taken = (uint32_t)left;
		h = head_at(p, tail + left);
	}
	p->taken += h->size;
	*ret = (struct pipe_message){h->kind, h->tag, SLICE((const uint8_t *)(h + 1), h->len)};
	return true;
}

void pipe_release(struct pipe *p)
{
	atomic_fetch_add_explicit(&p->tail, p->taken, memory_order_release);
	p->taken = 0;
}
