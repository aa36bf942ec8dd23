/* Messages from one thread to another: a ring of bytes in ordinary memory, one producer, one
 * consumer, no lock and no system call. A message is never in two pieces. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

enum {
	PIPE_SIZE_MIN = 1 << 16, /* bytes */
	PIPE_ALIGN = 8,
};

struct pipe_message {
	uint32_t kind;
	uint32_t tag;	    /* the producer's number of what it is about */
	struct slice bytes; /* 8-aligned; the consumer's until pipe_release */
};

struct pipe;

/* `size`: bytes, rounded up to a power of two. NULL without memory. */
struct pipe *pipe_new(size_t size);
void pipe_delete(struct pipe *p);

/* Producer. Up to three parts make one message; false when there is no room for it with `spare`
 * bytes left over. The largest message is a quarter of the size. */
bool pipe_put(struct pipe *p, uint32_t kind, uint32_t tag, const struct slice parts[3],
	      size_t spare);
size_t pipe_largest(const struct pipe *p);

/* Consumer. False when there is none now. */
bool pipe_next(struct pipe *p, struct pipe_message *ret);
/* The message last got is done with. */
void pipe_release(struct pipe *p);
