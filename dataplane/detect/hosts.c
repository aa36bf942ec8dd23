/* hostbits and xbits: bits of a host, or of a pair of hosts, that expire. */
#include "dataplane/detect/internal.h"
#include "dataplane/detect/table.h"

enum { KIND_HOST = 1, KIND_PAIR = 2, KIND_HOSTBIT = 4 };
enum { HOSTBIT_SECONDS = 300, XBIT_SECONDS = 30 };

static void addr_words(const struct ip_addr *a, uint64_t *w)
{
	memcpy(w, a->bytes, sizeof(a->bytes));
}

static struct table_key host_key(const struct ip_addr *a, uint32_t id, bool hostbit)
{
	struct table_key k = {{(uint64_t)id << 8 | KIND_HOST | (hostbit ? KIND_HOSTBIT : 0)}};

	addr_words(a, &k.w[1]);
	return k;
}

/* The same for both directions. */
static struct table_key pair_key(const struct packet *p, uint32_t id)
{
	struct table_key k = {{(uint64_t)id << 8 | KIND_PAIR}};
	bool swap = ip_addr_cmp(&p->src, &p->dst) > 0;

	addr_words(swap ? &p->dst : &p->src, &k.w[1]);
	addr_words(swap ? &p->src : &p->dst, &k.w[3]);
	return k;
}

static bool is_set(const struct run *r, const struct table_key *k)
{
	const struct table_entry *e = table_find(r->d->hosts, k);

	return e && e->until_ns >= r->p->now_ns;
}

static void change(struct run *r, const struct table_key *k, const struct rule_xbits *xb,
		   bool hostbit)
{
	bool on = xb->cmd == RULE_BIT_SET || (xb->cmd == RULE_BIT_TOGGLE && !is_set(r, k));
	uint64_t seconds = xb->expire ? xb->expire : hostbit ? HOSTBIT_SECONDS : XBIT_SECONDS;
	struct table_entry *e = table_find(r->d->hosts, k);

	if (!on) {
		table_remove(r->d->hosts, k);
		return;
	}
	if (!e)
		e = table_add(r->d->hosts, k, r->p->now_ns);
	if (!e)
		detect_count(r->d, DETECT_COUNT_TABLE_FULL);
	else
		e->until_ns = r->p->now_ns + seconds * NS_PER_SEC;
}

/* The keys that the keyword looks at: one, or source and destination. */
static unsigned keys_of(const struct packet *p, const struct rule_xbits *xb, bool host,
			struct table_key ret[2])
{
	switch (xb->track) {
	case RULE_TRACK_DST:
		ret[0] = host_key(&p->dst, xb->id, host);
		return 1;
	case RULE_TRACK_PAIR:
		ret[0] = pair_key(p, xb->id);
		return 1;
	case RULE_TRACK_BOTH:
		ret[0] = host_key(&p->src, xb->id, host);
		ret[1] = host_key(&p->dst, xb->id, host);
		return 2;
	default:
		ret[0] = host_key(&p->src, xb->id, host);
		return 1;
	}
}

bool hosts_test(const struct run *r, const struct rule_xbits *xb, bool host)
{
	struct table_key keys[2];
	unsigned n;

	if (xb->cmd != RULE_BIT_ISSET && xb->cmd != RULE_BIT_ISNOTSET)
		return true;
	if (r->p->ip_version == 0)
		return false;
	n = keys_of(r->p, xb, host, keys);
	for (unsigned i = 0; i < n; i++) {
		if (is_set(r, &keys[i]) != (xb->cmd == RULE_BIT_ISSET))
			return false;
	}
	return true;
}

void hosts_change(struct run *r, const struct rule_xbits *xb, bool host)
{
	struct table_key keys[2];
	unsigned n;

	if (xb->cmd == RULE_BIT_ISSET || xb->cmd == RULE_BIT_ISNOTSET || r->p->ip_version == 0)
		return;
	n = keys_of(r->p, xb, host, keys);
	for (unsigned i = 0; i < n; i++)
		change(r, &keys[i], xb, host);
}
