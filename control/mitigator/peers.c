/* Sensors, enforcers and drivers as people see them: who is connected, since when, what a sensor
 * says of its mirror port (D9), whether a switch can be driven. Kept in memory only: after a start
 * whoever is there says it again within seconds. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/api/pages.h"
#include "control/mitigator/mitigator.h"

struct peer {
	struct identity who;
	bool up;
	uint64_t since; /* wall, of the last change */
	json_t *health; /* what it said last, NULL: nothing */
	uint64_t health_at;
	char sentence[160]; /* why it is gone */
};

struct peers {
	struct peer items[MITIGATOR_SENSORS];
	unsigned n;
};

int peers_start(struct mitigator *m, struct errmsg *e)
{
	m->peers = calloc(1, sizeof(*m->peers));
	return m->peers ? 0 : errmsg_set(e, ERR_NOMEM, "no memory");
}

void peers_stop(struct mitigator *m)
{
	for (unsigned i = 0; m->peers && i < m->peers->n; i++)
		json_decref(m->peers->items[i].health);
	free(m->peers);
	m->peers = NULL;
}

/* NULL when there are too many. */
static struct peer *find(struct mitigator *m, const char *name)
{
	struct peers *p = m->peers;

	for (unsigned i = 0; i < p->n; i++) {
		if (strcmp(p->items[i].who.name, name) == 0)
			return &p->items[i];
	}
	return NULL;
}

void peers_note(struct mitigator *m, const struct identity *who, bool up, const char *sentence)
{
	struct peer *p = find(m, who->name);

	if (!p && m->peers->n < MITIGATOR_SENSORS)
		p = &m->peers->items[m->peers->n++];
	if (!p)
		return;
	p->who = *who;
	p->up = up;
	p->since = mitigator_now(m).wall;
	snprintf(p->sentence, sizeof(p->sentence), "%s", sentence);
	pages_changed(m, PAGE_STATE);
}

static json_t *texts(const struct text_list *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->n && i < 32; i++)
		json_array_append_new(list, local_text(l->items[i]));
	return list;
}

void peers_health(struct mitigator *m, const char *name, const struct sensor_health *h)
{
	struct peer *p = find(m, name);
	json_int_t lost = 0, dropped = 0;
	json_t *now;

	if (!p)
		return;
	for (size_t i = 0; i < h->drops.n; i++)
		dropped += (json_int_t)h->drops.items[i].value;
	for (size_t i = 0; i < h->rings.n; i++)
		lost += (json_int_t)h->rings.items[i].lost;
	now = json_pack("{sb sI sI sI sI sI sI sI sI so so}", "dataplane", h->dataplane_alive,
			"uptime", (json_int_t)h->uptime, "packets", (json_int_t)h->rx_packets,
			"bytes", (json_int_t)h->rx_bytes, "processed", (json_int_t)h->processed,
			"dropped", dropped, "records_lost", lost, "rules",
			(json_int_t)h->rules_loaded, "disk_free", (json_int_t)h->disk_free_bytes,
			"span", texts(&h->span), "problems", texts(&h->problems));
	/* Counters run all the time: only what a person acts on makes pages read anew. */
	if (!p->health ||
	    !json_equal(json_object_get(p->health, "span"), json_object_get(now, "span")) ||
	    !json_equal(json_object_get(p->health, "problems"), json_object_get(now, "problems")) ||
	    !json_equal(json_object_get(p->health, "dataplane"), json_object_get(now, "dataplane")))
		pages_changed(m, PAGE_STATE);
	json_decref(p->health);
	p->health = now;
	p->health_at = mitigator_now(m).wall;
}

/* ---- answers ---- */

static json_t *peer_json(const struct peer *p)
{
	return json_pack("{so ss sb sI so sO? sI}", "name", local_text(p->who.name), "role",
			 role_text(p->who.role), "connected", (int)p->up, "since",
			 (json_int_t)p->since, "trouble", local_text(p->up ? "" : p->sentence),
			 "health", p->health, "health_at", (json_int_t)p->health_at);
}

static json_t *driver_json(struct mitigator *m, unsigned i)
{
	const struct method *md = &m->methods[i];
	bool linked = md->desc->place == DRIVER_LINK, up = !linked && !md->away;
	unsigned holds = 0;

	for (unsigned k = 0; linked && k < m->peers->n; k++) {
		const struct peer *p = &m->peers->items[k];
		enum wire_role role =
			strcmp(md->desc->name, "reset") == 0 ? ROLE_SENSOR : ROLE_ENFORCER;

		up = up || (p->up && p->who.role == role &&
			    (!md->config.peer[0] || strcmp(md->config.peer, p->who.name) == 0));
	}
	for (unsigned k = 0; k < cuts_count(m->decide.cuts); k++)
		holds += (cuts_at(m->decide.cuts, k)->ordered >> i & 1) != 0;
	return json_pack("{so ss ss sb sb si si}", "name", local_text(md->config.name), "type",
			 md->desc->name, "summary", md->desc->summary, "reachable", (int)up,
			 "holds", (int)md->desc->holds, "cuts", (int)holds, "ports",
			 (int)md->ports_n);
}

json_t *peers_drivers(struct mitigator *m)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < m->methods_n; i++)
		json_array_append_new(list, driver_json(m, i));
	return list;
}

json_t *peers_do(void *ctx, const struct local_peer *peer, const json_t *request, struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_t *list = json_array();
	struct link_status centre = {0};

	for (unsigned i = 0; i < m->peers->n; i++)
		json_array_append_new(list, peer_json(&m->peers->items[i]));
	if (m->centre)
		link_status(m->centre, &centre);
	return json_pack("{sb so so s{sb sb sI so}}", "ok", 1, "peers", list, "drivers",
			 peers_drivers(m), "centre", "configured", m->centre != NULL, "connected",
			 (int)centre.connected, "since", (json_int_t)centre.since, "trouble",
			 local_text(centre.trouble));
}
