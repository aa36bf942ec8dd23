/* tag: packets after the one that a rule alerted on, of its session or of a host, for so many
 * packets, bytes or seconds. Counted as Suricata does: the alerting packet is the first one. */
#include "dataplane/detect/internal.h"
#include "dataplane/detect/table.h"

enum {
	TAGS = 10,	     /* of one session or host */
	REPEATS = 10,	     /* how often a further match of the rule begins it anew */
	KEY_KIND = 8,	     /* beside those of hosts.c */
	IDLE_SECONDS = 3600, /* a host's tag that counts packets or bytes goes after this */
};

struct tag_state {
	uint64_t rule; /* gid and sid */
	uint64_t first_ns, counted;
	uint32_t matches;
	uint8_t metric;
	bool began; /* the packet that set it is through */
	uint32_t limit;
};

struct tag_entry {
	struct tag_entry *next;
	struct tag_state s;
};

static uint64_t rule_id(const struct plan_rule *rule)
{
	return (uint64_t)rule->rule->gid << 32 | rule->rule->sid;
}

static struct tag_state state_new(const struct run *r, const struct plan_rule *rule,
				  const struct rule_tag *t)
{
	return (struct tag_state){.rule = rule_id(rule),
				  .first_ns = r->p->now_ns,
				  .metric = (uint8_t)t->metric,
				  .limit = t->count};
}

static void again(struct tag_state *s, uint64_t now_ns)
{
	if (++s->matches >= REPEATS)
		return;
	s->first_ns = now_ns;
	s->counted = 0;
}

/* Counts the packet. False when the tag is over. *ret_tagged: the packet is to be told. */
static bool count(struct tag_state *s, const struct packet *p, bool *ret_tagged)
{
	bool over;

	if (s->metric == RULE_TAG_PACKETS)
		s->counted++;
	else if (s->metric == RULE_TAG_BYTES)
		s->counted += p->frame_len;
	else if (s->metric == RULE_TAG_SECONDS)
		s->counted = p->now_ns / NS_PER_SEC - s->first_ns / NS_PER_SEC;
	if (!s->began) {
		s->began = true;
		return true;
	}
	over = s->metric != RULE_TAG_ALL && s->counted > s->limit;
	*ret_tagged |= !over;
	return !over;
}

/* ---- sessions ---- */

static void flow_add(struct run *r, const struct plan_rule *rule, const struct rule_tag *t)
{
	unsigned n = 0;
	struct tag_entry *e;

	for (e = r->fd->tag; e; e = e->next, n++) {
		if (e->s.rule == rule_id(rule)) {
			again(&e->s, r->p->now_ns);
			return;
		}
	}
	e = n < TAGS ? slab_zalloc(r->d->slab, sizeof(*e)) : NULL;
	if (!e) {
		detect_count(r->d, DETECT_COUNT_MEMORY);
		return;
	}
	e->s = state_new(r, rule, t);
	e->next = r->fd->tag;
	r->fd->tag = e;
}

static void session_count(struct run *r, bool *ret_tagged)
{
	for (struct tag_entry **at = &r->fd->tag; *at;) {
		struct tag_entry *e = *at;

		if (count(&e->s, r->p, ret_tagged)) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		slab_free(r->d->slab, e, sizeof(*e));
	}
}

void tag_flow_free(struct detector *d, struct flow_detect *fd)
{
	while (fd->tag) {
		struct tag_entry *e = fd->tag;

		fd->tag = e->next;
		slab_free(d->slab, e, sizeof(*e));
	}
}

/* ---- hosts: up to TAGS entries of the table, each with a state ---- */

static struct table_key host_key(const struct ip_addr *a, unsigned slot)
{
	struct table_key k = {{(uint64_t)slot << 8 | KEY_KIND}};

	memcpy(&k.w[1], a->bytes, sizeof(a->bytes));
	return k;
}

static void entry_load(const struct table_entry *e, struct tag_state *s)
{
	*s = (struct tag_state){.rule = e->info,
				.first_ns = e->start_ns,
				.counted = e->extra_ns,
				.matches = e->count >> 8 & 0xff,
				.metric = e->count & 3,
				.began = e->count & 4,
				.limit = e->limit};
}

static void entry_store(struct table_entry *e, const struct tag_state *s, uint64_t now_ns)
{
	uint64_t seconds = s->metric == RULE_TAG_SECONDS ? s->limit + 1ULL : IDLE_SECONDS;

	e->info = s->rule;
	e->start_ns = s->first_ns;
	e->extra_ns = s->counted;
	e->count = (s->matches & 0xff) << 8 | (s->began ? 4 : 0) | s->metric;
	e->limit = s->limit;
	e->until_ns = (s->metric == RULE_TAG_SECONDS ? s->first_ns : now_ns) + seconds * NS_PER_SEC;
}

static void host_add(struct run *r, const struct plan_rule *rule, const struct rule_tag *t)
{
	const struct ip_addr *a = t->source ? &r->p->src : &r->p->dst;
	struct table_entry *e = NULL;
	struct tag_state s;

	for (unsigned slot = 0; slot < TAGS; slot++) {
		struct table_key k = host_key(a, slot);
		struct table_entry *there = table_find(r->d->hosts, &k);

		if (there && there->info == rule_id(rule)) {
			entry_load(there, &s);
			again(&s, r->p->now_ns);
			entry_store(there, &s, r->p->now_ns);
			return;
		}
		if (!there && !e)
			e = table_add(r->d->hosts, &k, r->p->now_ns);
	}
	if (!e) {
		detect_count(r->d, DETECT_COUNT_TABLE_FULL);
		return;
	}
	s = state_new(r, rule, t);
	entry_store(e, &s, r->p->now_ns);
	r->d->host_tags = true;
}

static void host_tags_count(struct run *r, const struct ip_addr *a, bool *ret_tagged)
{
	for (unsigned slot = 0; slot < TAGS; slot++) {
		struct table_key k = host_key(a, slot);
		struct table_entry *e = table_find(r->d->hosts, &k);
		struct tag_state s;

		if (!e)
			continue;
		entry_load(e, &s);
		if (count(&s, r->p, ret_tagged))
			entry_store(e, &s, r->p->now_ns);
		else
			table_remove(r->d->hosts, &k);
	}
}

/* ---- a packet ---- */

void tag_add(struct run *r, const struct plan_rule *rule)
{
	const struct rule_list *l = &rule->rule->post;

	for (uint32_t i = 0; i < l->count; i++) {
		const struct rule_tag *t = l->items[i].tag;

		if (l->items[i].kind != RULE_ITEM_TAG)
			continue;
		if (t->host && r->p->ip_version)
			host_add(r, rule, t);
		else if (!t->host && r->fd)
			flow_add(r, rule, t);
	}
}

void tag_packet(struct run *r)
{
	bool tagged = false;

	if (r->fd && r->fd->tag)
		session_count(r, &tagged);
	if (r->d->host_tags && r->p->ip_version) {
		host_tags_count(r, &r->p->src, &tagged);
		host_tags_count(r, &r->p->dst, &tagged);
	}
	if (tagged && r->real && r->d->sink.tagged)
		r->d->sink.tagged(r->d->sink.ctx, r->p);
}
