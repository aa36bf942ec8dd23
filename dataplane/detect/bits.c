/* flowbits: the ids that are set on a flow, few and unsorted. */
#include "dataplane/detect/internal.h"

static int find(const struct flow_detect *fd, uint32_t id)
{
	for (unsigned i = 0; fd && i < fd->nbits; i++) {
		if (fd->bits[i] == id)
			return (int)i;
	}
	return -1;
}

bool bits_test(const struct run *r, const struct rule_flowbits *fb)
{
	bool set = false;

	if (!r->fd)
		return false;
	if (fb->cmd != RULE_BIT_ISSET && fb->cmd != RULE_BIT_ISNOTSET)
		return true;
	for (uint32_t i = 0; i < fb->count && !set; i++)
		set = (find(r->fd, fb->ids[i]) >= 0) == (fb->cmd == RULE_BIT_ISSET);
	return set;
}

static void set(struct run *r, uint32_t id)
{
	struct flow_detect *fd = r->fd;

	if (find(fd, id) >= 0)
		return;
	if (fd->nbits == fd->cap_bits) {
		uint16_t cap = fd->cap_bits ? (uint16_t)(fd->cap_bits * 2) : 4;
		uint32_t *grown = cap > DETECT_FLOW_BITS ? NULL
							 : slab_grow(r->d->slab, fd->bits,
								     fd->cap_bits * sizeof(*grown),
								     cap * sizeof(*grown));

		if (!grown) {
			detect_count(r->d, DETECT_COUNT_MEMORY);
			return;
		}
		fd->bits = grown;
		fd->cap_bits = cap;
	}
	fd->bits[fd->nbits++] = id;
}

static void unset(struct run *r, uint32_t id)
{
	int i = find(r->fd, id);

	if (i >= 0)
		r->fd->bits[i] = r->fd->bits[--r->fd->nbits];
}

void bits_change(struct run *r, const struct rule_flowbits *fb)
{
	if (!r->fd)
		return;
	for (uint32_t i = 0; i < fb->count; i++) {
		if (fb->cmd == RULE_BIT_SET ||
		    (fb->cmd == RULE_BIT_TOGGLE && find(r->fd, fb->ids[i]) < 0))
			set(r, fb->ids[i]);
		else if (fb->cmd == RULE_BIT_UNSET || fb->cmd == RULE_BIT_TOGGLE)
			unset(r, fb->ids[i]);
	}
}
