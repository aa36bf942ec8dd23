/* The workers' side of the desk. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/evidence/desk_private.h"

/* Bytes stop before the pipe is full, so that what ends a file still fits. */
enum { SPARE = 1 << 14 };

static const struct counter_name port_names[PORT_COUNTERS] = {
	[PORT_FILES] = {"carried", false},
	[PORT_BYTES] = {"bytes", false},
	[PORT_RING_FULL] = {"ring_full", false},
	[PORT_TOO_MANY] = {"too_many", false},
};

/* Offline waits: the desk is another thread and empties the pipe. */
static bool put(struct desk_port *p, enum desk_message kind, uint32_t file,
		const struct slice parts[3], size_t spare)
{
	bool done = pipe_put(p->in, kind, file, parts, spare);

	while (!done && p->desk->config.wait) {
		sched_yield();
		done = pipe_put(p->in, kind, file, parts, spare);
	}
	return done;
}

static void tell_dropped(struct desk_port *p)
{
	const struct slice none[3] = {SLICE(NULL, 0)};

	while (p->dropped_count > 0) {
		uint16_t slot = p->dropped[p->dropped_count - 1];

		if (!put(p, DESK_DROP, slot, none, 0))
			return;
		p->dropped_count--;
		p->free[p->free_count++] = slot;
	}
}

uint32_t desk_file(struct desk_port *p)
{
	const struct slice none[3] = {SLICE(NULL, 0)};
	uint16_t slot;

	if (p->dropped_count)
		tell_dropped(p);
	if (p->free_count == 0) {
		p->counts[PORT_TOO_MANY]++;
		return 0;
	}
	slot = p->free[p->free_count - 1];
	if (!put(p, DESK_FILE, slot, none, SPARE)) {
		p->counts[PORT_RING_FULL]++;
		return 0;
	}
	p->free_count--;
	p->counts[PORT_FILES]++;
	return slot + 1U;
}

void desk_drop(struct desk_port *p, uint32_t file)
{
	p->dropped[p->dropped_count++] = (uint16_t)(file - 1);
	tell_dropped(p);
}

bool desk_bytes(struct desk_port *p, uint32_t file, struct slice bytes)
{
	size_t largest = pipe_largest(p->in);

	p->counts[PORT_BYTES] += bytes.len;
	while (bytes.len > 0) {
		const struct slice parts[3] = {slice_sub(bytes, 0, largest)};

		if (!put(p, DESK_BYTES, file - 1, parts, SPARE)) {
			p->counts[PORT_RING_FULL]++;
			desk_drop(p, file);
			return false;
		}
		bytes = slice_sub(bytes, parts[0].len, bytes.len);
	}
	return true;
}

bool desk_file_end(struct desk_port *p, uint32_t file, const struct desk_end *end,
		   struct slice fileinfo)
{
	const struct slice parts[3] = {SLICE((const uint8_t *)end, sizeof(*end)), fileinfo};

	if (!put(p, DESK_END, file - 1, parts, 0)) {
		p->counts[PORT_RING_FULL]++;
		desk_drop(p, file);
		return false;
	}
	p->free[p->free_count++] = (uint16_t)(file - 1);
	return true;
}

/* Once the thread has ended: what it kept back. */
static bool from_backlog(struct desk_port *p, struct slice *ret)
{
	struct backlog **link = &p->desk->first;

	free(p->after);
	p->after = NULL;
	while (*link && (*link)->port != p->index)
		link = &(*link)->next;
	if (!*link)
		return false;
	p->after = *link;
	*link = p->after->next;
	*ret = SLICE(p->after->bytes, p->after->len);
	return true;
}

bool desk_record(struct desk_port *p, struct slice *ret)
{
	struct pipe_message m;

	if (p->holding)
		pipe_release(p->out);
	p->holding = pipe_next(p->out, &m);
	if (p->holding) {
		*ret = m.bytes;
		return true;
	}
	return atomic_load_explicit(&p->desk->stopped, memory_order_acquire) &&
	       from_backlog(p, ret);
}

unsigned desk_counters(struct desk_port *p, struct counter_set ret[DESK_COUNTER_SETS])
{
	for (unsigned i = 0; p->index == 0 && i < DESK_COUNTERS; i++)
		p->desk_counts[i] = atomic_load_explicit(&p->desk->shown[i], memory_order_relaxed);
	for (unsigned i = 0; p->index == 0 && i < STORE_COUNTERS; i++)
		p->store_counts[i] = atomic_load_explicit(&p->desk->shown[DESK_COUNTERS + i],
							  memory_order_relaxed);
	ret[0] = (struct counter_set){"files", port_names, p->counts, PORT_COUNTERS};
	ret[1] = (struct counter_set){"desk", desk_counter_names, p->desk_counts, DESK_COUNTERS};
	ret[2] = store_counter_set(p->store_counts);
	return DESK_COUNTER_SETS;
}
