/* Which inside host attacked which, so that an incident's beginning is found at another host. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/incident/private.h"

void incident_attacks_clear(struct incidents *t)
{
	memset(t->from_heads, 0, sizeof(t->from_heads));
	memset(t->to_heads, 0, sizeof(t->to_heads));
	t->attacks_n = 0;
}

static uint32_t *head_of(struct incidents *t, uint32_t *heads, const char *host_id)
{
	return &heads[hash_bytes(&t->key, host_id, strlen(host_id)) % INCIDENT_BUCKETS];
}

static void link_attack(struct incidents *t, unsigned i)
{
	struct attack_entry *x = &t->attacks[i];
	uint32_t *from = head_of(t, t->from_heads, x->a.from);
	uint32_t *to = head_of(t, t->to_heads, x->a.to);

	x->next_from = *from;
	*from = i + 1;
	x->next_to = *to;
	*to = i + 1;
}

static void unlink_attack(struct incidents *t, unsigned i)
{
	struct attack_entry *x = &t->attacks[i];
	uint32_t *at;

	for (at = head_of(t, t->from_heads, x->a.from); *at && *at != i + 1;
	     at = &t->attacks[*at - 1].next_from)
		;
	if (*at)
		*at = x->next_from;
	for (at = head_of(t, t->to_heads, x->a.to); *at && *at != i + 1;
	     at = &t->attacks[*at - 1].next_to)
		;
	if (*at)
		*at = x->next_to;
}

static struct attack_entry *find(struct incidents *t, const struct incident_attack *a)
{
	for (uint32_t e = *head_of(t, t->from_heads, a->from); e; e = t->attacks[e - 1].next_from) {
		struct incident_attack *k = &t->attacks[e - 1].a;

		if (k->gid == a->gid && k->sid == a->sid && k->stage == a->stage &&
		    strcmp(k->from, a->from) == 0 && strcmp(k->to, a->to) == 0)
			return &t->attacks[e - 1];
	}
	return NULL;
}

static void join(struct attack_entry *x, const struct incident_attack *a)
{
	struct incident_attack old = x->a;

	if (a->first < old.first)
		x->a = *a;
	x->a.last = old.last > a->last ? old.last : a->last;
	x->a.hits = old.hits + a->hits;
	x->dirty = true;
}

/* The oldest of the next few makes room. */
static unsigned place(struct incidents *t)
{
	enum { LOOKS = 32 };
	unsigned best = 0;

	if (t->attacks_n < ATTACKS_MAX)
		return t->attacks_n++;
	for (unsigned k = 0; k < LOOKS; k++) {
		unsigned i = t->attacks_hand++ % ATTACKS_MAX;

		if (k == 0 || t->attacks[i].a.last < t->attacks[best].a.last)
			best = i;
	}
	unlink_attack(t, best);
	return best;
}

bool incident_attack_add(struct incidents *t, const struct incident_attack *a, bool dirty)
{
	struct attack_entry *x = find(t, a);
	unsigned i;

	if (x) {
		join(x, a);
		t->attacks_dirty = true;
		return false;
	}
	i = place(t);
	t->attacks[i] = (struct attack_entry){.a = *a, .dirty = dirty};
	link_attack(t, i);
	t->attacks_dirty = t->attacks_dirty || dirty;
	return true;
}

static int by_first(const void *x, const void *y)
{
	const struct incident_attack *const *a = x, *const *b = y;

	if ((*a)->first != (*b)->first)
		return (*a)->first < (*b)->first ? -1 : 1;
	return (*a)->sid < (*b)->sid ? -1 : (*a)->sid > (*b)->sid;
}

unsigned incidents_attacks(struct incidents *t, const char *from, const char *to,
			   const struct incident_attack **ret, unsigned max)
{
	uint32_t e = from ? *head_of(t, t->from_heads, from) : *head_of(t, t->to_heads, to);
	unsigned n = 0;

	while (e && n < max) {
		const struct attack_entry *x = &t->attacks[e - 1];

		if ((!from || strcmp(x->a.from, from) == 0) && (!to || strcmp(x->a.to, to) == 0))
			ret[n++] = &x->a;
		e = from ? x->next_from : x->next_to;
	}
	qsort(ret, n, sizeof(*ret), by_first);
	return n;
}

void incidents_note_peer(struct incidents *t, struct incident *i, const struct alert *a,
			 const char *peer_id)
{
	enum stage stage = stage_of(a);
	struct incident_attack x = {.stage = stage, .gid = a->gid, .sid = a->sid, .hits = 1};
	bool attacks = stage_host_attacks(a, stage);

	for (unsigned k = 0; k < i->steps_n; k++) {
		struct chain_step *s = i->steps[k];

		if (s->stage != stage || s->gid != a->gid || s->sid != a->sid)
			continue;
		if (!s->peer_host[0] && ip_addr_eq(&s->peer, &a->peer.ip)) {
			snprintf(s->peer_host, sizeof(s->peer_host), "%s", peer_id);
			s->dirty = true;
		}
	}
	if (strcmp(peer_id, i->host_id) == 0 || (!attacks && !stage_infects(stage)))
		return;
	incident_put_text(x.from, sizeof(x.from), attacks ? i->host_id : peer_id);
	incident_put_text(x.to, sizeof(x.to), attacks ? peer_id : i->host_id);
	x.first = x.last = a->time ? a->time : i->updated;
	incident_put_text(x.msg, sizeof(x.msg), a->msg);
	incident_put_text(x.technique, sizeof(x.technique),
			  a->techniques.n ? a->techniques.items[0] : "");
	incident_put_text(x.file, sizeof(x.file), a->evidence.file_name);
	incident_put_text(x.sha256, sizeof(x.sha256), a->evidence.sha256);
	incident_attack_add(t, &x, true);
}
