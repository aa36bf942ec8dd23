#include "control/mitigator/quarantine/protect.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/base/err.h"

struct protect {
	unsigned n;
	struct protect_entry entries[PROTECT_MAX];
};

struct protect *protect_new(void)
{
	return calloc(1, sizeof(struct protect));
}

void protect_free(struct protect *p)
{
	free(p);
}

static bool same_addresses(const struct protect_entry *a, const struct protect_entry *b)
{
	return a->has_mac == b->has_mac && a->has_prefix == b->has_prefix &&
	       (!a->has_mac || mac_addr_eq(&a->mac, &b->mac)) &&
	       (!a->has_prefix || (a->bits == b->bits && ip_addr_eq(&a->prefix, &b->prefix)));
}

int protect_add(struct protect *p, const struct protect_entry *e)
{
	if (!e->has_mac && !e->has_prefix)
		return ERR_INVALID;
	for (unsigned i = 0; i < p->n; i++) {
		struct protect_entry *old = &p->entries[i];

		if (!same_addresses(old, e))
			continue;
		if (old->source <= e->source)
			return ERR_EXISTS;
		*old = *e;
		return ERR_OK;
	}
	if (p->n >= PROTECT_MAX)
		return ERR_LIMIT;
	p->entries[p->n++] = *e;
	return ERR_OK;
}

void protect_clear(struct protect *p, enum protect_source source)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < p->n; i++) {
		if (p->entries[i].source != source)
			p->entries[kept++] = p->entries[i];
	}
	p->n = kept;
}

static bool covers(const struct protect_entry *e, const struct cut_target *t)
{
	if (e->has_mac && mac_addr_eq(&e->mac, &t->mac))
		return true;
	for (unsigned i = 0; e->has_prefix && i < t->ips_n; i++) {
		if (ip_addr_in_prefix(&t->ips[i], &e->prefix, e->bits))
			return true;
	}
	return false;
}

const struct protect_entry *protect_find(const struct protect *p, const struct cut_target *t)
{
	const struct protect_entry *best = NULL;

	for (unsigned i = 0; i < p->n; i++) {
		const struct protect_entry *e = &p->entries[i];

		if ((!best || e->source < best->source) && covers(e, t))
			best = e;
	}
	return best;
}

unsigned protect_count(const struct protect *p)
{
	return p->n;
}

const struct protect_entry *protect_at(const struct protect *p, unsigned i)
{
	return &p->entries[i];
}

const char *protect_source_text(enum protect_source s)
{
	static const char *const words[] = {"configured", "own", "learnt", "proposed"};

	return s <= PROTECT_PROPOSED ? words[s] : "unknown";
}
