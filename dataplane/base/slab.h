/* A worker's memory: size classes carved from one region that is reserved at start, so that taking
 * and giving back are a few instructions and no system call, and everything traffic can grow meets
 * one cap. Owner: one worker; not thread-safe. Under AddressSanitizer every block is a malloc of
 * its own with the same cap, so that overruns are seen. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SLAB_MAX = 1 << 22 }; /* the largest block, bytes */

struct slab;

/* `cap`: the most bytes ever handed out. NULL when the address space is refused. */
struct slab *slab_new(size_t cap);
void slab_delete(struct slab *s);
/* The first `bytes` of it are made ready now, not when traffic touches them. */
void slab_warm(struct slab *s, size_t bytes);

/* n bytes, 16-aligned, or NULL at the cap or over SLAB_MAX. n == 0 gives NULL. */
void *slab_alloc(struct slab *s, size_t n);
void *slab_zalloc(struct slab *s, size_t n);
/* `n` is what was asked for. p may be NULL. */
void slab_free(struct slab *s, void *p, size_t n);
/* Moves to a block of `to` bytes keeping the first min(from, to); the old block stays valid and
 * NULL is returned when there is no room. p may be NULL with from == 0. */
void *slab_grow(struct slab *s, void *p, size_t from, size_t to);
/* Bytes handed out now, rounded up to their classes. */
size_t slab_used(const struct slab *s);
size_t slab_cap(const struct slab *s);
/* How often slab_alloc gave NULL for lack of memory. */
uint64_t slab_refused(const struct slab *s);
