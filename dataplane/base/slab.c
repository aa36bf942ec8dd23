#include "dataplane/base/slab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define SLAB_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLAB_MALLOC 1
#endif
#endif
#ifndef SLAB_MALLOC
#define SLAB_MALLOC 0
#endif

/* Classes step by powers of two with one half-step between (16, 24 -> 32, 48, 64, 96, 128, ...),
 * so that at most a third of a block is wasted. */
enum { CLASS_SHIFT_MIN = 4, CLASS_COUNT = 2 * (22 - CLASS_SHIFT_MIN) + 1, CARVE = 1 << 16 };

struct slab_block {
	struct slab_block *next;
};

struct slab {
	struct slab_block *free[CLASS_COUNT];
	uint8_t *region, *unused, *end;
	size_t cap, used;
	uint64_t refused;
};

static size_t class_size(unsigned c)
{
	size_t power = (size_t)1 << (CLASS_SHIFT_MIN + c / 2);

	return c % 2 ? power + power / 2 : power;
}

/* The smallest class that holds n (1..SLAB_MAX). Blocks stay 16-aligned: the half-step of 16 (24)
 * is skipped. */
static unsigned class_of(size_t n)
{
	unsigned shift;

	if (n <= 16)
		return 0;
	shift = 63 - (unsigned)__builtin_clzl(n - 1);
	if (shift == CLASS_SHIFT_MIN)
		return 2;
	if (n <= ((size_t)3 << (shift - 1)))
		return 2 * (shift - CLASS_SHIFT_MIN) + 1;
	return 2 * (shift - CLASS_SHIFT_MIN) + 2;
}

struct slab *slab_new(size_t cap)
{
	struct slab *s = calloc(1, sizeof(*s));
	void *region;

	if (!s)
		return NULL;
	s->cap = cap;
	if (SLAB_MALLOC)
		return s;
	region = mmap(NULL, cap + SLAB_MAX, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region == MAP_FAILED) {
		free(s);
		return NULL;
	}
	madvise(region, cap + SLAB_MAX, MADV_HUGEPAGE); /* as far as the system has them */
	s->region = s->unused = region;
	s->end = s->region + cap + SLAB_MAX;
	return s;
}

void slab_delete(struct slab *s)
{
	if (!s)
		return;
	if (s->region)
		munmap(s->region, (size_t)(s->end - s->region));
	free(s);
}

void slab_warm(struct slab *s, size_t bytes)
{
	size_t most = s->region ? (size_t)(s->end - s->region) : 0;

	if (bytes > most)
		bytes = most;
	if (bytes)
		madvise(s->region, bytes, MADV_POPULATE_WRITE);
}

static void *carve(struct slab *s, unsigned c)
{
	size_t size = class_size(c);
	struct slab_block *b = s->free[c];

	if (b) {
		s->free[c] = b->next;
		__builtin_prefetch(b->next, 1);
		return b;
	}
	if ((size_t)(s->end - s->unused) < size)
		return NULL;
	b = (struct slab_block *)s->unused;
	s->unused += size;
	return b;
}

void *slab_alloc(struct slab *s, size_t n)
{
	unsigned c;
	void *p = NULL;

	if (n == 0)
		return NULL;
	if (n <= SLAB_MAX) {
		c = class_of(n);
		if (s->used + class_size(c) <= s->cap)
			p = SLAB_MALLOC ? malloc(n) : carve(s, c);
		if (p)
			s->used += class_size(c);
	}
	if (!p)
		s->refused++;
	return p;
}

void *slab_zalloc(struct slab *s, size_t n)
{
	void *p = slab_alloc(s, n);

	if (p)
		memset(p, 0, n);
	return p;
}

void slab_free(struct slab *s, void *p, size_t n)
{
	unsigned c;

	if (!p)
		return;
	c = class_of(n);
	s->used -= class_size(c);
	if (SLAB_MALLOC) {
		free(p);
		return;
	}
	((struct slab_block *)p)->next = s->free[c];
	s->free[c] = p;
}

void *slab_grow(struct slab *s, void *p, size_t from, size_t to)
{
	void *bigger;

	if (!SLAB_MALLOC && p && from && to && to <= SLAB_MAX && class_of(from) == class_of(to))
		return p;
	bigger = slab_alloc(s, to);
	if (!bigger)
		return NULL;
	if (p) {
		memcpy(bigger, p, from < to ? from : to);
		slab_free(s, p, from);
	}
	return bigger;
}

size_t slab_used(const struct slab *s)
{
	return s->used;
}

size_t slab_cap(const struct slab *s)
{
	return s->cap;
}

uint64_t slab_refused(const struct slab *s)
{
	return s->refused;
}
